/**
 * Parses server addresses and finds the default server for reports.
 *
 * @module
 */

import { isNode, lacksEnvPermission, readVariable } from "../environment.ts";
import { homeServer } from "./home_server.ts";

/** The default address of `taskscope serve`. */
export const DEFAULT_SERVER = "http://127.0.0.1:8000";

/**
 * Parses the address of a server.
 *
 * @param text `http(s)://host[:port][/path]`
 * @returns the address without a trailing slash; `null` if the text is not a plain HTTP(S) address
 */
export function parseServerAddress(text: string): string | null {
  // Node 20 has no URL.parse().
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && (url.protocol === "http:" || url.protocol === "https:") &&
    url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  return isPlain ? `${url.origin}${withoutSlashes(url.pathname)}` : null;
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** The invalid value of `TASKSCOPE_SERVER` about which a warning was already logged. */
let warnedAbout: string | undefined;

/**
 * Returns the server for reports if the monitored function names no server and this process has no monitor:
 * the server in `TASKSCOPE_SERVER`, else the server that this module was imported from, else, in Node and
 * Bun, which cannot import from a server, the default address.
 *
 * @returns the server's address; `null` if there is no such server
 */
export function fallbackServer(): string | null {
  const named = readVariable("TASKSCOPE_SERVER");
  if (named === undefined || named === "") return homeServer() ?? (isNode() ? DEFAULT_SERVER : null);
  return parseServerAddress(named) ?? ignoreInvalid(named);
}

function ignoreInvalid(named: string): string | null {
  if (warnedAbout !== named) {
    warnedAbout = named;
    const wanted = "wanted http(s)://host[:port][/path]";
    // No caller would receive an error, so this warning is the only hint why the tasks do not appear.
    // deno-lint-ignore no-console
    console.warn(`[taskscope] Ignored TASKSCOPE_SERVER: ${wanted}, received "${named}"`);
  }
  return homeServer();
}

/**
 * Returns an instruction for a warning: what the user may have to do so that {@linkcode fallbackServer}
 * returns a server; `null` if no setting is known to be missing.
 */
export function serverHint(): string | null {
  if (isNode()) return "set TASKSCOPE_SERVER to the server's address";
  // The quotes keep shells from expanding the pattern.
  return lacksEnvPermission("TASKSCOPE_SERVER")
    ? 'if TASKSCOPE_SERVER names a server, add "--allow-env=TASKSCOPE_*"'
    : null;
}
