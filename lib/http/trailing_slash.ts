/**
 * Responds to requests whose path wrongly ends with a slash, or lacks the slash at its end.
 *
 * @module
 */

import { Problem } from "./problem.ts";
import { redirect } from "./responses.ts";
import { nothingHere } from "./route.ts";
import { paramsIn, type RouteTree } from "./route_tree.ts";

/**
 * Responds to a request whose path ends with a slash, as only the paths of folders should: a page redirects to
 * its path, and every other call is refused, because few programs follow redirects.
 *
 * @param tree the routes
 * @param request the request
 * @param segments the segments of its path, the last of which is empty
 * @throws {Problem} if the path without the slash is not the path of a page: 400 if a client or an id is
 * missing after the slash, else 404
 */
export function removeSlash<Areas>(
  tree: RouteTree<Areas>,
  request: Request,
  segments: readonly string[],
): Response {
  const meant = segments.slice(0, -1);
  const routes = meant.includes("") ? undefined : tree.find(meant)?.resource.routes;
  if (isRead(request) && routes?.GET?.isPage) {
    const { pathname, search } = new URL(request.url);
    return redirect(pathname.slice(0, -1) + search);
  }
  const match = tree.find(segments);
  if (match !== null) paramsIn(match);
  if (routes === undefined) throw nothingHere();
  throw new Problem("not_found", "Paths do not end with a slash; remove it");
}

/**
 * Redirects a request for a folder whose path lacks the slash at its end, because links are relative to it.
 *
 * @param tree the routes
 * @param request the request
 * @param segments the segments of its path, which matches no route
 * @throws {Problem} 404 if the path is not the path of a folder
 */
export function addSlash<Areas>(
  tree: RouteTree<Areas>,
  request: Request,
  segments: readonly string[],
): Response {
  const resource = tree.find([...segments, ""])?.resource;
  if (resource?.isFolder !== true || !isRead(request)) throw nothingHere();
  const { pathname, search } = new URL(request.url);
  return redirect(`${pathname}/${search}`);
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}
