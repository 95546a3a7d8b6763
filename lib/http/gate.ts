/**
 * Authenticates requests by key, token or cookie, and authorises the access that they ask for.
 *
 * @module
 */

import { RateLimiter } from "../access/rate_limiter.ts";
import {
  type Access,
  FULL_GRANT,
  type Grant,
  hasExpired,
  type Need,
  permits,
  scopeOf,
} from "../access/grant.ts";
import { type FindRun, RunGrants } from "../access/run_grants.ts";
import { now } from "../clock.ts";
import { andThen, type MaybePromise } from "../task/maybe_promise.ts";
import type { Keyring, TokenKind } from "../access/keyring.ts";
import type { MonitorLimits } from "../config/limits.ts";
import { addressGroup, addressOf } from "./address.ts";
import { ForwardedRequest } from "./cluster/forwarded_request.ts";
import { bearerOf, type CookieNames, cookieNames, type Source, subprotocolTokenOf } from "./carried_key.ts";
import { cookieOf } from "./cookies.ts";
import { Problem, type ProblemCode } from "./problem.ts";

/**
 * A function that decides whether a request is allowed; if it returns `false`, the server responds with 403.
 */
export type Authorize = (request: Request, access: Access) => boolean | Promise<boolean>;

/** The sender of a request, with its permissions. */
export interface Visitor {
  readonly grant: Grant;
  /** The source of the grant; `null` if the route needs none, or the server requires no key. */
  readonly source: Source | null;
  /** The address at the other end of the connection; empty if it is unknown. */
  readonly peer: string;
  /** The id of the node whose own request this is; absent if the sender is a client. */
  readonly node?: string;
}

/** The visitor of an allowed request, or a promise of it if the decision needs an `await`. */
export type Decision = Visitor | Promise<Visitor>;

/**
 * The part of a request that carried a key or token. Each part has a limit of its own on wrong keys, because
 * any page can make a browser open links, and browsers keep sending old cookies: neither must block programs
 * at the same address that send the key in a header.
 */
export type Carrier = "key" | "link" | "cookie";

/** The request that a key or token was sent with. */
export interface Sender {
  readonly request: Request;
  /** The address at the other end of the request's connection. */
  readonly peer: string;
  readonly carrier: Carrier;
}

/** Options of a {@linkcode Gate}. */
export interface GateOptions {
  /** Verifies keys and tokens; `null` if the server requires no key. */
  readonly keyring: Keyring | null;
  /**
   * The access check of the embedding program, called after the key or token was verified; `null` if there is
   * none.
   */
  readonly authorize: Authorize | null;
  /** Finds the runs that tokens are bound to. */
  readonly findRun: FindRun;
  readonly limits: MonitorLimits;
  /** The prefix of all paths of the server, which the names of its cookies contain. */
  readonly basePath: string;
  /** The addresses of proxies whose `X-Forwarded-For` header is trusted. */
  readonly proxies: ReadonlySet<string>;
  /** Called with messages for the operator. */
  readonly notice: (text: string) => void;
}

/**
 * The maximum number of clients per reporter whose access decisions are cached; beyond it, the cache is
 * cleared.
 */
const REMEMBERED_CLIENTS = 1_000;

/** The grant of a visitor to a route that needs no grant. This grant permits no access to any other route. */
const NO_GRANT: Grant = { kind: "scoped", may: "read", client: "", taskId: "", expiresAt: 0 };

/** Authenticates and authorises requests. */
export class Gate {
  readonly #options: GateOptions;
  /** Limits failed attempts to authenticate, by network. */
  readonly #failures: RateLimiter;
  /** Limits changes to tasks, by client. */
  readonly #writes: RateLimiter;
  readonly #runs: RunGrants;
  readonly #cookies: CookieNames;

  /** @param options how to verify and authorise requests, and the rate limits */
  constructor(options: GateOptions) {
    this.#options = options;
    const { limits } = options;
    this.#runs = new RunGrants(options.findRun);
    this.#cookies = cookieNames(options.basePath);
    this.#failures = new RateLimiter({
      burst: limits.wrongKeysPerAddress,
      refillMs: limits.wrongKeyRefillMs,
      most: limits.addresses,
    });
    this.#writes = new RateLimiter({
      burst: limits.writesPerClient,
      refillMs: limits.writeRefillMs,
      most: limits.clients,
    });
  }

  /** Whether every request is allowed. */
  get isOpen(): boolean {
    return this.#options.keyring === null && this.#options.authorize === null;
  }

  /** Whether the server requires a key. */
  get hasKey(): boolean {
    return this.#options.keyring !== null;
  }

  /**
   * Decides whether a request is allowed.
   *
   * @param request the request
   * @param need the authorisation that the request needs
   * @param peer the address at the other end of the request's connection
   * @returns the visitor
   * @throws {Problem} 401 without a valid key or token, 403 if its permissions do not suffice, 429 after too
   * many wrong keys or tokens
   */
  pass(request: Request, need: Need, peer: string): Decision {
    // A node that sends a request for itself acts for the program that embeds it, so nothing is checked. A
    // forwarded request of a client is checked like any other.
    if (request instanceof ForwardedRequest && request.sender !== null) {
      return { grant: FULL_GRANT, source: null, peer, node: request.sender };
    }
    if (need === "none") return { grant: this.hasKey ? NO_GRANT : FULL_GRANT, source: null, peer };
    return andThen(this.#visitor(request, peer), (visitor) => this.#admit(visitor, request, need));
  }

  /**
   * Counts a request that changes a client's tasks against the rate limit, whether it is a single change or a
   * batch of reports. Only a server that requires a key has this limit. The holder of a token can't use up
   * the limit of the key, or of a token for other tasks.
   *
   * @throws {Problem} 429 if the limit is reached
   */
  countWrite(visitor: Visitor, client: string): void {
    const waitMs = this.writeWaitMs(visitor, client);
    if (waitMs > 0) throw tooMany("Too many changes to the tasks of this client", waitMs);
  }

  /**
   * Counts a write like {@linkcode Gate.countWrite}, for connections on which the write can wait.
   *
   * @returns 0 if the write was counted; otherwise, how long to wait before the next attempt, in milliseconds
   */
  writeWaitMs({ grant, node }: Visitor, client: string): number {
    if (!this.hasKey || node !== undefined) return 0;
    const writer = `${client} ${scopeOf(grant)}`;
    const waitMs = this.#writes.waitMs(writer);
    if (waitMs === 0) this.#writes.spend(writer);
    return waitMs;
  }

  /**
   * Determines which tasks a visitor may report.
   *
   * @param visitor the visitor
   * @param request the request that the visitor sent
   * @returns a function that decides for one task; `null` if the visitor may report every task
   */
  reportsOf(
    { grant, node }: Visitor,
    request: Request,
  ): ((client: string, taskId: string) => boolean | Promise<boolean>) | null {
    const { authorize } = this.#options;
    if (node !== undefined || (grant.kind === "full" && authorize === null)) return null;
    const allowed = new Map<string, boolean>();
    return (client, taskId) => {
      if (!permits(grant, { action: "report", client, taskId })) return false;
      return authorize === null || (allowed.get(client) ?? ask(authorize, client));
    };

    async function ask(decide: Authorize, client: string): Promise<boolean> {
      const isAllowed = await decide(request, { action: "report", client, taskId: null });
      if (allowed.size >= REMEMBERED_CLIENTS) allowed.clear();
      allowed.set(client, isAllowed);
      return isAllowed;
    }
  }

  /**
   * Returns whether the sender of a request also has another access than the one that the request needed, such as
   * access to everything that a page shows.
   *
   * @param visitor the visitor
   * @param request the request that the visitor sent
   * @param access the other access
   */
  may({ grant }: Visitor, request: Request, access: Access): boolean | Promise<boolean> {
    const { authorize } = this.#options;
    return permits(grant, access) && (authorize === null || authorize(request, access));
  }

  /**
   * Verifies a key or token that was sent in a form or a link.
   *
   * @param text the key or the token
   * @param sender the request with the key or token, its peer, and the part of the request that carried the
   * key or token
   * @returns the grant of the key or token
   * @throws {Problem} 401 if the key or token is not valid; 429 after too many wrong keys or tokens from this
   * network
   */
  async grantOf(
    text: string,
    { request, peer, carrier }: Sender,
  ): Promise<Grant> {
    const { keyring } = this.#options;
    return keyring === null ? FULL_GRANT : await this.#checked(keyring, text, carrier, { request, peer });
  }

  /** Returns the grant of a key or a token that was sent in a header, a form or a link. */
  #checked(
    keyring: Keyring,
    text: string,
    carrier: Carrier,
    sender: Pick<Sender, "request" | "peer">,
  ): MaybePromise<Grant> {
    return andThen(this.#attempt(keyring, text, "scoped", { ...sender, carrier }), (grant) => {
      if (grant !== null) return grant;
      throw unauthorized("bad_key", "This key or token is not valid, or has expired");
    });
  }

  /**
   * Verifies a key, token or session, and counts wrong attempts. An expired token of the key does not count
   * as wrong. A token that was verified before is accepted even after too many wrong attempts, because it is
   * no guess.
   *
   * @returns the grant; `null` if the text is not valid or has expired
   * @throws {Problem} 429 after too many wrong attempts from this network
   */
  #attempt(
    keyring: Keyring,
    text: string,
    kind: TokenKind,
    { request, peer, carrier }: Sender,
  ): MaybePromise<Grant | null> {
    const group = addressGroup(addressOf(request, peer, this.#options.proxies));
    const sender = `${group} ${carrier}`;
    const waitMs = this.#failures.waitMs(sender);
    // A valid key is refused, too, because accepting it would confirm a guess.
    if (waitMs > 0 && !keyring.hasVerified(text, kind)) {
      throw tooMany("Too many wrong keys were sent from this address", waitMs);
    }
    const found = kind === "session" ? keyring.grantOfSession(text) : keyring.grantOf(text);
    const count = (grant: Grant | null): Grant | null => {
      if (grant !== null && !hasExpired(grant, now())) return grant;
      if (keyring.hasVerified(text, kind)) return null;
      this.#failures.spend(sender);
      // Logged when the limit is reached, and for each further wrong key that is let through, but not for refusals.
      if (this.#failures.waitMs(sender) > 0) {
        this.#options.notice(`Too many wrong keys from ${group}: refusing further attempts for a while`);
      }
      return null;
    };
    return andThen(found === null ? null : this.#runs.bound(found), count);
  }

  #visitor(request: Request, peer: string): Decision {
    const { keyring } = this.#options;
    if (keyring === null) return { grant: FULL_GRANT, source: null, peer };
    const bearer = bearerOf(request);
    const text = bearer ?? subprotocolTokenOf(request);
    if (text === null) return this.#browserVisitor(keyring, request, peer);
    const source = bearer === null ? "subprotocol" : "bearer";
    return andThen(
      this.#checked(keyring, text, "key", { request, peer }),
      (grant) => ({ grant, source, peer }),
    );
  }

  /**
   * Authenticates a browser by its cookies. Any invalid cookie counts as a missing key, so that the browser
   * is redirected to the sign-in page.
   */
  async #browserVisitor(keyring: Keyring, request: Request, peer: string): Promise<Visitor> {
    if (!request.headers.has("cookie")) throw keyNeeded();
    const session = cookieOf(request, this.#cookies.session);
    const person = await this.#cookieGrant(keyring, session, "session", { request, peer });
    if (person !== null) return { grant: person, source: "session", peer };
    const share = cookieOf(request, this.#cookies.share);
    const guest = await this.#cookieGrant(keyring, share, "scoped", { request, peer });
    // A cookie with the key itself, or with a token for reporting, does not come from a shared link.
    if (guest?.kind === "scoped" && guest.may === "read") return { grant: guest, source: "share", peer };
    throw keyNeeded();
  }

  /**
   * Returns the grant of a cookie; `null` if the cookie is missing or invalid, or if too many wrong cookies
   * came from this network.
   */
  async #cookieGrant(
    keyring: Keyring,
    text: string | null,
    kind: TokenKind,
    sender: Pick<Sender, "request" | "peer">,
  ): Promise<Grant | null> {
    if (text === null) return null;
    try {
      return await this.#attempt(keyring, text, kind, { ...sender, carrier: "cookie" });
    } catch (error) {
      if (error instanceof Problem && error.code === "slow_down") return null;
      throw error;
    }
  }

  #admit(visitor: Visitor, request: Request, need: Need): Decision {
    if (!permits(visitor.grant, need)) throw notAllowed();
    const { authorize } = this.#options;
    if (authorize === null || typeof need === "string") return visitor;
    const decision = authorize(request, need);
    if (decision === true) return visitor;
    if (decision === false) throw notAllowed();
    return decision.then((isAllowed) => {
      if (isAllowed) return visitor;
      throw notAllowed();
    });
  }
}

function keyNeeded(): Problem {
  return unauthorized("key_needed", "This server requires a key");
}

function unauthorized(code: ProblemCode, detail: string): Problem {
  return new Problem(code, detail, { headers: { "www-authenticate": 'Bearer realm="taskscope"' } });
}

function notAllowed(): Problem {
  return new Problem("not_allowed", "You don't have access to this");
}

function tooMany(detail: string, waitMs: number): Problem {
  return new Problem("slow_down", detail, { headers: { "retry-after": String(Math.ceil(waitMs / 1_000)) } });
}
