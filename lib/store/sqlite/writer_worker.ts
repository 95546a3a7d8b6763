/**
 * The worker that writes to the database, so that a slow disk delays neither reporters nor watchers.
 *
 * @module
 */

import type { Durability } from "../store.ts";
import { DatabaseWriter } from "./database_writer.ts";
import type { WriterAnswer, WriterRequest } from "./writer_messages.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WriterRequest>) => void;
  postMessage(answer: WriterAnswer): void;
};

let settings: { readonly file: string; readonly durability: Durability } | undefined;
let writer: DatabaseWriter | undefined;

scope.onmessage = ({ data }) => {
  if (data.type === "open") {
    settings = data;
    tryToOpen();
    return;
  }
  try {
    answer(data);
    scope.postMessage({ ok: true });
  } catch (error) {
    scope.postMessage({ ok: false, message: error instanceof Error ? error.message : String(error) });
  }
};

function answer(request: Exclude<WriterRequest, { readonly type: "open" }>): void {
  if (request.type === "write") return opened().write(request.batch);
  opened().checkpoint();
  opened()[Symbol.dispose]();
}

/**
 * Opens the file at once, before it can be replaced. If opening fails, the first commit reports the error.
 */
function tryToOpen(): void {
  try {
    opened();
  } catch {
    // The error is ignored, because the next request retries, and its answer reports an error.
  }
}

/** Returns the writer, and opens it if an earlier attempt failed. */
function opened(): DatabaseWriter {
  if (settings === undefined) throw new Error("Cannot write: no file was opened");
  return writer ??= new DatabaseWriter(settings.file, settings.durability);
}
