/**
 * Creates a folder with a user's program and runs it there.
 *
 * @module
 */

import { type Process, spawn } from "./program.ts";

/** Options of a run. */
export interface JobOptions {
  /** Environment variables; those that begin with `TASKSCOPE_` are not inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command and its first arguments; the running Deno by default. */
  readonly deno?: readonly string[];
}

/** A folder for a program, and a cache for the modules that it loads; both removed when disposed of. */
export class JobFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "taskscope-job-" });
  readonly #modules: string = Deno.makeTempDirSync({ prefix: "taskscope-modules-" });

  /** Writes a file. */
  write(name: string, text: string): void {
    Deno.writeTextFileSync(`${this.path}/${name}`, text);
  }

  /** Lets programs use the packages that are already cached on this machine. */
  async sharePackages(): Promise<void> {
    const { stdout } = await spawn(Deno.execPath(), ["info", "--no-config", "--json"]).ended();
    const { npmCache } = JSON.parse(stdout);
    // Symbolic links to the cached packages; new ones are added to this folder only.
    await Deno.symlink(npmCache, `${this.#modules}/npm`);
  }

  /**
   * Runs a Deno command in the folder.
   *
   * @param args the arguments
   * @param options further options
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
