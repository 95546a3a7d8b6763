/**
 * Combines the registries of several shards into one.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";
import { randomId } from "../random_id.ts";
import type { Degradation, RemovedTask, StoredTask, TaskKey } from "../store/store.ts";
import type { Cursor } from "../task/cursor.ts";
import type { TaskState } from "../task/task.ts";
import type { Registry } from "./registry.ts";
import type { RegistryEvent, Reporter } from "./registry_types.ts";
import { ShardedReader } from "./sharded_reader.ts";
import type { TaskRegistry } from "./task_registry.ts";

type Method<Name extends keyof Registry> = Registry[Name];
type Listener = Parameters<Method<"subscribe">>[0];

/** The least number of changed tasks to remember, so that a replica that has missed changes need not read all tasks. */
const REMEMBERED_CHANGES = 10_000;

/** The last change of a task. */
interface LastChange extends TaskKey {
  /** The number of the event. */
  readonly seq: number;
  readonly isRemoved: boolean;
}

/**
 * The registries of several shards as one. Each registry orders the changes of its own clients. Across shards, changes
 * are ordered as this process learns of them; events and {@linkcode ShardedRegistry.cursor} use this order.
 */
export class ShardedRegistry extends ShardedReader implements TaskRegistry {
  /** The epoch of the order, which ends when the tasks of a shard are replaced. */
  #epoch: string = newEpoch();
  /** The number of the last event, which is at least as high as the sequence numbers of all shards. */
  #order = 0;
  /** The last changes, by task, oldest first. */
  readonly #recent: Map<string, LastChange> = new Map();
  /** The number of the newest event that is no longer in {@linkcode ShardedRegistry.#recent}. */
  #forgotten = 0;
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
    this.#recent.clear();
    this.#forgotten = this.#order;
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
   * Returns the changes after a cursor, numbered as events, as {@linkcode Registry.allChangesSince} does.
   *
   * @throws {ClosedError} if a shard is being loaded
   */
  allChangesSince(after: Cursor | null): ReturnType<Method<"allChangesSince">> {
    if (!this.isComplete) throw new ClosedError("The tasks are being loaded");
    if (after?.epoch !== this.#epoch || after.seq < this.#forgotten || after.seq > this.#order) {
      return undefined;
    }
    const all = new Map<string, { readonly tasks: StoredTask[]; readonly removed: RemovedTask[] }>();
    for (const { client, id, seq, isRemoved } of this.#recent.values()) {
      if (seq <= after.seq) continue;
      let changes = all.get(client);
      if (changes === undefined) all.set(client, changes = { tasks: [], removed: [] });
      if (isRemoved) changes.removed.push({ id, seq });
      const stored = this.stored(client, id);
      if (stored !== undefined) {
        changes.tasks.push({ id, seq, active: stored.active, summary: stored.summary });
      }
    }
    return all;
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
    this.#remember(ordered);
    for (const listener of this.#listeners) listener(ordered);
  }

  #remember({ client, seq, stored, removedId }: RegistryEvent): void {
    const id = stored?.id ?? removedId!;
    const key = `${client}/${id}`;
    // An earlier entry is deleted first, so that the map stays ordered by last change.
    this.#recent.delete(key);
    this.#recent.set(key, { client, id, seq, isRemoved: stored === undefined });
    // Many entries are forgotten at a time, because the first entry of a map is slow to find after deletions.
    if (this.#recent.size < 2 * REMEMBERED_CHANGES) return;
    for (const [oldest, change] of this.#recent) {
      this.#recent.delete(oldest);
      this.#forgotten = change.seq;
      if (this.#recent.size === REMEMBERED_CHANGES) return;
    }
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
