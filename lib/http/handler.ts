/**
 * Passes each request through host check, routing, origin check, access check and handler, and converts
 * errors to responses.
 *
 * @module
 */

import { type Need, shareOf } from "../access/grant.ts";
import { ClosedError } from "../errors.ts";
import { andThen } from "../task/maybe_promise.ts";
import {
  announceClosing,
  type Areas,
  createAreas,
  disconnectAll,
  disconnectReporters,
  endAll,
} from "./areas.ts";
import { Dispatcher } from "./cluster/dispatcher.ts";
import { ForwardedRequest } from "./cluster/forwarded_request.ts";
import { notOwner, type Owner } from "./cluster/forwarder.ts";
import type { Split } from "./cluster/split.ts";
import { compressed } from "./compression.ts";
import type { HandlerContext } from "./context.ts";
import { Cors } from "./cors.ts";
import { ErrorResponses, type Reader } from "./error_responses.ts";
import type { Visitor } from "./gate.ts";
import { Guard } from "./guard.ts";
import { relaxOpenerPolicy } from "./opener_policy.ts";
import { Traffic } from "./operations/traffic.ts";
import { Problem } from "./problem.ts";
import { ResponseDates } from "./response_dates.ts";
import { type Answer, type Method, METHODS, type Route } from "./route.ts";
import { type Match, paramsIn, type Resource, RouteTree, segmentsOf } from "./route_tree.ts";
import { ROUTES } from "./routes.ts";
import { addSlash, removeSlash } from "./trailing_slash.ts";
import { UnsentTexts } from "./unsent_texts.ts";
import { expectWait } from "./waiting_handshakes.ts";
import { withoutDamaged } from "./without_damaged.ts";

/** How a response is sent. */
interface Sending {
  /** Whether the response may be compressed. */
  readonly isCompressed: boolean;
  /** Whether the response is a page for people. */
  readonly isPage: boolean;
  /**
   * Whose share of the limit on unsent data the response uses; `null` for a visitor who may use the whole
   * limit.
   */
  readonly share: string | null;
}

/** The first segments of all paths: the labels of requests in the metrics. */
const ROOTS = ROUTES.map(({ path }) => path.split("/")[1]!);

/** Responds to all requests to a monitor. */
export class Handler {
  readonly #context: HandlerContext;
  readonly #guard: Guard;
  readonly #cors: Cors;
  readonly #tree: RouteTree<Areas>;
  readonly #areas: Areas;
  readonly #traffic: Traffic;
  readonly #errors: ErrorResponses;
  readonly #unsent: UnsentTexts;
  /** Handles requests on another node; `null` if the server is not a node of a cluster. */
  readonly #dispatcher: Dispatcher | null;
  #isClosing = false;
  readonly #dates = new ResponseDates();

  /** @param context the parts of the monitor that the handler uses */
  constructor(context: HandlerContext) {
    this.#context = context;
    this.#guard = new Guard(context.access);
    this.#cors = new Cors(context.access.origins);
    this.#tree = new RouteTree(ROUTES.filter(({ requires }) => isOffered(requires, context)));
    this.#traffic = new Traffic(ROOTS);
    this.#unsent = new UnsentTexts(context.unsent);
    this.#areas = createAreas(context, this.#traffic);
    this.#errors = new ErrorResponses({
      routes: ROUTES,
      cors: this.#cors,
      pages: this.#areas.pages,
      signIn: this.#areas.signIn,
      refused: (code) => this.#traffic.refused(code),
      reportError: context.reportError,
    });
    const { cluster, limits, bodies } = context;
    this.#dispatcher = cluster === null ? null : new Dispatcher(cluster, limits, bodies);
  }

  /** The number of sockets and event streams that watch tasks. */
  get watchers(): number {
    return this.#areas.slots.taken;
  }

  /**
   * Begins the shutdown: announces it to watchers and reporters, ends the waits of all long polls, and
   * refuses further requests.
   */
  beginClosing(): void {
    this.#isClosing = true;
    this.announceClosing();
  }

  /**
   * Announces to watchers and reporters that they should connect again, and ends the waits of all long polls.
   */
  announceClosing(): void {
    announceClosing(this.#areas);
  }

  /** Closes all sockets and event streams, and ends the waits of all long polls. */
  disconnect(): void {
    this.reconnect("everyone");
    this.#areas.forwarded.close();
  }

  /**
   * Closes the connections of all clients, or only the connections of reporters. The clients may connect
   * again.
   */
  reconnect(who: "everyone" | "reporters"): void {
    if (who === "everyone") disconnectAll(this.#areas);
    else disconnectReporters(this.#areas);
  }

  /** Refuses further requests, and disconnects all clients. */
  close(): void {
    this.#isClosing = true;
    endAll(this.#areas);
    this.#areas.forwarded.close();
    this.#areas.metrics[Symbol.dispose]();
  }

  /** Resolves when every peer has confirmed the close of its socket, or has read the rest of its stream. */
  async whenClosed(): Promise<void> {
    const { open, events } = this.#areas;
    await Promise.all([open.whenClosed(), events.whenClosed()]);
  }

  /**
   * Responds to a request.
   *
   * @param request the request
   * @param peer the address at the other end of the request's connection; `""` if it is unknown
   * @param connection the second argument that `Deno.serve` passes to a handler; `completed` settles when the
   * response was sent
   * @returns the response; never rejects
   */
  handle(request: Request, peer = "", connection: { readonly completed?: Promise<unknown> } = {}): Answer {
    const answer = this.#dispatcher === null ? this.#answer(request, peer) : this.#arrived(request, peer);
    return answer instanceof Promise
      ? answer.then((response) => this.#counted(request, response, connection))
      : this.#counted(request, answer, connection);
  }

  /** Responds to a request that a client sent or another node forwarded. */
  #arrived(request: Request, peer: string): Answer {
    let forwarded: ForwardedRequest | null;
    try {
      forwarded = this.#context.cluster!.forwarder.accepted(request);
    } catch (error) {
      return this.#errors.respond(error, request, "program");
    }
    if (forwarded === null) return this.#answer(request, peer);
    if (this.#isClosing) return this.#errors.respond(notOwner(), forwarded, "program");
    return this.#answer(forwarded, forwarded.peer);
  }

  #counted(
    request: Request,
    response: Response,
    connection: { readonly completed?: Promise<unknown> },
  ): Response {
    this.#traffic.answered(rootOf(request.url, this.#context.access.basePath), response.status);
    if (response.status !== 101) {
      this.#dates.set(response);
      // A node that is about to end will close this connection, so the peer should send no further request
      // over it.
      if (this.#context.cluster?.isLeaving) response.headers.set("connection", "close");
    }
    return this.#unsent.count(request, response, connection);
  }

  #answer(request: Request, peer: string): Answer {
    let reader: Reader = "program";
    try {
      const polled = this.#isClosing ? undefined : this.#polledTask(request, peer);
      if (polled instanceof Promise) {
        return polled.catch((error) => this.#errors.respond(error, request, reader));
      }
      if (polled !== undefined) return polled;
      // The host of a forwarded request was checked by the node that forwarded it.
      const host = request instanceof ForwardedRequest ? request.host : this.#guard.checkHost(request);
      const segments = segmentsOf(request.url, this.#context.access.basePath);
      const match = this.#tree.find(segments);
      reader = this.#errors.readerOf(request, segments, match);
      if (this.#isClosing) throw new ClosedError("The server is shutting down");
      if (segments.length > 1 && segments.at(-1) === "" && !match?.resource.isFolder) {
        return removeSlash(this.#tree, request, segments);
      }
      if (match === null) return addSlash(this.#tree, request, segments);
      const act = () =>
        reader === "foreign_page"
          ? this.#share(match, request, host, peer)
          : this.#act(match, request, host, peer);
      const isRead = request.method === "GET" || request.method === "HEAD";
      const answer = isRead ? withoutDamaged(act) : act();
      return answer instanceof Promise
        ? answer.catch((error) => this.#errors.respond(error, request, reader))
        : answer;
    } catch (error) {
      return this.#errors.respond(error, request, reader);
    }
  }

  /** Responds to a request to a route that pages of allowed origins may call, or to its preflight. */
  async #share(
    match: Match<Areas>,
    request: Request,
    host: string,
    peer: string,
  ): Promise<Response> {
    if (request.method === "OPTIONS") {
      this.#guard.checkOrigin(request, host, false);
      return this.#cors.preflight(request, match.resource);
    }
    return this.#cors.open(request, await this.#act(match, request, host, peer));
  }

  /**
   * Responds to a request for a single task if an equal request has passed every check before; otherwise
   * returns `undefined`.
   */
  #polledTask(request: Request, peer: string): Answer | undefined {
    const { polled, rest } = this.#areas;
    const task = polled.find(request);
    if (task === undefined) return undefined;
    const { client, id } = task;
    if (this.#context.registry.stored(client, id) === undefined) return undefined;
    const decision = this.#context.gate.pass(request, { action: "read", client, taskId: id }, peer);
    const answer = ({ grant }: Visitor): Answer => {
      const share = shareOf(grant);
      const here = () =>
        this.#sent(request, rest.task({ client, id, request }), { isCompressed: true, isPage: false, share });
      if (this.#dispatcher === null) return here();
      return this.#dispatcher.dispatch({
        request,
        peer,
        share,
        client,
        isChange: false,
        startedName: null,
        here,
        forward: "body",
      });
    };
    return andThen(decision, answer);
  }

  #act(match: Match<Areas>, request: Request, host: string, peer: string): Answer {
    const { routes } = match.resource;
    const params = paramsIn(match);
    // `Deno.serve` omits the body of a response to HEAD.
    const method = request.method === "HEAD" ? "GET" : request.method;
    const route = Object.hasOwn(routes, method) ? routes[method as Method] : undefined;
    if (route === undefined) throw wrongMethod(routes);
    const { isSocket = false, isChange = method !== "GET" } = route;
    const access = typeof route.access === "function" ? route.access(request) : route.access;
    const need: Need = access === "any" || access === "none" || access === "some_report"
      ? access
      : { action: access, client: params.client || null, taskId: params.id || null };
    if (method !== "GET" || isLasting(route, request)) {
      // Unlike other responses, a socket can be read by pages of every origin that it accepts.
      this.#guard.checkOrigin(request, host, isSocket && !isChange);
    }
    const proceed = (visitor: Visitor): Answer => {
      const share = shareOf(visitor.grant);
      const here = (request: Request): Answer => {
        if (this.#isClosing) throw notOwner();
        this.#checkVisitor(visitor, request, route, need);
        const answer = route.handler(this.#areas, { ...params, request, visitor });
        const { isCompressed = false, isPage = false } = route;
        return this.#sent(request, answer, { isCompressed, isPage, share });
      };
      if (this.#dispatcher === null || route.isLocal === true) return here(request);
      if (isSocket) expectWait(request);
      const forward = !isChange && isLasting(route, request)
        ? "never"
        : isSocket
        ? (to: Owner | Split) => this.#areas.forwarded.upgrade({ request, visitor }, peer, to)
        : "body";
      const { starts } = route;
      const startedName = starts === undefined ? null : () => starts(this.#areas, params);
      const client = params.client || null;
      return this.#dispatcher.dispatch({
        ...{ request, peer, share, client, isChange, startedName, here, forward },
      });
    };
    const decision = this.#context.gate.pass(request, need, peer);
    if (isSocket && decision instanceof Promise) expectWait(request);
    return andThen(decision, proceed);
  }

  /**
   * Prepares a response for sending: relaxes the opener policy of a page, compresses the response if its
   * route allows that, and lets a large response be sent piece by piece.
   */
  #sent(request: Request, answer: Answer, how: Sending): Answer {
    if (answer instanceof Promise) return answer.then((response) => this.#sent(request, response, how));
    const { isCompressed, isPage, share } = how;
    if (isPage) relaxOpenerPolicy(request, answer);
    const response = isCompressed ? compressed(request, answer, this.#unsent, share) : answer;
    return this.#unsent.respond(request, response, share);
  }

  #checkVisitor(visitor: Visitor, request: Request, { method, isSocket }: Route<Areas>, need: Need): void {
    if (isSocket && visitor.source === "share") {
      throw new Problem("no_socket", "A shared link does not give access to WebSockets; use /events instead");
    }
    if (method !== "GET" && typeof need === "object" && need.client !== null) {
      const { gate, shares } = this.#context;
      gate.countWrite(visitor, need.client);
      if (method === "POST") shares?.claim(need.client, shares.networkOf(request, visitor.peer));
    }
  }
}

function isOffered(requires: Route<Areas>["requires"], { keyring, access }: HandlerContext): boolean {
  return requires === undefined || (keyring !== null && (requires === "key" || access.signIn));
}

/** Returns the first segment of a URL's path below the base path. */
function rootOf(url: string, basePath: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3) + basePath.length + 1;
  let end = start;
  while (end < url.length && !"/?#".includes(url[end]!)) end++;
  return url.slice(start, end);
}

function isLasting({ isLasting = false }: Route<Areas>, request: Request): boolean {
  return typeof isLasting === "function" ? isLasting(request) : isLasting;
}

function wrongMethod(routes: Resource<Areas>["routes"]): Problem {
  const allowed = METHODS.filter((method) => routes[method] !== undefined);
  const allow = allowed.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  return new Problem("method_not_allowed", `Method not allowed; use ${allow.replace(/, (\w+)$/, " or $1")}`, {
    headers: { allow },
  });
}
