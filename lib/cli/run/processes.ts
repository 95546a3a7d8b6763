/**
 * The processes of this machine, as ps(1) knows them.
 *
 * @module
 */

/** A process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** The group that it is in. */
  readonly group: number;
}

/**
 * Lists the processes that there are.
 *
 * @returns the list; an empty one where there is no ps(1)
 */
export async function listProcesses(): Promise<ProcessInfo[]> {
  try {
    const ps = new Deno.Command("ps", {
      args: ["-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid="],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    return parseProcesses(new TextDecoder().decode((await ps.output()).stdout));
  } catch {
    return [];
  }
}

/** Reads what ps(1) writes: a process each line, as three numbers. */
export function parseProcesses(text: string): ProcessInfo[] {
  return text.split("\n").flatMap((line) => {
    const [pid, parent, group] = line.trim().split(/\s+/).map(Number);
    return pid && parent !== undefined && group !== undefined ? [{ pid, parent, group }] : [];
  });
}

/**
 * The processes that a process has started, and those that they have started, and so on.
 *
 * @param root the process
 * @param processes all that there are
 * @returns its descendants, each behind its parent
 */
export function descendantsOf(root: number, processes: readonly ProcessInfo[]): ProcessInfo[] {
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const found: ProcessInfo[] = [];
  const pids = [root];
  // A list that was taken while processes came and went may have a circle in it.
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

/** Sends a signal to a process, if it is still there and ours. */
export function signalProcess(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended, or belongs to somebody else.
  }
}
