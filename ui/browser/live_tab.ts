/**
 * Keeps the document title and the favicon up to date.
 *
 * @module
 */

import { effect, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import type { Milestone } from "../shared/milestones.ts";
import type { PendingChanges } from "./state.ts";
import { tabIcon, type TabProgress, type TabState, tabTitle } from "../shared/tab.ts";

/** The minimum time between two changes of the favicon, in milliseconds: browsers update it slowly. */
const ICON_MS = 1_000;
/** How long the page must be visible before its failures count as seen, in milliseconds. */
const SEEN_MS = 5_000;

/** The options of a {@linkcode LiveTab}. */
export interface LiveTabOptions {
  /** The overall progress of the tasks that the page starts with. */
  readonly progress: TabProgress;
  /** The id of the page's task; `null` on the list page. */
  readonly id: string | null;
  /** Returns the document title without progress and failures. */
  readonly title: () => string;
  /** Returns whether the page's task has failed. */
  readonly isFailed: () => boolean;
  readonly isLive: () => boolean;
}

/** Keeps the title and the favicon of a page's tab up to date. */
export class LiveTab {
  readonly #options: LiveTabOptions;
  readonly #progress: TabProgress;
  /** The number of tasks that have failed since the user last saw the page. */
  readonly #failed = signal(0);
  readonly #percent = signal<number | null>(null);
  readonly #icon: HTMLLinkElement | null = document.querySelector("link[rel=icon]");

  /** @param options the tasks and the state of the page */
  constructor(options: LiveTabOptions) {
    this.#options = options;
    this.#progress = options.progress;
    effect(() => {
      const title = options.title();
      document.title = options.id === null
        ? tabTitle(title, { percent: this.#percent.value, failed: this.#failed.value })
        : title;
    });
    const seen = () => void (this.#failed.value = 0);
    addEventListener("pointerdown", seen);
    addEventListener("keydown", seen);
    document.addEventListener("visibilitychange", () => document.hidden || setTimeout(seen, SEEN_MS));
    // Not `setInterval()`: after a late tick, it would fire early, and two changes would follow each other too closely.
    const draw = () => {
      this.#draw();
      setTimeout(draw, ICON_MS);
    };
    draw();
  }

  /** Applies changes of tasks to the title and the favicon. */
  apply(changes: PendingChanges): void {
    this.#progress.apply(changes);
  }

  /** Replaces all tasks whose progress the tab shows. */
  replace(tasks: readonly Task[]): void {
    this.#progress.replace(tasks);
  }

  /** Counts a milestone if it is the failure of a task. */
  note(milestone: Milestone): void {
    if (milestone.kind === "failed") this.#failed.value++;
  }

  #draw(): void {
    const { id, isLive, isFailed } = this.#options;
    this.#percent.value = this.#progress.percent;
    const failed = id === null ? this.#failed.value : isFailed() ? 1 : 0;
    const state: TabState = { percent: this.#percent.value, failed, isLive: isLive() };
    const icon = tabIcon(state);
    if (this.#icon !== null && this.#icon.href !== icon) this.#icon.href = icon;
  }
}
