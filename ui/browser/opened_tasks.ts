/**
 * Remembers in this browser which tasks were opened, so that a failure that the user has looked at no longer needs
 * attention.
 *
 * @module
 */

const KEY = "taskscope-opened";
/** The maximum number of tasks to remember; the oldest are forgotten. */
const MAX_OPENED = 500;

/** Remembers that tasks were opened. */
export function rememberOpened(client: string, ids: readonly string[]): void {
  const all = [...new Set([...read(), ...ids.map((id) => `${client}/${id}`)])];
  try {
    localStorage.setItem(KEY, JSON.stringify(all.slice(-MAX_OPENED)));
  } catch {
    // Without storage, failures that were opened stay among the tasks that need attention until they are too old.
  }
}

/** Returns the ids of the opened tasks of a client. */
export function openedTasks(client: string): ReadonlySet<string> {
  const start = `${client}/`;
  return new Set(read().filter((each) => each.startsWith(start)).map((each) => each.slice(start.length)));
}

/** Calls a function when another tab opens a task, or when the page is shown again. */
export function whenOpened(changed: () => void): void {
  addEventListener("storage", ({ key }) => key === KEY && changed());
  addEventListener("pageshow", ({ persisted }) => persisted && changed());
}

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.map(String) : [];
  } catch {
    return [];
  }
}
