/**
 * The tasks of a monitor as the API sees them, whether one registry has them all or several have a part each.
 *
 * @module
 */

import type { Registry } from "./registry.ts";

/** The tasks of a monitor. What concerns one task or one client names the client first. */
export type TaskRegistry = Omit<
  Registry,
  "follow" | "prepareToStepDown" | "stepDown" | "sweep" | "takeOver" | typeof Symbol.dispose
>;
