/**
 * Lists processes with ps(1), finds descendants of a process, and sends signals.
 *
 * @module
 */

/** A process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** The process group id. */
  readonly group: number;
  /** Whether the environment that the process was started with contains the mark. */
  readonly isMarked: boolean;
  /**
   * The number of nested runs of taskscope that the process belongs to, according to its environment; 0 if the
   * environment can't be read.
   */
  readonly level: number;
}

/**
 * The environment variable by which the processes of a command are recognised. For a run inside another run, it has
 * the marks of both runs, separated by commas.
 */
export const MARK_VARIABLE = "TASKSCOPE_RUN";

/**
 * Lists all processes of this machine, except zombies.
 *
 * @param mark a text to look for in the environment of each process. The environments of other users' processes
 * cannot be read.
 * @returns the processes; an empty list if ps(1) is not available
 */
export async function listProcesses(mark?: string): Promise<ProcessInfo[]> {
  try {
    const ps = new Deno.Command("ps", {
      args: [...environmentOptions(Deno.build.os), ...COLUMNS.flatMap((column) => ["-o", `${column}=`])],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    return parseProcesses(new TextDecoder().decode((await ps.output()).stdout), mark);
  } catch {
    return [];
  }
}

const COLUMNS = ["pid", "ppid", "pgid", "stat", "command"];

/** Returns the options of ps(1) for all processes, each in one line with its arguments and its environment. */
function environmentOptions(os: typeof Deno.build.os): string[] {
  return os === "darwin" ? ["-AEww"] : ["axeww"];
}

/** Parses the output of ps(1): one line for each process, with the columns of {@linkcode listProcesses}. */
export function parseProcesses(text: string, mark?: string): ProcessInfo[] {
  return text.split("\n").flatMap((line) => {
    const [, pid, parent, group, state] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)/.exec(line) ?? [];
    if (state === undefined || state.startsWith("Z")) return [];
    const isMarked = mark !== undefined && line.includes(mark);
    const marks = line.match(MARKS)?.at(-1)?.split(",") ?? [];
    return [
      { pid: Number(pid), parent: Number(parent), group: Number(group), isMarked, level: marks.length },
    ];
  });
}

const MARKS = new RegExp(` ${MARK_VARIABLE}=\\S+`, "g");

/**
 * Returns the pids of taskscope processes that run inside another run: such a process belongs to a run, and has a
 * child process that belongs to one run more.
 */
export function runsAmong(processes: readonly ProcessInfo[]): Set<number> {
  const levels = new Map(processes.map(({ pid, level }) => [pid, level]));
  const inner = processes.filter(({ parent, level }) => level > (levels.get(parent) || Infinity));
  return new Set(inner.map(({ parent }) => parent));
}

/**
 * Finds the descendants of a process.
 *
 * @typeParam Process what is known about each process
 * @param root the pid of the process
 * @param processes all processes
 * @returns the descendants of the process, each after its parent
 */
export function descendantsOf<Process extends Pick<ProcessInfo, "pid" | "parent">>(
  root: number,
  processes: readonly Process[],
): Process[] {
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const found: Process[] = [];
  const pids = [root];
  // The set guards against cycles: pids may be reused while ps(1) builds its list.
  const seen = new Set(pids);
  for (const pid of pids) {
    for (const child of children.get(pid) ?? []) {
      if (seen.has(child.pid)) continue;
      seen.add(child.pid);
      pids.push(child.pid);
      found.push(child);
    }
  }
  return found;
}

/** Sends a signal to a process; does nothing if the process has exited or this user may not signal it. */
export function signalProcess(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // The process has exited, or belongs to another user.
  }
}
