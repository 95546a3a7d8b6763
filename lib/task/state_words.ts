/**
 * Describes a state in words.
 *
 * @module
 */

import { STATUS_LENGTH } from "./grammar.ts";
import type { TaskError, TaskState } from "./task.ts";

/** Describes a state in words. This is the status of a task whose reporter has not set one. */
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
