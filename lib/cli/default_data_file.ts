/**
 * Chooses the default database file of a server.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";

/**
 * Returns the path of the default database file, which is in the platform's data folder and different for
 * each port.
 *
 * @param port the requested port
 * @param os the operating system
 * @param readVariable reads an environment variable
 * @returns the path; `":memory:"` for port 0, because the next start would not find a file that is named after a
 * random port
 * @throws {ConfigError} if the platform's data folder is unknown
 */
export function defaultDataFile(
  port: number,
  os: typeof Deno.build.os,
  readVariable: (name: string) => string | undefined,
): string {
  if (port === 0) return ":memory:";
  const name = `taskscope-${port}.db`;
  const home = readVariable("HOME");
  switch (os) {
    case "windows": {
      const folder = readVariable("LOCALAPPDATA");
      if (folder) return `${folder}\\taskscope\\${name}`;
      break;
    }
    case "darwin":
      if (home) return `${home}/Library/Application Support/taskscope/${name}`;
      break;
    default: {
      // XDG Base Directory Specification: relative paths must be ignored.
      const folder = readVariable("XDG_DATA_HOME");
      if (folder?.startsWith("/")) return `${folder}/taskscope/${name}`;
      if (home) return `${home}/.local/share/taskscope/${name}`;
    }
  }
  const variable = os === "windows" ? "LOCALAPPDATA" : "HOME";
  throw new ConfigError(
    `Cannot choose a file for tasks: ${variable} is not set; give --data a file, or :memory: to store nothing`,
  );
}
