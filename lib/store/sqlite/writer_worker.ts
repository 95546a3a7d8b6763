/**
 * The worker that writes, so that a slow disk holds up nobody who reports or watches.
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

/** Opens the file now, and not when it may be another one; the first commit tells where that failed. */
function tryToOpen(): void {
  try {
    opened();
  } catch {
    // Tried again with the next request, which is answered.
  }
}

/** The writer; tried again with every request where it could not be opened. */
function opened(): DatabaseWriter {
  if (settings === undefined) throw new Error("Cannot write: wanted a file first");
  return writer ??= new DatabaseWriter(settings.file, settings.durability);
}
