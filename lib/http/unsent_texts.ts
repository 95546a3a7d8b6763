/**
 * Sends large responses piece by piece, as fast as their peers read, and limits what waits in memory meanwhile.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import type { Text } from "../hub/long_text.ts";
import { UnrefInterval } from "../unref_interval.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { nextTurn, PacedText } from "./paced_text.ts";
import { limitReached } from "./problem.ts";
import { TextResponse } from "./responses.ts";

/**
 * Shorter responses are sent at once, in characters: the buffers of a connection hold them, and `Deno.serve` is
 * faster with them.
 */
const LARGE_CHARACTERS = 256 * 1024;

/** The time after which a peer that reads nothing is given up, in milliseconds. */
const STALLED_MS = 30_000;

/** The interval of the checks for such peers, in milliseconds. */
const CHECK_MS = 5_000;

/** A response that is being sent. */
interface Sending {
  /** When the peer read last, by the monotonic clock. */
  readAtMs: number;
  readonly abort: () => void;
}

/** The texts that are being sent. Equal texts are in memory once, however many peers read them. */
export class UnsentTexts {
  readonly #budget: ByteBudget;
  readonly #sendings: Set<Sending> = new Set();
  readonly #check: UnrefInterval = new UnrefInterval(() => this.#abortStalled(), CHECK_MS);

  /** @param budget the limit of what waits to be sent over all connections */
  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /**
   * Returns a body that is encoded as fast as the peer reads it. If the peer reads nothing for 30 s, the body fails
   * and the text is released.
   *
   * @param text the text to send
   * @returns the body
   * @throws {Problem} 503 if too much waits to be sent
   */
  stream(text: Text): ReadableStream<Uint8Array<ArrayBuffer>> {
    if (!this.#budget.hold(text)) throw limitReached("Too much data waits for clients that read slowly");
    let rest: PacedText | null = new PacedText(text);
    const end = () => {
      if (rest === null) return;
      this.#budget.drop(text);
      rest = null;
      this.#sendings.delete(sending);
      if (this.#sendings.size === 0) this.#check.stop();
    };
    let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
    const sending: Sending = {
      readAtMs: monotonicMs(),
      abort: () => {
        end();
        controller.error(new Error("The peer reads nothing"));
      },
    };
    this.#sendings.add(sending);
    this.#check.start();
    return new ReadableStream({
      start: (given) => {
        controller = given;
      },
      pull: async () => {
        if (rest !== null && rest.position > 0) await nextTurn();
        if (rest === null) return;
        sending.readAtMs = monotonicMs();
        controller.enqueue(rest.next());
        if (!rest.isAtEnd) return;
        end();
        controller.close();
      },
      cancel: end,
    }, { highWaterMark: 0 });
  }

  /**
   * Makes a response send its text piece by piece, if the text is large.
   *
   * @param request the request
   * @param response the response
   * @returns the same response, or one in its place
   * @throws {Problem} 503 if too much waits to be sent
   */
  respond(request: Request, response: Response): Response {
    if (!(response instanceof TextResponse) || response.content.length <= LARGE_CHARACTERS) return response;
    // The response to HEAD has no body.
    if (request.method === "HEAD") return response;
    const { status, headers } = response;
    return new Response(this.stream(response.content), { status, headers });
  }

  #abortStalled(): void {
    const now = monotonicMs();
    for (const sending of [...this.#sendings]) {
      if (now - sending.readAtMs > STALLED_MS) sending.abort();
    }
  }
}
