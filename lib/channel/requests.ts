/**
 * Sends requests and responses over a link.
 *
 * @module
 */

import { type LinkMessage, writeLinkMessage } from "./frames.ts";
import { type Link, LinkClosedError } from "./link.ts";

interface PendingRequest {
  readonly promise: PromiseWithResolvers<string>;
  readonly message: string;
  // The number of the link message that carries the request.
  number: number;
}

/** Sends the requests of one end of a link, and matches the responses to them. */
export class PendingRequests {
  readonly #link: Link;
  readonly #pending = new Map<number, PendingRequest>();
  #newestId = 0;

  /** @param link the link to send the requests over */
  constructor(link: Link) {
    this.#link = link;
  }

  /**
   * Sends a request.
   *
   * @param payload the request
   * @param signal aborts the wait: the promise rejects with the signal's reason
   * @returns the response
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

  /** Handles a response, which is ignored if its request is no longer pending. */
  settle(answer: LinkMessage): void {
    if (answer.kind === "response") this.#pending.get(answer.requestId)?.promise.resolve(answer.text);
    if (answer.kind === "failure") {
      this.#pending.get(answer.requestId)?.promise.reject(new Error(answer.text));
    }
  }

  /**
   * Resends requests that the peer acknowledged but did not answer, because the response may have been lost
   * with the connection. Unacknowledged requests are resent by the link.
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

  /** Rejects all pending requests. */
  close(): void {
    const error = new LinkClosedError("Cannot finish request: the channel was closed");
    for (const { promise } of this.#pending.values()) promise.reject(error);
  }
}

/**
 * Answers a request.
 *
 * @param requestId the id of the request
 * @param answer returns the response; if it throws, the error's message is sent as the rejection
 * @param send sends the response; called synchronously if `answer` returns no promise
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
