/**
 * Distinguishes the URL of a PostgreSQL database from the path of a file.
 *
 * @module
 */

/** Returns whether the option `data` names a PostgreSQL database. */
export function isPostgresUrl(data: string): boolean {
  return /^postgres(ql)?:\/\//i.test(data);
}
