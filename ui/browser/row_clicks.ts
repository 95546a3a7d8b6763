/**
 * Opens the task of a row when its text is clicked. The link of the row covers the rest of the row, except its text,
 * because text below a link could not be selected.
 *
 * @module
 */

import { rowLinkOf } from "./row_link.ts";

/** Registers the listeners for the rows of a list. */
export function openClickedRows(): void {
  document.addEventListener("click", (event) => {
    // The end of a text selection with the mouse is not a click.
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
  // With a modifier key, a link opens in a new tab, even if a script sends the click.
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
