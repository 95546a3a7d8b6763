/**
 * Checks over plain HTTP whether the server is reachable and still serves this version of the page.
 *
 * @module
 */

import type { DatedResponse } from "../../lib/task/clock_offset.ts";

/**
 * The result of a probe: the server serves this version of the page, serves another version, or is not
 * available.
 */
export type ProbeResult = "alive" | "outdated" | "dead";

/** The timeout of a request, in milliseconds. */
const TIMEOUT_MS = 5_000;

/**
 * Requests the page's script. The name of the script contains a hash of its content, so a 404 means that the server has
 * another version.
 *
 * @param script the URL of the script
 * @param onDate receives the headers of the response, and the times of the request and the response
 * @returns the result; a server that responds but is shutting down counts as not available
 */
export async function probeServer(
  script: string,
  onDate: (response: DatedResponse) => void,
): Promise<ProbeResult> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const sentAt = Date.now() / 1_000;
    const { headers, status } = await fetch(script, { method: "HEAD", cache: "no-store", signal });
    onDate({ headers, sentAt, receivedAt: Date.now() / 1_000 });
    return status === 404 ? "outdated" : status < 500 ? "alive" : "dead";
  } catch {
    return "dead";
  }
}
