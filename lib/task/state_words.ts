/**
 * Describes a state in words.
 *
 * @module
 */

import { STATUS_LENGTH } from "./grammar.ts";
import type { TaskError, TaskState } from "./task.ts";

/** Returns the status of a task whose reporter has not set one, which describes the state. */
export function stateWords(state: TaskState, error: TaskError | null): string {
  switch (state) {
    case "NOT_STARTED":
      return "Not started";
    case "STARTING":
      return "Starting";
    case "PROCESSING":
      return "Processing";
    case "FINISHED":
      return "Finished";
    case "CANCELLED":
      return "Cancelled";
    case "ERROR":
      return `Error: ${error?.message ?? "unknown"}`.slice(0, STATUS_LENGTH);
  }
}
