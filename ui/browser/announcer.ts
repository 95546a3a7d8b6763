/**
 * Speaks to people who listen to the page: together what came together, and never more often than every few seconds.
 *
 * @module
 */

import { type Milestone, sayMilestones } from "../shared/milestones.ts";

/** Least time between two announcements. */
const PAUSE_MS = 4_000;
/** More milestones than this are not kept: they are told as sums anyway. */
const MOST_WAITING = 500;

/** What the page may say of itself and of the server. */
export type NewsTopic = "connection" | "storage" | "list";

/** Collects milestones and news, and says them. */
export class Announcer implements Disposable {
  readonly #say: (text: string) => void;
  #waiting: Milestone[] = [];
  readonly #news = new Map<NewsTopic, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param say puts a sentence where screen readers find it */
  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Adds something worth saying. */
  note(milestone: Milestone): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(milestone);
    this.#schedule();
  }

  /** Adds news in whole sentences, which are said first. Of each topic only the newest are. */
  tell(topic: NewsTopic, sentences: string): void {
    this.#news.set(topic, sentences);
    this.#schedule();
  }

  /** Says nothing more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#news.clear();
  }

  #schedule(): void {
    // Not at once: what happens in the same moment is said in one breath.
    this.#timer ??= setTimeout(() => this.#speak(), 250);
  }

  #speak(): void {
    const text = [...this.#news.values(), sayMilestones(this.#waiting)].filter((each) => each !== "").join(
      " ",
    );
    this.#waiting = [];
    this.#news.clear();
    if (text !== "") this.#say(text);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length > 0 || this.#news.size > 0) this.#speak();
    }, PAUSE_MS);
  }
}
