/**
 * How long the newest runs of each name took, at hand for tasks that start.
 *
 * @module
 */

import { MOST_DURATIONS, PastDurations } from "./past_durations.ts";
import type { TaskIndexReader } from "../store/store.ts";
import type { TaskSummary } from "../task/task.ts";

/** Names that are remembered; of more, those go that came first, and are asked for anew. */
const NAMES = 1_000;

/** Remembers past runs, so that a task that starts need not look through those before it. */
export class PastRuns {
  readonly #index: Pick<TaskIndexReader, "pastRuns">;
  readonly #known: Map<string, PastDurations> = new Map();

  /** @param index where the runs are */
  constructor(index: Pick<TaskIndexReader, "pastRuns">) {
    this.#index = index;
  }

  /** How long those runs of a name took that ended well. Goes on to count, as others end. */
  of(client: string, name: string): PastDurations {
    const key = keyOf(client, name);
    let known = this.#known.get(key);
    if (known === undefined) {
      // As many again may have failed.
      const runs = this.#index.pastRuns(client, name, 2 * MOST_DURATIONS);
      const durations = runs.map(durationOf).filter((duration) => duration !== null);
      known = new PastDurations(durations.slice(0, MOST_DURATIONS).reverse());
      this.#known.set(key, known);
      const [first] = this.#known.keys();
      if (this.#known.size > NAMES && first !== undefined) this.#known.delete(first);
    }
    return known;
  }

  /** Counts a task that has ended. */
  ended(client: string, task: TaskSummary): void {
    const duration = durationOf(task);
    if (duration !== null) this.#known.get(keyOf(client, task.name))?.add(duration);
  }

  /** Another run of a name counts, or one does not any more: what is remembered is not true. */
  forget(client: string, name: string): void {
    this.#known.delete(keyOf(client, name));
  }
}

/** How long a run took; `null` where it did not end well. */
function durationOf({ state, started_at, finished_at }: TaskSummary): number | null {
  if (state !== "FINISHED" || started_at === null || finished_at === null) return null;
  return Math.max(0, finished_at - started_at);
}

/** A slash is not in the grammar of clients. */
function keyOf(client: string, name: string): string {
  return `${client}/${name}`;
}
