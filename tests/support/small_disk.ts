/**
 * Mounts a disk of a few megabytes, for tests that fill it.
 *
 * @module
 */

const CHUNK = new Uint8Array(64 * 1024);

/** A file system in memory; unmounted when disposed of, when no file in it may be open. */
export class SmallDisk implements AsyncDisposable {
  /** The mount point. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Mounts a disk.
   *
   * @param bytes its size
   * @param what the tests that need it, for the warning
   * @returns the disk; `undefined`, with a warning, if this process may not mount one
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

  /** Fills the disk. */
  async fill(): Promise<void> {
    using file = await Deno.open(`${this.path}/filling`, { write: true, create: true, append: true });
    // Smaller pieces fill the rest.
    for (const size of [CHUNK.length, 512, 1]) await fillWith(file, CHUNK.subarray(0, size));
  }

  /** Frees the space again. */
  async free(): Promise<void> {
    await Deno.remove(`${this.path}/filling`);
  }

  /** Remounts it read-only. */
  async protect(): Promise<void> {
    await run("mount", "-o", "remount,ro", this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    await Deno.remove(this.path);
  }
}

/** Warns, because a test that did not run must not look like one that passed. */
export function notSeen(complaint: string): void {
  // deno-lint-ignore no-console -- the only one who hears of it
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
