/**
 * From a request to its answer: checks, routes, and the one place where errors become answers.
 *
 * @module
 */

import type { Need } from "../access/grant.ts";
import { ClosedError } from "../errors.ts";
import { Badges } from "./tasks/badges.ts";
import type { HandlerContext } from "./context.ts";
import { Clients } from "./operations/clients.ts";
import { Cors, type SharedMethods } from "./cors.ts";
import type { Docs } from "./openapi/docs.ts";
import { Events } from "./streams/events.ts";
import type { Visitor } from "./gate.ts";
import { Guard } from "./guard.ts";
import type { Metrics } from "./operations/metrics.ts";
import { ModuleFiles } from "./pages/module_files.ts";
import { Names } from "./tasks/names.ts";
import { redirect } from "./pages/page_responses.ts";
import { Pages } from "./pages/pages.ts";
import { Problem, problemOf, problemResponse } from "./problem.ts";
import { ReportCalls } from "./reports/calls.ts";
import { ReportBatches } from "./reports/batches.ts";
import { Rest } from "./tasks/rest.ts";
import { jsonResponse } from "./responses.ts";
import {
  type Action,
  type Answer,
  type Method,
  METHODS,
  nothingHere,
  read,
  type Route,
  type Router,
  wantsJson,
} from "./route.ts";
import { Sharing } from "./pages/sharing.ts";
import { SignIn } from "./pages/sign_in.ts";
import { Sockets } from "./streams/sockets.ts";
import { reportingMethods, taskRouter } from "./tasks/task_routes.ts";
import { TaskTotals } from "./operations/task_totals.ts";
import { Traffic } from "./operations/traffic.ts";
import { OpenSockets } from "./streams/upgrade.ts";
import { Waits } from "./tasks/waits.ts";
import { WatcherSeats } from "./streams/watcher_seats.ts";

/** A request for a single task. */
interface PolledTask {
  readonly host: string;
  readonly client: string;
  readonly id: string;
}

/** Who reads an answer: a program, somebody with a browser, or possibly the page of another origin. */
type Reader = "program" | "person" | "foreign_page";

/** What pages of other origins may do, by the first segment of the path. */
const SHARED: ReadonlyMap<string, SharedMethods> = new Map([
  ["tasks", reportingMethods],
  ["report", (segments) => segments.length === 1 ? ["POST"] : []],
]);

/** What is made for people, below each of these. */
const PERSONAL: ReadonlySet<string> = new Set(["t", "stats", "s", "share"]);

/** What watchers are told before the end. */
const CLOSING = '{"type":"closing"}';

/** What Prometheus wants to hear of the format (version 0.0.4). */
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** URLs of single tasks that are remembered; of more, none is, and it begins anew. */
const POLLED_TASKS = 256;

/** Answers every request of a monitor. */
export class Handler {
  readonly #context: HandlerContext;
  readonly #guard: Guard;
  readonly #cors: Cors;
  readonly #rest: Rest;
  readonly #waits: Waits;
  readonly #open: OpenSockets = new OpenSockets();
  readonly #seats: WatcherSeats;
  readonly #sockets: Sockets;
  readonly #events: Events;
  readonly #reports: ReportBatches;
  readonly #pages: Pages;
  readonly #signIn: SignIn;
  /** What is below each first segment of a path. */
  readonly #routers: ReadonlyMap<string, Router>;
  /** Requests for single tasks that passed every check, by URL. */
  readonly #polled: Map<string, PolledTask> = new Map();
  readonly #traffic: Traffic;
  readonly #totals: TaskTotals;
  #metrics: Promise<Metrics> | undefined;
  #docs: Docs | undefined;
  #isClosing = false;

  /** @param context what the answers are made of */
  constructor(context: HandlerContext) {
    this.#context = context;
    this.#guard = new Guard(context.access);
    this.#cors = new Cors(context.access.origins, SHARED);
    this.#rest = new Rest(context);
    this.#waits = new Waits(context);
    const reporting = new ReportCalls(context);
    this.#seats = new WatcherSeats(context.limits.watchers);
    this.#sockets = new Sockets(context, this.#seats, this.#open);
    this.#events = new Events(context, this.#seats);
    this.#reports = new ReportBatches(context, this.#open);
    this.#pages = new Pages(context);
    const names = new Names(context);
    const badges = new Badges(context);
    const sharing = new Sharing(context);
    const clients = new Clients(context);
    this.#signIn = new SignIn(context);
    const files = new ModuleFiles(context.module);
    const module: Router = (request, segments) => files.route(request, segments);
    const pages: Router = (request, segments) => this.#pages.route(request, segments);
    this.#routers = new Map<string, Router>([
      [
        "tasks",
        taskRouter({
          rest: this.#rest,
          waits: this.#waits,
          reporting,
          onRead: (request, client, id) => this.#remember(request, client, id),
        }),
      ],
      ["badge", (request, segments) => badges.route(request, segments)],
      ["names", (request, segments) => names.route(request, segments)],
      ["report", (request, segments) => this.#reports.route(request, segments)],
      [
        "ws",
        (request, segments) =>
          segments[1] === "report"
            ? this.#reports.socketRoute(request, segments)
            : this.#sockets.route(request, segments),
      ],
      ["events", (request, segments) => this.#events.route(request, segments)],
      ["", pages],
      ["t", pages],
      ["stats", pages],
      ["assets", pages],
      ...files.roots.map((root) => [root, module] as const),
      ["sign-in", (request, segments) => this.#signIn.route(request, segments)],
      ["sign-out", (request, segments) => this.#signIn.route(request, segments)],
      ["s", (request, segments) => sharing.route(request, segments)],
      ["share", (request, segments) => sharing.route(request, segments)],
      ["tokens", (request, segments) => sharing.route(request, segments)],
      ["clients", (_request, segments) => clients.route(segments)],
      ["docs", leaf("any", (request) => this.#documents(request, "page"))],
      ["openapi.json", leaf("any", (request) => this.#documents(request, "json"))],
      ["metrics", leaf({ action: "operate", client: null, taskId: null }, () => this.#measure())],
      ["healthz", leaf("none", healthy)],
      ["readyz", leaf("any", () => this.#readiness())],
    ]);
    this.#traffic = new Traffic(this.#routers.keys());
    this.#totals = new TaskTotals(context.registry);
  }

  /** How many sockets and event streams watch. */
  get watchers(): number {
    return this.#seats.taken;
  }

  /** Tells watchers that the server is about to end, sends away who waits, and takes no requests any more. */
  beginClosing(): void {
    this.#isClosing = true;
    this.#waits.close();
    this.#sockets.tellAll(CLOSING);
    this.#events.tellAll("closing", CLOSING);
    this.#reports.beginClosing();
  }

  /** Closes every socket and event stream. */
  close(): void {
    this.#isClosing = true;
    this.#waits.close();
    this.#sockets.close();
    this.#events.close();
    this.#reports.close();
    void this.#metrics?.then((metrics) => metrics[Symbol.dispose]());
  }

  /** Resolves when every peer has confirmed the end of its socket, or taken the rest of its stream. */
  async whenClosed(): Promise<void> {
    await Promise.all([this.#open.whenClosed(), this.#events.whenClosed()]);
  }

  /**
   * Answers a request.
   *
   * @param request what came
   * @param peer the address at the other end of its connection; empty where it is unknown
   * @returns the answer; never rejects
   */
  handle(request: Request, peer = ""): Answer {
    const answer = this.#answer(request, peer);
    return answer instanceof Promise
      ? answer.then((response) => this.#counted(request, response))
      : this.#counted(request, answer);
  }

  #counted(request: Request, response: Response): Response {
    this.#traffic.answered(rootOf(request.url, this.#context.access.basePath), response.status);
    return response;
  }

  #answer(request: Request, peer: string): Answer {
    let reader: Reader = "program";
    try {
      const polled = this.#isClosing ? undefined : this.#polledTask(request, peer);
      if (polled instanceof Promise) return polled.catch((error) => this.#problem(error, request, reader));
      if (polled !== undefined) return polled;
      const host = this.#guard.checkHost(request);
      const segments = pathOf(request.url, this.#context.access.basePath).split("/");
      reader = this.#readerOf(request, segments);
      if (this.#isClosing) throw new ClosedError("The server is shutting down");
      const answer = reader === "foreign_page"
        ? this.#shared(request, segments, host, peer)
        : this.#act(this.#route(request, segments), request, host, peer);
      return answer instanceof Promise
        ? answer.catch((error) => this.#problem(error, request, reader))
        : answer;
    } catch (error) {
      return this.#problem(error, request, reader);
    }
  }

  #readerOf(request: Request, segments: readonly string[]): Reader {
    if (wantsJson(request)) return this.#cors.covers(request, segments) ? "foreign_page" : "program";
    const [first, second] = segments;
    if (first === "" || first === "docs" || (PERSONAL.has(first!) && second !== undefined)) return "person";
    return this.#cors.covers(request, segments) ? "foreign_page" : "program";
  }

  /** What pages of other origins may do, too: the answers say so. */
  async #shared(
    request: Request,
    segments: readonly string[],
    host: string,
    peer: string,
  ): Promise<Response> {
    if (request.method === "OPTIONS") {
      this.#guard.checkOrigin(request, host);
      return this.#cors.preflight(request, segments);
    }
    return this.#cors.open(request, await this.#act(this.#route(request, segments), request, host, peer));
  }

  /**
   * Answers again what was asked before: who polls a task asks the same over and over, and taking the URL apart is
   * most of what the answer costs.
   */
  #polledTask(request: Request, peer: string): Answer | undefined {
    const known = this.#polled.get(request.url);
    if (known === undefined || request.method !== "GET" || request.headers.get("host") !== known.host) {
      return undefined;
    }
    if (this.#context.registry.stored(known.client, known.id) === undefined) return undefined;
    const decision = this.#context.gate.pass(request, read(known.client, known.id), peer);
    const answer = () => this.#rest.task(known.client, known.id, request);
    return decision instanceof Promise ? decision.then(answer) : answer();
  }

  #remember(request: Request, client: string, id: string): void {
    const host = request.headers.get("host");
    if (host === null) return;
    if (this.#polled.size >= POLLED_TASKS) this.#polled.clear();
    this.#polled.set(request.url, { host, client, id });
  }

  #act(route: Route, request: Request, host: string, peer: string): Answer {
    // What a GET answers, a HEAD answers too: the server leaves the body out.
    const method = request.method === "HEAD" ? "GET" : request.method;
    const action = Object.hasOwn(route, method) ? route[method as Method] : undefined;
    if (action === undefined) throw wrongMethod(route);
    if (method !== "GET" || action.isLasting) this.#guard.checkOrigin(request, host);
    const decision = this.#context.gate.pass(request, action.access, peer);
    if (decision instanceof Promise) return decision.then((visitor) => this.#admit(visitor, action, method));
    return this.#admit(decision, action, method);
  }

  #admit(visitor: Visitor, action: Action, method: string): Answer {
    if (action.isSocket && visitor.source === "share") {
      throw new Problem("no_socket", "Links that were shared open no sockets; /events has the same");
    }
    const { access } = action;
    if (method !== "GET" && typeof access === "object" && access.client !== null) {
      this.#context.gate.countWrite(access.client);
    }
    return action.answer(visitor);
  }

  #problem(error: unknown, request: Request, reader: Reader): Response {
    const problem = problemOf(error, this.#context.reportError);
    this.#traffic.refused(problem.code);
    if (reader === "person") {
      const address = problem.code === "key_needed" ? this.#signIn.addressFor(request) : null;
      return address === null ? this.#pages.problem(problem) : redirect(address);
    }
    const response = problemResponse(problem);
    return reader === "foreign_page" ? this.#cors.open(request, response) : response;
  }

  #route(request: Request, segments: readonly string[]): Route {
    const router = this.#routers.get(segments[0]!);
    if (router === undefined) throw nothingHere();
    return router(request, segments);
  }

  /** `GET /metrics`. What makes the text is loaded when somebody first asks. */
  async #measure(): Promise<Response> {
    this.#metrics ??= import("./operations/metrics.ts").then(({ Metrics }) =>
      new Metrics({
        registry: this.#context.registry,
        totals: this.#totals,
        traffic: this.#traffic,
        watchers: () => ({ socket: this.#sockets.counts, events: this.#events.counts }),
        waiting: () => this.#waits.count,
        reporters: () => this.#reports.count,
        reports: () => this.#reports.received,
        operations: this.#context.operations,
      })
    );
    const headers = {
      "content-type": METRICS_TYPE,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    };
    return new Response(await (await this.#metrics).text(), { headers });
  }

  /** `GET /docs`, `GET /openapi.json`. What describes the calls is loaded when somebody first asks. */
  async #documents(request: Request, kind: "page" | "json"): Promise<Response> {
    const { Docs } = await import("./openapi/docs.ts");
    this.#docs ??= new Docs(this.#context);
    return kind === "page" ? this.#docs.page(request) : this.#docs.json(request);
  }

  #readiness(): Response {
    const degradation = this.#context.registry.degradation;
    if (degradation === null) return jsonResponse('{"status":"ready"}');
    const { error: { reason }, since } = degradation;
    return jsonResponse(JSON.stringify({ status: "degraded", detail: reason, since }), 503);
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
  throw new Problem("not_found", `Everything here is below ${basePath}/`);
}

/** The first segment below the base path. */
function rootOf(url: string, basePath: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3) + basePath.length + 1;
  let end = start;
  while (end < url.length && !"/?#".includes(url[end]!)) end++;
  return url.slice(start, end);
}

/** A path that nothing is below. */
function leaf(access: Need, answer: (request: Request) => Answer): Router {
  return (request, segments) => {
    if (segments.length > 1) throw nothingHere();
    return { GET: { access, answer: () => answer(request) } };
  };
}

function wrongMethod(route: Route): Problem {
  const allowed = METHODS.filter((method) => route[method] !== undefined);
  const allow = allowed.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  return new Problem("method_not_allowed", `Here goes only ${allow}`, { headers: { allow } });
}

function healthy(): Response {
  return jsonResponse('{"status":"ok"}');
}
