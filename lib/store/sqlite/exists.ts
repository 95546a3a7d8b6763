/**
 * Checks whether a path exists.
 *
 * @module
 */

/** Returns whether there is a file, a folder or a symbolic link at a path, even a link whose target does not exist. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
