/**
 * Lists the keyboard shortcuts for the help dialog, and decides which key events may trigger a shortcut.
 *
 * @module
 */

/** A keyboard shortcut: a row of the help dialog. */
export interface Shortcut {
  /** The names of the keys, each of which triggers the shortcut. */
  readonly keys: readonly string[];
  readonly does: string;
  readonly where: "everywhere" | "list" | "task";
}

/** All keyboard shortcuts, in the order of the help dialog. */
export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ["?"], does: "Show or hide this help", where: "everywhere" },
  { keys: ["Esc"], does: "Close the open dialog", where: "everywhere" },
  { keys: ["Tab"], does: "Go to the next link or button", where: "everywhere" },
  { keys: ["/"], does: "Search", where: "list" },
  { keys: ["j"], does: "Go to the next task", where: "list" },
  { keys: ["k"], does: "Go to the previous task", where: "list" },
  { keys: ["Enter"], does: "Open the task", where: "list" },
  { keys: ["x"], does: "Select the task", where: "list" },
  { keys: ["Esc"], does: "Clear the search, then the selection", where: "list" },
  { keys: ["/"], does: "Search the log", where: "task" },
  { keys: ["n"], does: "In the log, go to the next match", where: "task" },
  { keys: ["N"], does: "In the log, go to the previous match", where: "task" },
  { keys: ["j"], does: "Go to the next run", where: "task" },
  { keys: ["k"], does: "Go to the previous run", where: "task" },
  { keys: ["Esc"], does: "Go back to the list", where: "task" },
];

/**
 * Returns whether a key event may trigger a shortcut: not while the user types into a field, and not with Alt, Ctrl
 * or Meta, because the browser uses those combinations.
 * @param event the `keydown` event
 */
export function isCommandKey(
  event: Pick<KeyboardEvent, "altKey" | "ctrlKey" | "metaKey" | "target">,
): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const target = event.target as Partial<HTMLElement> | null;
  // Shortcuts also work while a checkbox has the focus, because the user cannot type into it.
  if ((target as Partial<HTMLInputElement> | null)?.type === "checkbox") return true;
  return !target?.isContentEditable && !/^(INPUT|TEXTAREA|SELECT)$/.test(target?.tagName ?? "");
}
