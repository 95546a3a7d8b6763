/**
 * Every option that has a bound or a default, in one place.
 *
 * @module
 */

import { checkKey } from "./access/keyring.ts";
import { ConfigError } from "./errors.ts";
import { DEFAULT_CHANNEL } from "./task/grammar.ts";
import type { Durability } from "./store/store.ts";

/** Every bound of a monitor. */
export interface MonitorLimits {
  /** Clients that may have tasks. */
  readonly clients: number;
  /** Tasks of one client that have not ended; a new one is refused. */
  readonly liveTasksPerClient: number;
  /** Wrong keys and tokens in a row that are answered with 401; more from the same address with 429. */
  readonly wrongKeysPerAddress: number;
  /** Milliseconds until one more wrong key is answered so. */
  readonly wrongKeyRefillMs: number;
  /** Addresses whose wrong keys are remembered. */
  readonly addresses: number;
  /** Changes over REST in a row of one client's tasks, where there is a key; more are answered with 429. */
  readonly writesPerClient: number;
  /** Milliseconds until one more such change is taken. */
  readonly writeRefillMs: number;
  /** Ended tasks of one client that are kept; the oldest are removed. */
  readonly endedTasksPerClient: number;
  /** Ended tasks of all clients that are kept; the oldest are removed. */
  readonly endedTasks: number;
  /** Milliseconds that ended tasks are kept, from their end. */
  readonly endedTaskAgeMs: number;
  /** Milliseconds within which a removed task can be restored. */
  readonly restoreWindowMs: number;
  /** Removals of one client's tasks that are remembered; who was away for longer starts afresh. */
  readonly removalsPerClient: number;
  /** Clients without tasks that are remembered. */
  readonly emptyClients: number;
  /** Log lines that are kept of one task in memory, the newest, and that are shown at first. */
  readonly logLinesPerTask: number;
  /** Log lines that are kept of one task on disk, the newest. */
  readonly logLinesPerTaskOnDisk: number;
  /** Characters of log that are kept of all tasks in memory; the log that was quiet for longest goes. */
  readonly logCharacters: number;
  /** Status texts that are kept in the history of one task, the newest; its states are kept beside them. */
  readonly historyPerTask: number;
  /** Entries of history that are kept of all tasks in memory; the history that was quiet for longest goes. */
  readonly historyEntries: number;
  /** Points of the courses of progress that are kept of all tasks in memory; those not written for longest go. */
  readonly progressPoints: number;
  /** Characters of log and history that may wait to be written to disk; of more, the newest are left out. */
  readonly unsavedCharacters: number;
  /** Milliseconds that a change may wait to be committed together with others. */
  readonly commitIntervalMs: number;
  /** Sockets and event streams that may watch; more are refused. */
  readonly watchers: number;
  /** Requests that may wait for a change; more are refused. */
  readonly waitingRequests: number;
  /** Bytes that may be on their way to one watcher; a slower one is cut. */
  readonly watcherQueueBytes: number;
  /** Bytes of a message that a watcher may send. */
  readonly watcherMessageBytes: number;
  /** Characters of events of one client that may wait to be shown; of more, the event streams are cut. */
  readonly pendingEventCharacters: number;
  /** Sockets that may report from other processes; more are refused. */
  readonly reporters: number;
  /** Bytes of a message of such a reporter. */
  readonly reportBytes: number;
  /** Bytes of a request's body. */
  readonly requestBytes: number;
  /** Milliseconds within which a request's body has to arrive. */
  readonly requestTimeoutMs: number;
  /** Milliseconds between two frames of one client's tasks at least; 0 makes a frame of every change. */
  readonly frameIntervalMs: number;
  /** Bytes of full-state frames a second that one client's tasks may cause. */
  readonly fullStateBytesPerSecond: number;
  /** Milliseconds between two looks for tasks that went silent. */
  readonly sweepIntervalMs: number;
  /** Milliseconds that a reporter in another process may be away before its tasks are shown as stale. */
  readonly reporterAwayMs: number;
  /** Milliseconds that a task may be stale before it ends as `ERROR` with `error.type` `"lost"`. */
  readonly lostAfterMs: number;
  /** Addresses that may be told of the ends of tasks. */
  readonly notifyReceivers: number;
  /** Requests that may be under way to one such address at a time. */
  readonly notifyConcurrency: number;
  /** Milliseconds that such an address may take to answer. */
  readonly notifyTimeoutMs: number;
  /** Bytes of its answer that are read. */
  readonly notifyAnswerBytes: number;
  /** Milliseconds until what such an address did not take is sent again; twice as many after every failure. */
  readonly notifyRetryMs: number;
  /** Milliseconds until it is sent again at most, however often that failed. */
  readonly notifyMaxRetryMs: number;
  /** Milliseconds from the end of a task after which it is given up to tell of it. */
  readonly notifyAgeMs: number;
  /** Ends of tasks that may wait to be told to one address; of more, the oldest are not told. */
  readonly notifyQueue: number;
  /** Characters of what may wait to be told to one address; of more, the oldest is not told. */
  readonly notifyQueueCharacters: number;
}

/** The bounds where nobody sets others. */
export const DEFAULT_LIMITS: MonitorLimits = {
  clients: 10_000,
  liveTasksPerClient: 10_000,
  wrongKeysPerAddress: 10,
  wrongKeyRefillMs: 6_000,
  addresses: 10_000,
  writesPerClient: 2_000,
  writeRefillMs: 5,
  endedTasksPerClient: 1_000,
  endedTasks: 100_000,
  endedTaskAgeMs: 7 * 24 * 60 * 60 * 1_000,
  restoreWindowMs: 5_000,
  removalsPerClient: 1_000,
  emptyClients: 10_000,
  logLinesPerTask: 1_000,
  logLinesPerTaskOnDisk: 100_000,
  logCharacters: 64 * 1024 * 1024,
  historyPerTask: 1_000,
  historyEntries: 1_000_000,
  progressPoints: 1_000_000,
  unsavedCharacters: 64 * 1024 * 1024,
  commitIntervalMs: 50,
  watchers: 10_000,
  waitingRequests: 1_000,
  watcherQueueBytes: 1024 * 1024,
  watcherMessageBytes: 1024,
  pendingEventCharacters: 8 * 1024 * 1024,
  reporters: 10_000,
  reportBytes: 1024 * 1024,
  requestBytes: 1024 * 1024,
  requestTimeoutMs: 30_000,
  frameIntervalMs: 50,
  fullStateBytesPerSecond: 1_000_000,
  sweepIntervalMs: 1_000,
  reporterAwayMs: 10_000,
  lostAfterMs: 24 * 60 * 60 * 1_000,
  notifyReceivers: 32,
  notifyConcurrency: 4,
  notifyTimeoutMs: 10_000,
  notifyAnswerBytes: 16 * 1024,
  notifyRetryMs: 1_000,
  notifyMaxRetryMs: 5 * 60 * 1_000,
  notifyAgeMs: 24 * 60 * 60 * 1_000,
  notifyQueue: 10_000,
  notifyQueueCharacters: 64 * 1024 * 1024,
};

/** Options that may be 0. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  "frameIntervalMs",
  "commitIntervalMs",
  "restoreWindowMs",
  "endedTasksPerClient",
  "endedTasks",
]);

/** Where a monitor is reached, and from where. */
export interface AccessOptions {
  /**
   * The path below which everything is served: `""` or `"/monitor"`.
   *
   * @default {""}
   */
  readonly basePath?: string;
  /**
   * The values of the Host header that are served, ports included. By default the loopback names with any port.
   */
  readonly allowedHosts?: readonly string[];
  /** Origins of pages that may make changes, beside the monitor's own. */
  readonly allowedOrigins?: readonly string[];
  /**
   * The addresses that people reach the monitor by, the first one for links: `https://ci.example.org/tasks`. Each adds
   * its host and origin to those that are allowed.
   */
  readonly publicUrls?: readonly string[];
  /**
   * Whether hosts that are named by an IP address are served, whatever it is. It can't have been rebound, as a name can.
   *
   * @default {false}
   */
  readonly allowAddressHosts?: boolean;
  /**
   * The key that lets its holder see and do everything: 16 to 1024 characters of ASCII without spaces. Programs send it
   * as `Authorization: Bearer`; people sign in with it. Without one, everybody may do everything.
   */
  readonly key?: string | undefined;
  /**
   * Whether people may sign in with the key, and links be shared. Both need cookies, which only pages over TLS and of
   * this machine have.
   *
   * @default {true}
   */
  readonly signIn?: boolean;
  /** The addresses of proxies whose `X-Forwarded-For` is taken for where requests come from. */
  readonly trustedProxies?: readonly string[];
}

/** {@linkcode AccessOptions}, checked and complete. */
export interface ResolvedAccess {
  readonly basePath: string;
  /** `null` where any loopback name will do. */
  readonly hosts: ReadonlySet<string> | null;
  readonly origins: ReadonlySet<string>;
  readonly allowAddressHosts: boolean;
  /** The origin for links; `null` where it is taken from the request. */
  readonly publicOrigin: string | null;
  /** The key; `null` where everybody may do everything. */
  readonly key: string | null;
  /** Whether people may sign in. */
  readonly signIn: boolean;
  readonly trustedProxies: ReadonlySet<string>;
}

/**
 * Completes the bounds.
 *
 * @param limits the bounds that are to differ from the defaults
 * @returns all bounds
 * @throws {ConfigError} that names the bound, what was wanted and what came
 */
export function resolveLimits(limits: Partial<MonitorLimits> = {}): MonitorLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      const known = Object.keys(DEFAULT_LIMITS).join(", ");
      throw new ConfigError(`Cannot set limit "${name}": wanted one of ${known}`);
    }
    const least = MAY_BE_ZERO.has(name) ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new ConfigError(
        `Cannot set limit "${name}": wanted a whole number from ${least}, received ${value}`,
      );
    }
  }
  return { ...DEFAULT_LIMITS, ...limits };
}

/**
 * Completes the options on where a monitor is reached.
 *
 * @param options what the user gave
 * @returns the options, checked
 * @throws {ConfigError} that names the option, what was wanted and what came
 */
export function resolveAccess(options: AccessOptions = {}): ResolvedAccess {
  const { basePath = "", allowedHosts, allowedOrigins = [], publicUrls = [], trustedProxies = [] } = options;
  const { key, signIn = true, allowAddressHosts = false } = options;
  const urls = publicUrls.map(publicUrlOf);
  const hosts = allowedHosts === undefined && urls.length === 0
    ? null
    : new Set([...allowedHosts ?? [], ...urls.map((url) => url.host)].map((host) => host.toLowerCase()));
  return {
    basePath: basePathOf(basePath === "" ? urls[0]?.pathname ?? "" : basePath),
    hosts,
    origins: new Set([...allowedOrigins.map(originOf), ...urls.map((url) => url.origin)]),
    allowAddressHosts,
    publicOrigin: urls[0]?.origin ?? null,
    key: key === undefined ? null : checkKey(key, "The key"),
    signIn: key !== undefined && signIn,
    trustedProxies: new Set(trustedProxies.map(proxyOf)),
  };
}

/**
 * Checks the name of a monitor's channel.
 *
 * @param name what the user gave
 * @returns the name
 * @throws {ConfigError} where it is not 1 to 128 characters long
 */
export function resolveChannel(name: string = DEFAULT_CHANNEL): string {
  if (name.length >= 1 && name.length <= 128) return name;
  throw new ConfigError(`Cannot use channel: wanted 1 to 128 characters, received ${name.length}`);
}

/** Where tasks are kept. */
export interface StorageOptions {
  readonly data?: string;
  readonly durability?: Durability;
}

/** {@linkcode StorageOptions}, checked and complete. */
export interface ResolvedStorage {
  /** The path of the file; `null` where tasks are kept in memory. */
  readonly file: string | null;
  readonly durability: Durability;
}

/**
 * Completes the options on where tasks are kept.
 *
 * @param options what the user gave
 * @returns the options, checked
 * @throws {ConfigError} that names the option, what was wanted and what came
 */
export function resolveStorage(options: StorageOptions = {}): ResolvedStorage {
  const { data = ":memory:", durability = "normal" } = options;
  if (data === "") throw new ConfigError('Cannot keep tasks: wanted a file or ":memory:", received ""');
  if (durability !== "normal" && durability !== "full") {
    throw new ConfigError(`Cannot use durability: wanted normal or full, received "${String(durability)}"`);
  }
  return { file: data === ":memory:" ? null : data, durability };
}

function basePathOf(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  if (trimmed === "" || /^(\/[A-Za-z0-9._~-]+)+$/.test(trimmed)) return trimmed;
  throw new ConfigError(`Cannot use base path: wanted a path such as "/monitor", received "${path}"`);
}

function publicUrlOf(text: string): URL {
  const url = URL.parse(text);
  const isPlain = url !== null && (url.protocol === "http:" || url.protocol === "https:") &&
    url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (isPlain) return url;
  throw new ConfigError(`Cannot use public URL: wanted http(s)://host[:port][/path], received "${text}"`);
}

/** As the platform spells the addresses of peers. */
function proxyOf(text: string): string {
  const host = URL.parse(`http://${text.includes(":") ? `[${text}]` : text}/`)?.hostname.replace(
    /^\[|\]$/g,
    "",
  );
  if (host !== undefined && (host.includes(":") || /^\d+(\.\d+){3}$/.test(text))) return host;
  throw new ConfigError(`Cannot trust proxy: wanted an IP address, received "${text}"`);
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url !== null && url.origin === text.replace(/\/$/, "").toLowerCase() && url.origin !== "null") {
    return url.origin;
  }
  throw new ConfigError(`Cannot allow origin: wanted http(s)://host[:port], received "${text}"`);
}
