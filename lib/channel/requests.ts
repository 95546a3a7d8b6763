/**
 * Requests and answers over a link.
 *
 * @module
 */

import { type LinkMessage, writeLinkMessage } from "./frames.ts";
import { type Link, LinkClosedError } from "./link.ts";

interface PendingRequest {
  readonly promise: PromiseWithResolvers<string>;
  readonly message: string;
  // The number of the link's message that carries it.
  number: number;
}

/** The requests of one side that wait for their answers. */
export class PendingRequests {
  readonly #link: Link;
  readonly #pending = new Map<number, PendingRequest>();
  #newestId = 0;

  /** @param link what brings the requests across */
  constructor(link: Link) {
    this.#link = link;
  }

  /**
   * Sends a request.
   *
   * @param payload what to ask
   * @param signal gives up: the promise rejects with its reason
   * @returns the answer
   */
  async send(payload: string, signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted();
    const requestId = ++this.#newestId;
    const message = writeLinkMessage({ kind: "request", requestId, text: payload });
    const promise = Promise.withResolvers<string>();
    this.#pending.set(requestId, { promise, message, number: this.#link.send(message) });
    const abandon = () => promise.reject(signal?.reason);
    signal?.addEventListener("abort", abandon, { once: true });
    try {
      return await promise.promise;
    } finally {
      signal?.removeEventListener("abort", abandon);
      this.#pending.delete(requestId);
    }
  }

  /** Takes an answer. One that nobody waits for any more is ignored. */
  settle(answer: LinkMessage): void {
    if (answer.kind === "response") this.#pending.get(answer.requestId)?.promise.resolve(answer.text);
    if (answer.kind === "failure") {
      this.#pending.get(answer.requestId)?.promise.reject(new Error(answer.text));
    }
  }

  /**
   * Sends again what the other side took and has not answered: the answer may have been lost with a connection. What
   * it has not taken yet, the link repeats by itself.
   */
  repeatTaken(): void {
    for (const request of this.#pending.values()) {
      if (request.number >= this.#link.oldest) continue;
      try {
        request.number = this.#link.send(request.message);
      } catch (error) {
        request.promise.reject(error);
      }
    }
  }

  /** Rejects everything that waits. */
  close(): void {
    const error = new LinkClosedError("Cannot finish request: the channel was closed");
    for (const { promise } of this.#pending.values()) promise.reject(error);
  }
}

/**
 * Answers a request.
 *
 * @param requestId which one
 * @param answer gives the answer; what it throws becomes the other side's rejection, by its message
 * @param send takes the message that carries the answer, at once where there is nothing to wait for
 */
export function sendAnswer(
  requestId: number,
  answer: () => string | Promise<string>,
  send: (message: string) => void,
): void {
  const succeed = (text: string) => send(writeLinkMessage({ kind: "response", requestId, text }));
  const fail = (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    send(writeLinkMessage({ kind: "failure", requestId, text }));
  };
  let answered: string | Promise<string>;
  try {
    answered = answer();
  } catch (error) {
    return fail(error);
  }
  if (typeof answered === "string") succeed(answered);
  else answered.then(succeed, fail);
}
