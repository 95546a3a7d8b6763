/**
 * The paths below `/tasks`.
 *
 * @module
 */

import { type Access, clientFrom, taskIdFrom } from "./context.ts";
import type { ReportKind } from "./report_bodies.ts";
import type { Reporting } from "./reporting.ts";
import type { Rest } from "./rest.ts";
import { type Action, decoded, type Method, nothingHere, paramsOf } from "./route.ts";
import { read, type Route, type Router } from "./route.ts";

/** The parts of a task's path that reports go to. */
const REPORT_PARTS: ReadonlySet<string> = new Set(["finish", "fail", "cancelled", "logs"]);

/**
 * The methods of a path below `/tasks` that report, and that pages of other origins may use therefore.
 *
 * @param segments the path
 */
export function reportingMethods([, client, id, part, ...more]: readonly string[]): readonly Method[] {
  if (client === undefined || id === "start" || more.length > 0) return [];
  if (id === undefined) return ["POST"];
  if (part === undefined) return ["POST", "PATCH"];
  return REPORT_PARTS.has(part) ? ["POST"] : [];
}

/**
 * Finds what a path below `/tasks` stands for.
 *
 * @param rest answers who reads, starts, stops and removes
 * @param reporting answers who reports
 * @param onRead told of a single task that was asked for and is there
 * @returns the routes
 */
export function taskRouter(
  rest: Rest,
  reporting: Reporting,
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
      GET: { access: read(client), answer: () => rest.list(client, request) },
      POST: {
        access: { action: "report", client, taskId: null },
        answer: () => reporting.create(client, request),
      },
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
    const report = (kind: ReportKind): Action => ({
      access: to("report"),
      answer: () => reporting.report(kind, client, id, request),
    });
    switch (part) {
      case undefined:
        return {
          GET: {
            access: to("read"),
            answer: () => {
              const answer = rest.task(client, id, request);
              onRead(request, client, id);
              return answer;
            },
          },
          PATCH: report("update"),
          POST: report("update"),
          DELETE: { access: to("remove"), answer: () => rest.remove(client, id) },
        };
      case "logs":
        return {
          GET: { access: to("read"), answer: () => rest.logs(client, id, paramsOf(request)) },
          POST: report("logs"),
        };
      case "finish":
      case "fail":
      case "cancelled":
        return { POST: report(part) };
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
