/**
 * Whether keys of one letter are commands to the page. Who speaks to the browser, or shakes, turns them off (WCAG 2.2,
 * 2.1.4); this browser remembers it.
 *
 * @module
 */

import { isCommandKey } from "./keys.ts";

/** Where the browser remembers that they are off. */
const KEY = "taskscope-letter-keys";

/** Whether keys of one letter do something. */
export function areLetterKeysOn(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

/** Turns keys of one letter on, or off. */
export function setLetterKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  } catch {
    // A browser that keeps nothing of this page.
  }
}

/**
 * Whether a key that was pressed is a command to the page.
 *
 * @param event the event
 */
export function isShortcut(event: KeyboardEvent): boolean {
  return isCommandKey(event) && (event.key.length > 1 || areLetterKeysOn());
}
