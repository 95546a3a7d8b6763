/**
 * What a tab shows while its page is not looked at: how far things are, and what failed. In its title, and in its icon.
 *
 * @module
 */

import { formatCount, formatPercent } from "../../lib/text/format.ts";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { PendingChanges } from "./state.ts";

/** What there is to show. */
export interface TabState {
  /** How far it is, in percent; `null` where nothing is under way, or nothing says how far. */
  readonly percent: number | null;
  /** How many tasks failed that nobody has looked at since. */
  readonly failed: number;
  /** Whether what is shown is current. */
  readonly isLive: boolean;
}

/** Follows how far all that is under way is, taken together. */
export class TabProgress {
  /** Of tasks that have not ended and have no parent, which shows their part of it. */
  readonly #progress: Map<string, number | null> = new Map();
  readonly #only: string | null;

  /**
   * @param tasks those that are known
   * @param only the task that the page is about; `null` where it is about all of a client
   */
  constructor(tasks: Iterable<Task>, only: string | null) {
    this.#only = only;
    for (const task of tasks) this.#note(task);
  }

  /** Takes changes. */
  apply({ tasks, removed }: PendingChanges): void {
    for (const id of removed) this.#progress.delete(id);
    for (const task of tasks.values()) this.#note(task);
  }

  /** Forgets what it had: these are all. */
  replace(tasks: Iterable<Task>): void {
    this.#progress.clear();
    for (const task of tasks) this.#note(task);
  }

  /** The mean of those that say how far they are, in percent; `null` where none does. */
  get percent(): number | null {
    const known = [...this.#progress.values()].filter((progress) => progress !== null);
    return known.length === 0 ? null : known.reduce((sum, progress) => sum + progress) / known.length;
  }

  #note(task: Task): void {
    const counts = this.#only === null ? task.parent_id === null : task.id === this.#only;
    if (hasEnded(task) || !counts) this.#progress.delete(task.id);
    else this.#progress.set(task.id, task.progress);
  }
}

/**
 * The title of a client's page as its tab shows it.
 *
 * @param title the title without it
 * @param state what there is to show
 */
export function tabTitle(title: string, { percent, failed }: Pick<TabState, "percent" | "failed">): string {
  const failures = failed > 0 ? `✗ ${formatCount(failed)} failed · ` : "";
  return `${failures}${percent === null ? "" : `${formatPercent(percent)} · `}${title}`;
}

/** Around the circle of the icon, whose radius is 9. */
const CIRCUMFERENCE = 56.55;
/** How much of the circle the product's mark fills. */
const MARK_PERCENT = 75;

/**
 * The icon: a ring that fills, and a point that tells by its form, too, that something failed.
 *
 * @param state what there is to show
 * @returns a `data:` URL; the same for all that looks the same
 */
export function tabIcon({ percent, failed, isLive }: TabState): string {
  const filled = (CIRCUMFERENCE * Math.floor(percent ?? MARK_PERCENT)) / 100;
  const color = isLive ? "#0f8b8d" : "#87939d";
  const start = percent === null ? "" : ` transform="rotate(-90 12 12)"`;
  const middle = failed > 0
    ? `<circle cx="16" cy="16" r="8" fill="#c62828" stroke="#fff" stroke-width="1.5"/>` +
      `<path stroke="#fff" stroke-width="2.5" d="m13 13 6 6m0-6-6 6"/>`
    : `<circle cx="12" cy="12" r="3" fill="${color}"/>`;
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke-width="3.5">` +
      `<circle cx="12" cy="12" r="9" stroke="#87939d" stroke-opacity=".35"/>` +
      `<circle cx="12" cy="12" r="9" stroke="${color}" stroke-dasharray="${filled.toFixed(1)} 99"${start}/>` +
      `${middle}</svg>`,
  );
}
