/**
 * Creates a folder for a user's program and runs Deno commands in it.
 *
 * @module
 */

import { type Process, spawn } from "./program.ts";

/** Options of {@linkcode JobFolder.deno}. */
export interface JobOptions {
  /** Environment variables; those that begin with `TASKSCOPE_` are not inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** The path of Deno and arguments to put first; by default the Deno that runs the test. */
  readonly deno?: readonly string[];
}

/** A folder for a program, and a module cache of its own; disposal removes both. */
export class JobFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "taskscope-job-" });
  readonly #modules: string = Deno.makeTempDirSync({ prefix: "taskscope-modules-" });

  /** Writes a file into the folder. */
  write(name: string, text: string): void {
    Deno.writeTextFileSync(`${this.path}/${name}`, text);
  }

  /** Makes the packages that are cached on this machine available to the program. */
  async sharePackages(): Promise<void> {
    const { stdout } = await spawn(Deno.execPath(), ["info", "--no-config", "--json"]).ended();
    const { npmCache } = JSON.parse(stdout);
    // A link to the cached packages, so that the program need not download them.
    await Deno.symlink(npmCache, `${this.#modules}/npm`);
  }

  /**
   * Runs a Deno command in the folder.
   *
   * @param args the arguments of Deno
   * @param options the environment, and another Deno to run
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
