/**
 * Explains failures to connect that a retry cannot mend, such as TLS errors.
 *
 * @module
 */

/** Patterns for the error messages and codes of Deno, Node and Bun, with their meanings. */
const PROBLEMS: readonly { readonly said: RegExp; readonly meaning: string }[] = [
  {
    said: /InvalidContentType|ERR_SSL_WRONG_VERSION_NUMBER|wrong version number/,
    meaning: "it responds without TLS; use http://",
  },
  {
    said: /invalid HTTP version parsed|HPE_INVALID_CONSTANT/,
    meaning: "it does not respond with HTTP; it may need https://",
  },
  {
    said:
      /invalid peer certificate|_SELF_SIGNED_|SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF|CERT_HAS_EXPIRED|ALTNAME_INVALID/,
    meaning: "its certificate is not trusted, or is for another host",
  },
];

/** The maximum number of causes to follow. */
const MAX_CAUSES = 8;

/**
 * Explains why a request could not be sent.
 *
 * @param error the error of `fetch()`
 * @returns what is wrong and what to do; `null` if the server may only be down
 */
export function connectionProblem(error: unknown): string | null {
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES && cause instanceof Error; depth++) {
    const text = `${cause.message} ${"code" in cause ? String(cause.code) : ""}`;
    const problem = PROBLEMS.find(({ said }) => said.test(text));
    if (problem !== undefined) return problem.meaning;
    cause = cause.cause;
  }
  return null;
}
