/**
 * Creates a temporary folder for databases.
 *
 * @module
 */

/** A temporary folder; if temporary files are in memory, figures of the durability `full` mean nothing. */
export class TempFolder implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Creates a temporary folder. */
  static async make(): Promise<TempFolder> {
    return new TempFolder(await Deno.makeTempDir({ prefix: "taskscope-bench-" }));
  }

  /** Returns the path of a file in the folder. */
  file(name: string): string {
    return `${this.#path}/${name}`;
  }

  /**
   * Copies a database that a killed process left behind, because the program that opens the database changes it.
   *
   * @param from the name of the database
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
