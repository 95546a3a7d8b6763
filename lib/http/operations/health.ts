/**
 * Responds to the health checks of load balancers and supervisors.
 *
 * @module
 */

import type { HandlerContext } from "../context.ts";
import { loading } from "../health_responses.ts";
import { jsonResponse } from "../responses.ts";

/**
 * `GET /readyz`: responds with 503 while the server cannot commit. A node of a cluster also responds with 503
 * while it cannot answer reads or is about to end. The body says how many tasks are left out because their
 * records are damaged.
 */
export async function readiness(
  { registry, cluster }: Pick<HandlerContext, "registry" | "cluster">,
): Promise<Response> {
  const canRead = await cluster?.canRead() ?? true;
  const { degradation, storeFigures: { damaged } } = registry;
  const losses = damaged === 0 ? {} : { damaged_records: damaged };
  const respond = (state: object, status = 200) =>
    jsonResponse(JSON.stringify({ ...state, ...losses }), status);
  if (cluster?.isLeaving) return respond({ status: "leaving" }, 503);
  if (degradation !== null) {
    const { error: { reason }, since } = degradation;
    return respond({ status: "degraded", detail: reason, since }, 503);
  }
  return canRead ? respond({ status: "ready" }) : loading(losses);
}
