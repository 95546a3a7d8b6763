/**
 * Finds the task that this process runs in, which the environment names.
 *
 * @module
 */

import { readVariable } from "../environment.ts";
import { isTaskId } from "../task/grammar.ts";
import { defaultClient } from "./default_client.ts";
import { fallbackServer } from "./server_address.ts";

/** The environment variable with the id of the task that the process runs in. */
export const PARENT_VARIABLE = "TASKSCOPE_PARENT";

/** The task that a process runs in. */
export interface SurroundingTask {
  readonly client: string;
  readonly id: string;
}

/**
 * Returns the task that this process runs in, whose subtasks are the tasks that the process reports for the same client.
 *
 * @param server the server that the process reports to
 * @returns the task; `null` if the environment names none, or another server
 */
export function surroundingTask(server: string): SurroundingTask | null {
  const id = readVariable(PARENT_VARIABLE);
  if (id === undefined || !isTaskId(id) || fallbackServer() !== server) return null;
  return { client: defaultClient(), id };
}
