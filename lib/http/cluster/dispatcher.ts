/**
 * Handles requests on this node, or forwards them to the node that owns the tasks.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import type { MonitorLimits } from "../../config/limits.ts";
import type { MaybePromise } from "../../task/maybe_promise.ts";
import { type BodyLimits, readBytes } from "../raw_body.ts";
import { limitReached } from "../problem.ts";
import type { Answer } from "../route.ts";
import { Slots } from "../slots.ts";
import type { ClusterGate } from "./cluster_gate.ts";
import { ForwardedRequest } from "./forwarded_request.ts";
import { noOwner, notOwner, type Owner, OwnerUnreachableError } from "./forwarder.ts";
import type { Split } from "./split.ts";
import { copyOf, splitPost } from "./split_post.ts";

/** The time between two attempts to reach the owner, in milliseconds. */
const RETRY_MS = 100;

/** Where a request is handled. */
type Where = "here" | Owner | Split;

/** A request to dispatch. */
export interface Dispatched {
  readonly request: Request;
  /** The address at the other end of the request's connection. */
  readonly peer: string;
  /**
   * Whose share of the limit on forwarded requests the request uses; `null` for a visitor who may use the
   * whole limit.
   */
  readonly share: string | null;
  /** The client token of the tasks that the request is about; `null` for the tasks of all clients. */
  readonly client: string | null;
  /** Whether the request changes tasks. */
  readonly isChange: boolean;
  /**
   * Returns the name of the function that the request starts: a node that has the function must handle the
   * request. Returns `undefined` if the request will be refused, which any node can do. `null` if the request
   * starts no function.
   */
  readonly startedName: (() => MaybePromise<string | undefined>) | null;
  /** Handles the request, or a copy of it, on this node. */
  readonly here: (request: Request) => Answer;
  /**
   * How the request can be forwarded. `"body"`: with its body. `"never"`: not at all, because it waits for
   * changes on this node. A function forwards the request itself, and rejects with an {@linkcode
   * OwnerUnreachableError} if an owner can't be reached.
   */
  readonly forward: "body" | "never" | ((where: Owner | Split) => Promise<Response>);
}

/** Handles requests on this node, or forwards them to the node that owns the tasks. */
export class Dispatcher {
  readonly #gate: ClusterGate;
  readonly #limits: Pick<MonitorLimits, "ownerWaitMs" | "reportBytes" | "requestBytes">;
  readonly #bodies: BodyLimits;
  readonly #slots: Slots;

  /**
   * @param gate decides where requests are handled
   * @param limits the limits of the monitor
   * @param bodies the limits for reading bodies
   */
  constructor(
    gate: ClusterGate,
    limits: Pick<MonitorLimits, "ownerWaitMs" | "reportBytes" | "requestBytes" | "forwardedRequests">,
    bodies: BodyLimits,
  ) {
    this.#gate = gate;
    this.#limits = limits;
    this.#bodies = bodies;
    this.#slots = new Slots(limits.forwardedRequests, "forwarded requests");
  }

  /**
   * Handles a request on this node, or forwards it to the owner.
   *
   * @param call the request
   * @returns the response; synchronously if this node owns the tasks and responds synchronously
   * @throws {Problem} 503 if no node can handle the request, or the owner does not respond
   */
  dispatch(call: Dispatched): Answer {
    const where = this.#route(call);
    if (where === null) return this.#owned(call);
    return call.request instanceof ForwardedRequest ? this.#last(call, where) : this.#first(call, where);
  }

  #route({ request, client, isChange, startedName }: Dispatched): null | Promise<Where> {
    if (startedName !== null) return this.#starter(client, startedName);
    // A request that a node sends for itself reads data that only the owner has.
    const isOfNode = request instanceof ForwardedRequest && request.sender !== null;
    return this.#gate.route(client, isChange || isOfNode);
  }

  /**
   * Waits until a node owns the tasks, so that the new task can be stored, and finds the node that starts a
   * function.
   */
  async #starter(
    client: string | null,
    startedName: NonNullable<Dispatched["startedName"]>,
  ): Promise<"here" | Owner> {
    await this.#gate.route(client, true);
    const name = await startedName();
    return name === undefined ? "here" : await this.#gate.startsAt(name) ?? "here";
  }

  /**
   * Handles a request as the owner. If this node no longer owns the tasks when the response is ready, the
   * response may be outdated, so the request is handled again; a failed change is refused.
   */
  #owned(call: Dispatched): Answer {
    const { request, client, isChange, here } = call;
    this.#gate.ownerIs(client, null);
    const end = isChange ? this.#gate.begin(client) : () => {};
    let answer: Answer | undefined;
    try {
      answer = here(request);
    } finally {
      if (!(answer instanceof Promise)) end();
    }
    if (!(answer instanceof Promise)) return answer;
    return answer.finally(end).then((response) => {
      // A successful change is already committed, so its response is valid in any case.
      if (this.#gate.owns(client) || (isChange && response.status < 400)) return response;
      if (isChange) throw noOwner();
      return this.dispatch(call);
    });
  }

  /** Handles a request that another node forwarded. A request is never forwarded twice. */
  async #last({ request, here }: Dispatched, where: Promise<Where>): Promise<Response> {
    const found = await where.catch(() => null);
    // If several nodes own the tasks, this node must be one of them; the handler of a batch checks each
    // report.
    const isHere = found === "here" || (isSplit(found) && found.owners.includes(null));
    if (!isHere) throw notOwner();
    return await here(request);
  }

  async #first(call: Dispatched, found: Promise<Where>): Promise<Response> {
    const { request, peer, share, here, forward } = call;
    const where = await found;
    if (where === "here") return await here(request);
    if (forward === "never") throw noOwner();
    if (forward !== "body") return await this.#forward(call, where, forward, () => here(request));
    const release = this.#slots.take(share);
    try {
      using body = await this.#read(request, share);
      const { bytes } = body;
      return await this.#forward(
        call,
        where,
        (where) =>
          isSplit(where)
            ? splitPost({ request, bytes, peer, split: where, forwarder: this.#gate.forwarder, here })
            : this.#gate.forwarder.forward(request, bytes, peer, where),
        () => here(copyOf(request, bytes)),
      );
    } finally {
      release();
    }
  }

  /**
   * Forwards a request to the nodes that own the tasks at the moment, and tries again until they are reached
   * or `ownerWaitMs` have passed.
   */
  async #forward(
    call: Dispatched,
    to: Owner | Split,
    forward: (to: Owner | Split) => Promise<Response>,
    here: () => Answer,
  ): Promise<Response> {
    const endMs = monotonicMs() + this.#limits.ownerWaitMs;
    while (true) {
      if (call.startedName === null && !isSplit(to)) this.#gate.ownerIs(call.client, to);
      try {
        return await forward(to);
      } catch (error) {
        if (!(error instanceof OwnerUnreachableError)) throw error;
        for (const owner of isSplit(to) ? to.owners : [to]) {
          if (owner !== null) void this.#gate.forwarder.explain(owner);
        }
      }
      if (monotonicMs() + RETRY_MS > endMs) throw noOwner();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      const where = await (this.#route(call) ?? "here");
      if (where === "here") return await here();
      to = where;
    }
  }

  /**
   * Reads a body. The bytes of the body count towards the limit on unfinished bodies until the result is
   * disposed of.
   */
  async #read(
    request: Request,
    share: string | null,
  ): Promise<Disposable & { readonly bytes: Uint8Array<ArrayBuffer> | null }> {
    const { received } = this.#bodies;
    const { reportBytes, requestBytes } = this.#limits;
    const limits = { ...this.#bodies, share, requestBytes: Math.max(reportBytes, requestBytes) };
    const bytes = request.body === null ? null : await readBytes(request, limits);
    const held = bytes?.length ?? 0;
    if (!received.take(held, share)) {
      throw limitReached("Too many bytes of unfinished request bodies are in memory; try again later");
    }
    return { bytes, [Symbol.dispose]: () => received.release(held, share) };
  }
}

function isSplit(where: Where | null): where is Split {
  return where !== null && where !== "here" && "ownerOf" in where;
}
