/**
 * Caches the durations of past runs of each name, for the estimates of new tasks.
 *
 * @module
 */

import { MOST_DURATIONS, PastDurations } from "./past_durations.ts";
import type { TaskIndexReader } from "../store/store.ts";
import type { TaskSummary } from "../task/task.ts";

/** The maximum number of cached names; beyond it, the oldest is dropped, and read again when it is needed. */
const NAMES = 1_000;

/** Caches the durations of past runs by client and name. */
export class PastRuns {
  readonly #index: Pick<TaskIndexReader, "pastRuns">;
  readonly #known: Map<string, PastDurations> = new Map();

  /** @param index the index to read past runs from */
  constructor(index: Pick<TaskIndexReader, "pastRuns">) {
    this.#index = index;
  }

  /**
   * Returns the durations of the successful runs of a name. The returned object is updated when further runs
   * end.
   */
  of(client: string, name: string): PastDurations {
    const key = keyOf(client, name);
    let known = this.#known.get(key);
    if (known === undefined) {
      // Twice as many runs as needed are read, because some of them may have failed.
      const runs = this.#index.pastRuns(client, name, 2 * MOST_DURATIONS);
      const durations = runs.map(durationOf).filter((duration) => duration !== null);
      known = new PastDurations(durations.slice(0, MOST_DURATIONS).reverse());
      this.#known.set(key, known);
      const [first] = this.#known.keys();
      if (this.#known.size > NAMES && first !== undefined) this.#known.delete(first);
    }
    return known;
  }

  /** Adds the duration of a task that has ended. */
  ended(client: string, task: TaskSummary): void {
    const duration = durationOf(task);
    if (duration !== null) this.#known.get(keyOf(client, task.name))?.add(duration);
  }

  /** Drops a name from the cache, because a run of it was removed or restored. */
  forget(client: string, name: string): void {
    this.#known.delete(keyOf(client, name));
  }
}

/** Returns the duration of a run; `null` if the run did not finish successfully. */
function durationOf({ state, started_at, finished_at }: TaskSummary): number | null {
  if (state !== "FINISHED" || started_at === null || finished_at === null) return null;
  return Math.max(0, finished_at - started_at);
}

/**
 * Returns the key of a name in the cache, which is unambiguous because client tokens cannot contain a slash.
 */
function keyOf(client: string, name: string): string {
  return `${client}/${name}`;
}
