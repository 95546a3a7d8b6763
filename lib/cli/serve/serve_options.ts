/**
 * The options of `taskscope serve`: from flags and environment to what is checked.
 *
 * @module
 */

import { checkKey } from "../../access/keyring.ts";
import { type MonitorLimits, resolveAccess, resolveChannel, resolveLimits } from "../../config.ts";
import { ConfigError } from "../../errors.ts";
import { type NotifyOptions, parseNotify, resolveNotify } from "../../notify/options.ts";
import type { Durability } from "../../store/store.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { commandHelp, type FlagGroups, helpOf } from "../help.ts";
import { KEY_FLAGS, KEY_VARIABLE, keyFrom, type NamedKey } from "../key.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "./log.ts";

/** The flags of `serve`. */
export const SERVE_FLAGS = {
  host: {
    kind: "value",
    placeholder: "<address>",
    fallback: "127.0.0.1",
    help: "address to listen on; one that others can reach needs a key, and TLS",
  },
  port: {
    kind: "value",
    placeholder: "<port>",
    fallback: "8000",
    help: "port to listen on; 0 takes a free one",
  },
  data: {
    kind: "value",
    placeholder: "<file>",
    help: "file to keep tasks in; :memory: for none; by default one for each port, in your data folder",
  },
  durability: {
    kind: "value",
    placeholder: "<level>",
    fallback: "normal",
    help: "what a commit survives: normal is the end of the process, full is a power cut, too",
  },
  ...KEY_FLAGS,
  cert: {
    kind: "value",
    placeholder: "<file>",
    help: "certificate, with those between, in PEM: serves https",
  },
  "tls-key": { kind: "value", placeholder: "<file>", help: "private key of the certificate, in PEM" },
  "insecure-http": {
    kind: "switch",
    help: "listen where others can reach it without TLS: for programs alone, as nobody can sign in then",
  },
  "trust-proxy": {
    kind: "list",
    placeholder: "<address>",
    help: "address of a proxy whose X-Forwarded-For is taken for where requests come from",
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
  notify: {
    kind: "list",
    placeholder: "<url>[,<event>…]",
    help: "address to send a POST to when a task ends; events: task.finished, task.error, task.cancelled",
    // Those within are followed by events.
    separator: /,(?=\s*https?:)/i,
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
  log: {
    kind: "value",
    placeholder: "<format>",
    fallback: "pretty",
    help: "how the server says what happens: pretty for people, json for programs",
  },
  "log-level": {
    kind: "value",
    placeholder: "<level>",
    fallback: "info",
    help: "how much it says: error, warn or info",
  },
  limit: {
    kind: "list",
    placeholder: "<name>=<number>",
    help: "another value for a bound, such as endedTasksPerClient=5000",
  },
} as const satisfies FlagTable;

const DURABILITIES: readonly Durability[] = ["normal", "full"];

/** How the help groups them. */
const SERVE_GROUPS: FlagGroups = {
  "Where it listens": ["host", "port", "cert", "tls-key", "insecure-http"],
  "Who may do what": ["key-file", "allow-origin"],
  "Behind a proxy": ["public-url", "base-path", "trust-proxy"],
  "What is kept": ["data", "durability", "limit"],
  "What can be started": ["tasks", "no-demo", "root", "channel"],
  "Who is told": ["notify", "log", "log-level"],
};

/** The variable that holds the secret of webhooks. */
const NOTIFY_SECRET = "TASKSCOPE_NOTIFY_SECRET";

/** The options of a server, checked. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** The file to keep tasks in; `undefined` where that is left to us. */
  readonly data: string | undefined;
  readonly durability: Durability;
  readonly basePath: string;
  readonly publicUrls: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly notify: readonly NotifyOptions[];
  /** What signs the messages of `notify`; `""` where they go unsigned. */
  readonly notifySecret: string;
  readonly taskModules: readonly string[];
  readonly withDemo: boolean;
  readonly root: string;
  readonly channel: string;
  /** The key; `undefined` where everybody may do everything. */
  readonly key: string | undefined;
  /** The files of the certificate and its key; `null` where the server speaks plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Whether people can sign in: cookies of pages need TLS, or to come from this machine. */
  readonly signIn: boolean;
  /** Whether hosts that are named by an address are served: where it listens on all addresses, nobody could list them. */
  readonly allowAddressHosts: boolean;
  readonly trustedProxies: readonly string[];
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
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
  const given = readFlags(SERVE_FLAGS, args, readVariable);
  const { flags, nameOf, operands, wantsHelp } = given;
  if (wantsHelp) return null;
  if (operands.length > 0) {
    throw new ConfigError(`serve takes no "${operands[0]}"; --help lists what it takes`);
  }
  const all = (name: keyof typeof SERVE_FLAGS) => flags.get(name) ?? [];
  const host = hostFrom(all("host")[0]!, nameOf("host"));
  const key = keyFrom(given, readVariable);
  const tls = tlsFrom(all("cert")[0], all("tls-key")[0]);
  const isLocal = isLoopback(host);
  const isSecure = tls !== null || all("public-url").some((url) => /^https:/i.test(url));
  if (!isLocal) checkExposed(host, nameOf("host"), key, isSecure || all("insecure-http").length > 0);
  const options: ServeOptions = {
    host,
    key: key === null ? undefined : checkKey(key.key, key.name),
    tls,
    signIn: isSecure || isLocal,
    allowAddressHosts: host === "0.0.0.0" || host === "::",
    trustedProxies: all("trust-proxy"),
    port: portFrom(all("port")[0]!, nameOf("port")),
    data: all("data")[0],
    durability: oneOf(DURABILITIES, all("durability")[0]!, nameOf("durability")),
    basePath: all("base-path")[0] ?? "",
    publicUrls: all("public-url"),
    allowedOrigins: all("allow-origin"),
    notify: all("notify").map(parseNotify),
    // A flag would show it to everybody who may list processes.
    notifySecret: readVariable(NOTIFY_SECRET) ?? "",
    taskModules: all("tasks"),
    withDemo: all("no-demo").length === 0,
    root: all("root")[0]!,
    channel: all("channel")[0]!,
    logFormat: oneOf(LOG_FORMATS, all("log")[0]!, nameOf("log")),
    logLevel: oneOf(LOG_LEVELS, all("log-level")[0]!, nameOf("log-level")),
    limits: limitsFrom(all("limit"), nameOf("limit")),
  };
  // Now, and not when the first request comes.
  resolveAccess(options);
  const { notifyReceivers } = resolveLimits(options.limits);
  resolveNotify(options.notify, notifyReceivers);
  resolveChannel(options.channel);
  return options;
}

/** The help of `serve`. */
export function serveHelp(): string {
  const about = [
    "Serves tasks: on a page, over REST, over WebSocket and as server-sent events.",
    `Secrets are taken from the environment: ${KEY_VARIABLE} is the key, where there is no --key-file, and ` +
    `${NOTIFY_SECRET} signs what --notify sends.`,
  ].join("\n\n");
  return commandHelp("[serve] [flags]", about, helpOf(SERVE_FLAGS, SERVE_GROUPS), [
    "taskscope --port 9000 --tasks ./jobs.js",
    "taskscope --data /var/lib/taskscope/tasks.db --durability full",
    "taskscope --host 0.0.0.0 --key-file key --cert cert.pem --tls-key key.pem",
    "taskscope --key-file key --public-url https://ci.example.org/monitor --base-path /monitor",
  ]);
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

/**
 * The file that tasks are kept in where nobody names one: one for each port, in the platform's folder for data.
 *
 * @param port the port that was asked for
 * @param os what the program runs on
 * @param readVariable reads an environment variable
 * @returns the path; `":memory:"` for a free port, as nobody would find the file of a port that is another every time
 * @throws {ConfigError} where the folder can't be told
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
      // XDG Base Directory Specification: a relative path is to be ignored.
      const folder = readVariable("XDG_DATA_HOME");
      if (folder?.startsWith("/")) return `${folder}/taskscope/${name}`;
      if (home) return `${home}/.local/share/taskscope/${name}`;
    }
  }
  throw new ConfigError(
    "There is no home folder to keep tasks in; --data names a file, or :memory: for none",
  );
}

function oneOf<Word extends string>(words: readonly Word[], text: string, name: string): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new ConfigError(`${name} must be ${words.join(" or ")}, received "${text}"`);
}

function hostFrom(text: string, name: string): string {
  const isAddress = text.includes(":")
    ? URL.canParse(`http://[${text}]/`)
    : /^\d+(\.\d+){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
  if (text === "localhost" || isAddress) return text;
  throw new ConfigError(`${name} must be an IP address or localhost, received "${text}"`);
}

/** Whether only this machine can reach an address. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Refuses to listen where others can reach it, and nothing keeps them out, or from listening in. */
function checkExposed(host: string, name: string, key: NamedKey | null, isProtected: boolean): void {
  if (key === null) {
    throw new ConfigError(
      `${name} ${host} can be reached by others, who could see and stop everything: it needs a key; ` +
        `"openssl rand -hex 32 > key" makes one, and --key-file key gives it`,
    );
  }
  if (isProtected) return;
  throw new ConfigError(
    `${name} ${host} can be reached by others, who could read the key on its way: it needs TLS, with --cert and ` +
      "--tls-key, or with a proxy in front and its --public-url https://…; --insecure-http does without",
  );
}

function tlsFrom(cert: string | undefined, key: string | undefined): ServeOptions["tls"] {
  if (cert === undefined && key === undefined) return null;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new ConfigError(
    `TLS needs a certificate and its private key: ${cert === undefined ? "--cert" : "--tls-key"} is missing`,
  );
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
