/**
 * Parses what /proc says about all processes at one time.
 *
 * @module
 */

/** Fields of /proc/<pid>/stat for a process; see proc_pid_stat(5). */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** When the process started, in ticks since boot. The pid and this time together identify a process. */
  readonly start: number;
  /** The CPU time that the process has used, in ticks. */
  readonly ownTicks: number;
  /** The CPU time of descendants that have exited and were reaped with wait(2), in ticks. */
  readonly reapedTicks: number;
  /** The resident memory, in pages. */
  readonly pages: number;
}

/** All processes of this machine at one time. */
export interface ProcessSample {
  /** The time since boot, in ticks. */
  readonly at: number;
  /** The size of a page of memory, in bytes; `null` if it is unknown. */
  readonly pageSize: number | null;
  readonly processes: readonly ProcessStat[];
}

/** The number of ticks per second (USER_HZ); /proc has all times in ticks. */
const TICKS_PER_SECOND = 100;

/**
 * Parses a sample: lines of /proc/<pid>/stat, the line of /proc/uptime, and `page <KiB>`, the size of a page of memory, in
 * any order. Other lines are ignored.
 *
 * @returns the sample; `null` if its time is missing
 */
export function parseSample(text: string): ProcessSample | null {
  let at: number | null = null;
  let pageSize: number | null = null;
  const processes: ProcessStat[] = [];
  for (const line of text.split("\n")) {
    const process = parseStat(line);
    if (process !== null) processes.push(process);
    else if (UPTIME.test(line)) at = Math.round(parseFloat(line) * TICKS_PER_SECOND);
    else if (PAGE.test(line)) pageSize = Number(line.slice("page ".length)) * 1_024;
  }
  return at === null ? null : { at, pageSize, processes };
}

const UPTIME = /^\d{1,12}\.\d\d \d{1,15}\.\d\d$/;
const PAGE = /^page [1-9]\d{0,5}$/;
/**
 * The fields pid, name, state, parent, nine others, four of CPU time, four others, start, virtual and resident
 * memory. The name may contain any characters, including parentheses and spaces, but the fields after it contain
 * neither.
 */
const STAT =
  /^(\d{1,10}) \(.*\) [A-Za-z] (\d{1,10})(?: -?\d+){9} (\d{1,15}) (\d{1,15}) (\d{1,15}) (\d{1,15})(?: -?\d+){4} (\d{1,15}) \d+ (\d{1,12}) /s;

function parseStat(line: string): ProcessStat | null {
  const fields = STAT.exec(line);
  if (fields === null) return null;
  const [pid, parent, user, system, reapedUser, reapedSystem, start, pages] = fields.slice(1).map(Number);
  return {
    pid: pid!,
    parent: parent!,
    start: start!,
    ownTicks: user! + system!,
    reapedTicks: reapedUser! + reapedSystem!,
    pages: pages!,
  };
}
