/**
 * What people are told when a database can't be used.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** From what SQLite says (sqlite.org/rescode.html) to what is the matter and what can be done. */
const REASONS: readonly { readonly said: RegExp; readonly meaning: string }[] = [
  { said: /disk is full|no space left/i, meaning: "the disk is full" },
  {
    said: /readonly database|read-only/i,
    meaning: "it can't be written to; make it writable, or name another file with --data",
  },
  {
    said: /malformed|corrupt/i,
    meaning: "the file is damaged; restore a copy, or move it away to begin anew",
  },
  {
    said: /not a database/i,
    meaning: "it is not a database; move it away, or name another file with --data",
  },
  { said: /database (table )?is locked|busy/i, meaning: "another program has locked it" },
  {
    said: /unable to open|no such file|os error [23]\)|not a directory|permission denied/i,
    meaning: "it can't be opened; its folder has to be there and be writable",
  },
  { said: /not the file/, meaning: "it was removed or replaced; start the server again" },
  { said: /disk I\/O error/i, meaning: "the disk reports an error, or it is full" },
];

/**
 * Says what is the matter with a database.
 *
 * @param file the database's path
 * @param cause what was thrown
 * @returns the error to throw instead
 */
export function storageError(file: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  // The reason is shown to people who need not know where the file is.
  const said = message.replaceAll(`: ${file}`, ": …").replaceAll(`'${file}'`, "…");
  const known = REASONS.find((reason) => reason.said.test(said));
  return new StorageError(file, known === undefined ? said : `${known.meaning} (${said})`, { cause });
}
