/**
 * A temporary folder for databases.
 *
 * @module
 */

/** A folder on the disk that temporary files are on: where that is memory, figures of `full` durability mean nothing. */
export class TempFolder implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Creates a folder. */
  static async make(): Promise<TempFolder> {
    return new TempFolder(await Deno.makeTempDir({ prefix: "taskscope-bench-" }));
  }

  /** The path of a file in it. */
  file(name: string): string {
    return `${this.#path}/${name}`;
  }

  /**
   * Copies a database as a crash left it, as whoever opens it changes it.
   *
   * @param from the name of the file
   * @param to the name of the copy
   * @returns the path of the copy
   */
  async copyDatabase(from: string, to: string): Promise<string> {
    for (const part of ["", "-wal"]) {
      await Deno.copyFile(`${this.file(from)}${part}`, `${this.file(to)}${part}`);
    }
    return this.file(to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#path, { recursive: true });
  }
}
