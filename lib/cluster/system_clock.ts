/**
 * The clock of this machine.
 *
 * @module
 */

import type { ClusterClock } from "./cluster_clock.ts";

/** The clock of this machine. The timers of this clock keep the process alive. */
export const SYSTEM_CLOCK: ClusterClock = {
  now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
