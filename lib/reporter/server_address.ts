/**
 * Where reports to another process go.
 *
 * @module
 */

import { readVariable } from "../environment.ts";
import { homeServer } from "./home_server.ts";

/** Where a server listens that was told nothing else. */
export const DEFAULT_SERVER = "http://127.0.0.1:8000";

/**
 * Reads the address of a server.
 *
 * @param text `http(s)://host[:port][/path]`
 * @returns the address without a slash at the end; `null` where it is none
 */
export function parseServerAddress(text: string): string | null {
  const url = URL.parse(text);
  const isPlain = url !== null && (url.protocol === "http:" || url.protocol === "https:") &&
    url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  return isPlain ? `${url.origin}${url.pathname.replace(/\/+$/, "")}` : null;
}

/** What was said to be the server, and is no address. */
let warnedAbout: string | undefined;

/**
 * The server for reports that no monitor of this process takes and that name none: that of `TASKSCOPE_SERVER`, else the
 * one that this module was loaded from.
 *
 * @returns its address; `null` where there is none
 */
export function fallbackServer(): string | null {
  const named = readVariable("TASKSCOPE_SERVER");
  if (named === undefined || named === "") return homeServer();
  return parseServerAddress(named) ?? ignoreInvalid(named);
}

function ignoreInvalid(named: string): string | null {
  if (warnedAbout !== named) {
    warnedAbout = named;
    const wanted = "wanted http(s)://host[:port][/path]";
    // Nobody can catch it, and who set the variable would look for the tasks in vain.
    // deno-lint-ignore no-console
    console.warn(`[taskscope] TASKSCOPE_SERVER is not used: ${wanted}, received "${named}"`);
  }
  return homeServer();
}
