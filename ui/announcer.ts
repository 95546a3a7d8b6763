/**
 * Speaks to people who listen to the page: together what came together, and never more often than every few seconds.
 *
 * @module
 */

import { type Milestone, sayMilestones } from "./milestones.ts";

/** Least time between two announcements. */
const PAUSE_MS = 4_000;
/** More milestones than this are not kept: they are told as sums anyway. */
const MOST_WAITING = 500;

/** Collects milestones and says them. */
export class Announcer implements Disposable {
  readonly #say: (text: string) => void;
  #waiting: Milestone[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param say puts a sentence where screen readers find it */
  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Adds something worth saying. */
  note(milestone: Milestone): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(milestone);
    // Not at once: what happens in the same moment is said in one breath.
    this.#timer ??= setTimeout(() => this.#speak(), 250);
  }

  /** Says nothing more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  #speak(): void {
    const text = sayMilestones(this.#waiting);
    this.#waiting = [];
    if (text !== "") this.#say(text);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length > 0) this.#speak();
    }, PAUSE_MS);
  }
}
