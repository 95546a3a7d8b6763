/**
 * Sends large responses piece by piece, as fast as their peers read, and limits what waits in memory meanwhile. Counts
 * medium ones until they are sent.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import type { Text } from "../hub/long_text.ts";
import { UnrefInterval } from "../unref_interval.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { nextTurn, PacedText } from "./paced_text.ts";
import { limitReached } from "./problem.ts";
import { type NextText, SHORT_CHARACTERS, TextResponse } from "./responses.ts";

/** Longer responses are always sent piece by piece, in characters: `Deno.serve` is faster with whole ones. */
const LARGE_CHARACTERS = 256 * 1024;

/** How many counted texts are kept encoded: encoding them again would halve the rate at which a list can be polled. */
const ENCODED_TEXTS = 8;

/** How many bytes of whole responses may wait; beyond it, they are sent piece by piece, which shares equal texts. */
const WHOLE_BYTES = 16 * 1024 * 1024;

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

const encoder = new TextEncoder();

/** The texts that are being sent. Equal texts are in memory once, however many peers read them. */
export class UnsentTexts {
  readonly #budget: ByteBudget;
  readonly #sendings: Set<Sending> = new Set();
  #wholeBytes = 0;
  /** The bytes of the texts that were counted last, the latest last. */
  readonly #encoded: Map<string, Uint8Array<ArrayBuffer>> = new Map();
  readonly #check: UnrefInterval = new UnrefInterval(() => this.#abortStalled(), CHECK_MS);

  /** @param budget the limit of what waits to be sent over all connections */
  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** The number of bytes of whole responses that are being sent. */
  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  /**
   * Returns a body that is encoded as fast as the peer reads it. If the peer reads nothing for 30 s, the body fails
   * and the text is released.
   *
   * @param first the text to send, or its first part
   * @param more returns the further parts; if too much waits to be sent by then, or a part cannot be read, the body fails
   * @param share whose share of the limit the text counts towards; `null` for a peer that may use it up
   * @returns the body
   * @throws {Problem} 503 if too much waits to be sent
   */
  stream(
    first: Text,
    more: NextText | null = null,
    share: string | null = null,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#hold(first, share);
    let text = first;
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
        try {
          // The server, not the peer, is what the next part waits for.
          sending.readAtMs = Infinity;
          const next = await more?.() ?? null;
          // The peer may have disconnected in the meantime.
          if (rest === null) return;
          if (next === null) {
            end();
            return controller.close();
          }
          this.#hold(next, share);
          this.#budget.drop(text);
          rest = new PacedText(text = next);
          sending.readAtMs = monotonicMs();
        } catch (error) {
          end();
          throw error;
        }
      },
      cancel: end,
    }, { highWaterMark: 0 });
  }

  /**
   * Makes a response send its text piece by piece, if the text is large, or too many whole ones wait.
   *
   * @param request the request
   * @param response the response
   * @param share whose share of the limit the text counts towards; `null` for a peer that may use it up
   * @returns the same response, or one in its place
   * @throws {Problem} 503 if too much waits to be sent
   */
  respond(request: Request, response: Response, share: string | null = null): Response {
    if (!(response instanceof TextResponse)) return response;
    const most = this.#wholeBytes > WHOLE_BYTES ? SHORT_CHARACTERS : LARGE_CHARACTERS;
    const { content, more, status, headers } = response;
    if (more === null && content.length <= most) return response;
    // The response to HEAD has no body.
    if (request.method === "HEAD") return response;
    return new Response(this.stream(content, more, share), { status, headers });
  }

  /**
   * Gives a response its body if it has a text that is neither short nor large, and counts that until it is sent. Short ones
   * are not counted: a connection takes about as much memory in any case.
   *
   * @param request the request
   * @param response a response that {@linkcode respond} returned
   * @param connection the connection of the request; `completed` settles once the response is sent or the connection is
   * closed
   * @returns the same response, or one in its place
   */
  count(
    request: Request,
    response: Response,
    connection: { readonly completed?: Promise<unknown> },
  ): Response {
    if (!(response instanceof TextResponse)) return response;
    const { content, status, headers } = response;
    if (typeof content !== "string" || content.length <= SHORT_CHARACTERS) return response;
    const { completed } = connection;
    if (completed === undefined || request.method === "HEAD") {
      return new Response(content, { status, headers });
    }
    const bytes = this.#bytesOf(content);
    this.#wholeBytes += bytes.length;
    const sent = () => {
      this.#wholeBytes -= bytes.length;
    };
    completed.then(sent, sent);
    // For other bodies than streams, Deno says that the response is sent as soon as it has the body.
    const counted = new Response(streamOf(bytes), { status, headers });
    counted.headers.set("content-length", String(bytes.length));
    return counted;
  }

  #hold(text: Text, share: string | null): void {
    if (!this.#budget.hold(text, share)) {
      throw limitReached("Too much data waits for clients that read slowly");
    }
  }

  #bytesOf(text: string): Uint8Array<ArrayBuffer> {
    const bytes = this.#encoded.get(text) ?? encoder.encode(text);
    this.#encoded.delete(text);
    this.#encoded.set(text, bytes);
    if (this.#encoded.size > ENCODED_TEXTS) this.#encoded.delete(this.#encoded.keys().next().value!);
    return bytes;
  }

  #abortStalled(): void {
    const now = monotonicMs();
    for (const sending of [...this.#sendings]) {
      if (now - sending.readAtMs > STALLED_MS) sending.abort();
    }
  }
}

function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}
