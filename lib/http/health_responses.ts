/**
 * Responds to health checks, even before the tasks are loaded.
 *
 * @module
 */

import { jsonResponse } from "./responses.ts";

/** `GET /healthz`: responds with 200 as long as the process is alive. */
export function healthy(): Response {
  return jsonResponse('{"status":"ok"}');
}

/** Responds to `GET /readyz` while a node of a cluster loads the tasks. */
export function loading(losses: object = {}): Response {
  return jsonResponse(JSON.stringify({ status: "loading", ...losses }), 503, { "retry-after": "1" });
}
