/**
 * Somebody's own program, in a folder with nothing else.
 *
 * @module
 */

import { type Process, spawn } from "./program.ts";

/** What it takes to run it. */
export interface JobOptions {
  /** Variables; none that begins with `TASKSCOPE_` is passed on from here. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command and its first arguments; this very Deno by default. */
  readonly deno?: readonly string[];
}

/** A folder for a program, and one for the modules that it loads. Gone when it is disposed of. */
export class JobFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "taskscope-job-" });
  readonly #modules: string = Deno.makeTempDirSync({ prefix: "taskscope-modules-" });

  /** Writes a file. */
  write(name: string, text: string): void {
    Deno.writeTextFileSync(`${this.path}/${name}`, text);
  }

  /** Lets programs use the packages that are on this machine already. */
  async sharePackages(): Promise<void> {
    const { stdout } = await spawn(Deno.execPath(), ["info", "--no-config", "--json"]).ended();
    const { npmCache } = JSON.parse(stdout);
    // The registry's folder is read; what is added is added here.
    await Deno.symlink(npmCache, `${this.#modules}/npm`);
  }

  /**
   * Runs a command of Deno in the folder.
   *
   * @param args the arguments
   * @param options what else it takes
   */
  deno(args: readonly string[], options: JobOptions = {}): Process {
    const [command, ...first] = options.deno ?? [Deno.execPath()];
    const env = { DENO_DIR: this.#modules, ...options.env };
    return spawn(command!, [...first, ...args], { cwd: this.path, env });
  }

  [Symbol.dispose](): void {
    for (const path of [this.path, this.#modules]) Deno.removeSync(path, { recursive: true });
  }
}
