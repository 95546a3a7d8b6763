/**
 * Finds the task that this process is a part of, which is named by an environment variable.
 *
 * @module
 */

import { readVariable } from "../environment.ts";
import { isTaskId } from "../task/grammar.ts";
import { defaultClient } from "./default_client.ts";
import { fallbackServer } from "./server_address.ts";

/** The environment variable with the id of the task that the process is a part of. */
export const PARENT_VARIABLE = "TASKSCOPE_PARENT";

/** The task that a process is a part of. */
export interface SurroundingTask {
  readonly client: string;
  readonly id: string;
}

/**
 * Returns the task that this process is a part of. Tasks that the process reports for the same client become
 * subtasks of this task.
 *
 * @param server the server that the process reports to
 * @returns the task; `null` if the environment names no task, or a task on another server
 */
export function surroundingTask(server: string): SurroundingTask | null {
  const id = readVariable(PARENT_VARIABLE);
  if (id === undefined || !isTaskId(id) || fallbackServer() !== server) return null;
  return { client: defaultClient(), id };
}
