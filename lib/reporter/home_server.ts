/**
 * The server that this very module was loaded from, where it was.
 *
 * @module
 */

let home: string | null = null;

/** The path of the module below its server, with a version or without. */
const MODULE_PATH = /\/(v[^/]+\/)?monitored\.(js|ts)$/;

/**
 * Takes note of where the module was loaded from.
 *
 * @param moduleUrl the URL of the module
 */
export function setHomeServer(moduleUrl: string): void {
  const url = URL.parse(moduleUrl);
  if (url === null || !/^https?:$/.test(url.protocol) || !MODULE_PATH.test(url.pathname)) return;
  home = `${url.origin}${url.pathname.replace(MODULE_PATH, "")}`;
}

/** The address of that server, without a slash at the end; `null` where there is none. */
export function homeServer(): string | null {
  return home;
}
