/**
 * The keys that the page hears. Pure.
 *
 * @module
 */

/** A key, and what it does. */
export interface KeyHelp {
  /** What to press; of several, any one. */
  readonly keys: readonly string[];
  readonly does: string;
  readonly where: "everywhere" | "list" | "task";
}

/** Every key, in the order in which the help shows them. */
export const KEYS: readonly KeyHelp[] = [
  { keys: ["?"], does: "Show or hide this help", where: "everywhere" },
  { keys: ["Esc"], does: "Close what is open", where: "everywhere" },
  { keys: ["Tab"], does: "Go to the next link or button", where: "everywhere" },
  { keys: ["/"], does: "Search", where: "list" },
  { keys: ["j"], does: "Go to the next task", where: "list" },
  { keys: ["k"], does: "Go to the previous task", where: "list" },
  { keys: ["Enter"], does: "Open the task", where: "list" },
  { keys: ["x"], does: "Select the task", where: "list" },
  { keys: ["Esc"], does: "Clear the search, then the selection", where: "list" },
];

/**
 * Whether a key that was pressed is a command to the page, and not a letter for a field or a shortcut of the browser.
 *
 * @param event the event
 */
export function isCommandKey(
  event: Pick<KeyboardEvent, "altKey" | "ctrlKey" | "metaKey" | "target">,
): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const target = event.target as Partial<HTMLElement> | null;
  // Into a box that is ticked nobody types.
  if ((target as Partial<HTMLInputElement> | null)?.type === "checkbox") return true;
  return !target?.isContentEditable && !/^(INPUT|TEXTAREA|SELECT)$/.test(target?.tagName ?? "");
}
