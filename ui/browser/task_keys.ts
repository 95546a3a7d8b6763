/**
 * Handles the keyboard shortcuts of the task page: back to the list, search the log, previous and next run.
 *
 * @module
 */

import { isShortcut } from "../shared/shortcuts.ts";

/** The selectors of the elements that the keys activate or focus. */
const TARGETS: Readonly<Record<string, string>> = {
  "/": "#log [type=search]",
  Escape: ".crumbs a",
  k: "a[rel=prev]",
  j: "a[rel=next]",
};

/** Registers the listener for the keyboard shortcuts of the task page. */
export function listenForTaskKeys(): void {
  document.addEventListener("keydown", (event) => {
    // While a dialog or the full-screen log covers the page, Escape closes that instead.
    if (!isShortcut(event) || document.querySelector("dialog[open], .log-full") !== null) return;
    const target = document.querySelector<HTMLElement>(TARGETS[event.key] ?? "nothing");
    if (target === null) return;
    event.preventDefault();
    if (target instanceof HTMLAnchorElement) target.click();
    else target.focus();
  });
}
