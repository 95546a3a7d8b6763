/**
 * Keeps the title and the icon of the tab as they should be.
 *
 * @module
 */

import { effect, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import type { Milestone } from "../shared/milestones.ts";
import type { PendingChanges } from "./state.ts";
import { tabIcon, TabProgress, type TabState, tabTitle } from "./tab.ts";

/** Least time between two icons, in milliseconds: browsers take their time with each. */
const ICON_MS = 1_000;
/** Who comes back to the page has seen after so long, in milliseconds, what failed meanwhile. */
const SEEN_MS = 5_000;

/** What the tab needs to know of its page. */
export interface LiveTabOptions {
  readonly tasks: readonly Task[];
  /** The task that the page is about; `null` where it is about all of a client. */
  readonly id: string | null;
  /** The title without what this adds. */
  readonly title: () => string;
  /** Whether the page's own task failed. */
  readonly isFailed: () => boolean;
  readonly isLive: () => boolean;
}

/** The tab of the page. */
export class LiveTab {
  readonly #options: LiveTabOptions;
  readonly #progress: TabProgress;
  /** Tasks that failed since somebody last did anything on the page. */
  readonly #failed = signal(0);
  readonly #percent = signal<number | null>(null);
  readonly #icon: HTMLLinkElement | null = document.querySelector("link[rel=icon]");

  /** @param options what it needs to know */
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

  /** Takes changes. */
  apply(changes: PendingChanges): void {
    this.#progress.apply(changes);
  }

  /** Forgets what it had: these are all. */
  replace(tasks: readonly Task[]): void {
    this.#progress.replace(tasks);
  }

  /** Hears what a task came to. */
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
