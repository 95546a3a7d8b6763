/**
 * What surrounds code that may run anywhere. Nothing here ever asks for a permission.
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

/**
 * The permission that is missing to connect to a server. To try without it would ask for it, or throw.
 *
 * @param server its address
 * @returns what would have to be allowed, such as `127.0.0.1:8000`; `null` where nothing is missing
 */
export function netPermissionFor(server: string): string | null {
  if (typeof Deno === "undefined") return null;
  const { hostname, port, protocol } = new URL(server);
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  return Deno.permissions.querySync({ name: "net", host }).state === "granted" ? null : host;
}

/**
 * Makes a timer no reason for the process to live on, where there is a process.
 *
 * @param timer what `setTimeout` gave
 * @returns the same
 */
export function unrefTimer<Timer extends ReturnType<typeof setTimeout>>(timer: Timer): Timer {
  if (typeof Deno !== "undefined") Deno.unrefTimer(timer as unknown as number);
  return timer;
}
