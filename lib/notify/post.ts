/**
 * Makes one attempt to send a webhook request.
 *
 * @module
 */

import { now } from "../clock.ts";
import { Deadline } from "../timeout.ts";
import { VERSION } from "../version.ts";
import type { Signer } from "./signature.ts";

/** A webhook request. */
export interface Message {
  /** The id of the delivery, which is the same for every attempt. */
  readonly id: string;
  readonly event: string;
  /** The body, as JSON. */
  readonly text: string;
}

/** The outcome of an attempt. */
export type Outcome =
  | { readonly type: "delivered" }
  /** The receiver has refused the message for good, so it must not be retried. */
  | { readonly type: "refused" }
  | {
    readonly type: "failed";
    /**
     * The reason for the failure, worded as the second half of a sentence, such as `it did not respond within
     * 10 s`.
     */
    readonly reason: string;
    /** The delay before a retry that the receiver requested, in milliseconds. */
    readonly retryAfterMs: number;
  };

/** Options of {@linkcode post}. */
export interface PostOptions {
  /** The signer of requests; `null` to send requests unsigned. */
  readonly signer: Signer | null;
  /** The maximum duration of the request, in milliseconds. */
  readonly notifyTimeoutMs: number;
  /** The maximum number of bytes of the response body to read. */
  readonly notifyAnswerBytes: number;
}

/**
 * Sends a request once. Never rejects.
 *
 * @param url the receiver's URL
 * @param message the request
 * @param signal aborts the attempt
 * @param options the signer and the limits
 * @returns the outcome
 */
export async function post(
  url: URL,
  message: Message,
  signal: AbortSignal,
  options: PostOptions,
): Promise<Outcome> {
  const { notifyTimeoutMs, notifyAnswerBytes, signer } = options;
  const deadline = new Deadline(signal, notifyTimeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      ...await signed(message, signer),
      // Redirects are not followed, because the message is meant only for the configured URL.
      redirect: "manual",
      signal: deadline.signal,
    });
    await skip(response, notifyAnswerBytes);
    return outcomeOf(response);
  } catch (error) {
    const reason = deadline.hasTimedOut
      ? `it did not respond within ${notifyTimeoutMs / 1_000} s`
      : `it can't be reached${detailOf(error)}`;
    return { type: "failed", reason, retryAfterMs: 0 };
  } finally {
    deadline.clear();
  }
}

async function signed(
  { id, event, text }: Message,
  signer: Signer | null,
): Promise<{ body: Uint8Array<ArrayBuffer>; headers: Record<string, string> }> {
  const body = new TextEncoder().encode(text);
  const timestamp = Math.floor(now());
  const headers = {
    "content-type": "application/json",
    "user-agent": `taskscope/${VERSION}`,
    "taskscope-event": event,
    "taskscope-delivery": id,
    "taskscope-timestamp": String(timestamp),
    ...signer !== null && { "taskscope-signature": await signer.sign(timestamp, body) },
  };
  return { body, headers };
}

/** Reads the response body up to a limit, so that the connection can be reused. */
async function skip({ body }: Response, most: number): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (let read = 0; read <= most;) {
      const { done, value } = await reader.read();
      if (done) return;
      read += value.length;
    }
    await reader.cancel();
  } catch {
    // An error while the body is read is ignored, because only the status matters.
  }
}

function outcomeOf({ status, ok, headers }: Response): Outcome {
  if (ok) return { type: "delivered" };
  if (status === 410) return { type: "refused" };
  const seconds = headers.get("retry-after") ?? "";
  const retryAfterMs = /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1_000 : 0;
  return { type: "failed", reason: `it responded with status ${status}`, retryAfterMs };
}

/**
 * Returns the system's error message in brackets. The message omits the URL, whose query may contain a
 * secret.
 */
function detailOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = (cause instanceof Error ? cause.message : String(cause))
    .replace(/^error sending request .*?client error \(\w+\):? ?/s, "")
    .replace(/https?:\/\/\S+/g, "…");
  return message === "" ? "" : ` (${message.slice(0, 200)})`;
}
