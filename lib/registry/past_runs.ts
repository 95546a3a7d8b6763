/**
 * Caches the durations of past runs of each name, for the estimates of new tasks.
 *
 * @module
 */

import { MOST_DURATIONS, PastDurations } from "./past_durations.ts";
import { StorageError } from "../errors.ts";
import type { PastRunStore } from "../store/past_run_store.ts";
import type { RunSummary } from "../task/run_summary.ts";

/**
 * The maximum number of names in the cache. Beyond it, the oldest name is dropped; its runs are read from the store
 * when needed next.
 */
const NAMES = 1_000;

/** Caches the durations of past runs by client and name. */
export class PastRuns {
  readonly #store: Pick<PastRunStore, "newest">;
  readonly #known: Map<string, PastDurations> = new Map();

  /** @param store the store to read past runs from */
  constructor(store: Pick<PastRunStore, "newest">) {
    this.#store = store;
  }

  /**
   * Returns the durations of the successful runs of a name. The returned object is updated when further runs end. If
   * the runs cannot be read, the result is empty, because a report must not fail for the sake of an estimate.
   */
  of(client: string, name: string): PastDurations {
    const key = keyOf(client, name);
    let known = this.#known.get(key);
    if (known === undefined) {
      const runs = this.#read(client, name);
      if (runs === null) return new PastDurations();
      const durations = runs.map(durationOf).filter((duration) => duration !== null);
      known = new PastDurations(durations.slice(0, MOST_DURATIONS).reverse());
      this.#known.set(key, known);
      const [first] = this.#known.keys();
      if (this.#known.size > NAMES && first !== undefined) this.#known.delete(first);
    }
    return known;
  }

  /** Adds the duration of a run that has ended. */
  ended(client: string, run: RunSummary): void {
    const duration = durationOf(run);
    if (duration !== null) this.#known.get(keyOf(client, run.name))?.add(duration);
  }

  /** Forgets all durations, so that they are read from the store when needed next. */
  clear(): void {
    this.#known.clear();
  }

  #read(client: string, name: string): readonly RunSummary[] | null {
    try {
      // Twice as many runs as needed are read, because some of them may have failed.
      return this.#store.newest(client, name, 2 * MOST_DURATIONS);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return null;
    }
  }
}

/** Returns the duration of a run; `null` if the run did not finish successfully. */
function durationOf({ state, started_at, finished_at }: RunSummary): number | null {
  if (state !== "FINISHED" || started_at === null || finished_at === null) return null;
  return Math.max(0, finished_at - started_at);
}

/**
 * Returns the key of a name in the cache, which is unambiguous because client tokens cannot contain a slash.
 */
function keyOf(client: string, name: string): string {
  return `${client}/${name}`;
}
