/**
 * Responds to health checks, and to every request that arrives before the tasks are loaded.
 *
 * @module
 */

import { Problem, problemResponse } from "./problem.ts";
import { jsonResponse } from "./responses.ts";
import { wantsHtml } from "./route.ts";

/** After how many seconds a client should send a request again that arrived before the tasks were loaded. */
const RETRY_AFTER = { "retry-after": "1" };

/** `GET /healthz`: responds with 200 as long as the process is alive. */
export function healthy(): Response {
  return jsonResponse('{"status":"ok"}');
}

/** `GET /readyz`: responds with 503 until the tasks are loaded. */
export function loading(losses: object = {}): Response {
  return jsonResponse(JSON.stringify({ status: "loading", ...losses }), 503, RETRY_AFTER);
}

/**
 * Responds to a health check that arrives before the tasks are loaded; returns `null` for any other request.
 *
 * @param request the request
 * @param basePath the path that the server's URLs begin with
 */
export function healthBeforeLoad(request: Request, basePath: string): Response | null {
  const { pathname } = new URL(request.url);
  if (pathname === `${basePath}/healthz`) return healthy();
  return pathname === `${basePath}/readyz` ? loading() : null;
}

/**
 * Responds to a request for which the tasks were not loaded in time. A browser shows the detail and reloads the page;
 * a program gets a problem document.
 *
 * @param request the request
 * @param detail the explanation, for people
 */
export function notLoaded(request: Request, detail: string): Response {
  if (!wantsHtml(request)) {
    return problemResponse(new Problem("not_loaded", detail, { headers: RETRY_AFTER }));
  }
  return new Response(`${detail}\n`, { status: 503, headers: { ...RETRY_AFTER, refresh: "1" } });
}
