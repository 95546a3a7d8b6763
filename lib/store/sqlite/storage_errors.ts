/**
 * Converts errors of SQLite to messages for users.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** The error messages of SQLite (sqlite.org/rescode.html), each with an explanation and advice for users. */
const REASONS: readonly { readonly message: RegExp; readonly meaning: string }[] = [
  { message: /disk is full|no space left/i, meaning: "the disk is full" },
  {
    message: /readonly database|read-only/i,
    meaning: "it cannot be written to; make it writable, or name another file with --data",
  },
  {
    message: /malformed|corrupt/i,
    meaning: "the file is damaged; restore a backup, or move it away to start with an empty one",
  },
  {
    message: /not a database/i,
    meaning: "it is not a database; move it away, or name another file with --data",
  },
  { message: /database (table )?is locked|busy/i, meaning: "another program has locked it" },
  {
    message: /unable to open|no such file|os error [23]\)|not a directory|permission denied/i,
    meaning: "it cannot be opened; its folder must exist and be writable",
  },
  {
    // Deno protects folders such as /proc.
    message: /^Requires all access/,
    meaning: "it cannot be used, because the system protects it; name another file with --data",
  },
  { message: /not the file/, meaning: "it was removed or replaced; restart the server" },
  { message: /disk I\/O error/i, meaning: "the disk reports an error, or it is full" },
];

/**
 * Converts an error of a database to a {@linkcode StorageError}.
 *
 * @param file the database's path
 * @param cause the error
 * @returns the error to throw instead
 */
export function storageError(file: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  // The path is removed, because the reason is also shown to users who must not see it.
  const said = message.replaceAll(`: ${file}`, ": …").replaceAll(`'${file}'`, "…");
  const known = REASONS.find((reason) => reason.message.test(said));
  return new StorageError(file, reasonOf(said, known?.meaning), { cause });
}

function reasonOf(said: string, meaning: string | undefined): string {
  if (meaning === undefined) return said;
  // Deno's own message is omitted, because its advice is for developers.
  return said.startsWith("Requires ") ? meaning : `${meaning} (${said})`;
}
