/**
 * Notifications of the desktop when a task ends while nobody looks at the page. Only for who asked for them, in this
 * browser.
 *
 * @module
 */

import { Announcer } from "./announcer.ts";
import type { Milestone } from "../shared/milestones.ts";

/** Where the browser remembers that somebody asked for them. */
const KEY = "taskscope-notifications";

/** Whether they come: the browser has none, nobody asked, somebody did, or the browser was told to let none through. */
export type NoticeState = "unavailable" | "off" | "on" | "blocked";

/** How it stands with them in this browser. */
export function noticeState(): NoticeState {
  // Pages that do not come from https or this machine have none.
  if (!("Notification" in globalThis) || !globalThis.isSecureContext) return "unavailable";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && isRemembered() ? "on" : "off";
}

/** Turns them on, or off. Asks for permission, so it is only called when somebody clicks. */
export async function toggleNotices(): Promise<NoticeState> {
  const isOn = noticeState() === "on";
  if (!isOn) await Notification.requestPermission();
  try {
    if (isOn) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "on");
  } catch {
    // A browser that keeps nothing of this page.
  }
  return noticeState();
}

function isRemembered(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

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
