/**
 * Sends large responses piece by piece, only as fast as their peers read, and limits the size of the texts
 * that wait in memory. Responses of medium length are sent as a whole; their bytes are counted until they are
 * sent.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import type { Text } from "../hub/long_text.ts";
import { UnrefInterval } from "../unref_interval.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { nextTurn, PacedText } from "./paced_text.ts";
import { tooMuchUnsent } from "./problem.ts";
import { LARGE_CHARACTERS, type NextText, SHORT_CHARACTERS, TextResponse } from "./responses.ts";

/**
 * The number of texts of medium length whose encoded bytes are cached: encoding a list again for each poll
 * would halve the rate at which it can be polled.
 */
const ENCODED_TEXTS = 8;

/**
 * The maximum number of bytes of whole responses that wait to be sent. Beyond it, responses of medium length
 * are sent piece by piece, too, because then equal texts are in memory only once.
 */
const WHOLE_BYTES = 16 * 1024 * 1024;

/** The time after which a peer that reads nothing is disconnected, in milliseconds. */
const STALLED_MS = 30_000;

/** The interval of the checks for peers that read nothing, in milliseconds. */
const CHECK_MS = 5_000;

/** A response that is being sent. */
interface Sending {
  /** When the peer last read something, in milliseconds of the monotonic clock. */
  readAtMs: number;
  readonly abort: () => void;
}

const encoder = new TextEncoder();

/**
 * Sends long texts within a limit on memory. Equal texts are in memory once, however many peers read them.
 */
export class UnsentTexts {
  readonly #budget: ByteBudget;
  readonly #sendings: Set<Sending> = new Set();
  #wholeBytes = 0;
  /** The encoded bytes of the last texts of medium length, the latest last. */
  readonly #encoded: Map<string, Uint8Array<ArrayBuffer>> = new Map();
  readonly #check: UnrefInterval = new UnrefInterval(() => this.#abortStalled(), CHECK_MS);

  /** @param budget the limit on the data that waits to be sent, over all connections */
  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** The number of bytes of whole responses that wait to be sent. */
  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  /**
   * Returns a body that is encoded only as fast as the peer reads it. If the peer reads nothing for 30 s, the
   * body fails and the text is released.
   *
   * @param first the text to send, or its first part
   * @param more returns the further parts; the body fails if too much data waits to be sent when a part is
   * due, or if a part cannot be read
   * @param share whose share of the limit the text uses; `null` for a peer that may use the whole limit
   * @returns the body; `null` if too much data waits to be sent
   */
  stream(
    first: Text,
    more: NextText | null = null,
    share: string | null = null,
  ): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (!this.#budget.hold(first, share)) return null;
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
          // While the next part is read, the peer waits for the server, so the peer can't count as reading
          // nothing.
          sending.readAtMs = Infinity;
          const next = await more?.() ?? null;
          // The peer may have disconnected in the meantime.
          if (rest === null) return;
          if (next === null) {
            end();
            return controller.close();
          }
          if (!this.#budget.hold(next, share)) throw tooMuchUnsent();
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
   * Makes a response send its text piece by piece if the text is large, or if too many bytes of whole
   * responses wait.
   *
   * @param request the request
   * @param response the response
   * @param share whose share of the limit the text uses; `null` for a peer that may use the whole limit
   * @returns the same response, or a response that replaces it
   * @throws {Problem} 503 if too much data waits to be sent
   */
  respond(request: Request, response: Response, share: string | null = null): Response {
    if (!(response instanceof TextResponse)) return response;
    const most = this.#wholeBytes > WHOLE_BYTES ? SHORT_CHARACTERS : LARGE_CHARACTERS;
    const { content, more } = response;
    if (more === null && content.length <= most) return response;
    // The response to HEAD has no body.
    if (request.method === "HEAD") return response;
    const body = this.stream(content, more, share);
    if (body === null) throw tooMuchUnsent();
    return withBody(response, body);
  }

  /**
   * Completes the body of a response with a text of medium length, and counts the bytes of the text until they
   * are sent. Short texts are not counted, because a connection takes about as much memory anyway.
   *
   * @param request the request
   * @param response a response that {@linkcode UnsentTexts.respond} returned
   * @param connection the connection of the request; `completed` settles once the response is sent or the connection is
   * closed
   * @returns the same response, or a response that replaces it
   */
  count(
    request: Request,
    response: Response,
    connection: { readonly completed?: Promise<unknown> },
  ): Response {
    if (!(response instanceof TextResponse)) return response;
    const { content } = response;
    if (typeof content !== "string" || content.length <= SHORT_CHARACTERS) return response;
    const { completed } = connection;
    if (completed === undefined || request.method === "HEAD") {
      return withBody(response, content);
    }
    const bytes = this.#bytesOf(content);
    this.#wholeBytes += bytes.length;
    const sent = () => {
      this.#wholeBytes -= bytes.length;
    };
    completed.then(sent, sent);
    response.sendAsWhole(bytes);
    return response;
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

/** Returns a response with the status and the headers of another one, and a body of its own. */
function withBody({ status, headers }: Response, body: BodyInit): Response {
  return new Response(body, { status, headers });
}
