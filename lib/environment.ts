/**
 * Hides the differences between Deno, Node, Bun and browsers. No function of this module prompts for a
 * permission.
 *
 * @module
 */

/** The members of Node's and Bun's `process` that this file uses. */
interface NodeProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly versions: { readonly node?: string };
  /** Exists from Node 20.16 and 22.3. */
  readonly getBuiltinModule?: (name: string) => unknown;
}

/**
 * Returns the `process` of Node or Bun; `undefined` in Deno, and in browsers even if a bundler provides a
 * substitute for `process`.
 */
function nodeProcess(): NodeProcess | undefined {
  if (typeof Deno !== "undefined") return undefined;
  const { process } = globalThis as { readonly process?: Partial<NodeProcess> };
  return typeof process?.versions?.node === "string" ? process as NodeProcess : undefined;
}

/** Returns whether this runtime is Node, or Bun, which is compatible with Node. */
export function isNode(): boolean {
  return nodeProcess() !== undefined;
}

/**
 * Returns a built-in module of Node. Code that also runs in browsers can't import such a module.
 *
 * @typeParam Module the type of the module
 * @param name the name of the module, such as `node:net`
 * @returns the module; `undefined` if this runtime has none of Node's modules, or can't load them synchronously
 */
export function nodeModule<Module>(name: string): Module | undefined {
  return nodeProcess()?.getBuiltinModule?.(name) as Module | undefined;
}

/**
 * Reads an environment variable.
 *
 * @param name the name of the variable
 * @returns the value; `undefined` if the variable is not set, may not be read, or the runtime has no
 * environment variables
 */
export function readVariable(name: string): string | undefined {
  if (typeof Deno === "undefined") return nodeProcess()?.env[name];
  return envPermission(name) === "granted" ? Deno.env.get(name) : undefined;
}

/**
 * Returns whether an environment variable can't be read because the user has neither granted nor denied the
 * permission. A user who has denied the permission needs no hint that it is missing.
 *
 * @param name the name of the variable
 */
export function lacksEnvPermission(name: string): boolean {
  return typeof Deno !== "undefined" && envPermission(name) === "prompt";
}

function envPermission(name: string): Deno.PermissionState {
  return Deno.permissions.querySync({ name: "env", variable: name }).state;
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
  // Timers of Node and Bun are objects, timers of browsers are numbers.
  else if (typeof timer === "object") (timer as { readonly unref?: () => void }).unref?.();
  return timer;
}
