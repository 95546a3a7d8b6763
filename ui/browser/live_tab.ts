/**
 * Updates the document title and the favicon.
 *
 * @module
 */

import { effect, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import type { Milestone } from "../shared/milestones.ts";
import type { PendingChanges } from "./state.ts";
import { tabIcon, TabProgress, type TabState, tabTitle } from "./tab.ts";

/** The minimum time between two favicons, in milliseconds: browsers update them slowly. */
const ICON_MS = 1_000;
/** Failures count as seen this long after the page became visible, in milliseconds. */
const SEEN_MS = 5_000;

/** The options of a {@linkcode LiveTab}. */
export interface LiveTabOptions {
  readonly tasks: readonly Task[];
  /** The id of the page's task; `null` on the list page. */
  readonly id: string | null;
  /** The title without progress and failures. */
  readonly title: () => string;
  /** Whether the page's task failed. */
  readonly isFailed: () => boolean;
  readonly isLive: () => boolean;
}

/** Keeps the browser tab of a page up to date. */
export class LiveTab {
  readonly #options: LiveTabOptions;
  readonly #progress: TabProgress;
  /** Tasks that failed since the user last interacted with the page. */
  readonly #failed = signal(0);
  readonly #percent = signal<number | null>(null);
  readonly #icon: HTMLLinkElement | null = document.querySelector("link[rel=icon]");

  /** @param options the tasks and the state of the page */
  constructor(options: LiveTabOptions) {
    this.#options = options;
    this.#progress = new TabProgress(options.tasks, options.id);
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
    setInterval(() => this.#draw(), ICON_MS);
    this.#draw();
  }

  /** Applies changes. */
  apply(changes: PendingChanges): void {
    this.#progress.apply(changes);
  }

  /** Replaces all tasks. */
  replace(tasks: readonly Task[]): void {
    this.#progress.replace(tasks);
  }

  /** Counts a failure. */
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
