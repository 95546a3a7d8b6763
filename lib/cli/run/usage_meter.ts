/**
 * Calculates from samples of all processes how much CPU and memory a command uses.
 *
 * @module
 */

import type { ProcessSample, ProcessStat } from "./process_sample.ts";
import { descendantsOf } from "./processes.ts";

/** The CPU and memory usage of a command and all processes that it started. */
export interface Usage {
  /** The CPU time since the previous sample, in percent of one core; missing if no time has passed. */
  readonly cpu_percent?: number;
  /** The resident memory in bytes; missing if the size of a page is unknown. Shared memory counts once per process. */
  readonly memory_bytes?: number;
}

/** Processes by their unique keys. */
type ProcessesByKey = ReadonlyMap<string, ProcessStat>;

/**
 * Measures a root process and the processes that it started. These are the same as for a cancellation: its
 * descendants, and the orphans that have its mark in their environment; see {@linkcode Stopper}.
 */
export class UsageMeter {
  readonly #root: number;
  #rootKey: string | null = null;
  /** For each other process that has started since the root, by its key: whether the process belongs to the root. */
  #isMember: ReadonlyMap<string, boolean> = new Map();
  #previousAt: number | null = null;
  #previous: ProcessesByKey = new Map();

  /** @param root the pid of the process */
  constructor(root: number) {
    this.#root = root;
  }

  /**
   * Returns the pids of the processes that may be orphans of the command, so that their environment has to be
   * searched for the mark. Each process is returned only once, at its first sample.
   *
   * @param sample the sample to measure next
   * @param isOwn whether a process belongs to the measurement itself
   */
  strangers({ processes }: ProcessSample, isOwn: (process: ProcessStat) => boolean): number[] {
    const root = this.#findRoot(processes);
    if (root === null) return [];
    const tree = new Set(descendantsOf(root.pid, processes));
    const strangers = processes.filter((process) =>
      process.start >= root.start && process !== root && !tree.has(process) && !isOwn(process) &&
      !this.#isMember.has(keyOf(process))
    );
    return strangers.map(({ pid }) => pid);
  }

  /**
   * Measures the processes.
   *
   * @param sample all processes
   * @param marked the pids of those {@linkcode strangers} that have the mark
   * @returns the usage; `null` if the root has exited
   */
  measure({ at, pageSize, processes }: ProcessSample, marked: ReadonlySet<number>): Usage | null {
    const root = this.#findRoot(processes);
    if (root === null) return null;
    this.#rootKey = keyOf(root);
    const members = this.#members(root, processes, marked);
    const elapsed = at - (this.#previousAt ?? root.start);
    const ticks = ticksBetween(this.#previous, members);
    this.#previousAt = at;
    this.#previous = members;
    let pages = 0;
    for (const process of members.values()) pages += process.pages;
    return {
      ...(elapsed > 0 && { cpu_percent: Math.round(1_000 * ticks / elapsed) / 10 }),
      ...(pageSize !== null && { memory_bytes: pages * pageSize }),
    };
  }

  #findRoot(processes: readonly ProcessStat[]): ProcessStat | null {
    const root = processes.find(({ pid }) => pid === this.#root);
    // The pid may have been reused.
    return root === undefined || (this.#rootKey !== null && keyOf(root) !== this.#rootKey) ? null : root;
  }

  #members(
    root: ProcessStat,
    processes: readonly ProcessStat[],
    marked: ReadonlySet<number>,
  ): ProcessesByKey {
    const tree = new Set(descendantsOf(root.pid, processes)).add(root);
    const members = new Map<string, ProcessStat>();
    const isMember = new Map<string, boolean>();
    for (const process of processes) {
      // A process that started earlier was not started by the root.
      if (process.start < root.start) continue;
      const key = keyOf(process);
      const belongs = tree.has(process) || marked.has(process.pid) || this.#isMember.get(key) === true;
      isMember.set(key, belongs);
      if (belongs) members.set(key, process);
    }
    this.#isMember = isMember;
    return members;
  }
}

function keyOf({ pid, start }: ProcessStat): string {
  return `${pid} ${start}`;
}

/**
 * Returns the CPU time that processes have used between two samples, in ticks. When a process exits, the kernel adds
 * its time to the parent that waits for it; the part of this time that an earlier sample already counted is
 * subtracted from the parent's time.
 */
function ticksBetween(before: ProcessesByKey, after: ProcessesByKey): number {
  const counted = countedOfExited(before, after);
  let ticks = 0;
  for (const [key, { ownTicks, reapedTicks }] of after) {
    const previous = before.get(key);
    const reaped = reapedTicks - (previous?.reapedTicks ?? 0) - (counted.get(key) ?? 0);
    // If no process waited for an exited process, its time was added nowhere, and the difference may be negative.
    ticks += Math.max(0, ownTicks - (previous?.ownTicks ?? 0)) + Math.max(0, reaped);
  }
  return ticks;
}

/**
 * Sums the CPU time that was counted for processes that have exited since, by the key of their nearest running
 * ancestor.
 */
function countedOfExited(before: ProcessesByKey, after: ProcessesByKey): Map<string, number> {
  const keys = new Map(Array.from(before, ([key, { pid }]) => [pid, key]));
  const counted = new Map<string, number>();
  for (const [key, process] of before) {
    if (after.has(key)) continue;
    let heir: string | undefined = key;
    // The bound guards against cycles: pids may be reused while the processes are being listed.
    for (let steps = 0; heir !== undefined && !after.has(heir) && steps < before.size; steps++) {
      heir = keys.get(before.get(heir)!.parent);
    }
    if (heir === undefined || !after.has(heir)) continue;
    counted.set(heir, (counted.get(heir) ?? 0) + process.ownTicks + process.reapedTicks);
  }
  return counted;
}
