/**
 * Computes the statistics of a client's task names from its past runs and its unfinished tasks.
 *
 * @module
 */

import { yieldToEventLoop } from "../reporter/yield.ts";
import type { RegistryReader } from "./registry_reader.ts";
import { type NamedRuns, type RunStats, runStats } from "../task/run_stats.ts";
import type { RunSummary } from "../task/run_summary.ts";
import { isFinal } from "../task/task.ts";
import { matchesSummary, type TaskCondition } from "../task/task_query.ts";

/** The parts of a registry that {@linkcode NameStats} reads. */
type Reader = Pick<RegistryReader, "list" | "stored" | "pastRuns" | "pastRunNames">;

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
   * Computes the statistics of all names, in alphabetical order. As there may be 100,000 runs to read, other work is done
   * in between.
   *
   * @param conditions the conditions for a run to be counted, which summaries must suffice to check
   * @throws {StorageError} if the past runs cannot be read
   */
  async all(conditions: readonly TaskCondition[] = []): Promise<RunStats[]> {
    const active = new Map<string, number>();
    for (const { summary } of this.#registry.list(this.#client)) {
      if (isFinal(summary.state) || !matchesSummary(summary, conditions)) continue;
      active.set(summary.name, (active.get(summary.name) ?? 0) + 1);
    }
    const names = new Set([...this.#registry.pastRunNames(this.#client), ...active.keys()]);
    const all: RunStats[] = [];
    for (const name of [...names].sort()) {
      await yieldToEventLoop(Date.now());
      const runs = this.#registry.pastRuns(this.#client, name).filter((run) =>
        matchesSummary(run, conditions)
      );
      const named = { name, runs, active: active.get(name) ?? 0 };
      if (runs.length + named.active > 0) all.push(this.#statsOf(named));
    }
    return all;
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

  #statsOf(named: NamedRuns): RunStats {
    return runStats(named, ({ id, finished_at }) => {
      // Another task may have taken the id since.
      return this.#registry.stored(this.#client, id)?.summary.finished_at === finished_at;
    });
  }
}
