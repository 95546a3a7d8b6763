/**
 * `taskscope serve`: from flags and environment to the options of a server.
 *
 * @module
 */

import { type MonitorLimits, resolveAccess, resolveChannel, resolveLimits } from "../config.ts";
import { ConfigError } from "../errors.ts";
import { type FlagTable, helpOf, readFlags } from "./flags.ts";

/** The flags of `serve`. */
export const SERVE_FLAGS = {
  host: {
    kind: "value",
    placeholder: "<address>",
    fallback: "127.0.0.1",
    help: "address to listen on; only loopback addresses are served",
  },
  port: {
    kind: "value",
    placeholder: "<port>",
    fallback: "8000",
    help: "port to listen on; 0 takes a free one",
  },
  "base-path": { kind: "value", placeholder: "<path>", help: "path below which everything is served" },
  "public-url": {
    kind: "list",
    placeholder: "<url>",
    help: "address that people reach the server by, behind a proxy; allows its host and origin",
  },
  "allow-origin": {
    kind: "list",
    placeholder: "<origin>",
    help: "origin of foreign pages that may make changes",
  },
  tasks: {
    kind: "list",
    placeholder: "<module>",
    help: "module whose exported functions can be started",
  },
  "no-demo": { kind: "switch", help: "leave out the tasks to start with" },
  root: {
    kind: "value",
    placeholder: "<folder>",
    fallback: ".",
    help: "folder that checksum_folder may read",
  },
  channel: {
    kind: "value",
    placeholder: "<name>",
    fallback: "taskscope",
    help: "name that workers of this process find the server by",
  },
  limit: {
    kind: "list",
    placeholder: "<name>=<number>",
    help: "another value for a bound, such as endedTasksPerClient=5000",
  },
} as const satisfies FlagTable;

/** The options of a server, checked. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly basePath: string;
  readonly publicUrls: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly taskModules: readonly string[];
  readonly withDemo: boolean;
  readonly root: string;
  readonly channel: string;
  readonly limits: Partial<MonitorLimits>;
}

/**
 * Reads the command line of `serve`.
 *
 * @param args the arguments behind the command
 * @param readVariable reads an environment variable
 * @returns the options; `null` where help is wanted
 * @throws {ConfigError} that names the flag, what was wanted and what came
 */
export function parseServe(
  args: readonly string[],
  readVariable: (name: string) => string | undefined,
): ServeOptions | null {
  const { flags, nameOf, operands, wantsHelp } = readFlags(SERVE_FLAGS, args, readVariable);
  if (wantsHelp) return null;
  if (operands.length > 0) {
    throw new ConfigError(`serve takes no "${operands[0]}"; --help lists what it takes`);
  }
  const all = (name: keyof typeof SERVE_FLAGS) => flags.get(name) ?? [];
  const options: ServeOptions = {
    host: hostFrom(all("host")[0]!, nameOf("host")),
    port: portFrom(all("port")[0]!, nameOf("port")),
    basePath: all("base-path")[0] ?? "",
    publicUrls: all("public-url"),
    allowedOrigins: all("allow-origin"),
    taskModules: all("tasks"),
    withDemo: all("no-demo").length === 0,
    root: all("root")[0]!,
    channel: all("channel")[0]!,
    limits: limitsFrom(all("limit"), nameOf("limit")),
  };
  // Now, and not when the first request comes.
  resolveAccess(options);
  resolveLimits(options.limits);
  resolveChannel(options.channel);
  return options;
}

/** The help of `serve`. */
export function serveHelp(): string {
  return [
    "taskscope [serve] shows long-running tasks live: on a page, over REST and over WebSocket.",
    "",
    "Usage: taskscope [serve] [flags]",
    "",
    helpOf(SERVE_FLAGS),
    "",
    "  --help, -h  this text",
    "  --version   the version",
  ].join("\n");
}

/**
 * The values of the Host header that a server on a loopback address answers to.
 *
 * @param host the address that it listens on
 * @param port the port
 */
export function loopbackHosts(host: string, port: number): string[] {
  const names = new Set(["127.0.0.1", "localhost", "[::1]", host.includes(":") ? `[${host}]` : host]);
  return [...names].flatMap((name) => port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]);
}

function hostFrom(text: string, name: string): string {
  if (text === "localhost" || text === "::1" || isLoopbackAddress(text)) return text;
  throw new ConfigError(
    `${name} must be a loopback address such as 127.0.0.1, received "${text}": ` +
      "there are no keys yet that would keep strangers out",
  );
}

function isLoopbackAddress(text: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
}

function portFrom(text: string, name: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new ConfigError(`${name} must be a number from 0 to 65535, received "${text}"`);
}

function limitsFrom(texts: readonly string[], name: string): Partial<MonitorLimits> {
  return Object.fromEntries(texts.map((text) => {
    const match = /^([A-Za-z]+)=(\d{1,15})$/.exec(text);
    if (match === null) throw new ConfigError(`${name} must be <name>=<number>, received "${text}"`);
    return [match[1]!, Number(match[2])];
  }));
}
