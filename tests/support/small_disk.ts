/**
 * Mounts a file system of a few megabytes, for tests that fill it.
 *
 * @module
 */

const CHUNK = new Uint8Array(64 * 1024);

/** A small file system in memory; disposal unmounts it, and no file in it may be open then. */
export class SmallDisk implements AsyncDisposable {
  /** The path at which the file system is mounted. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Mounts a small file system in memory.
   *
   * @param bytes the size of the file system
   * @param what which tests need the file system; a warning names them if it cannot be mounted
   * @returns the file system; `undefined`, after a warning, if this process is not permitted to mount one
   */
  static async mount(bytes: number, what: string): Promise<SmallDisk | undefined> {
    const path = await Deno.makeTempDir({ prefix: "taskscope-disk-" });
    try {
      await run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "taskscope-test", path);
      return new SmallDisk(path);
    } catch (error) {
      await Deno.remove(path);
      notSeen(`${what} did not run: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Writes a file that takes all of the free space. */
  async fill(): Promise<void> {
    using file = await Deno.open(`${this.path}/filling`, { write: true, create: true, append: true });
    // Smaller chunks fill the space that is left after the larger ones.
    for (const size of [CHUNK.length, 512, 1]) await fillWith(file, CHUNK.subarray(0, size));
  }

  /** Removes the file that {@linkcode SmallDisk.fill} wrote. */
  async free(): Promise<void> {
    await Deno.remove(`${this.path}/filling`);
  }

  /** Remounts the file system read-only. */
  async protect(): Promise<void> {
    await run("mount", "-o", "remount,ro", this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    await Deno.remove(this.path);
  }
}

/** Prints a warning that a test did not run, because it would otherwise look as if it had passed. */
export function notSeen(complaint: string): void {
  // deno-lint-ignore no-console -- the warning is for the person who runs the tests
  console.warn(complaint);
}

async function fillWith(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  try {
    while (true) await file.write(bytes);
  } catch (error) {
    if (!/no space left/i.test((error as Error).message)) throw error;
  }
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stdout: "null", stderr: "piped" })
    .output();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr).trim()}`);
}
