/**
 * Forwards requests to the node that owns the tasks, and recognises requests that other nodes forwarded.
 *
 * @module
 */

import { ForwardSigner } from "../../access/forward_signer.ts";
import type { MonitorLimits } from "../../config/limits.ts";
import { Problem } from "../problem.ts";
import { ForwardedRequest } from "./forwarded_request.ts";
import { FORWARDED, requestHeaders, responseHeaders } from "./headers.ts";
import { NodeTls } from "./node_tls.ts";

/** The timeout for data that this node reads from the owner for itself, in milliseconds. */
const READ_MS = 1_000;

/** The node that owns the tasks. */
export interface Owner {
  /** The address of the node for other nodes, such as `http://10.0.0.2:8000`; only its origin is used. */
  readonly address: string;
}

/** Thrown if the owner can't be reached or does not own the tasks any more. The request has changed nothing. */
export class OwnerUnreachableError extends Error {
  /** The name of the class. */
  override readonly name = "OwnerUnreachableError";
}

/** Options of a {@linkcode Forwarder}. */
export interface ForwarderOptions {
  /** The id of this node. */
  readonly node: string;
  /** The address of this node for other nodes, as they read it from the database. */
  readonly address: string;
  /** The server's key; `null` if there is none. */
  readonly key: string | null;
  /** The previous key, which other nodes may still use; `null` if there is none. */
  readonly previousKey?: string | null;
  /** The secret that all nodes of the cluster know. */
  readonly secret: string;
  readonly limits: Pick<MonitorLimits, "forwardTimeoutMs">;
  /**
   * Returns the time of the clock that all nodes use, in epoch milliseconds. By default, the clock of this
   * machine is used, which may then differ from other nodes' clocks by a minute at most.
   */
  readonly nowMs?: () => number;
  /**
   * The certificates of an authority that issues the certificates of nodes, as PEM; `null` if there is none.
   */
  readonly authority?: string | null;
  /** Called with a message for the operator when the certificate of the owner is not accepted. */
  readonly notice?: (text: string) => void;
}

/** How often requests were forwarded. */
export interface ForwardCounts {
  /** The number of requests that the owner responded to. */
  readonly answered: number;
  /** The number of attempts in which the owner was not reached. */
  readonly unreachable: number;
  /** The number of requests that were sent, but to which the owner did not respond. */
  readonly unanswered: number;
}

/** Forwards requests to the owner, and recognises requests that other nodes forwarded. */
export class Forwarder implements Disposable {
  readonly #node: string;
  readonly #address: string;
  readonly #timeoutMs: number;
  readonly #signer: ForwardSigner;
  readonly #tls: NodeTls;
  readonly #counts = { answered: 0, unreachable: 0, unanswered: 0 };
  /**
   * The forwarded sockets: for each of them the function that closes it, and the origin of the node that its
   * messages go to.
   */
  readonly #sockets: Map<() => void, string> = new Map();

  /** @param options this node, the secrets that all nodes know, and the limits */
  constructor(options: ForwarderOptions) {
    const { node, address, key, secret, limits, nowMs = Date.now } = options;
    const { previousKey = null, authority = null, notice = () => {} } = options;
    this.#tls = new NodeTls({ authority, notice });
    this.#node = node;
    this.#address = new URL(address).origin;
    this.#timeoutMs = limits.forwardTimeoutMs;
    this.#signer = new ForwardSigner({ key, previousKey, secret, nowMs });
  }

  /** Closes the connections to other nodes. */
  [Symbol.dispose](): void {
    this.#tls[Symbol.dispose]();
  }

  /**
   * The certificates of authorities that connections to other nodes trust in addition to public authorities,
   * as PEM.
   */
  get caCerts(): string[] {
    return this.#tls.caCerts;
  }

  /**
   * If the owner can't be reached because of its certificate, tells the operator once why the certificate is
   * not accepted.
   */
  async explain(owner: Owner): Promise<void> {
    await this.#tls.explain(owner.address);
  }

  /** How often requests were forwarded since the server started. */
  get counts(): ForwardCounts {
    return this.#counts;
  }

  /** The number of sockets whose messages are passed on to other nodes. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /**
   * Closes the sockets whose messages go to a node that does not own the tasks any more, because a frozen
   * node never closes its sockets itself.
   *
   * @param owner the node that owns the tasks; `null` if this node does
   */
  ownerIs(owner: Owner | null): void {
    if (this.#sockets.size === 0) return;
    const origin = owner === null ? null : new URL(owner.address).origin;
    for (const [close, other] of [...this.#sockets]) if (other !== origin) close();
  }

  /**
   * Registers a socket whose messages are passed on to another node.
   *
   * @param owner the node that the messages go to
   * @param close closes the socket; called when the node is not the owner any more
   * @returns a function to call once the socket is closed
   */
  socketTo(owner: Owner, close: () => void): () => void {
    this.#sockets.set(close, new URL(owner.address).origin);
    return () => this.#sockets.delete(close);
  }

  /**
   * Recognises a request that another node forwarded.
   *
   * @param request the request as it arrived
   * @returns the request as it arrived at the other node; `null` if it was not forwarded
   * @throws {Problem} 403 if the request claims to be forwarded, but no node vouches for it
   */
  accepted(request: Request): ForwardedRequest | null {
    const signed = request.headers.get(FORWARDED);
    if (signed === null) return null;
    const { method, url } = request;
    const target = url.slice(url.indexOf("/", url.indexOf("://") + 3));
    const vouched = this.#signer.verify(signed, { method, target, to: this.#address });
    if (vouched !== null) return new ForwardedRequest(request, target, vouched);
    throw new Problem("bad_forwarding", `The header "${FORWARDED}" is not valid`, {
      headers: { [FORWARDED]: "refused" },
    });
  }

  /**
   * Prepares a request for the owner. The caller's credentials are passed on, and the owner checks them again.
   *
   * @param request the request as it arrived at this node, whose Host was checked
   * @param peer the address at the other end of its connection
   * @param owner the node that owns the tasks
   * @returns the URL at the owner, and the headers to send, which the owner accepts once
   */
  prepare(
    request: Request,
    peer: string,
    owner: Owner,
  ): { readonly url: string; readonly headers: Headers } {
    const { origin, pathname, search } = new URL(request.url);
    const target = pathname + search;
    const to = new URL(owner.address).origin;
    const headers = requestHeaders(request.headers);
    const signed = this.#signer.sign({ origin, peer, node: this.#node }, {
      ...{ method: request.method, target, to },
    });
    headers.set(FORWARDED, signed);
    return { url: to + target, headers };
  }

  /**
   * Prepares a request that this node sends for itself, without the credentials of a client.
   *
   * @param method the method
   * @param target the path, base path included, and the query
   * @param to the node to send the request to
   * @returns the URL at that node, and the headers to send, which the node accepts once
   */
  own(
    method: string,
    target: string,
    { address }: Owner,
  ): { readonly url: string; readonly headers: Headers } {
    const to = new URL(address).origin;
    const vouched = { origin: this.#address, peer: "", node: this.#node, isOwn: true };
    const headers = new Headers({ [FORWARDED]: this.#signer.sign(vouched, { method, target, to }) });
    return { url: to + target, headers };
  }

  /**
   * Reads data from the owner for this node itself.
   *
   * @param target the path, base path included, and the query
   * @param owner the node that owns the tasks
   * @returns the output of `JSON.parse`; `null` if the node does not respond in time, or does not own the tasks any more
   */
  async read(target: string, owner: Owner): Promise<unknown> {
    const { url, headers } = this.own("GET", target, owner);
    try {
      const signal = AbortSignal.timeout(READ_MS);
      const response = await this.#tls.fetch(url, { headers, redirect: "manual", signal });
      if (response.ok) return await response.json();
      await response.body?.cancel();
    } catch {
      // The caller goes on without the data.
    }
    return null;
  }

  /**
   * Forwards a request, and passes the response on.
   *
   * @param request the request as it arrived at this node, whose body was read
   * @param body the body; `null` if there is none
   * @param peer the address at the other end of the request's connection
   * @param owner the node that owns the tasks
   * @returns the response of the owner, whose body is streamed
   * @throws {OwnerUnreachableError} if the owner can't be reached, so that nothing was changed
   * @throws {Problem} 503 if the owner does not respond in time, or the connection to it is lost
   */
  async forward(
    request: Request,
    body: Uint8Array<ArrayBuffer> | null,
    peer: string,
    owner: Owner,
  ): Promise<Response> {
    const { url, headers } = this.prepare(request, peer, owner);
    // The response is passed on as it is, so it must not be decoded here.
    headers.set("accept-encoding", "identity");
    const { method } = request;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.#timeoutMs);
    let response: Response;
    try {
      const sent = { method, headers, body, redirect: "manual", signal: abort.signal } as const;
      response = await this.#tls.fetch(url, sent);
    } catch (error) {
      if (!failedToConnect(error)) {
        this.#counts.unanswered++;
        throw unanswered(method);
      }
      this.#counts.unreachable++;
      throw new OwnerUnreachableError("The node that owns the tasks can't be reached");
    } finally {
      clearTimeout(timer);
    }
    if (response.headers.has(FORWARDED)) {
      this.#counts.unreachable++;
      await response.body?.cancel();
      throw new OwnerUnreachableError("The node does not own the tasks any more");
    }
    this.#counts.answered++;
    return new Response(response.body, {
      status: response.status,
      headers: responseHeaders(response.headers),
    });
  }
}

/** Creates the error for a request that no node can handle now, and that has changed nothing. */
export function noOwner(headers: Readonly<Record<string, string>> = {}): Problem {
  return new Problem(
    "no_owner",
    "No node can handle this request now: no node owns the tasks, or the database cannot be reached; try again",
    {
      headers: { "retry-after": "1", ...headers },
    },
  );
}

/**
 * Creates the error for a forwarded request that this node has not handled, because it does not own the
 * tasks.
 */
export function notOwner(): Problem {
  return noOwner({ [FORWARDED]: "refused" });
}

/** Creates the error for a forwarded request to which the owner did not respond. */
export function unanswered(method: string): Problem {
  if (method === "GET" || method === "HEAD") return noOwner();
  return new Problem(
    "outcome_unknown",
    "The node that owns the tasks did not respond; it is unknown whether the change was made",
    { headers: { "retry-after": "1" } },
  );
}

/**
 * Returns whether a request failed before anything was sent. The cause has no code, so its message is
 * checked; with any other message, the request counts as one that may have arrived.
 */
function failedToConnect(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes("client error (Connect)")) return true;
  }
  return false;
}
