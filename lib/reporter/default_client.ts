/**
 * Returns the client token of tasks for which no client is given.
 *
 * @module
 */

import { readVariable } from "../environment.ts";
import { DEFAULT_CLIENT, isClientToken } from "../task/grammar.ts";

/** Returns `TASKSCOPE_CLIENT` if it is a valid client token, else `default`. */
export function defaultClient(): string {
  const named = readVariable("TASKSCOPE_CLIENT");
  return named !== undefined && isClientToken(named) ? named : DEFAULT_CLIENT;
}
