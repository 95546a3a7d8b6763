/**
 * Combines the registries of several shards into one.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";
import { randomId } from "../random_id.ts";
import type { Degradation } from "../store/store.ts";
import type { Cursor } from "../task/cursor.ts";
import type { TaskState } from "../task/task.ts";
import type { Registry } from "./registry.ts";
import type { RegistryEvent, Reporter } from "./registry_types.ts";
import { ShardedReader } from "./sharded_reader.ts";
import type { TaskRegistry } from "./task_registry.ts";

type Method<Name extends keyof Registry> = Registry[Name];
type Listener = Parameters<Method<"subscribe">>[0];

/**
 * The registries of several shards as one. Each registry orders the changes of its own clients. Across shards, changes
 * are ordered as this process learns of them; events and {@linkcode ShardedRegistry.cursor} use this order.
 */
export class ShardedRegistry extends ShardedReader implements TaskRegistry {
  /** The epoch of the order, which ends when the tasks of a shard are replaced. */
  #epoch: string = newEpoch();
  /** The number of the last event, which is at least as high as the sequence numbers of all shards. */
  #order = 0;
  readonly #listeners: Set<Listener> = new Set();
  readonly #replacedListeners: Set<() => void> = new Set();
  readonly #degradationListeners: Set<(degradation: Degradation | null) => void> = new Set();
  #announced: Degradation | null = null;
  /** Unsubscribes from the registry of each shard. */
  readonly #unsubscribe: Map<number, () => void> = new Map();

  override attach(shard: number, registry: Registry): void {
    super.attach(shard, registry);
    // The shard may have other tasks than before, without any event.
    this.#epoch = newEpoch();
    this.#order = Math.max(this.#order + 1, registry.cursor.seq);
    const ends = [
      registry.subscribe((event) => this.#publish(event)),
      registry.onDegradation(() => this.#announce()),
    ];
    this.#unsubscribe.set(shard, () => ends.forEach((end) => end()));
    this.#announce();
    if (this.isComplete) { for (const listener of this.#replacedListeners) listener(); }
  }

  override detach(shard: number): void {
    super.detach(shard);
    this.#unsubscribe.get(shard)?.();
    this.#unsubscribe.delete(shard);
    this.#announce();
  }

  /** The position of the last event. */
  get cursor(): Cursor {
    return { epoch: this.#epoch, seq: this.#order };
  }

  /**
   * Returns an empty map if nothing has changed since a cursor; otherwise `undefined`, because changes are not kept in
   * the order of all shards.
   *
   * @throws {ClosedError} if a shard is being loaded
   */
  allChangesSince(after: Cursor | null): ReturnType<Method<"allChangesSince">> {
    if (!this.isComplete) throw new ClosedError("The tasks are being loaded");
    return after?.epoch === this.#epoch && after.seq === this.#order ? new Map() : undefined;
  }

  get endedCounts(): Method<"endedCounts"> {
    const sum = new Map<TaskState, number>([["FINISHED", 0], ["ERROR", 0], ["CANCELLED", 0]]);
    for (const { endedCounts } of this.all) {
      for (const [state, count] of endedCounts) sum.set(state, sum.get(state)! + count);
    }
    return sum;
  }

  clients(): string[] {
    return this.all.flatMap((registry) => registry.clients());
  }

  hasClient(client: string): boolean {
    return this.of(client).hasClient(client);
  }

  get freeClients(): number {
    return this.all.reduce((sum, { freeClients }) => sum + freeClients, 0);
  }

  clientCounts(): ReturnType<Method<"clientCounts">> {
    return this.all.flatMap((registry) => registry.clientCounts());
  }

  creationError(client: string): ReturnType<Method<"creationError">> {
    return this.of(client).creationError(client);
  }

  setLaunch(...args: Parameters<Method<"setLaunch">>): void {
    this.of(args[0]).setLaunch(...args);
  }

  whenPublishable(client?: string): Promise<boolean> | null {
    if (client !== undefined) return this.of(client).whenPublishable();
    const waits = this.all.map((registry) => registry.whenPublishable()).filter((wait) => wait !== null);
    if (waits.length === 0) return null;
    return Promise.all(waits).then((all) => all.every((isCommitted) => isCommitted));
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onReplaced(listener: () => void): () => void {
    this.#replacedListeners.add(listener);
    return () => this.#replacedListeners.delete(listener);
  }

  onDegradation(listener: (degradation: Degradation | null) => void): () => void {
    this.#degradationListeners.add(listener);
    return () => this.#degradationListeners.delete(listener);
  }

  report(...args: Parameters<Method<"report">>): ReturnType<Method<"report">> {
    return this.of(args[0].client).report(...args);
  }

  apply(...args: Parameters<Method<"apply">>): ReturnType<Method<"apply">> {
    return this.of(args[0]).apply(...args);
  }

  requestCancel(...args: Parameters<Method<"requestCancel">>): ReturnType<Method<"requestCancel">> {
    return this.of(args[0]).requestCancel(...args);
  }

  reporterLost(reporterId: string): void {
    for (const registry of this.all) registry.reporterLost(reporterId);
  }

  reportedBy(reporter: Reporter): ReturnType<Method<"reportedBy">> {
    return this.all.flatMap((registry) => registry.reportedBy(reporter));
  }

  reporterConnected(...args: Parameters<Method<"reporterConnected">>): void {
    for (const registry of this.all) registry.reporterConnected(...args);
  }

  reporterDisconnected(reporter: Reporter): void {
    for (const registry of this.all) registry.reporterDisconnected(reporter);
  }

  announceShutdown(): void {
    for (const registry of this.all) registry.announceShutdown();
  }

  reporters(): readonly string[] {
    return [...new Set(this.all.flatMap((registry) => registry.reporters()))];
  }

  get runningCount(): number {
    return this.all.reduce((sum, { runningCount }) => sum + runningCount, 0);
  }

  interruptAll(...args: Parameters<Method<"interruptAll">>): void {
    for (const registry of this.all) registry.interruptAll(...args);
  }

  remove(client: string, id: string): boolean {
    return this.of(client).remove(client, id);
  }

  removedAt(client: string, id: string): number | undefined {
    return this.of(client).removedAt(client, id);
  }

  restore(...args: Parameters<Method<"restore">>): ReturnType<Method<"restore">> {
    return this.of(args[0]).restore(...args);
  }

  #publish(event: RegistryEvent): void {
    this.#order = Math.max(this.#order + 1, event.seq);
    const ordered = { ...event, seq: this.#order };
    for (const listener of this.#listeners) listener(ordered);
  }

  /**
   * Notifies listeners if the first storage error of any shard has changed. Usually, all shards are degraded at the
   * same time.
   */
  #announce(): void {
    const { degradation } = this;
    if (degradation?.error.message === this.#announced?.error.message) return;
    this.#announced = degradation;
    for (const listener of this.#degradationListeners) listener(degradation);
  }
}

function newEpoch(): string {
  return randomId().slice(0, 12);
}
