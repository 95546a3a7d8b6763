/**
 * Keeps the values of a task up to date in the browser.
 *
 * @module
 */

import { effect, type Signal, signal } from "@preact/signals";
import { LIMITS } from "../../lib/task/grammar.ts";
import type { Task } from "../../lib/task/task.ts";
import { NO_VALUES, type TaskValues, ValueBook } from "../../lib/task/value_book.ts";
import { readValuesPage, type ValuesPage } from "../../lib/task/wire.ts";
import type { Readable } from "../shared/view.ts";
import type { Followed } from "./follower.ts";

/** The position before all values. */
const START = -Infinity;
/** The latest time that a request can name, in epoch seconds. */
const MAX_AFTER = 1e12;

/** The values of a task, thinned out as on the server. */
export class LiveValues implements Disposable, Followed {
  readonly values: Signal<TaskValues> = signal(NO_VALUES);
  readonly task: Readable<Task>;
  #book = new ValueBook(LIMITS.valuePoints);
  /** How many values are known, and the time of the latest one; `null` if all have to be fetched. */
  readonly #known: Signal<{ readonly count: number; readonly at: number } | null> = signal(null);
  readonly #stop: () => void;

  /** @param task the newest record of the task */
  constructor(task: Readable<Task>) {
    this.task = task;
    let createdAt = task.value.created_at;
    this.#stop = effect(() => {
      const { created_at } = task.value;
      if (created_at === createdAt) return;
      createdAt = created_at;
      this.values.value = NO_VALUES;
      this.restart();
    });
  }

  /** The time after which values have to be fetched, in epoch seconds; `null` if no value is missing. */
  next(): number | null {
    const count = this.task.value.value_count;
    const known = this.#known.value;
    if (known === null) return count > 0 ? START : null;
    return count > known.count ? known.at : null;
  }

  /** Adds the values of a response, given the time that {@linkcode LiveValues.next} returned for the request. */
  add(body: unknown, after: number): void {
    const page = readValuesPage(body);
    if (after === START) this.#book = new ValueBook(LIMITS.valuePoints);
    for (const { name, points } of page.series) {
      if (points.length > 0) this.#book.add({ [name]: points }, 0);
    }
    const { series } = this.#book.values;
    this.values.value = { series, ignored: page.ignored };
    const latest = Math.max(...series.map(({ points }) => points.at(-1)![0]));
    const at = latest >= 0 && latest < MAX_AFTER ? latest : START;
    this.#known.value = after === START || agrees(this.values.value, page) ? { count: page.count, at } : null;
  }

  /** Fetches all values again: after a restart, the server may lack some of the values that the page has. */
  restart(): void {
    this.#known.value = null;
  }

  /** Stops following the task. */
  [Symbol.dispose](): void {
    this.#stop();
  }
}

/**
 * Returns whether the last, lowest and highest values are those that the server states. The values differ if a value of
 * one series was reported with an earlier time than a value of another series that the page already had.
 */
function agrees({ series }: TaskValues, page: ValuesPage): boolean {
  return page.series.every(({ name, last, min, max }) => {
    const values = series.find((each) => each.name === name)?.points.map(([, value]) => value) ?? [];
    return values.at(-1) === last && Math.min(...values) === min && Math.max(...values) === max;
  });
}
