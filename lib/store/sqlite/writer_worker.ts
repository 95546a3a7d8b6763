/**
 * The worker that writes to the database, so that a slow disk delays neither reporters nor watchers.
 *
 * @module
 */

import type { BatchMessage } from "../database/batch.ts";
import { DatabaseWriter } from "./database_writer.ts";
import { CheckedWrites, type WriterAnswer, type WriterRequest } from "./writer_messages.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WriterRequest>) => void;
  postMessage(answer: WriterAnswer): void;
};

/** The interval at which the worker checks whether the file still exists, in milliseconds. */
const WATCH_INTERVAL_MS = 500;

let settings: Extract<WriterRequest, { readonly type: "open" }> | undefined;
let writer: DatabaseWriter | undefined;
let checked: CheckedWrites;
/** The number of requests to write so far, as for {@linkcode CheckedWrites}. */
let writes = 0;

scope.onmessage = ({ data }) => {
  if (data.type === "open") {
    settings = data;
    checked = new CheckedWrites(data.checked);
    tryToOpen();
    setInterval(watch, WATCH_INTERVAL_MS);
    return;
  }
  const answer = (error: string | null) => scope.postMessage({ to: data.type, error });
  if (data.type === "write") return write(data.batch, answer);
  try {
    obey(data);
    answer(null);
  } catch (error) {
    answer(messageOf(error));
  }
};

/** Writes a batch, and responds after the commit, before the file is looked for; see {@linkcode CheckedWrites}. */
function write(batch: BatchMessage, answer: (error: string | null) => void): void {
  writes++;
  let isCommitted = false;
  try {
    opened().write(batch, () => {
      isCommitted = true;
      answer(null);
    });
    checked.add(writes);
  } catch (error) {
    // After a response, the missing number of the write makes the receiver send a check. The check fails, too, unless
    // the file is back, and with it the commit.
    if (!isCommitted) answer(messageOf(error));
  }
}

/** Reports if the file has disappeared while nothing is being written. */
function watch(): void {
  try {
    writer?.checkExists();
  } catch (error) {
    scope.postMessage({ to: "watch", error: messageOf(error) });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function obey(request: Extract<WriterRequest, { readonly type: "check" | "close" }>): void {
  if (request.type === "check") return opened().checkExists();
  opened().checkpoint();
  opened()[Symbol.dispose]();
  writer = undefined;
}

/**
 * Opens the file at once, before it can be replaced. If opening fails, the first commit reports the error.
 */
function tryToOpen(): void {
  try {
    opened();
  } catch {
    // The error is ignored, because the next request retries, and its response reports any error.
  }
}

/** Returns the writer, and opens it if an earlier attempt failed. */
function opened(): DatabaseWriter {
  if (settings === undefined) throw new Error("Cannot write: no file was opened");
  return writer ??= new DatabaseWriter(settings.file, settings.durability, settings.pastRuns);
}
