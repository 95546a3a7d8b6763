/**
 * The log line that stands for lines that were dropped.
 *
 * @module
 */

/**
 * Returns the text of the log line that stands where lines were dropped, because too many waited.
 *
 * @param count the number of dropped lines
 */
export function linesLeftOut(count: number): string {
  const lines = `${count.toLocaleString("en-US")} ${count === 1 ? "line" : "lines"}`;
  return `(${lines} left out: they came faster than they could be reported.)`;
}
