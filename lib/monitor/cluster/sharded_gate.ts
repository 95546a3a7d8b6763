/**
 * Decides which node of a cluster handles a request, by the shard of its client.
 *
 * @module
 */

import type { ClusterGate } from "../../http/cluster/cluster_gate.ts";
import { type Forwarder, noOwner, type Owner as Address } from "../../http/cluster/forwarder.ts";
import { keyOfOwner, type Split } from "../../http/cluster/split.ts";
import type { TaskGate } from "./task_gate.ts";

/** The data from which a {@linkcode ShardedGate} decides. */
export interface ShardedGateOptions {
  readonly forwarder: Forwarder;
  /** Returns the shard of a client. */
  readonly shardOf: (client: string) => number;
  /** Returns the gate of a shard; `null` while the shard is being loaded. */
  readonly gateOf: (shard: number) => TaskGate | null;
  /** The number of shards. */
  readonly shards: number;
  /** Returns whether this node is shutting down. */
  readonly isLeaving: () => boolean;
  /** The names of the functions that this node can start. */
  readonly names: ReadonlySet<string>;
  /** Returns the address of another node that can start a function; `null` if there is none. */
  readonly starter: (name: string) => Promise<string | null>;
  /** Called when the owner of a shard has changed or become unknown; `hasMoved` if a new owner follows another one. */
  readonly onOwner: (hasMoved: boolean) => void;
}

/** The gates of all shards. */
export class ShardedGate implements ClusterGate {
  readonly forwarder: Forwarder;
  readonly #options: ShardedGateOptions;
  /** The address of the owner of each shard; `""` for this node, `null` if the owner is unknown. */
  readonly #owners: (string | null)[];
  /** The address of the last known owner of each shard, as in `#owners`. */
  readonly #last: (string | null)[];
  #version = 0;

  /** @param options the gates of the shards */
  constructor(options: ShardedGateOptions) {
    this.#options = options;
    this.forwarder = options.forwarder;
    this.#owners = Array.from({ length: options.shards }, () => null);
    this.#last = [...this.#owners];
  }

  get isLeaving(): boolean {
    return this.#options.isLeaving();
  }

  /** Begins to hand all shards over: from now on, changes of tasks that this node owns wait for the next owner. */
  beginHandOver(): void {
    for (const gate of this.#all) gate?.beginHandOver();
  }

  owns(client: string | null): boolean {
    if (client !== null) return this.#of(client)?.isOwner === true;
    return this.#all.every((gate) => gate?.isOwner === true);
  }

  begin(client: string | null): () => void {
    return client === null ? () => {} : this.#of(client)?.begin() ?? (() => {});
  }

  accepts(client: string): boolean {
    return this.#of(client)?.takesChanges === true;
  }

  get ownsSome(): boolean {
    return this.#all.some((gate) => gate?.isOwner === true);
  }

  async canRead(): Promise<boolean> {
    const all = await Promise.all(this.#all.map((gate) => gate?.canRead() ?? false));
    return all.every((canRead) => canRead);
  }

  route(client: string | null, isChange: boolean): null | Promise<"here" | Address | Split> {
    if (client === null) return this.#routeAll(isChange);
    const gate = this.#of(client);
    return gate === null ? Promise.reject(noOwner()) : gate.route(isChange);
  }

  async startsAt(name: string): Promise<"here" | Address | null> {
    const { names, starter } = this.#options;
    const isKnown = names.has(name);
    if (isKnown && !this.isLeaving) return "here";
    const address = await starter(name).catch(() => {
      throw noOwner();
    });
    // This node is shutting down, and would soon interrupt a task that it starts now.
    if (address === null && isKnown) throw noOwner();
    return address === null ? null : { address };
  }

  ownerIs(client: string | null, owner: Address | null): void {
    if (client !== null) this.note(this.#options.shardOf(client), keyOfOwner(owner));
  }

  /**
   * Notes which node owns a shard.
   *
   * @param shard the number of the shard
   * @param owner the address of the node; `""` for this node, `null` if no node owns the shard, or it is unknown which
   * one does
   */
  note(shard: number, owner: string | null): void {
    if (this.#owners[shard] === owner) return;
    this.#owners[shard] = owner;
    this.#version++;
    const last = this.#last[shard] ?? null;
    if (owner !== null) this.#last[shard] = owner;
    this.#options.onOwner(owner !== null && last !== null && last !== owner);
  }

  /** A number that increases whenever an owner changes or becomes unknown. */
  get version(): number {
    return this.#version;
  }

  /**
   * The last known owners: the owner of all tasks, or several owners with some of the tasks each; `null` if the owner
   * of any shard is unknown.
   */
  get owners(): "here" | Address | Split | null {
    if (this.#owners.some((owner) => owner === null)) return null;
    return this.#split(this.#owners.map((address) => address === "" ? null : { address: address! }));
  }

  /**
   * Returns the other node that was last known to own the tasks of a client; `null` if there is none, or this node owns
   * them.
   */
  ownerOf(client: string): Address | null {
    return this.#of(client)?.owner ?? null;
  }

  get #all(): readonly (TaskGate | null)[] {
    const { shards, gateOf } = this.#options;
    return Array.from({ length: shards }, (_, shard) => gateOf(shard));
  }

  #of(client: string): TaskGate | null {
    return this.#options.gateOf(this.#options.shardOf(client));
  }

  /** Decides where a request about all clients is handled. */
  #routeAll(isChange: boolean): null | Promise<"here" | Address | Split> {
    const gates = this.#all;
    if (gates.some((gate) => gate === null)) return Promise.reject(noOwner());
    const routes = gates.map((gate) => gate!.route(isChange));
    if (routes.every((route) => route === null)) return null;
    const found = Promise.all(routes.map((route) => route ?? "here"));
    return isChange
      ? found.then((all) => this.#split(all.map((where) => where === "here" ? null : where)))
      : found.then((all) => all.find((where) => where !== "here") ?? "here");
  }

  #split(owners: readonly (Address | null)[]): "here" | Address | Split {
    const distinct = [...new Map(owners.map((owner) => [keyOfOwner(owner), owner])).values()];
    if (distinct.length === 1) return distinct[0] ?? "here";
    return { owners: distinct, ownerOf: (client) => owners[this.#options.shardOf(client)]! };
  }
}
