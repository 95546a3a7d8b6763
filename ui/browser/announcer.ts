/**
 * Queues announcements for screen readers: joins announcements that come close together, and throttles the others.
 *
 * @module
 */

import { type Milestone, milestonesText } from "../shared/milestones.ts";

/** The minimum time between two announcements, in milliseconds. */
const PAUSE_MS = 4_000;
/**
 * The maximum number of queued milestones. Further milestones are dropped, because so many are announced only as
 * counts.
 */
const MAX_WAITING = 500;
/** Distinguishes a text from an equal one before it, without being spoken. */
const NO_BREAK_SPACE = "\u00a0";

/**
 * The subject of a message. A newer message on a topic replaces the queued one. A message about what can be undone is
 * announced at once, because it is useless once the time to undo is over.
 */
export type AnnouncementTopic = "connection" | "storage" | "list" | "attention" | "undo";

/** Joins milestones and messages into throttled announcements. */
export class Announcer implements Disposable {
  readonly #write: (text: string) => void;
  #waiting: Milestone[] = [];
  readonly #messages = new Map<AnnouncementTopic, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = "";

  /** @param write writes a text to the page's live region */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Queues a milestone. */
  note(milestone: Milestone): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(milestone);
    this.#schedule();
  }

  /** Queues a message, which is announced before any queued milestones. */
  announce(topic: AnnouncementTopic, sentences: string): void {
    this.#messages.set(topic, sentences);
    if (topic === "undo") this.#flush();
    else this.#schedule();
  }

  /** Discards all queued messages and milestones. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#messages.clear();
  }

  #schedule(): void {
    // A short delay joins changes that arrive together.
    this.#timer ??= setTimeout(() => this.#flush(), 250);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    const text = [...this.#messages.values(), milestonesText(this.#waiting)].filter((each) => each !== "")
      .join(" ");
    this.#waiting = [];
    this.#messages.clear();
    if (text !== "") {
      // A screen reader speaks a text only if it differs from the last one.
      this.#last = text === this.#last ? text + NO_BREAK_SPACE : text;
      this.#write(this.#last);
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length > 0 || this.#messages.size > 0) this.#flush();
    }, PAUSE_MS);
  }
}
