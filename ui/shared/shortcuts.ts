/**
 * The setting that enables single-key shortcuts, which speech input and tremor can trigger by accident (WCAG
 * 2.2, criterion 2.1.4). The setting is stored in the browser.
 *
 * @module
 */

import { isCommandKey } from "./keys.ts";

/** The `localStorage` key whose presence means that single-key shortcuts are off. */
const KEY = "taskscope-letter-keys";

/** Returns whether single-key shortcuts are enabled. */
export function areSingleKeysEnabled(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

/** Enables or disables single-key shortcuts. */
export function enableSingleKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  } catch {
    // Storage is disabled: the setting has no effect.
  }
}

/**
 * Returns whether a key event may trigger a shortcut, according to the user's setting.
 *
 * @param event the `keydown` event
 */
export function isShortcut(event: KeyboardEvent): boolean {
  return isCommandKey(event) && (event.key.length > 1 || areSingleKeysEnabled());
}
