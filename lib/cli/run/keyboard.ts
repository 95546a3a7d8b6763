/**
 * Finds out whether a signal may come from the keyboard of a terminal.
 *
 * @module
 */

/**
 * The keyboard of the terminal that this process runs in. Its Ctrl-C reaches all processes of the foreground process
 * group, and no others.
 */
export class Keyboard {
  readonly #isForeground: () => Promise<boolean | null>;
  readonly #wasForeground: Promise<boolean | null>;

  /**
   * @param isForeground returns whether this process belongs to the foreground process group of its controlling
   * terminal, `null` if that is unknown; tests replace it
   */
  constructor(isForeground: () => Promise<boolean | null> = isInForeground) {
    this.#isForeground = isForeground;
    this.#wasForeground = isForeground();
  }

  /**
   * Returns whether a signal that this process has just received may come from the keyboard. It may not if the process
   * has been in the background since its start, or has no controlling terminal. Being in the background only now proves
   * nothing: Ctrl-C may also have ended a script that started this process, after which the shell is in the foreground.
   */
  async maySignal(): Promise<boolean> {
    return await this.#wasForeground !== false || await this.#isForeground() !== false;
  }
}

/** Reads whether this process is in the foreground, on Linux; elsewhere, and if /proc can't be read, returns `null`. */
async function isInForeground(): Promise<boolean | null> {
  if (Deno.build.os !== "linux") return null;
  try {
    const { state } = Deno.permissions.querySync({ name: "run", command: "cat" });
    if (state !== "granted") return null;
    // Deno may read /proc only with all permissions.
    const cat = new Deno.Command("cat", {
      args: [`/proc/${Deno.pid}/stat`],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    return parseForeground(new TextDecoder().decode((await cat.output()).stdout));
  } catch {
    return null;
  }
}

/**
 * The fields pid, name, state, parent, process group, session, terminal, and foreground process group of the terminal;
 * see proc_pid_stat(5). The name may contain any characters, but the fields after it contain no parentheses.
 */
const STAT = /^\d+ \(.*\) [A-Za-z] \d+ (\d+) \d+ (-?\d+) (-?\d+) [-\d ]+$/s;

/**
 * Parses /proc/<pid>/stat.
 *
 * @param stat the content of the file
 * @returns whether the process belongs to the foreground process group of its controlling terminal; `false` if it has
 * no controlling terminal, `null` if the content is invalid
 */
export function parseForeground(stat: string): boolean | null {
  const [, group, terminal, foreground] = STAT.exec(stat.trimEnd()) ?? [];
  return group === undefined ? null : terminal !== "0" && group === foreground;
}
