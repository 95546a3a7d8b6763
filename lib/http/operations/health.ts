/**
 * Responds to the health checks of load balancers and supervisors.
 *
 * @module
 */

import type { Registry } from "../../registry/registry.ts";
import { jsonResponse } from "../responses.ts";

/** `GET /healthz`: responds with 200 as long as the process is alive. */
export function healthy(): Response {
  return jsonResponse('{"status":"ok"}');
}

/** `GET /readyz`: responds with 503 while the server cannot commit. */
export function readiness({ degradation }: Registry): Response {
  if (degradation === null) return jsonResponse('{"status":"ready"}');
  const { error: { reason }, since } = degradation;
  return jsonResponse(JSON.stringify({ status: "degraded", detail: reason, since }), 503);
}
