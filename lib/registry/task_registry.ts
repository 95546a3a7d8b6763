/**
 * The tasks of a monitor as the API sees them, no matter whether one registry or several shards have them.
 *
 * @module
 */

import type { Registry } from "./registry.ts";

/**
 * The tasks of a monitor. The first argument of a method that concerns one client or one of its tasks is the client
 * token.
 */
export type TaskRegistry = Omit<
  Registry,
  "follow" | "prepareToStepDown" | "stepDown" | "sweep" | "takeOver" | typeof Symbol.dispose
>;
