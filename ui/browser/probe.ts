/**
 * Asks the server over plain HTTP whether it is there.
 *
 * @module
 */

/** What the answer tells: the server serves this very page, serves another one, or serves nobody. */
export type ProbeResult = "alive" | "outdated" | "dead";

/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 5_000;

/**
 * Asks for the page's script, whose name holds the hash of what it does: a server without it has another page to show.
 *
 * @param script the address of the script
 * @param onDate is given the `Date` header of an answer
 * @returns what the answer tells; a server that is shutting down answers, but serves nobody
 */
export async function probeServer(
  script: string,
  onDate: (header: string | null) => void,
): Promise<ProbeResult> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { headers, status } = await fetch(script, { method: "HEAD", cache: "no-store", signal });
    onDate(headers.get("date"));
    return status === 404 ? "outdated" : status < 500 ? "alive" : "dead";
  } catch {
    return "dead";
  }
}
