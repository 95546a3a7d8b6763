/**
 * Starts workers, but only while enough file descriptors are left.
 *
 * @module
 */

/**
 * The number of file descriptors that must be free: more than the 8 that a worker opens, because other threads may take
 * some at the same time.
 */
const SPARE = 32;

/**
 * Starts a worker, unless the process has too few free file descriptors. Without a descriptor for its event loop, a new
 * worker ends the whole process with a panic (seen on Deno 2.9.6 with fewer than 6 left).
 *
 * @param module the URL of the worker's module
 * @param name the worker's name, for debuggers
 * @returns the worker
 * @throws {Deno.errors.Busy} if there are too few descriptors; its message names the remedy
 */
export function startThread(module: URL, name: string): Worker {
  assertSpareDescriptors();
  return new Worker(module, { type: "module", name });
}

function assertSpareDescriptors(): void {
  const files: Deno.FsFile[] = [];
  try {
    // The executable is opened, not the database: closing any descriptor of a file releases the locks that the process
    // holds on that file.
    const file = Deno.execPath();
    for (let count = 0; count < SPARE; count++) files.push(Deno.openSync(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.NotFound) return;
    throw new Deno.errors.Busy("too many files are open; raise the limit with `ulimit -n`", { cause: error });
  } finally {
    for (const file of files) file.close();
  }
}
