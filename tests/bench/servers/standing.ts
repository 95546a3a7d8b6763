/**
 * A module for `--tasks` with a task that never ends.
 *
 * @module
 */

import type { MonitoredTask } from "../../../lib/mod.ts";
import { updateOf } from "../support/records.ts";

/** A task that reports progress once, and then runs as long as the process. */
export async function standing(task: MonitoredTask): Promise<void> {
  const { type: _, ...update } = updateOf(0);
  await task.update(update);
  await new Promise(() => {});
}
