/**
 * The worker that writes to the database, so that a slow disk delays neither reporters nor watchers.
 *
 * @module
 */

import { DatabaseWriter } from "./database_writer.ts";
import type { WriterAnswer, WriterRequest } from "./writer_messages.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WriterRequest>) => void;
  postMessage(answer: WriterAnswer): void;
};

/** The interval at which the worker checks whether the file still exists, in milliseconds. */
const WATCH_INTERVAL_MS = 500;

let settings: Extract<WriterRequest, { readonly type: "open" }> | undefined;
let writer: DatabaseWriter | undefined;

scope.onmessage = ({ data }) => {
  if (data.type === "open") {
    settings = data;
    tryToOpen();
    setInterval(watch, WATCH_INTERVAL_MS);
    return;
  }
  try {
    answer(data);
    scope.postMessage({ to: data.type, error: null });
  } catch (error) {
    scope.postMessage({ to: data.type, error: messageOf(error) });
  }
};

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

function answer(request: Exclude<WriterRequest, { readonly type: "open" }>): void {
  if (request.type === "write") return opened().write(request.batch);
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
