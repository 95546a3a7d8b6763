/**
 * Queues announcements for screen readers, joining those that come close together and throttling the rest.
 *
 * @module
 */

import { type Milestone, milestonesText } from "../shared/milestones.ts";

/** The minimum time between two announcements, in milliseconds. */
const PAUSE_MS = 4_000;
/** Further milestones are dropped: this many are summarised as counts anyway. */
const MAX_WAITING = 500;

/** The subject of a message. A newer message on a topic replaces the waiting one. */
export type AnnouncementTopic = "connection" | "storage" | "list";

/** Joins milestones and messages into throttled announcements. */
export class Announcer implements Disposable {
  readonly #write: (text: string) => void;
  #waiting: Milestone[] = [];
  readonly #messages = new Map<AnnouncementTopic, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param write writes a text to the live region */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Queues a milestone. */
  note(milestone: Milestone): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(milestone);
    this.#schedule();
  }

  /** Queues a message, which is announced before milestones. */
  announce(topic: AnnouncementTopic, sentences: string): void {
    this.#messages.set(topic, sentences);
    this.#schedule();
  }

  /** Discards everything that waits. */
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
