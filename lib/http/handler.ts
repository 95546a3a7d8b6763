/**
 * From a request to its answer: checks, routes, and the one place where errors become answers.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";
import { type Access, clientFrom, type HandlerContext, taskIdFrom } from "./context.ts";
import { Guard } from "./guard.ts";
import { Pages } from "./pages.ts";
import { Problem, problemOf, problemResponse } from "./problem.ts";
import { jsonResponse, Rest } from "./rest.ts";
import { Sockets } from "./sockets.ts";

/** What answers a request; at once where it can, because an `async` function would cost more than a small answer. */
type Answer = Response | Promise<Response>;

/** What a path stands for, by method. */
interface Route {
  readonly GET?: Action;
  readonly POST?: Action;
  readonly DELETE?: Action;
}

interface Action {
  /** A socket is open to foreign pages unless its Origin is checked, as that of a change is. */
  readonly isSocket?: boolean;
  readonly access: Access | null;
  readonly answer: () => Answer;
}

/** A request for a single task. */
interface PolledTask {
  readonly host: string;
  readonly client: string;
  readonly id: string;
}

/** URLs of single tasks that are remembered; of more, none is, and it begins anew. */
const POLLED_TASKS = 256;

/** Answers every request of a monitor. */
export class Handler {
  readonly #context: HandlerContext;
  readonly #guard: Guard;
  readonly #rest: Rest;
  readonly #sockets: Sockets;
  readonly #pages: Pages;
  /** Requests for single tasks that passed every check, by URL. */
  readonly #polled: Map<string, PolledTask> = new Map();
  #isClosing = false;

  /** @param context what the answers are made of */
  constructor(context: HandlerContext) {
    this.#context = context;
    this.#guard = new Guard(context.access);
    this.#rest = new Rest(context);
    this.#sockets = new Sockets(context);
    this.#pages = new Pages(context);
  }

  /** How many sockets are open. */
  get watchers(): number {
    return this.#sockets.count;
  }

  /** Tells watchers that the server is about to end, and takes no requests any more. */
  beginClosing(): void {
    this.#isClosing = true;
    this.#sockets.tellAll('{"type":"closing"}');
  }

  /** Closes every socket. */
  close(): void {
    this.#isClosing = true;
    this.#sockets.close();
  }

  /** Resolves when every peer has confirmed the end of its socket. */
  whenClosed(): Promise<void> {
    return this.#sockets.whenClosed();
  }

  /**
   * Answers a request.
   *
   * @param request what came
   * @returns the answer; never rejects
   */
  handle(request: Request): Answer {
    let isPage = false;
    try {
      const polled = this.#isClosing ? undefined : this.#polledTask(request);
      if (polled instanceof Promise) return polled.catch((error) => this.#problem(error, false));
      if (polled !== undefined) return polled;
      const host = this.#guard.checkHost(request);
      const path = pathOf(request.url, this.#context.access.basePath);
      isPage = path === "" || path.startsWith("t/");
      if (this.#isClosing) throw new ClosedError("The server is shutting down");
      const answer = this.#act(this.#route(request, path.split("/")), request, host);
      return answer instanceof Promise ? answer.catch((error) => this.#problem(error, isPage)) : answer;
    } catch (error) {
      return this.#problem(error, isPage);
    }
  }

  /**
   * Answers again what was asked before: who polls a task asks the same over and over, and taking the URL apart is
   * most of what the answer costs.
   */
  #polledTask(request: Request): Answer | undefined {
    const known = this.#polled.get(request.url);
    if (known === undefined || request.method !== "GET" || request.headers.get("host") !== known.host) {
      return undefined;
    }
    if (this.#context.registry.stored(known.client, known.id) === undefined) return undefined;
    return this.#rest.task(known.client, known.id);
  }

  #remember(request: Request, client: string, id: string): void {
    const host = request.headers.get("host");
    if (host === null || this.#context.authorize !== null) return;
    if (this.#polled.size >= POLLED_TASKS) this.#polled.clear();
    this.#polled.set(request.url, { host, client, id });
  }

  #act(route: Route, request: Request, host: string): Answer {
    // What a GET answers, a HEAD answers too: the server leaves the body out.
    const method = request.method === "HEAD" ? "GET" : request.method;
    const action = Object.hasOwn(route, method) ? route[method as "GET" | "POST" | "DELETE"] : undefined;
    if (action === undefined) throw wrongMethod(route);
    if (method !== "GET" || action.isSocket) this.#guard.checkOrigin(request, host);
    const { authorize } = this.#context;
    if (authorize === null || action.access === null) return action.answer();
    return this.#authorized(authorize(request, action.access), action);
  }

  async #authorized(decision: boolean | Promise<boolean>, action: Action): Promise<Response> {
    if (await decision) return await action.answer();
    throw new Problem(403, "not_allowed", "This is not yours to see or do");
  }

  #problem(error: unknown, isPage: boolean): Response {
    const problem = problemOf(error, this.#context.reportError);
    return isPage ? this.#pages.problem(problem) : problemResponse(problem);
  }

  #route(request: Request, segments: readonly string[]): Route {
    const [root, first, second, third] = segments;
    switch (root) {
      case "tasks":
        if (segments.length <= 4 && first !== undefined) return this.#taskRoute(request, segments);
        break;
      case "ws":
        if (first === "tasks" && segments.length >= 3 && segments.length <= 4) {
          return this.#socketRoute(request, clientFrom(second!), third);
        }
        break;
      case "t":
        if (first !== undefined && segments.length <= 4) return this.#pageRoute(request, segments);
        break;
      case "assets":
        if (segments.length === 2) return { GET: { access: null, answer: () => this.#pages.asset(first!) } };
        break;
      case "healthz":
        if (segments.length === 1) return { GET: { access: null, answer: healthy } };
        break;
      case "readyz":
        if (segments.length === 1) return { GET: { access: null, answer: () => this.#readiness() } };
        break;
      case "":
        if (segments.length === 1) {
          return { GET: { access: null, answer: () => this.#pages.home(request) } };
        }
    }
    throw new Problem(404, "not_found", "There is nothing here");
  }

  #readiness(): Response {
    const trouble = this.#context.registry.trouble;
    if (trouble === null) return jsonResponse('{"status":"ready"}');
    const { error: { reason }, since } = trouble;
    return jsonResponse(JSON.stringify({ status: "degraded", detail: reason, since }), 503);
  }

  #taskRoute(request: Request, segments: readonly string[]): Route {
    const client = clientFrom(segments[1]!);
    const rest = this.#rest;
    const [, , second, third] = segments;
    if (second === undefined) {
      return {
        GET: { access: read(client), answer: () => rest.list(client, request.url) },
        DELETE: {
          access: { action: "remove", client, taskId: null },
          answer: () => rest.removeMany(client, paramsOf(request)),
        },
      };
    }
    if (second === "start" && third !== undefined) {
      const name = decoded(third);
      return {
        POST: {
          access: { action: "start", client, taskId: null },
          answer: () => rest.start(client, name, request),
        },
      };
    }
    const id = taskIdFrom(second);
    switch (third) {
      case undefined:
        return {
          GET: {
            access: read(client, id),
            answer: () => {
              const answer = rest.task(client, id);
              this.#remember(request, client, id);
              return answer;
            },
          },
          DELETE: { access: { action: "remove", client, taskId: id }, answer: () => rest.remove(client, id) },
        };
      case "logs":
        return { GET: { access: read(client, id), answer: () => rest.logs(client, id, paramsOf(request)) } };
      case "history":
        return { GET: { access: read(client, id), answer: () => rest.history(client, id) } };
      case "cancel":
        return {
          POST: {
            access: { action: "cancel", client, taskId: id },
            answer: () => rest.cancel(client, id, paramsOf(request)),
          },
        };
      case "retry":
        return {
          POST: { access: { action: "start", client, taskId: id }, answer: () => rest.retry(client, id) },
        };
      case "restore":
        return {
          POST: { access: { action: "remove", client, taskId: id }, answer: () => rest.restore(client, id) },
        };
    }
    throw new Problem(404, "not_found", "There is nothing here");
  }

  #socketRoute(request: Request, client: string, task: string | undefined): Route {
    if (task === undefined) {
      const answer = () => this.#sockets.watch(client, request, paramsOf(request));
      return { GET: { isSocket: true, access: read(client), answer } };
    }
    const id = taskIdFrom(task);
    return {
      GET: {
        isSocket: true,
        access: read(client, id),
        answer: () => this.#sockets.watchTask(client, id, request),
      },
    };
  }

  #pageRoute(request: Request, segments: readonly string[]): Route {
    const pages = this.#pages;
    const [, first, second, third] = segments;
    const client = clientFrom(first!);
    const url = new URL(request.url);
    if (second === undefined) {
      return { GET: { access: read(client), answer: () => pages.client(client, url) } };
    }
    if (second === "start" && third !== undefined) {
      const name = decoded(third);
      return {
        POST: {
          access: { action: "start", client, taskId: null },
          answer: () => pages.start(client, name, request, url),
        },
      };
    }
    const id = taskIdFrom(second);
    if (third === undefined) {
      return { GET: { access: read(client, id), answer: () => pages.task(client, id, url) } };
    }
    if (third === "cancel" || third === "remove") {
      return {
        POST: {
          access: { action: third, client, taskId: id },
          answer: () => pages.change(client, id, third, url),
        },
      };
    }
    throw new Problem(404, "not_found", "There is nothing here");
  }
}

/** The path below the base path, without its first slash. Taken from the text, as `new URL()` costs more. */
function pathOf(url: string, basePath: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const mark = url.indexOf("?", start);
  const path = start === -1 ? "/" : mark === -1 ? url.slice(start) : url.slice(start, mark);
  if (basePath === "") return path.slice(1);
  if (path === basePath) return "";
  if (path.startsWith(`${basePath}/`)) return path.slice(basePath.length + 1);
  throw new Problem(404, "not_found", `Everything here is below ${basePath}/`);
}

function paramsOf(request: Request): URLSearchParams {
  const mark = request.url.indexOf("?");
  return new URLSearchParams(mark === -1 ? "" : request.url.slice(mark + 1));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Problem(400, "bad_path", "The path is not valid percent-encoded UTF-8");
  }
}

function read(client: string, taskId: string | null = null): Access {
  return { action: "read", client, taskId };
}

function wrongMethod(route: Route): Problem {
  const allowed = (["GET", "POST", "DELETE"] as const).filter((method) => route[method] !== undefined);
  const allow = allowed.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  return new Problem(405, "method_not_allowed", `Here goes only ${allow}`, { allow });
}

function healthy(): Response {
  return jsonResponse('{"status":"ok"}');
}
