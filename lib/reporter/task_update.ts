/**
 * The values that user code passes to `task.update()`.
 *
 * @module
 */

import type { UpdateChange } from "../task/task.ts";

/**
 * The values passed to {@linkcode MonitoredTask.update}. Each value is validated, because it comes from user
 * code.
 */
export interface TaskUpdate
  extends Omit<UpdateChange, "type" | "expected_weight" | "from_output" | "values"> {
  /**
   * Finite numbers to chart over time, by the name of their series, such as `{ loss: 0.12 }`. A task has at
   * most 16 series. A name has 1 to 64 characters of A-Z a-z 0-9 _ . : / - and inner spaces.
   */
  readonly values?: { readonly [name: string]: number };
}
