/**
 * Computes the statistics of a client's task names from its past runs and its unfinished tasks.
 *
 * @module
 */

import { yieldToEventLoop } from "../reporter/yield.ts";
import { SortedNames } from "../store/sorted_names.ts";
import type { RegistryReader } from "./registry_reader.ts";
import { type NamedRuns, type RunStats, runStats } from "../task/run_stats.ts";
import type { RunSummary } from "../task/run_summary.ts";
import { isFinal } from "../task/task.ts";
import type { TaskCondition } from "../task/task_query.ts";
import { matchesSummary } from "../task/apply_query.ts";

/** The parts of a registry that {@linkcode NameStats} reads. */
type Reader = Pick<RegistryReader, "list" | "stored" | "pastRuns" | "pastRunNames">;

/** The number of names that are read at once. */
const PART = 500;

/** The statistics of the task names of one client. */
export class NameStats {
  readonly #registry: Reader;
  readonly #client: string;

  /**
   * @param registry the registry to read from
   * @param client the client token
   */
  constructor(registry: Reader, client: string) {
    this.#registry = registry;
    this.#client = client;
  }

  /**
   * Computes the statistics of all names, in alphabetical order. Because there may be 100,000 runs to read, the event
   * loop can do other work in between.
   *
   * @param conditions the conditions that counted runs must meet; summaries must suffice to check them
   * @throws {StorageError} if the past runs cannot be read
   */
  async all(conditions: readonly TaskCondition[] = []): Promise<RunStats[]> {
    const active = this.#active(conditions);
    const activeNames = new SortedNames(active.keys());
    const all: RunStats[] = [];
    for (let after: string | null = null;;) {
      await yieldToEventLoop(Date.now());
      const names = this.#names(activeNames, after, PART);
      for (const name of names) {
        if (conditions.some(({ onName }) => onName?.(name) === false)) continue;
        const stats = await this.#stats(name, active, conditions);
        if (stats.runs + stats.active > 0) all.push(stats);
      }
      if (names.length < PART) return all.sort(byName);
      after = names.at(-1)!;
    }
  }

  /**
   * Computes the statistics of a part of the names.
   *
   * @param after the name after which the part begins; `null` for the first part
   * @param most the maximum number of names
   * @returns the statistics in alphabetical order, and the name after which the next part begins; `null` if there is none
   * @throws {StorageError} if the past runs cannot be read
   */
  async part(
    after: string | null,
    most: number,
  ): Promise<{ readonly names: readonly RunStats[]; readonly next: string | null }> {
    const active = this.#active([]);
    const names = this.#names(new SortedNames(active.keys()), after, most + 1);
    const part: RunStats[] = [];
    for (const name of names.slice(0, most)) part.push(await this.#stats(name, active, []));
    return { names: part.sort(byName), next: names.length > most ? names[most - 1]! : null };
  }

  /**
   * Returns the past runs of a name and their statistics; `undefined` if the name has no run.
   *
   * @throws {StorageError} if the past runs cannot be read
   */
  one(name: string): { readonly stats: RunStats; readonly runs: readonly RunSummary[] } | undefined {
    const tasks = Array.from(this.#registry.list(this.#client), ({ summary }) => summary);
    const active = tasks.filter((task) => task.name === name && !isFinal(task.state)).length;
    const runs = this.#registry.pastRuns(this.#client, name);
    if (runs.length + active === 0) return undefined;
    return { stats: this.#statsOf({ name, runs, active }), runs };
  }

  /** Returns the number of unfinished tasks of each name. */
  #active(conditions: readonly TaskCondition[]): ReadonlyMap<string, number> {
    const active = new Map<string, number>();
    for (const { summary } of this.#registry.list(this.#client)) {
      if (isFinal(summary.state) || !matchesSummary(summary, conditions)) continue;
      active.set(summary.name, (active.get(summary.name) ?? 0) + 1);
    }
    return active;
  }

  /** Returns the names that have past runs or unfinished tasks, in the order of {@linkcode SortedNames}. */
  #names(active: SortedNames, after: string | null, most: number): readonly string[] {
    const past = this.#registry.pastRunNames(this.#client, after, most);
    const names = new SortedNames([...past, ...active.after(after).take(most)]);
    return [...names.after(after).take(most)];
  }

  async #stats(
    name: string,
    active: ReadonlyMap<string, number>,
    conditions: readonly TaskCondition[],
  ): Promise<RunStats> {
    await yieldToEventLoop(Date.now());
    const runs = this.#registry.pastRuns(this.#client, name).filter((run) => matchesSummary(run, conditions));
    return this.#statsOf({ name, runs, active: active.get(name) ?? 0 });
  }

  #statsOf(named: NamedRuns): RunStats {
    return runStats(named, ({ id, finished_at }) => {
      // Another task may have taken the id since the run ended.
      return this.#registry.stored(this.#client, id)?.summary.finished_at === finished_at;
    });
  }
}

function byName({ name: left }: RunStats, { name: right }: RunStats): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
