/**
 * The paths below `/tasks`.
 *
 * @module
 */

import { type Access, clientFrom, taskIdFrom } from "./context.ts";
import type { Rest } from "./rest.ts";
import { decoded, nothingHere, paramsOf, read, type Route, type Router } from "./route.ts";

/**
 * Finds what a path below `/tasks` stands for.
 *
 * @param rest answers
 * @param onRead told of a single task that was asked for and is there
 * @returns the routes
 */
export function taskRouter(
  rest: Rest,
  onRead: (request: Request, client: string, id: string) => void,
): Router {
  return (request, [, first, second, third, ...more]) => {
    if (first === undefined || more.length > 0) throw nothingHere();
    const client = clientFrom(first);
    if (second === undefined) return listRoute(request, client);
    if (second === "start" && third !== undefined) return startRoute(request, client, decoded(third));
    return oneRoute(request, client, taskIdFrom(second), third);
  };

  function listRoute(request: Request, client: string): Route {
    return {
      GET: { access: read(client), answer: () => rest.list(client, request.url) },
      DELETE: {
        access: { action: "remove", client, taskId: null },
        answer: () => rest.removeMany(client, paramsOf(request)),
      },
    };
  }

  function startRoute(request: Request, client: string, name: string): Route {
    return {
      POST: {
        access: { action: "start", client, taskId: null },
        answer: () => rest.start(client, name, request),
      },
    };
  }

  function oneRoute(request: Request, client: string, id: string, part: string | undefined): Route {
    const to = (action: Access["action"]): Access => ({ action, client, taskId: id });
    switch (part) {
      case undefined:
        return {
          GET: {
            access: to("read"),
            answer: () => {
              const answer = rest.task(client, id);
              onRead(request, client, id);
              return answer;
            },
          },
          DELETE: { access: to("remove"), answer: () => rest.remove(client, id) },
        };
      case "logs":
        return { GET: { access: to("read"), answer: () => rest.logs(client, id, paramsOf(request)) } };
      case "history":
        return { GET: { access: to("read"), answer: () => rest.history(client, id) } };
      case "cancel":
        return { POST: { access: to("cancel"), answer: () => rest.cancel(client, id, paramsOf(request)) } };
      case "retry":
        return { POST: { access: to("start"), answer: () => rest.retry(client, id) } };
      case "restore":
        return { POST: { access: to("remove"), answer: () => rest.restore(client, id) } };
    }
    throw nothingHere();
  }
}
