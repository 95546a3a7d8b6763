/**
 * The log line that replaces dropped lines.
 *
 * @module
 */

/**
 * Returns the text of the log line that replaces lines that were dropped because too many were waiting to be
 * sent.
 *
 * @param count the number of dropped lines
 */
export function linesLeftOut(count: number): string {
  const lines = `${count.toLocaleString("en-US")} ${count === 1 ? "line" : "lines"}`;
  return `(${lines} left out: they came faster than they could be reported.)`;
}
