/**
 * Environment variables for code that may run anywhere: read only where the permission is there already.
 *
 * @module
 */

/**
 * Reads an environment variable without ever asking for permission.
 *
 * @param name the variable
 * @returns its value; `undefined` where it is not set, may not be read, or there is no environment
 */
export function readVariable(name: string): string | undefined {
  if (typeof Deno === "undefined") return undefined;
  if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") return undefined;
  return Deno.env.get(name);
}
