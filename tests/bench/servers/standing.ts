/**
 * A module of tasks for `--tasks`.
 *
 * @module
 */

import type { MonitoredTask } from "../../../lib/mod.ts";
import { updateOf } from "../support/records.ts";

/** A task that says where it is and goes on for as long as the process. */
export async function standing(task: MonitoredTask): Promise<void> {
  const { type: _, ...update } = updateOf(0);
  await task.update(update);
  await new Promise(() => {});
}
