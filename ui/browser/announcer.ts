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

/** The subject of a message. A newer message on a topic replaces the queued one. */
export type AnnouncementTopic = "connection" | "storage" | "list" | "attention";

/** Joins milestones and messages into throttled announcements. */
export class Announcer implements Disposable {
  readonly #write: (text: string) => void;
  #waiting: Milestone[] = [];
  readonly #messages = new Map<AnnouncementTopic, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

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
    this.#schedule();
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
    const text = [...this.#messages.values(), milestonesText(this.#waiting)].filter((each) => each !== "")
      .join(
        " ",
      );
    this.#waiting = [];
    this.#messages.clear();
    if (text !== "") this.#write(text);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length > 0 || this.#messages.size > 0) this.#flush();
    }, PAUSE_MS);
  }
}
