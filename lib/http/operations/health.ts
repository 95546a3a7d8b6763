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

/**
 * `GET /readyz`: responds with 503 while the server cannot commit, and says how many tasks are left out because their
 * records are damaged.
 */
export function readiness({ degradation, storeFigures: { damaged } }: Registry): Response {
  const losses = damaged === 0 ? {} : { damaged_records: damaged };
  if (degradation === null) return jsonResponse(JSON.stringify({ status: "ready", ...losses }));
  const { error: { reason }, since } = degradation;
  return jsonResponse(JSON.stringify({ status: "degraded", detail: reason, since, ...losses }), 503);
}
