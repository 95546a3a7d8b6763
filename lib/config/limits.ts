/**
 * The limits of a monitor and their defaults.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";

/**
 * The limits of a monitor. Each limit is a whole number from 1, or from 0 if its description says so.
 * Durations are milliseconds, named `…Ms`; sizes are bytes or, for text in memory, characters (UTF-16 code
 * units).
 */
export interface MonitorLimits {
  /**
   * The maximum number of clients that may have tasks; tasks of further clients are rejected. If there is no key, each
   * network outside this machine may create at most as many clients as it leaves for others: the first network can
   * create half of them.
   */
  readonly clients: number;
  /** The maximum number of unfinished tasks of one client; further ones are rejected. */
  readonly liveTasksPerClient: number;
  /**
   * The maximum number of running tasks that requests have started by the name of a registered function; further ones
   * are rejected.
   */
  readonly startedTasks: number;
  /**
   * The maximum number of wrong keys or tokens in a row that one address may send; further wrong keys get 429 instead
   * of 401.
   */
  readonly wrongKeysPerAddress: number;
  /** The number of milliseconds after which an address may send one more wrong key. */
  readonly wrongKeyRefillMs: number;
  /** The maximum number of addresses whose wrong keys are counted at a time. */
  readonly addresses: number;
  /**
   * The maximum number of writes over REST in a row to the tasks of one client, if there is a key; further ones get
   * 429. A batch of reports counts as one write to each client in it; a batch over a WebSocket waits instead of being
   * rejected. Writes with the key, with tokens for the client and with tokens for each of its tasks are counted
   * separately.
   */
  readonly writesPerClient: number;
  /** The number of milliseconds after which one more write to the tasks of a client is accepted. */
  readonly writeRefillMs: number;
  /**
   * The maximum number of ended tasks of one client that are kept; the oldest are removed first. May be 0.
   */
  readonly endedTasksPerClient: number;
  /**
   * The maximum number of ended tasks of all clients that are kept; the oldest are removed first. May be 0.
   */
  readonly endedTasks: number;
  /** The number of milliseconds that a task is kept after its end. */
  readonly endedTaskAgeMs: number;
  /** The number of milliseconds after its removal within which a task can be restored. May be 0. */
  readonly restoreWindowMs: number;
  /**
   * The maximum number of removals of one client's tasks that are remembered; a watcher with an older cursor
   * must resync.
   */
  readonly removalsPerClient: number;
  /** The maximum number of clients without tasks that are remembered, so that cursors of these clients stay valid. */
  readonly emptyClients: number;
  /**
   * The maximum number of log lines of one task that are kept in memory; the oldest are dropped. This number is also
   * the default size of a page of a log.
   */
  readonly logLinesPerTask: number;
  /** The maximum number of log lines of one task that are kept on disk; the oldest are dropped. */
  readonly logLinesPerTaskOnDisk: number;
  /**
   * The maximum number of characters of the logs of all tasks in memory, where each line counts as 64 characters more
   * than its text; the log with the oldest last line is dropped first.
   */
  readonly logCharacters: number;
  /**
   * The maximum number of status texts in the history of one task; the oldest are dropped. State changes are
   * always kept.
   */
  readonly historyPerTask: number;
  /**
   * The maximum number of history entries of all tasks in memory; the history with the oldest last entry is
   * dropped first.
   */
  readonly historyEntries: number;
  /**
   * The maximum number of points of the progress histories of all tasks in memory; the history that was
   * written least recently is dropped first.
   */
  readonly progressPoints: number;
  /**
   * The maximum number of past runs of one client and name whose summaries are kept; the runs that ended first are
   * dropped.
   */
  readonly pastRunsPerName: number;
  /**
   * The maximum number of past runs of all clients and names whose summaries are kept; the oldest runs of the client
   * that has the most are dropped first.
   */
  readonly pastRuns: number;
  /** The number of milliseconds that the summary of a past run is kept after its end. */
  readonly pastRunAgeMs: number;
  /**
   * The maximum number of points of the values of all ended tasks in memory; the values that were written least
   * recently are dropped first.
   */
  readonly valuePoints: number;
  /**
   * The maximum number of characters of logs and histories that may wait to be written to disk; further lines
   * and entries are dropped.
   */
  readonly unsavedCharacters: number;
  /**
   * The number of milliseconds that a change may wait to be committed together with later changes. May be 0.
   */
  readonly commitIntervalMs: number;
  /**
   * The lease of the node that owns the tasks of a cluster, in milliseconds: if the owner fails, another node takes
   * over when the lease has expired.
   */
  readonly leaseMs: number;
  /**
   * How long a node of a cluster that shuts down continues to accept requests after `/readyz` has begun to return an
   * error, in milliseconds. Choose more than your load balancer takes to notice. May be 0.
   */
  readonly leaveMs: number;
  /**
   * The maximum number of characters of records of ended tasks that are cached. Only PostgreSQL databases have this
   * cache; a database file is read on each access.
   */
  readonly recordCacheCharacters: number;
  /**
   * The maximum number of open watcher connections, both WebSockets and event streams; further ones are
   * rejected.
   */
  readonly watchers: number;
  /** The maximum number of requests that wait for a change at the same time; further ones are rejected. */
  readonly waitingRequests: number;
  /** The maximum number of bytes in the send queue of one watcher; a slower watcher is disconnected. */
  readonly watcherQueueBytes: number;
  /**
   * The maximum number of unsent bytes of all connections, which wait because their peers read slowly. A record that
   * several lists contain counts once. WebSockets may use a quarter of this limit, because each of them has its own copy
   * of what it sends. Beyond the limit, large responses are rejected, and watchers that read slowly or have a large
   * state to read are disconnected.
   */
  readonly unsentBytes: number;
  /** The maximum number of bytes of one message from a watcher. */
  readonly watcherMessageBytes: number;
  /**
   * The maximum number of characters of events of one client that wait to be published; beyond it, the client's event
   * streams are disconnected. Progress events do not count, because only the newest one of each task waits.
   */
  readonly pendingEventCharacters: number;
  /** The maximum number of open WebSockets of reporters in other processes; further ones are rejected. */
  readonly reporters: number;
  /** The maximum number of bytes of one message from a reporter in another process. */
  readonly reportBytes: number;
  /** The maximum number of bytes of a request body. */
  readonly requestBytes: number;
  /**
   * The maximum number of request bodies that have not arrived completely after one second; further requests with such
   * bodies are rejected.
   */
  readonly unfinishedBodies: number;
  /**
   * The maximum number of bytes of all request bodies that have not arrived completely; requests that exceed it
   * are rejected.
   */
  readonly unfinishedBodyBytes: number;
  /** The number of milliseconds, from the first read, within which a request body must arrive completely. */
  readonly requestTimeoutMs: number;
  /**
   * The number of milliseconds that a node of a cluster waits until some node owns the tasks, before it rejects a
   * request that has to be forwarded.
   */
  readonly ownerWaitMs: number;
  /**
   * The number of milliseconds within which the owner of the tasks must begin to respond to a request that another node
   * forwarded.
   */
  readonly forwardTimeoutMs: number;
  /** The maximum number of requests that a node forwards at the same time; further ones are rejected. */
  readonly forwardedRequests: number;
  /**
   * The maximum number of bytes that may wait for one side of a WebSocket that is forwarded; beyond it, both sides are
   * disconnected.
   */
  readonly forwardQueueBytes: number;
  /**
   * The number of milliseconds between two frames about the tasks of one client. 0 sends a frame for every
   * change.
   */
  readonly frameIntervalMs: number;
  /** The maximum number of bytes per second of full-state frames about the tasks of one client. */
  readonly fullStateBytesPerSecond: number;
  /** The number of milliseconds between two checks for stale tasks. */
  readonly sweepIntervalMs: number;
  /**
   * The number of milliseconds after the loss of the connection at which the tasks of a reporter in another
   * process become stale.
   */
  readonly reporterAwayMs: number;
  /**
   * The number of milliseconds that a task may be stale before it ends as `ERROR` with `error.type` `"lost"`.
   */
  readonly lostAfterMs: number;
  /** The maximum number of webhook receivers that may be configured. */
  readonly notifyReceivers: number;
  /** The maximum number of concurrent requests to one webhook receiver. */
  readonly notifyConcurrency: number;
  /**
   * The number of milliseconds, from the start of a request, within which a webhook receiver must respond.
   */
  readonly notifyTimeoutMs: number;
  /** The maximum number of bytes of a webhook receiver's response that are read. */
  readonly notifyAnswerBytes: number;
  /**
   * The number of milliseconds before the first retry of a failed delivery; doubled after each further
   * failure.
   */
  readonly notifyRetryMs: number;
  /** The longest wait before a retry, in milliseconds. */
  readonly notifyMaxRetryMs: number;
  /** The number of milliseconds after the end of its task at which an undelivered event is dropped. */
  readonly notifyAgeMs: number;
  /**
   * The maximum number of events that wait for one webhook receiver; the oldest events of the client that has the most
   * are dropped first.
   */
  readonly notifyQueue: number;
  /**
   * The maximum number of characters of events that wait for one webhook receiver; the oldest are dropped
   * first.
   */
  readonly notifyQueueCharacters: number;
}

/** The default limits. */
export const DEFAULT_LIMITS: MonitorLimits = {
  clients: 10_000,
  liveTasksPerClient: 10_000,
  startedTasks: 10_000,
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
  pastRunsPerName: 500,
  pastRuns: 100_000,
  pastRunAgeMs: 400 * 24 * 60 * 60 * 1_000,
  valuePoints: 4_000_000,
  unsavedCharacters: 64 * 1024 * 1024,
  commitIntervalMs: 50,
  leaseMs: 10_000,
  leaveMs: 2_000,
  recordCacheCharacters: 4 * 1024 * 1024,
  watchers: 10_000,
  waitingRequests: 1_000,
  watcherQueueBytes: 1024 * 1024,
  unsentBytes: 64 * 1024 * 1024,
  watcherMessageBytes: 1024,
  pendingEventCharacters: 8 * 1024 * 1024,
  reporters: 10_000,
  reportBytes: 1024 * 1024,
  requestBytes: 1024 * 1024,
  unfinishedBodies: 200,
  unfinishedBodyBytes: 32 * 1024 * 1024,
  requestTimeoutMs: 30_000,
  ownerWaitMs: 5_000,
  forwardTimeoutMs: 5_000,
  forwardedRequests: 1_000,
  forwardQueueBytes: 16 * 1024 * 1024,
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

/** The names of the limits that may be 0. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  "leaveMs",
  "frameIntervalMs",
  "commitIntervalMs",
  "restoreWindowMs",
  "endedTasksPerClient",
  "endedTasks",
]);

/**
 * Merges limits with the defaults.
 *
 * @param limits the limits to use instead of the defaults
 * @returns the complete limits
 * @throws {ConfigError} if a limit is unknown or out of range
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
