/**
 * Reads the environment from code that may also run in a browser, without ever prompting for a permission.
 *
 * @module
 */

/**
 * Reads an environment variable without prompting for a permission.
 *
 * @param name the name of the variable
 * @returns the value; `undefined` if the variable is not set, may not be read, or the runtime has no
 * environment variables
 */
export function readVariable(name: string): string | undefined {
  if (typeof Deno === "undefined") return undefined;
  if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") return undefined;
  return Deno.env.get(name);
}

/**
 * Returns the permission that is missing to connect to a server. Connecting without the permission would
 * prompt or throw.
 *
 * @param server the server's address
 * @returns the value for `--allow-net`, such as `127.0.0.1:8000`; `null` if no permission is missing
 */
export function netPermissionFor(server: string): string | null {
  if (typeof Deno === "undefined") return null;
  const { hostname, port, protocol } = new URL(server);
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  return Deno.permissions.querySync({ name: "net", host }).state === "granted" ? null : host;
}

/**
 * Unrefs a timer if the runtime supports it, so that it keeps no process alive.
 *
 * @param timer the return value of `setTimeout`
 * @returns the same timer
 */
export function unrefTimer<Timer extends ReturnType<typeof setTimeout>>(timer: Timer): Timer {
  if (typeof Deno !== "undefined") Deno.unrefTimer(timer as unknown as number);
  return timer;
}
