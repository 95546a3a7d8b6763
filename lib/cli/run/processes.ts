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
}

/**
 * Lists all processes of this machine.
 *
 * @returns the processes; an empty list if ps(1) is not available
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

/** Parses the output of ps(1): pid, parent pid and process group id on each line. */
export function parseProcesses(text: string): ProcessInfo[] {
  return text.split("\n").flatMap((line) => {
    const [pid, parent, group] = line.trim().split(/\s+/).map(Number);
    return pid && parent !== undefined && group !== undefined ? [{ pid, parent, group }] : [];
  });
}

/**
 * Finds the descendants of a process.
 *
 * @param root the pid of the process
 * @param processes all processes
 * @returns the descendants of the process, each after its parent
 */
export function descendantsOf(root: number, processes: readonly ProcessInfo[]): ProcessInfo[] {
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const found: ProcessInfo[] = [];
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
