/**
 * Decides which node of a cluster handles a request about the tasks of a shard.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { noOwner, type Owner as Address } from "../../http/cluster/forwarder.ts";
import { withTimeout } from "../../timeout.ts";

/** The node that owns the tasks. */
export interface Owner {
  readonly id: string;
  /** Its address for other nodes; `null` if it is unknown. */
  readonly address: string | null;
}

/** The lease of the tasks, as its owner holds it. */
export interface Serving {
  /** Whether no other node can have taken the tasks. */
  readonly isServing: boolean;
}

/** What a node that does not own the tasks knows about them. */
export interface Following {
  /** Resolves once everything is known here that was committed before the call; rejects without the database. */
  current(): Promise<void>;
  /** Returns the owner as of the last look into the database; `null` if no node owns the tasks. */
  owner(): Owner | null;
  /**
   * Whether reads can be answered by what is known here; if not, only the owner is known.
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

/** How often a request that waits looks again, in milliseconds. */
const RETRY_MS = 100;

/** How long a look into the database may take until this node counts as unable to read, in milliseconds. */
const READABLE_MS = 1_000;

/**
 * Decides by what this node is to the tasks: their owner, a follower, or neither. Tasks that are loaded anew have another
 * gate, so that no request that waits here reads those that were dropped.
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
  #isClosed = false;

  /** @param options this node and the waits */
  constructor({ node, ownerWaitMs }: TaskGateOptions) {
    this.#node = node;
    this.#ownerWaitMs = ownerWaitMs;
  }

  /** Whether this node owns the tasks. */
  get isOwner(): boolean {
    return this.#owned !== null && this.#owned.isServing;
  }

  /** Whether changes wait for the next owner. */
  get isHandingOver(): boolean {
    return this.#isHandingOver;
  }

  /** Whether this node takes changes. */
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

  /** The node that owns the tasks, as of the last look into the database; `null` if there is none, or it is this one. */
  get owner(): Address | null {
    const owner = this.#following?.owner() ?? null;
    return owner === null || owner.id === this.#node || owner.address === null
      ? null
      : { address: owner.address };
  }

  /** Handles requests as a follower; `null` if this node does not follow the tasks any more. */
  follow(following: Following | null): void {
    this.#following = following;
  }

  /** Handles requests as the owner. */
  own(owned: Serving): void {
    this.#owned = owned;
  }

  /** Begins to hand the tasks over: from now on, an owner lets changes wait for the next one. */
  beginHandOver(): void {
    this.#isHandingOver = true;
  }

  /** Handles requests as a follower again; call {@linkcode TaskGate.follow}, too. */
  disown(): void {
    this.#owned = null;
    this.#isHandingOver = false;
  }

  /** Notes that this node begins to make a change; returns a function to call when it is made or refused. */
  begin(): () => void {
    this.#changes++;
    return () => {
      this.#changes--;
      if (this.#changes === 0) this.#onIdle?.();
    };
  }

  /** Resolves when this node is making no change. */
  whenIdle(): Promise<void> {
    if (this.#changes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle = resolve);
  }

  /** Refuses every request, also those that wait. */
  close(): void {
    this.#isClosed = true;
    this.#owned = null;
    this.#following = null;
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
      // When the node takes the tasks over, what waits for the follower is told that it has stopped.
      if (isCurrent || following === this.#following) return isCurrent;
    }
  }

  async #find(isChange: boolean): Promise<"here" | Address> {
    const untilMs = monotonicMs() + this.#ownerWaitMs;
    while (!this.#isClosed) {
      if (this.#isHere(isChange)) return "here";
      const found = await withTimeout(this.#follow(isChange), Math.max(1, untilMs - monotonicMs()));
      if (found !== null && found !== undefined && !this.#isClosed) return found;
      if (monotonicMs() + RETRY_MS >= untilMs) break;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    throw noOwner();
  }

  /** Returns where a request goes that this node does not handle as the owner; `null` if nobody can handle it yet. */
  async #follow(isChange: boolean): Promise<"here" | Address | null> {
    const following = this.#following;
    if (following === null) return null;
    try {
      // A change may rely on what was committed before, and so may the choice of the owner.
      await following.current();
    } catch {
      return null;
    }
    if (!isChange && following.isComplete !== false) return "here";
    return this.owner;
  }
}
