/**
 * Decides which node of a cluster handles a request about the tasks of a shard.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { noOwner, type Owner as Address } from "../../http/cluster/forwarder.ts";
import { withTimeout } from "../../timeout.ts";
import { delay } from "./delay.ts";

/** The node that owns the tasks. */
export interface Owner {
  readonly id: string;
  /** The address at which other nodes reach the owner; `null` if it is unknown. */
  readonly address: string | null;
}

/** The lease that the owner of the tasks has. */
export interface Serving {
  /** Whether the lease is valid, so that no other node can have taken the tasks. */
  readonly isServing: boolean;
}

/** A follower's state: what a node that does not own the tasks knows about them. */
export interface Following {
  /**
   * Resolves once this node knows everything that was committed before the call; rejects if the database can't be read.
   */
  current(): Promise<void>;
  /** Returns the owner according to the last query of the database; `null` if no node owns the tasks. */
  owner(): Owner | null;
  /**
   * Whether this node has the tasks in memory and can answer reads; if not, it only knows the owner.
   *
   * @default {true}
   */
  readonly isComplete?: boolean;
}

/** Options of a {@linkcode TaskGate}. */
export interface TaskGateOptions {
  /** The id of this node. */
  readonly node: string;
  /** How long a request waits until a node owns the tasks, in milliseconds. */
  readonly ownerWaitMs: number;
}

/** The interval at which a waiting request checks again where it can be handled, in milliseconds. */
const RETRY_MS = 100;

/** How long a query of the database may take before this node counts as unable to answer reads, in milliseconds. */
const READABLE_MS = 1_000;

/**
 * Decides where requests are handled, by the role of this node: the owner of the tasks, a follower, or neither. When
 * tasks are reloaded, they get a new gate, so that no request that waits at this one reads the tasks that were dropped.
 */
export class TaskGate {
  readonly #node: string;
  readonly #ownerWaitMs: number;
  #owned: Serving | null = null;
  #following: Following | null = null;
  #isHandingOver = false;
  /** The number of changes that this node is making. */
  #changes = 0;
  #onIdle: (() => void) | null = null;
  /** Aborted by {@linkcode TaskGate.close}, so that waiting requests are refused at once. */
  readonly #closing: AbortController = new AbortController();

  /** @param options the id of this node, and how long requests wait */
  constructor({ node, ownerWaitMs }: TaskGateOptions) {
    this.#node = node;
    this.#ownerWaitMs = ownerWaitMs;
  }

  /** Whether this node owns the tasks. */
  get isOwner(): boolean {
    return this.#owned !== null && this.#owned.isServing;
  }

  /** Whether this node is handing the tasks over, so that changes wait for the next owner. */
  get isHandingOver(): boolean {
    return this.#isHandingOver;
  }

  /** Whether this node accepts changes. */
  get takesChanges(): boolean {
    return this.#isHere(true);
  }

  /** Returns whether this node can answer reads now. */
  async canRead(): Promise<boolean> {
    return await withTimeout(this.#readable(), READABLE_MS) === true;
  }

  /** Whether this node knows where requests can be handled. */
  get isReady(): boolean {
    return this.isOwner || (this.#following !== null && this.#following.owner() !== null);
  }

  /**
   * The other node that owns the tasks, according to the last query of the database; `null` if there is none, or this
   * node owns them.
   */
  get owner(): Address | null {
    const owner = this.#following?.owner() ?? null;
    return owner === null || owner.id === this.#node || owner.address === null
      ? null
      : { address: owner.address };
  }

  /** Makes this node handle requests as a follower; with `null`, it is no longer a follower. */
  follow(following: Following | null): void {
    this.#following = following;
  }

  /** Makes this node handle requests as the owner. */
  own(owned: Serving): void {
    this.#owned = owned;
  }

  /** Begins to hand the tasks over: from now on, changes wait for the next owner. */
  beginHandOver(): void {
    this.#isHandingOver = true;
  }

  /**
   * Ends the ownership of this node. Call {@linkcode TaskGate.follow} next, so that it handles requests as a follower.
   */
  disown(): void {
    this.#owned = null;
    this.#isHandingOver = false;
  }

  /** Notes that this node begins to make a change; returns a function to call when the change is made or refused. */
  begin(): () => void {
    this.#changes++;
    return () => {
      this.#changes--;
      if (this.#changes === 0) this.#onIdle?.();
    };
  }

  /** Resolves when no change is in progress at this node. */
  whenIdle(): Promise<void> {
    if (this.#changes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle = resolve);
  }

  /** Refuses every request from now on, including those that are waiting. */
  close(): void {
    this.#owned = null;
    this.#following = null;
    this.#closing.abort();
  }

  /** Decides where a request about these tasks is handled; see `ClusterGate.route()`. */
  route(isChange: boolean): null | Promise<"here" | Address> {
    return this.#isHere(isChange) ? null : this.#find(isChange);
  }

  /** Whether this node handles a request as the owner. */
  #isHere(isChange: boolean): boolean {
    return this.isOwner && !(isChange && this.#isHandingOver);
  }

  async #readable(): Promise<boolean> {
    for (;;) {
      if (this.isOwner) return true;
      const following = this.#following;
      if (following === null) return false;
      const isCurrent = await following.current().then(() => true, () => false);
      // If this node takes the tasks over, the follower is stopped, which also ends the wait with an error. The new
      // role is checked then.
      if (isCurrent || following === this.#following) return isCurrent;
    }
  }

  async #find(isChange: boolean): Promise<"here" | Address> {
    const untilMs = monotonicMs() + this.#ownerWaitMs;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (this.#isHere(isChange)) return "here";
      const found = await withTimeout(this.#follow(isChange), Math.max(1, untilMs - monotonicMs()), signal);
      if (found !== null && found !== undefined && !signal.aborted) return found;
      if (monotonicMs() + RETRY_MS >= untilMs) break;
      await delay(RETRY_MS, signal);
    }
    throw noOwner();
  }

  /**
   * Returns where a request is handled that this node does not handle as the owner; `null` if no node can handle it
   * yet.
   */
  async #follow(isChange: boolean): Promise<"here" | Address | null> {
    const following = this.#following;
    if (following === null) return null;
    try {
      // A change may depend on earlier commits, and the owner is known only from the database.
      await following.current();
    } catch {
      return null;
    }
    if (!isChange && following.isComplete !== false) return "here";
    return this.owner;
  }
}
