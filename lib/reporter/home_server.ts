/**
 * Remembers the server that this module was imported from.
 *
 * @module
 */

let home: string | null = null;

/** The module's path on its server, with or without a version segment. */
const MODULE_PATH = /\/(v[^/]+\/)?monitored\.(js|ts)$/;

/**
 * Records the server that this module was imported from. A URL that does not end with the module's path on a
 * server is ignored.
 *
 * @param moduleUrl the module's `import.meta.url`
 */
export function setHomeServer(moduleUrl: string): void {
  const url = URL.parse(moduleUrl);
  if (url === null || !/^https?:$/.test(url.protocol) || !MODULE_PATH.test(url.pathname)) return;
  home = `${url.origin}${url.pathname.replace(MODULE_PATH, "")}`;
}

/**
 * Returns the address of the server that this module was imported from, without a trailing slash; `null` if
 * it was not imported from a server.
 */
export function homeServer(): string | null {
  return home;
}
