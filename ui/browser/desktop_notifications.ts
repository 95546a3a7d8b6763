/**
 * Shows a desktop notification when tasks end while the page is in the background, if the user has turned
 * notifications on.
 *
 * @module
 */

import { notificationState, showNotification } from "../shared/notifications.ts";
import { Announcer } from "./announcer.ts";
import type { Milestone } from "../shared/milestones.ts";

/** Shows desktop notifications, and joins notifications that come close together into one. */
export class DesktopNotifications {
  readonly #announcer: Announcer;

  /** @param client the client token; a newer notification for the same client replaces the older one */
  constructor(client: string) {
    this.#announcer = new Announcer((text) => show(text, client));
  }

  /**
   * Adds a milestone to the next notification. Ignores it unless it is the end of a task and the page is
   * hidden.
   */
  note(milestone: Milestone): void {
    const isEnd = milestone.kind !== "started" && milestone.kind !== "progress";
    if (isEnd && document.hidden && notificationState() === "on") this.#announcer.note(milestone);
  }
}

function show(text: string, client: string): void {
  // The user may have returned to the page in the meantime.
  if (!document.hidden || notificationState() !== "on") return;
  showNotification(text, client);
}
