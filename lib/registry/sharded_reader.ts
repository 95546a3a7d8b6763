/**
 * Reads the tasks of several registries, each of which has a part of the clients.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";
import { TASK_STATES } from "../task/task.ts";
import type { Registry } from "./registry.ts";
import type { RegistryReader } from "./registry_reader.ts";

type Reader = Omit<RegistryReader, "cursor" | "onDegradation" | "allChangesSince">;
type Method<Name extends keyof RegistryReader> = RegistryReader[Name];

/** Reads each client's tasks in the registry of its shard. */
export class ShardedReader implements Reader {
  readonly #registries: (Registry | null)[];
  readonly #shardOf: (client: string) => number;

  /**
   * @param shards the number of shards
   * @param shardOf returns the shard of a client
   */
  constructor(shards: number, shardOf: (client: string) => number) {
    this.#registries = Array.from({ length: shards }, () => null);
    this.#shardOf = shardOf;
  }

  /** Adds the registry of a shard. */
  attach(shard: number, registry: Registry): void {
    this.#registries[shard] = registry;
  }

  /** Removes the registry of a shard, which is to be replaced. */
  detach(shard: number): void {
    this.#registries[shard] = null;
  }

  /** The registries that are there. */
  protected get all(): readonly Registry[] {
    return this.#registries.filter((registry) => registry !== null);
  }

  /**
   * Returns the registry of a client.
   *
   * @throws {ClosedError} if it is being replaced
   */
  protected of(client: string): Registry {
    const registry = this.#registries[this.#shardOf(client)];
    if (registry === null || registry === undefined) throw new ClosedError("The tasks are being loaded");
    return registry;
  }

  /** Any registry: records are read in the same way for all. */
  get #any(): Registry {
    const [first] = this.all;
    if (first === undefined) throw new ClosedError("The tasks are being loaded");
    return first;
  }

  get uncommitted(): number {
    return this.all.reduce((sum, { uncommitted }) => sum + uncommitted, 0);
  }

  get degradation(): Method<"degradation"> {
    return this.all.find(({ degradation }) => degradation !== null)?.degradation ?? null;
  }

  get storeFigures(): Method<"storeFigures"> {
    const tasks = new Map(TASK_STATES.map((state) => [state, 0]));
    const sum = { commits: 0, failedCommits: 0, commitMs: 0, leftOut: 0, damaged: 0 };
    for (const { storeFigures: figures } of this.all) {
      for (const [state, count] of figures.tasks) tasks.set(state, tasks.get(state)! + count);
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += figures[name];
    }
    return { tasks, ...sum };
  }

  cursorOf(...args: Parameters<Method<"cursorOf">>) {
    return this.of(args[0]).cursorOf(...args);
  }

  uncommittedOf(...args: Parameters<Method<"uncommittedOf">>) {
    return this.of(args[0]).uncommittedOf(...args);
  }

  isLeftOut(...args: Parameters<Method<"isLeftOut">>) {
    return this.of(args[0]).isLeftOut(...args);
  }

  task(...args: Parameters<Method<"task">>) {
    return this.of(args[0]).task(...args);
  }

  tasks(...args: Parameters<Method<"tasks">>) {
    return this.of(args[0]).tasks(...args);
  }

  async read(...args: Parameters<Method<"read">>) {
    return await this.of(args[0]).read(...args);
  }

  async readAll(...args: Parameters<Method<"readAll">>) {
    return await this.of(args[0]).readAll(...args);
  }

  removed(...args: Parameters<Method<"removed">>) {
    return this.of(args[0]).removed(...args);
  }

  /** Returns a task without its record; `undefined` if it does not exist, or its shard is being loaded. */
  stored(...args: Parameters<Method<"stored">>) {
    return this.#registries[this.#shardOf(args[0])]?.stored(...args);
  }

  atHand(...args: Parameters<Method<"atHand">>) {
    return this.#any.atHand(...args);
  }

  record(...args: Parameters<Method<"record">>) {
    return this.of(args[0]).record(...args);
  }

  records(...args: Parameters<Method<"records">>) {
    return this.#any.records(...args);
  }

  list(...args: Parameters<Method<"list">>) {
    return this.of(args[0]).list(...args);
  }

  count(...args: Parameters<Method<"count">>) {
    return this.of(args[0]).count(...args);
  }

  lastSeq(...args: Parameters<Method<"lastSeq">>) {
    return this.of(args[0]).lastSeq(...args);
  }

  pastRuns(...args: Parameters<Method<"pastRuns">>) {
    return this.of(args[0]).pastRuns(...args);
  }

  pastRunNames(...args: Parameters<Method<"pastRunNames">>) {
    return this.of(args[0]).pastRunNames(...args);
  }

  changesSince(...args: Parameters<Method<"changesSince">>) {
    return this.of(args[0]).changesSince(...args);
  }

  async log(...args: Parameters<Method<"log">>) {
    return await this.of(args[0]).log(...args);
  }

  async searchLog(...args: Parameters<Method<"searchLog">>) {
    return await this.of(args[0]).searchLog(...args);
  }

  async history(...args: Parameters<Method<"history">>) {
    return await this.of(args[0]).history(...args);
  }

  async progress(...args: Parameters<Method<"progress">>) {
    return await this.of(args[0]).progress(...args);
  }

  async values(...args: Parameters<Method<"values">>) {
    return await this.of(args[0]).values(...args);
  }

  async launch(...args: Parameters<Method<"launch">>) {
    return await this.of(args[0]).launch(...args);
  }

  async committed(client?: string): Promise<void> {
    if (client !== undefined) return await this.of(client).committed();
    await Promise.all(this.all.map((registry) => registry.committed()));
  }
}
