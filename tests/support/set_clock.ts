/**
 * Starts programs whose wall clock can be set while they run, with libfaketime.
 *
 * @module
 */

import { findTool } from "./tools.ts";

/** The folders that may contain libfaketime, except those for one architecture. */
const FOLDERS = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];

/** A wall clock that a test sets; disposal removes its file. */
export class SetClock implements Disposable {
  readonly #folder: string = Deno.makeTempDirSync({ prefix: "taskscope-clock-" });
  /** The environment variables with which a program has this clock. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(library: string) {
    this.set(0);
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: `${this.#folder}/clock`,
      FAKETIME_NO_CACHE: "1",
      // Without this variable, libfaketime would also set the clock of timers, which would then never fire.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DISABLE_SHM: "1",
    };
  }

  /**
   * Creates a clock that shows the real time.
   *
   * @param what which tests need the clock; a warning names them if libfaketime is missing
   * @returns the clock; `undefined`, after a warning, if libfaketime is not installed
   */
  static async find(what: string): Promise<SetClock | undefined> {
    if (Deno.build.os !== "linux" || await findTool(["faketime"], what) === undefined) return undefined;
    const library = await findLibrary();
    if (library === undefined) throw new Error(`${what} cannot run: faketime is here, but not its library`);
    return new SetClock(library);
  }

  /** Sets the clock this many seconds ahead of the real time, or behind it. */
  set(seconds: number): void {
    const file = `${this.#folder}/clock`;
    // The file is replaced, so that no program reads half of it.
    Deno.writeTextFileSync(`${file}.new`, `${seconds < 0 ? "" : "+"}${seconds}`);
    Deno.renameSync(`${file}.new`, file);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

async function findLibrary(): Promise<string | undefined> {
  const nested = await Array.fromAsync(Deno.readDir("/usr/lib"), ({ name }) => `/usr/lib/${name}`);
  for (const folder of [...FOLDERS, ...nested]) {
    const library = `${folder}/faketime/libfaketimeMT.so.1`;
    if (await Deno.stat(library).catch(() => null) !== null) return library;
  }
  return undefined;
}
