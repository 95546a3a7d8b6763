/**
 * Measures how busy the machine is.
 *
 * @module
 */

import { type CpuInfo, cpus } from "node:os";

/** The share of the cores' time in which they were idle. */
export class IdleTime {
  readonly #read: () => readonly Pick<CpuInfo, "times">[];
  #last: Times;

  /** @param read returns the times of each core since the machine started */
  constructor(read: () => readonly Pick<CpuInfo, "times">[] = cpus) {
    this.#read = read;
    this.#last = sumOf(read());
  }

  /**
   * Returns the share of idle time since the last call, or since this object was made: 0 if all cores were
   * busy, 1 if none was.
   */
  share(): number {
    const [before, now] = [this.#last, this.#last = sumOf(this.#read())];
    return now.total === before.total ? 0 : (now.idle - before.idle) / (now.total - before.total);
  }
}

interface Times {
  readonly idle: number;
  readonly total: number;
}

function sumOf(cores: readonly Pick<CpuInfo, "times">[]): Times {
  let [idle, total] = [0, 0];
  for (const { times } of cores) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total };
}
