/**
 * One attempt to deliver one message.
 *
 * @module
 */

import { Deadline } from "../timeout.ts";
import { VERSION } from "../version.ts";
import type { Signer } from "./signature.ts";

/** A message on its way. */
export interface Message {
  /** Names the delivery; the same with every attempt. */
  readonly id: string;
  readonly event: string;
  /** The body: JSON. */
  readonly text: string;
}

/** How an attempt ended. */
export type Outcome =
  | { readonly type: "delivered" }
  /** The receiver does not want the message, and never will. */
  | { readonly type: "refused" }
  | {
    readonly type: "failed";
    /** Why, for people: as the end of a sentence. */
    readonly reason: string;
    /** How long the receiver wants to be left alone, in milliseconds. */
    readonly retryAfterMs: number;
  };

/** How a message is sent. */
export interface PostOptions {
  /** Signs messages; `null` where they go unsigned. */
  readonly signer: Signer | null;
  /** How long the receiver may take, in milliseconds. */
  readonly notifyTimeoutMs: number;
  /** Bytes of the answer that are read. */
  readonly notifyAnswerBytes: number;
}

/**
 * Sends a message once. Never rejects.
 *
 * @param url where to
 * @param message what
 * @param signal ends the attempt
 * @param options how
 * @returns how it ended
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
      // A message for one address is not for another one.
      redirect: "manual",
      signal: deadline.signal,
    });
    await skip(response, notifyAnswerBytes);
    return outcomeOf(response);
  } catch (error) {
    const reason = deadline.hasTimedOut
      ? `it did not answer within ${notifyTimeoutMs / 1_000} s`
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
  const timestamp = Math.floor(Date.now() / 1_000);
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

/** Reads what came with the answer, so that the connection can be used again, but not more than so many bytes. */
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
    // The status is there, and that is what counts.
  }
}

function outcomeOf({ status, ok, headers }: Response): Outcome {
  if (ok) return { type: "delivered" };
  if (status === 410) return { type: "refused" };
  const seconds = headers.get("retry-after") ?? "";
  const retryAfterMs = /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1_000 : 0;
  return { type: "failed", reason: `it answered ${status}`, retryAfterMs };
}

/** What the system says, in brackets; never the address, whose query may hold a key. */
function detailOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const said = (cause instanceof Error ? cause.message : String(cause))
    .replace(/^error sending request .*?client error \(\w+\):? ?/s, "")
    .replace(/https?:\/\/\S+/g, "…");
  return said === "" ? "" : ` (${said.slice(0, 200)})`;
}
