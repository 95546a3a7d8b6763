/**
 * Looks whether a path is taken.
 *
 * @module
 */

/** Returns whether anything has a path, be it a symbolic link that leads nowhere. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
