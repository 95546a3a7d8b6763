/**
 * Handles the keyboard shortcuts of the list page: search, move between rows, select, clear the selection.
 *
 * @module
 */

import { isShortcut } from "../shared/shortcuts.ts";
import type { ListItem } from "../shared/view.ts";

/** The list operations that shortcuts trigger. */
export interface KeyedList {
  readonly items: () => readonly ListItem[];
  readonly select: (id: string) => unknown;
  /** Clears the selection. */
  readonly clear: () => void;
  /** Scrolls an item into view that may not be rendered yet. */
  readonly reveal: (index: number) => void;
}

/** Registers the listener for the keyboard shortcuts of a list. */
export function listenForKeys(list: KeyedList): void {
  /** The id of the row that the user last moved to, even if that row is no longer rendered. */
  let current: string | null = null;

  function focused(): string | null {
    return document.activeElement?.closest<HTMLElement>("[data-task-id]")?.dataset.taskId ?? null;
  }

  function focus(id: string): boolean {
    const link = rowOf(id)?.querySelector<HTMLElement>(".row-name a");
    link?.focus({ preventScroll: true });
    link?.closest("li")?.scrollIntoView({ block: "nearest" });
    // With its subtasks, the row may be taller than the window.
    link?.scrollIntoView({ block: "nearest" });
    return link instanceof HTMLElement;
  }

  function move(step: 1 | -1): void {
    const items = list.items();
    current = focused() ?? current;
    const rows = openRows();
    const place = rows.findIndex((row) => row.dataset.taskId === current);
    const near = place === -1 ? undefined : rows[place + step]?.dataset.taskId;
    if (near !== undefined) {
      current = near;
      focus(near);
      return;
    }
    // The row of a subtask is part of the item of its topmost ancestor.
    const item = rows[place]?.closest<HTMLElement>("[data-item]")?.dataset.taskId ?? current;
    let index = items.findIndex(({ id }) => id !== null && id === item);
    if (index === -1) index = step === 1 ? -1 : items.length;
    do index += step; while (items[index]?.id === null);
    const id = items[index]?.id;
    if (typeof id !== "string") return;
    current = id;
    if (focus(id)) return;
    list.reveal(index);
    // The row is rendered only after a few frames.
    let tries = 10;
    const retry = () => {
      if (current === id && !focus(id) && --tries > 0) requestAnimationFrame(retry);
    };
    requestAnimationFrame(retry);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target instanceof HTMLInputElement && event.target.id === "search") {
      // The browser itself clears the field at the first Escape; the second Escape removes the focus.
      if (event.target.value === "") event.target.blur();
      return;
    }
    if (event.defaultPrevented || !isShortcut(event) || document.querySelector("dialog[open]") !== null) {
      return;
    }
    const id = focused() ?? current;
    if (event.key === "/") document.getElementById("search")?.focus();
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x" && id !== null) list.select(id);
    else if (event.key === "Escape") return list.clear();
    else return;
    event.preventDefault();
  });
}

function rowOf(id: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-task-id="${CSS.escape(id)}"]`);
}

/** The rendered rows that are not inside a collapsed row, in display order. */
function openRows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(".task-list [data-task-id]")].filter((row) =>
    row.closest("details:not([open])") === null
  );
}
