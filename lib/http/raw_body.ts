/**
 * Reads request bodies within limits of size and time, which `Deno.serve` does not enforce.
 *
 * @module
 */

import type { MonitorLimits } from "../config/limits.ts";
import { ByteBudget } from "./byte_budget.ts";
import { limitReached, Problem } from "./problem.ts";
import { Slots } from "./slots.ts";

/**
 * The time after which a body that has not arrived as a whole takes a slot for unfinished bodies, in
 * milliseconds. Without this delay, a burst of short requests would take all slots.
 */
const SLOW_MS = 1_000;

/** Limits for reading a request's body. */
export interface BodyLimits {
  readonly requestBytes: number;
  readonly requestTimeoutMs: number;
  /**
   * The limit on the number of bodies that have not arrived as a whole after a while, over all connections.
   */
  readonly unfinished: Slots;
  /** The limit on the number of received bytes of all bodies that have not arrived as a whole. */
  readonly received: ByteBudget;
  /**
   * Whose share of these limits the body uses; absent or `null` for a sender that may use the whole limits.
   */
  readonly share?: string | null;
}

/**
 * Creates the limits for reading the bodies of all requests to a monitor.
 *
 * @param limits the limits of the monitor
 */
export function bodyLimits(
  limits: Pick<
    MonitorLimits,
    "requestBytes" | "requestTimeoutMs" | "unfinishedBodies" | "unfinishedBodyBytes"
  >,
): BodyLimits {
  const { requestBytes, requestTimeoutMs, unfinishedBodies, unfinishedBodyBytes } = limits;
  return {
    requestBytes,
    requestTimeoutMs,
    unfinished: new Slots(unfinishedBodies, "unfinished request bodies"),
    received: new ByteBudget(unfinishedBodyBytes),
  };
}

/**
 * Reads a body as text.
 *
 * @param request the request
 * @param limits the maximum size and time, and the limits that all bodies share
 * @returns the text
 * @throws {Problem} 413 if the body is too large, 408 if the body takes too long or ends early, 503 if too
 * many bodies have not arrived yet, 400 if the body is not UTF-8
 */
export async function readText(request: Request, limits: BodyLimits): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  await readChunks(request, limits, (chunk) => {
    try {
      text += decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new Problem("bad_body", "The body is not valid UTF-8");
    }
  });
  return text;
}

/**
 * Reads a body without decoding it.
 *
 * @param request the request
 * @param limits the maximum size and time, and the limits that all bodies share
 * @returns the bytes
 * @throws {Problem} as {@linkcode readText}
 */
export async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  await readChunks(request, limits, (chunk) => {
    if (chunk !== undefined) chunks.push(chunk);
  });
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/**
 * Reads a body chunk by chunk.
 *
 * @param onChunk called with each chunk, and with `undefined` at the end; may throw a `Problem` if the body
 * is not valid
 */
async function readChunks(
  request: Request,
  limits: BodyLimits,
  onChunk: (chunk: Uint8Array<ArrayBuffer> | undefined) => void,
): Promise<void> {
  const { requestBytes, received, share } = limits;
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > requestBytes) throw tooLarge(limits);
  if (request.body === null) return;
  const reader = request.body.getReader();
  using patience = new Patience(limits, () => reader.cancel().catch(() => {}));
  let bytes = 0;
  let reserved = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const { byteLength } = chunk.value;
      bytes += byteLength;
      if (bytes > requestBytes) throw tooLarge(limits);
      // The last bytes complete the body, so they are not counted as unfinished: a short body is accepted even while the
      // unfinished bodies of others use up the limit.
      if (bytes !== declared) {
        if (!received.take(byteLength, share)) {
          throw limitReached("Too many bytes of unfinished request bodies are in memory; try again later");
        }
        reserved += byteLength;
      }
      onChunk(chunk.value);
    }
    onChunk(undefined);
  } catch (error) {
    reader.cancel().catch(() => {});
    // A body that was given up may end within a character, so the error for giving up takes precedence over a
    // decoding error.
    if (patience.problem !== null) throw patience.problem;
    if (error instanceof Problem) throw error;
    // After `shutdown()`, Deno 2.9 can't read the rest of a body, but still sends the response, so the error
    // must ask the client to try again.
    throw new Problem("incomplete_body", "The body did not arrive as a whole; send the request again");
  } finally {
    received.release(reserved, share);
  }
  // A body that was given up looks complete, because its stream was cancelled.
  if (patience.problem !== null) throw patience.problem;
}

/**
 * Gives up on a body that does not arrive in time, or that arrives slowly while too many other bodies do so.
 */
class Patience implements Disposable {
  readonly #limits: BodyLimits;
  readonly #onEnd: () => void;
  #timer: ReturnType<typeof setTimeout>;
  #release = () => {};
  /** The reason for giving up; `null` if the body was not given up. */
  problem: Problem | null = null;

  constructor(limits: BodyLimits, onEnd: () => void) {
    this.#limits = limits;
    this.#onEnd = onEnd;
    const firstMs = Math.min(SLOW_MS, limits.requestTimeoutMs);
    this.#timer = setTimeout(() => this.#wait(limits.requestTimeoutMs - firstMs), firstMs);
  }

  #wait(restMs: number): void {
    if (restMs === 0) return this.#end(this.#overdue());
    try {
      this.#release = this.#limits.unfinished.take(this.#limits.share);
    } catch (error) {
      return this.#end(error as Problem);
    }
    this.#timer = setTimeout(() => this.#end(this.#overdue()), restMs);
  }

  #overdue(): Problem {
    return new Problem("slow_body", `The body did not arrive within ${this.#limits.requestTimeoutMs} ms`);
  }

  #end(problem: Problem): void {
    this.problem = problem;
    this.#onEnd();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#release();
  }
}

function tooLarge(limits: BodyLimits): Problem {
  return new Problem(
    "body_too_large",
    `The body is too large: at most ${limits.requestBytes} bytes are accepted`,
  );
}
