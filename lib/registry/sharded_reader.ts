/**
 * Reads tasks from several registries, each of which has the tasks of some clients.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";
import { TASK_STATES } from "../task/task.ts";
import type { Registry } from "./registry.ts";
import type { RegistryReader } from "./registry_reader.ts";

type Reader = Omit<RegistryReader, "cursor" | "onDegradation" | "onReplaced" | "allChangesSince">;
type Method<Name extends keyof RegistryReader> = RegistryReader[Name];

/**
 * The methods that are routed by their first argument, a client, and that throw if the registry of the client is being
 * replaced.
 */
const IMMEDIATE = [
  "changesSince",
  "count",
  "cursorOf",
  "isLeftOut",
  "lastSeq",
  "list",
  "pastRunNames",
  "pastRuns",
  "record",
  "removed",
  "task",
  "tasks",
  "uncommittedOf",
] as const;
/**
 * The methods that are routed in the same way, but return a promise, which rejects if the registry is being replaced.
 */
const PROMISED = ["history", "launch", "log", "progress", "read", "readAll", "searchLog", "values"] as const;

/** The figures of a store that count something since its start, and so never fall. */
const COUNTERS = ["commits", "failedCommits", "commitMs", "leftOut"] as const;

type Routed = (typeof IMMEDIATE | typeof PROMISED)[number];
type Arguments = [client: string, ...others: unknown[]];

/** The methods that are routed to the registry of a client. */
export interface ShardedReader extends Pick<RegistryReader, Routed> {}

/** Reads each client's tasks in the registry of its shard. */
export class ShardedReader implements Reader {
  static {
    const routes: Record<string, (this: ShardedReader, ...args: Arguments) => unknown> = {};
    const ask = (reader: ShardedReader, name: Routed, args: Arguments): unknown => {
      const registry = reader.of(args[0]);
      return Reflect.apply(registry[name], registry, args);
    };
    for (const name of IMMEDIATE) {
      routes[name] = function (...args) {
        return ask(this, name, args);
      };
    }
    for (const name of PROMISED) {
      routes[name] = async function (...args) {
        return await ask(this, name, args);
      };
    }
    Object.assign(this.prototype, routes);
  }

  readonly #registries: (Registry | null)[];
  readonly #shardOf: (client: string) => number;
  /** The counters of the stores whose registries were removed. */
  readonly #earlier = { commits: 0, failedCommits: 0, commitMs: 0, leftOut: 0 };

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

  /** Removes the registry of a shard, so that another one can replace it. The sums keep what its store has counted. */
  detach(shard: number): void {
    const figures = this.#registries[shard]?.storeFigures;
    if (figures !== undefined) { for (const name of COUNTERS) this.#earlier[name] += figures[name]; }
    this.#registries[shard] = null;
  }

  /** Whether the registries of all shards are attached. */
  protected get isComplete(): boolean {
    return !this.#registries.includes(null);
  }

  /** The registries that are attached. */
  protected get all(): readonly Registry[] {
    return this.#registries.filter((registry) => registry !== null);
  }

  /**
   * Returns the registry of a client.
   *
   * @throws {ClosedError} if the registry is being replaced
   */
  protected of(client: string): Registry {
    const registry = this.#registries[this.#shardOf(client)];
    if (registry === null || registry === undefined) throw new ClosedError("The tasks are being loaded");
    return registry;
  }

  /** Any attached registry, for methods that do the same in all of them. */
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
    const sum = { ...this.#earlier };
    let damaged = 0;
    for (const { storeFigures: figures } of this.all) {
      for (const [state, count] of figures.tasks) tasks.set(state, tasks.get(state)! + count);
      for (const name of COUNTERS) sum[name] += figures[name];
      damaged += figures.damaged;
    }
    return { tasks, ...sum, damaged };
  }

  /** Returns a task without its record; `undefined` if it does not exist, or its shard is being loaded. */
  stored(...args: Parameters<Method<"stored">>) {
    return this.#registries[this.#shardOf(args[0])]?.stored(...args);
  }

  atHand(...args: Parameters<Method<"atHand">>) {
    return this.#any.atHand(...args);
  }

  records(...args: Parameters<Method<"records">>) {
    return this.#any.records(...args);
  }

  async committed(client?: string): Promise<void> {
    if (client !== undefined) return await this.of(client).committed();
    await Promise.all(this.all.map((registry) => registry.committed()));
  }
}
