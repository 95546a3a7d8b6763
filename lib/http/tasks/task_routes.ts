/**
 * The paths below `/tasks`.
 *
 * @module
 */

import type { Access } from "../../access/grant.ts";
import { clientFrom, taskIdFrom } from "../context.ts";
import type { ReportKind } from "../reports/bodies.ts";
import type { ReportCalls } from "../reports/calls.ts";
import type { Rest } from "./rest.ts";
import {
  type Action,
  type Answer,
  decoded,
  type Method,
  nothingHere,
  paramsOf,
  read,
  type Route,
  type Router,
} from "../route.ts";
import type { Waits } from "./waits.ts";

/** Who answers what is asked below `/tasks`. */
export interface TaskRouterParts {
  /** Answers who reads, starts, stops and removes. */
  readonly rest: Rest;
  /** Answers who may have to wait. */
  readonly waits: Waits;
  /** Answers who reports. */
  readonly reporting: ReportCalls;
  /** Told of a single task that was asked for and is there. */
  readonly onRead: (request: Request, client: string, id: string) => void;
}

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
 * @param parts who answers
 * @returns the routes
 */
export function taskRouter({ rest, waits, reporting, onRead }: TaskRouterParts): Router {
  return (request, [, first, second, third, ...more]) => {
    if (first === undefined || more.length > 0) throw nothingHere();
    const client = clientFrom(first);
    if (second === undefined) return listRoute(request, client);
    if (second === "start" && third !== undefined) return startRoute(request, client, decoded(third));
    return oneRoute(request, client, taskIdFrom(second), third);
  };

  function listRoute(request: Request, client: string): Route {
    return {
      GET: { access: read(client), answer: () => list(request, client) },
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

  function list(request: Request, client: string): Answer {
    return asks(request, "after") ? waits.changes(client, request) : rest.list(client, request);
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
              if (asks(request, "wait")) return waits.task(client, id, request);
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
          GET: { access: to("read"), answer: () => rest.logs(client, id, request) },
          POST: report("logs"),
        };
      case "finish":
      case "fail":
      case "cancelled":
        return { POST: report(part) };
      case "history":
        return { GET: { access: to("read"), answer: () => rest.history(client, id) } };
      case "progress":
        return { GET: { access: to("read"), answer: () => rest.progress(client, id) } };
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

/** Whether a request has a parameter. */
function asks(request: Request, name: string): boolean {
  return request.url.includes("?") && paramsOf(request).has(name);
}
