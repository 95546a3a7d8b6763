/**
 * Notifications of the desktop when a task ends while nobody looks at the page. Only for who asked for them, in this
 * browser.
 *
 * @module
 */

import { noticeState } from "../shared/notice_permission.ts";
import { Announcer } from "./announcer.ts";
import type { Milestone } from "../shared/milestones.ts";

/** Tells of ends; of many at once in one breath. */
export class EndNotices {
  readonly #announcer: Announcer;

  /** @param client whose tasks they are; a newer notification of one takes the place of the older */
  constructor(client: string) {
    this.#announcer = new Announcer((text) => show(text, client));
  }

  /** Takes a milestone; one that is no end, or that somebody sees anyway, is left out. */
  note(milestone: Milestone): void {
    const isEnd = milestone.kind !== "started" && milestone.kind !== "progress";
    if (isEnd && document.hidden && noticeState() === "on") this.#announcer.note(milestone);
  }
}

function show(text: string, client: string): void {
  // Who has come back meanwhile sees it.
  if (!document.hidden || noticeState() !== "on") return;
  try {
    const notice = new Notification(text, { body: `Taskscope · ${client}`, tag: `taskscope ${client}` });
    notice.onclick = () => {
      focus();
      notice.close();
    };
  } catch {
    // Browsers of phones let only service workers do this.
  }
}
