/**
 * Makes a copy of a file durable, or removes it.
 *
 * @module
 */

/** Flushes a file to disk, so that it survives a power cut. */
export function flush(path: string): void {
  using file = Deno.openSync(path, { write: true });
  file.syncSync();
}

/** Removes an unfinished copy as far as possible: it may have been renamed since, or never made. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // An error here must not hide the one that made the copy useless.
  }
}
