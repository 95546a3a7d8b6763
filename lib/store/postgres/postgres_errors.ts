/**
 * Converts errors of PostgreSQL and of connections to messages for users.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/**
 * The meanings of errors, by the code of the error (postgresql.org/docs/current/errcodes-appendix.html, or the code of
 * a socket error) or, if it has none, by its message.
 */
const MEANINGS: readonly { readonly is: RegExp; readonly meaning: string }[] = [
  {
    is: /^(28P01|28000)$|password must be a string|no password/i,
    meaning:
      "the user or the password is wrong; pass the password in PGPASSWORD, or in the file that PGPASSFILE names",
  },
  { is: /^3D000$/, meaning: "the database does not exist; create it with createdb" },
  { is: /^42501$/, meaning: "the user may not do this; make it the owner of the database" },
  { is: /^53100$/, meaning: "the disk of the database is full" },
  {
    is: /^53300$/,
    meaning:
      "the database has no connection left; raise max_connections or the role's limit: each server needs up to 10",
  },
  { is: /^(53200|54000)$/, meaning: "the database is out of memory or space" },
  { is: /^25006$/, meaning: "the database is read-only, as a standby is" },
  { is: /^57P03$/, meaning: "the database is starting up or shutting down" },
  { is: /timeout/i, meaning: "the database does not respond" },
  { is: /^57P0[125]$|Connection terminated|not queryable|was closed/i, meaning: "the connection has ended" },
  { is: /^(55P03|40P01)$/, meaning: "another session holds a lock" },
  {
    is: /does not support SSL/i,
    meaning: "the server has no TLS; if the network is trusted, add ?sslmode=disable to the URL",
  },
  {
    is: /cert|altname|self.signed|UnknownIssuer|BadSignature/i,
    meaning: "the certificate of the server is not trusted; name its CA with ?sslrootcert=<file>",
  },
  { is: /ECONNREFUSED|ENOTFOUND|ENOENT|EHOSTUNREACH|EAI_AGAIN/i, meaning: "it cannot be reached" },
  // "write UNKNOWN" is what Deno says of some connections that were lost.
  { is: /ECONNRESET|EPIPE|EOF|^(read|write) UNKNOWN$/i, meaning: "the connection has ended" },
];

/** Returns the code of an error of PostgreSQL or of a socket; `""` if it has none. */
export function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown } | null)?.code ?? "");
}

/**
 * Converts an error to a {@linkcode StorageError}.
 *
 * @param name the URL of the database without its password
 * @param cause the error
 * @param options whether the failed operation was a read
 * @returns the error to throw instead; it contains no password
 */
export function postgresError(
  name: string,
  cause: unknown,
  { isRead = false }: { readonly isRead?: boolean } = {},
): StorageError {
  if (cause instanceof StorageError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = codeOf(cause);
  const known = MEANINGS.find(({ is }) => is.test(code)) ?? MEANINGS.find(({ is }) => is.test(message));
  // Some connection errors have only a code.
  const said = message === "" ? code : message;
  return new StorageError(name, known === undefined ? said : `${known.meaning} (${said})`, { cause, isRead });
}
