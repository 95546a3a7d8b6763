/**
 * The table of flags of `taskscope serve`, and the text of its help.
 *
 * @module
 */

import { DEFAULT_LIMITS, type MonitorLimits } from "../../config/limits.ts";
import { ConfigError } from "../../errors.ts";
import { parseNotify } from "../../notify/options.ts";
import type { Durability } from "../../store/store.ts";
import { type CommandSyntax, messageOf } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { oneOf, portFrom, quoteValue } from "../flag_values.ts";
import type { FlagTable } from "../flags.ts";
import { KEY_FLAGS, KEY_VARIABLE, PREVIOUS_KEY_FLAG } from "../key.ts";
import { didYouMean } from "../suggestion.ts";
import { LOG_FORMATS, LOG_LEVELS } from "./log.ts";

/**
 * The environment variable that holds the signing secret of webhooks. No flag takes the secret, because any
 * user could read it in the process list.
 */
export const NOTIFY_SECRET_VARIABLE = "TASKSCOPE_NOTIFY_SECRET";

const DURABILITIES: readonly Durability[] = ["normal", "full"];

/** The flags of `serve`. */
export const SERVE_FLAGS = {
  host: {
    kind: "value",
    group: "Listening",
    placeholder: "<address>",
    fallback: "127.0.0.1",
    help: "IP address to listen on; an address that other machines can reach requires a key and TLS",
    parse: hostFrom,
  },
  port: {
    kind: "value",
    group: "Listening",
    placeholder: "<port>",
    fallback: "8000",
    help: "port to listen on; 0 picks a free port",
    parse: portFrom(0),
  },
  cert: {
    kind: "value",
    group: "Listening",
    placeholder: "<file>",
    help: "serve HTTPS with this certificate chain (PEM)",
  },
  "tls-key": {
    kind: "value",
    group: "Listening",
    placeholder: "<file>",
    help: "private key of the certificate (PEM)",
  },
  "insecure-http": {
    kind: "switch",
    group: "Listening",
    help:
      "allow plain HTTP on an address that other machines can reach; without HTTPS, browsers cannot sign in",
  },
  "key-file": { ...KEY_FLAGS["key-file"], group: "Access" },
  "previous-key-file": { ...PREVIOUS_KEY_FLAG, group: "Access" },
  "allow-origin": {
    kind: "list",
    group: "Access",
    placeholder: "<origin>",
    help: "origin whose pages may change tasks (CORS)",
  },
  "public-url": {
    kind: "list",
    group: "Behind a proxy",
    placeholder: "<url>",
    help: "URL at which users reach the server; its host and origin are allowed",
  },
  "base-path": {
    kind: "value",
    group: "Behind a proxy",
    placeholder: "<path>",
    help: "path prefix of every URL, such as /monitor",
  },
  "trust-proxy": {
    kind: "list",
    group: "Behind a proxy",
    placeholder: "<address>",
    help: "IP address of a proxy whose X-Forwarded-For header is trusted",
  },
  data: {
    kind: "value",
    group: "Storage",
    placeholder: "<file>",
    help:
      "database file, or postgres://user@host/database; :memory: stores nothing; by default taskscope-<port>.db in your data folder",
  },
  advertise: {
    kind: "value",
    group: "Storage",
    placeholder: "<url>",
    help:
      "address of this server for others that use the same PostgreSQL database, such as http://10.0.0.5:8000",
  },
  "node-ca": {
    kind: "value",
    group: "Storage",
    placeholder: "<file>",
    help: "certificate (PEM) of the CA that issued the other servers' certificates, if it is not a public CA",
    parse: readPem,
  },
  durability: {
    kind: "value",
    group: "Storage",
    placeholder: "<level>",
    fallback: "normal",
    help: "normal: committed changes survive a crash of the server; full: they also survive a power failure",
    ...oneOf(DURABILITIES),
  },
  limit: {
    kind: "list",
    group: "Storage",
    placeholder: "<name>=<number>",
    help: "override a limit, such as endedTasksPerClient=5000",
    parse: limitFrom,
  },
  tasks: {
    kind: "list",
    group: "Startable tasks",
    placeholder: "<module>",
    help: "module whose exported functions can be started as tasks",
  },
  "no-demo": { kind: "switch", group: "Startable tasks", help: "leave out the demo tasks" },
  root: {
    kind: "value",
    group: "Startable tasks",
    placeholder: "<folder>",
    fallback: ".",
    help: "folder that the demo task checksum_folder may read",
  },
  channel: {
    kind: "value",
    group: "Startable tasks",
    placeholder: "<name>",
    fallback: "taskscope",
    help: "name of the BroadcastChannel over which workers of this process report to the server",
  },
  notify: {
    kind: "list",
    group: "Notifications and logging",
    placeholder: "<url>[,<event>…]",
    help:
      "webhook to call when a task ends: for all events, or some of task.finished, task.error, task.cancelled",
    // A comma also separates a URL from its events, so only a comma before the next URL separates webhooks.
    separator: /,(?=\s*https?:)/i,
    parse: parseNotify,
  },
  log: {
    kind: "value",
    group: "Notifications and logging",
    placeholder: "<format>",
    fallback: "pretty",
    help: "log format: pretty or json",
    ...oneOf(LOG_FORMATS),
  },
  "log-level": {
    kind: "value",
    group: "Notifications and logging",
    placeholder: "<level>",
    fallback: "info",
    help: "least severe messages to log: error, warn or info",
    ...oneOf(LOG_LEVELS),
  },
} as const satisfies FlagTable;

/** The syntax of `serve`. */
export const SERVE: CommandSyntax = {
  usage: "[serve] [flags]",
  description: [
    "Starts the server: a web page of live tasks, a REST API, WebSocket and server-sent events.",
    `Secrets are read from the environment: ${KEY_VARIABLE} holds the key unless --key-file is given, ` +
    `${NOTIFY_SECRET_VARIABLE} signs the calls to webhooks.`,
  ].join("\n\n"),
  notes: "The limits, with their defaults: " +
    Object.entries(DEFAULT_LIMITS).map(([name, value]) => `${name}=${value}`).join(", ") +
    ". Limits with Ms in the name are in milliseconds; limits with Bytes or Characters are sizes.",
  flags: SERVE_FLAGS,
  exitStatuses: {
    [EXIT.ok]: "stopped by SIGINT or SIGTERM",
    [EXIT.failed]: "stopped, but not everything could be stored in time",
    [EXIT.usage]: "invalid command line, or the server cannot start",
    [EXIT.interrupted]: "stopped at once by a second signal",
  },
  examples: [
    "taskscope --port 9000 --tasks ./jobs.js",
    "taskscope --data /var/lib/taskscope/tasks.db --durability full",
    "taskscope --host 0.0.0.0 --key-file key --cert cert.pem --tls-key key.pem",
    "taskscope --key-file key --public-url https://ci.example.org/monitor",
  ],
};

function readPem(file: string, flag: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new ConfigError(`Cannot read the file named by ${flag}: ${messageOf(cause)}`, { cause });
  }
}

function hostFrom(text: string, source: string): string {
  const isAddress = text.includes(":")
    ? URL.canParse(`http://[${text}]/`)
    : /^\d+(\.\d+){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
  if (text === "localhost" || isAddress) return text;
  throw new ConfigError(`${source} must be an IP address or localhost, received ${quoteValue(text)}`);
}

function limitFrom(text: string, source: string): Partial<MonitorLimits> {
  const [, name, value] = /^([A-Za-z]+)=(\d{1,15})$/.exec(text) ?? [];
  if (name !== undefined) {
    if (Object.hasOwn(DEFAULT_LIMITS, name)) return { [name]: Number(value) };
    const hint = didYouMean(name, Object.keys(DEFAULT_LIMITS), "; serve --help lists them");
    throw new ConfigError(`${source} must name a limit, received ${quoteValue(name)}${hint}`);
  }
  throw new ConfigError(`${source} must be <name>=<number>, received ${quoteValue(text)}`);
}
