/**
 * Opens the task of a row when its text is clicked. The link of the row covers everything else in it, but text
 * that covered by a link could not be selected.
 *
 * @module
 */

import { rowLinkOf } from "./row_link.ts";

/** Registers the listeners for the rows of a list. */
export function openClickedRows(): void {
  document.addEventListener("click", (event) => {
    // The mouse selects text, too; the end of such a selection is no click.
    if (event.defaultPrevented || getSelection()?.isCollapsed === false) return;
    open(event, event);
  });
  // A click with the middle button opens a new tab, as on any link.
  document.addEventListener("auxclick", (event) => {
    if (event.button === 1 && !event.defaultPrevented) open(event, { ctrlKey: true, metaKey: true });
  });
}

function open(
  { target }: Event,
  { ctrlKey, metaKey, shiftKey }: Pick<MouseEventInit, "ctrlKey" | "metaKey" | "shiftKey">,
): void {
  const link = rowLinkOf(target as Element);
  // A link opens in a new tab if a modifier key is down, also for a click by a script.
  link?.dispatchEvent(
    new MouseEvent("click", {
      bubbles: true,
      cancelable: true,
      ctrlKey: ctrlKey ?? false,
      metaKey: metaKey ?? false,
      shiftKey: shiftKey ?? false,
    }),
  );
}
