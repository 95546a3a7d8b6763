/**
 * Who asks, and whether they may: the key and the tokens of requests, and what an embedding program decides.
 *
 * @module
 */

import { RateLimiter } from "../access/rate_limiter.ts";
import { type Access, FULL_GRANT, type Grant, type Need, permits } from "../access/grant.ts";
import type { Keyring } from "../access/keyring.ts";
import type { MonitorLimits } from "../config/limits.ts";
import { addressGroup, addressOf } from "./address.ts";
import { cookiesOf } from "./cookies.ts";
import { TOKEN_PROTOCOL } from "../remote/credentials.ts";
import { Problem, type ProblemCode } from "./problem.ts";

/** Decides whether a request may do what it wants; `false` is answered with 403. */
export type Authorize = (request: Request, access: Access) => boolean | Promise<boolean>;

/** Where a request carries a key or a token. */
export type Source = "bearer" | "subprotocol" | "session" | "share";

/** Who asks. */
export interface Visitor {
  readonly grant: Grant;
  /** What the grant came from; `null` where none was asked for. */
  readonly source: Source | null;
  /** The address at the other end of the connection; empty where it is unknown. */
  readonly peer: string;
}

/** Whether somebody may do something, at once where it can be told. */
export type Decision = Visitor | Promise<Visitor>;

/** What a {@linkcode Gate} is made of. */
export interface GateOptions {
  /** Tells who may do what; `null` where everybody may do everything. */
  readonly keyring: Keyring | null;
  /** What the embedding program decides; it is asked after the key. */
  readonly authorize: Authorize | null;
  readonly limits: MonitorLimits;
  /** The addresses of proxies whose word is taken for where requests come from. */
  readonly proxies: ReadonlySet<string>;
  /** Is given what an operator should know. */
  readonly notice: (text: string) => void;
}

/** The cookie of a browser that somebody has signed in with, bound to this host and to TLS by its name (RFC 6265bis). */
export const SESSION_COOKIE = "__Host-taskscope";
/** The cookie of a browser that has followed a link that was shared. */
export const SHARE_COOKIE = "__Host-taskscope-share";
/** Decisions on clients that are remembered of one reporter; of more, all are forgotten, and asked for again. */
const REMEMBERED_CLIENTS = 1_000;

/** Everybody, where there is no key. */
const EVERYBODY: Visitor = { grant: FULL_GRANT, source: null, peer: "" };
/** What somebody may do who was not asked who they are. */
const NOTHING: Grant = { kind: "scoped", may: "read", client: "", taskId: "", expiresAt: 0 };

/** Lets those pass who may. */
export class Gate {
  readonly #options: GateOptions;
  /** Wrong keys by address. */
  readonly #failures: RateLimiter;
  /** Changes by client. */
  readonly #writes: RateLimiter;

  /** @param options who may */
  constructor(options: GateOptions) {
    this.#options = options;
    const { limits } = options;
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

  /** Whether nobody is asked for anything. */
  get isOpen(): boolean {
    return this.#options.keyring === null && this.#options.authorize === null;
  }

  /** Whether there is a key. */
  get hasKey(): boolean {
    return this.#options.keyring !== null;
  }

  /**
   * Decides on a request.
   *
   * @param request what came
   * @param need what it needs
   * @param peer the address at the other end of its connection
   * @returns who asks
   * @throws {Problem} 401, 403 or 429
   */
  pass(request: Request, need: Need, peer: string): Decision {
    if (need === "none") return this.hasKey ? { grant: NOTHING, source: null, peer } : EVERYBODY;
    const visitor = this.#visitor(request, peer);
    if (visitor instanceof Promise) return visitor.then((known) => this.#admit(known, request, need));
    return this.#admit(visitor, request, need);
  }

  /** Takes note of a change of a client's tasks; refuses it where there were too many. Only where there is a key. */
  countWrite(client: string): void {
    if (!this.hasKey) return;
    const waitMs = this.#writes.waitMs(client);
    if (waitMs > 0) throw tooMany("The tasks of this client are changed too often", waitMs);
    this.#writes.spend(client);
  }

  /**
   * Whether reports of a client's tasks may be taken of a visitor.
   *
   * @param visitor who has passed
   * @param request what they came with
   * @returns decides on a task; `null` where all may be taken
   */
  reportsOf(
    { grant }: Visitor,
    request: Request,
  ): ((client: string, taskId: string) => boolean | Promise<boolean>) | null {
    const { authorize } = this.#options;
    if (grant.kind === "full" && authorize === null) return null;
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
   * What a text lets its holder do that somebody gives as the key, or as the token of a link.
   *
   * @param text the key or the token
   * @param request what it came with
   * @param peer the address at the other end of its connection
   * @returns what its holder may do
   * @throws {Problem} 429 where this address was wrong too often; 401 where it is wrong
   */
  async grantOf(text: string, request: Request, peer: string): Promise<Grant> {
    const { keyring } = this.#options;
    return keyring === null ? FULL_GRANT : await this.#checked(keyring, text, request, peer);
  }

  /** The grant of a key or a token, counting those that are wrong. */
  #checked(keyring: Keyring, text: string, request: Request, peer: string): Grant | Promise<Grant> {
    const group = addressGroup(addressOf(request, peer, this.#options.proxies));
    const waitMs = this.#failures.waitMs(group);
    // The right one, too: an answer to it would tell it from the wrong ones.
    if (waitMs > 0) throw tooMany("Too many wrong keys came from this address", waitMs);
    const found = keyring.grantOf(text);
    const decide = (grant: Grant | null): Grant => {
      if (grant !== null) return grant;
      this.#failures.spend(group);
      // Once, and not for every try that is refused from now on.
      if (this.#failures.waitMs(group) > 0) {
        this.#options.notice(`Wrong keys came from ${group}; none is looked at from there for a while`);
      }
      throw unauthorized("bad_key", "This key or token is wrong, or has expired");
    };
    return found instanceof Promise ? found.then(decide) : decide(found);
  }

  #visitor(request: Request, peer: string): Decision {
    const { keyring } = this.#options;
    if (keyring === null) return EVERYBODY;
    const bearer = bearerOf(request);
    const text = bearer ?? subprotocolTokenOf(request);
    if (text === null) return this.#browsers(keyring, request, peer);
    const source = bearer === null ? "subprotocol" : "bearer";
    const grant = this.#checked(keyring, text, request, peer);
    return grant instanceof Promise
      ? grant.then((known) => ({ grant: known, source, peer }))
      : { grant, source, peer };
  }

  /** Cookies. One that has expired is as good as none, and no guess: browsers keep sending it. */
  async #browsers(keyring: Keyring, request: Request, peer: string): Promise<Visitor> {
    if (!request.headers.has("cookie")) throw keyNeeded();
    const { [SESSION_COOKIE]: session, [SHARE_COOKIE]: share } = cookiesOf(request);
    const person = session === undefined ? null : await keyring.grantOfSession(session);
    if (person !== null) return { grant: person, source: "session", peer };
    const guest = share === undefined ? null : await keyring.grantOf(share);
    // A link is for somebody who looks; the key itself is no such token.
    if (guest?.kind === "scoped" && guest.may === "read") return { grant: guest, source: "share", peer };
    throw keyNeeded();
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

function bearerOf(request: Request): string | null {
  // Others, such as Basic, belong to something in front of us.
  return /^bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? null;
}

/** Scripts of pages can't give their sockets headers. */
function subprotocolTokenOf(request: Request): string | null {
  const protocols = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((text) =>
    text.trim()
  );
  const found = protocols.find((protocol) => protocol.startsWith(TOKEN_PROTOCOL));
  if (found === undefined) return null;
  try {
    return atob(found.slice(TOKEN_PROTOCOL.length).replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

function keyNeeded(): Problem {
  return unauthorized("key_needed", "This needs the key of the server, or a token");
}

function unauthorized(code: ProblemCode, detail: string): Problem {
  return new Problem(code, detail, { headers: { "www-authenticate": 'Bearer realm="taskscope"' } });
}

function notAllowed(): Problem {
  return new Problem("not_allowed", "This is not yours to see or do");
}

function tooMany(detail: string, waitMs: number): Problem {
  return new Problem("slow_down", detail, { headers: { "retry-after": String(Math.ceil(waitMs / 1_000)) } });
}
