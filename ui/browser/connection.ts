/**
 * Keeps a page up to date: resumes from its cursor after every loss of connection, falls back to another source
 * of updates if one is blocked, and reports how current the page is.
 * @module
 */

import type { Return } from "../shared/news.ts";
import type { Task } from "../../lib/task/task.ts";
import type { ServerMessage } from "../../lib/task/wire.ts";
import type { ProbeResult } from "./probe.ts";
import type { Link, LinkEnd, Transport } from "./transports.ts";
import type { TransportName } from "../shared/view.ts";

/** The state of the connection. */
export type ConnectionStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly over: TransportName }
  /** Still live, but the server has announced its shutdown. */
  | { readonly kind: "closing" }
  /** Lost; a retry is scheduled. */
  | { readonly kind: "reconnecting"; readonly reason: string | null }
  /** Lost for good. */
  | { readonly kind: "stopped"; readonly reason: string };

/** The options of a {@linkcode DeltaConnection}. */
export interface DeltaConnectionOptions {
  /** The sources of updates, best first. */
  readonly transports: readonly [Transport, ...Transport[]];
  /** The source to start with: the one that worked last. @default {the best} */
  readonly first?: TransportName | null;
  /** The cursor from which to resume. */
  readonly cursor: string;
  /** Receives changed tasks and the ids of removed ones. */
  readonly onChanges: (tasks: readonly Task[], removed: readonly string[]) => void;
  /** Receives all tasks if the server can't send the changes since the cursor. */
  readonly onReplace: (tasks: readonly Task[]) => void;
  readonly onStatus: (status: ConnectionStatus) => void;
  /** Called after each reconnect, after the missed changes were passed on. */
  readonly onReturn: (back: Return) => void;
  /**
   * Receives the server's storage error, or `null` if there is none. May receive the same value repeatedly.
   */
  readonly onDegradation: (detail: string | null) => void;
  /** Called whenever anything arrives from the server. */
  readonly onSign: () => void;
  /** Checks over plain HTTP whether the server is reachable and still serves this page. */
  readonly probe: () => Promise<ProbeResult>;
  /**
   * The upper bound of the first retry delay, in milliseconds. The delay is random, and the bound doubles.
   * @default {500}
   */
  readonly minRetryMs?: number;
  /** The maximum of that bound, in milliseconds. @default {10_000} */
  readonly maxRetryMs?: number;
  /** Time without any message after which the server is probed, in milliseconds. @default {20_000} */
  readonly silenceMs?: number;
  /**
   * The timeout for the first sign of the server, in milliseconds; three times that for the missed changes.
   * @default {6_000}
   */
  readonly openMs?: number;
  /**
   * The delay before a better source is tried again, in milliseconds; doubles with each failure, up to 5
   * minutes. @default {15_000}
   */
  readonly trialMs?: number;
}

/**
 * After this many consecutive failures with a server that is otherwise reachable, the source counts as
 * blocked.
 */
const BLOCKED_AFTER = 2;
/** If the server sends no storage error within this time after opening, in milliseconds, there is none. */
const OPENING_MS = 500;
/**
 * A subscription shorter than this, in milliseconds, counts as a failure: some proxies accept, then close.
 */
const STEADY_MS = 2_000;
/** The maximum delay before a better source is tried again, in milliseconds. */
const MOST_TRIAL_MS = 300_000;

/** The state of one subscription, from opening to end. */
interface Attempt {
  /** The index of its source in the list of sources. */
  readonly level: number;
  link: Link | undefined;
  /** When the first message arrived; `undefined` before. */
  heardAt: number | undefined;
  /** Whether the missed changes, the announcement of a shutdown and the storage state have arrived. */
  isCurrent: boolean;
  isClosing: boolean;
  isTroubleTold: boolean;
  /** Whether it was given up because nothing arrived. */
  isMute: boolean;
  /** While it is a trial: the messages that arrived before it was adopted. */
  early: ServerMessage[];
  /** Ends it if the missed changes do not arrive in time. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Receives updates and reconnects with backoff. Starts at once; {@linkcode DeltaConnection.close} stops it.
 */
export class DeltaConnection implements Disposable {
  readonly #options: DeltaConnectionOptions;
  #cursor: string;
  #level: number;
  #present: Attempt | undefined;
  /** A better source that is being tried while the present one continues. */
  #trial: Attempt | undefined;
  #trialTimer: ReturnType<typeof setTimeout> | undefined;
  #trialMs: number;
  /** Either the retry or the silence timer; never both. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  /** Consecutive failures with a server that was reachable over plain HTTP. */
  #blocked = 0;
  #wasLive = false;
  #isLost = false;
  /** Whether the server had announced its shutdown before the connection was lost. */
  #wasClosing = false;
  #troubleTimer: ReturnType<typeof setTimeout> | undefined;
  /** Counts arrivals, to tell whether something arrived during a probe. */
  #signs = 0;
  #ended = false;

  /** @param options the sources and the callbacks */
  constructor(options: DeltaConnectionOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#trialMs = options.trialMs ?? 15_000;
    this.#level = Math.max(0, options.transports.findIndex(({ name }) => name === options.first));
    options.onStatus({ kind: "connecting" });
    this.#connect();
  }

  /** The cursor of the last update. */
  get cursor(): string {
    return this.#cursor;
  }

  /**
   * Retries immediately instead of waiting for the backoff: the network is back, or the page became visible.
   */
  retryNow(): void {
    if (this.#ended) return;
    if (this.#present === undefined) {
      this.#attempts = 0;
      this.#connect();
    } else if (this.#present.isCurrent && this.#level > 0 && this.#trial === undefined) {
      this.#trialMs = this.#options.trialMs ?? 15_000;
      this.#try(0);
    }
  }

  /** Probes the server immediately: the machine woke up, or the network changed. */
  checkNow(): void {
    const present = this.#present;
    // A server that is shutting down no longer answers requests, but still sends updates.
    if (present?.isClosing) return;
    if (present?.heardAt === undefined) return this.retryNow();
    void this.#probeSilence(present);
    this.retryNow();
  }

  /** Stops for good, without a status callback. */
  close(): void {
    this.#ended = true;
    this.#drop();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#present = this.#open(this.#level);
  }

  #open(level: number): Attempt {
    const attempt: Attempt = {
      level,
      link: undefined,
      heardAt: undefined,
      isCurrent: false,
      isClosing: false,
      isTroubleTold: false,
      early: [],
      isMute: false,
      timer: undefined,
    };
    this.#expect(attempt, 1);
    attempt.link = this.#options.transports[level]!.open(this.#cursor, {
      onSign: () => this.#sign(attempt),
      onMessage: (message) => this.#receive(attempt, message),
      onEnd: (why) => this.#end(attempt, why),
    });
    return attempt;
  }

  /** Restarts the timeout of a subscription. */
  #expect(attempt: Attempt, times: number): void {
    clearTimeout(attempt.timer);
    const openMs = this.#options.openMs ?? 6_000;
    attempt.timer = setTimeout(() => {
      attempt.isMute = true;
      this.#end(attempt, "lost");
    }, openMs * times);
  }

  /** Something arrived: restart the silence timer. */
  #sign(attempt: Attempt): void {
    const isFirst = attempt.heardAt === undefined;
    attempt.heardAt ??= performance.now();
    // The missed changes may be large and the connection slow.
    if (!attempt.isCurrent) this.#expect(attempt, 3);
    if (attempt !== this.#present) return;
    this.#signs++;
    this.#options.onSign();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#probeSilence(attempt), this.#options.silenceMs ?? 20_000);
    // After a reconnect the server may be another version.
    if (isFirst && this.#isLost) void this.#probeSilence(attempt);
  }

  #receive(attempt: Attempt, message: ServerMessage): void {
    const isState = message.type === "task_update" || message.type === "initial_state";
    if (attempt === this.#trial) {
      attempt.early.push(message);
      if (isState) this.#adopt(attempt);
      return;
    }
    if (attempt !== this.#present) return;
    if (isState) {
      const isAnew = message.type === "initial_state";
      const removed = isAnew ? [] : message.removed;
      if (isAnew) this.#options.onReplace(message.tasks);
      else this.#options.onChanges(message.tasks, removed);
      this.#cursor = message.cursor ?? this.#cursor;
      this.#current(attempt, { tasks: message.tasks, removed, isAnew });
    } else if (message.type === "closing") {
      attempt.isClosing = true;
      if (attempt.isCurrent) this.#options.onStatus({ kind: "closing" });
    } else if (message.type === "degraded") {
      attempt.isTroubleTold = true;
      this.#options.onDegradation(message.detail);
    }
    // "resync" only announces the full state that follows; until then the old cursor is still valid.
  }

  /** The first state of a subscription contains the missed changes: the page is live from now on. */
  #current(attempt: Attempt, missed: Omit<Return, "wasClosing">): void {
    if (attempt.isCurrent) return;
    attempt.isCurrent = true;
    clearTimeout(attempt.timer);
    this.#blocked = 0;
    const over = this.#options.transports[attempt.level]!.name;
    this.#options.onStatus(attempt.isClosing ? { kind: "closing" } : { kind: "live", over });
    if (this.#isLost && this.#wasLive) this.#options.onReturn({ ...missed, wasClosing: this.#wasClosing });
    this.#wasLive = true;
    this.#isLost = false;
    this.#wasClosing = false;
    // A storage error is sent right after opening; if there is none, nothing is sent.
    clearTimeout(this.#troubleTimer);
    this.#troubleTimer = setTimeout(() => {
      if (!attempt.isTroubleTold) this.#options.onDegradation(null);
    }, OPENING_MS);
    this.#planTrial();
  }

  /** A silent subscription may be idle, or dead without either side having noticed. */
  async #probeSilence(attempt: Attempt): Promise<void> {
    if (attempt !== this.#present) return;
    clearTimeout(this.#timer);
    const signs = this.#signs;
    const found = await this.#options.probe();
    if (attempt !== this.#present) return;
    const spoke = signs !== this.#signs;
    if (found === "alive" || (found === "dead" && spoke)) return this.#sign(attempt);
    this.#drop();
    if (found === "outdated") this.#stopOutdated();
    else await this.#lost(true);
  }

  #end(attempt: Attempt, why: LinkEnd): void {
    if (attempt === this.#trial) return this.#trialFailed(attempt);
    if (attempt !== this.#present) return;
    const { heardAt, isCurrent, isMute } = attempt;
    this.#drop();
    if (heardAt !== undefined && performance.now() - heardAt >= STEADY_MS) this.#attempts = 0;
    if (why === "refused") {
      this.#stop("You no longer have access to this page. Reload it to sign in again.");
    } else if (why === "not_found") {
      this.#stop("This page no longer exists on the server.");
    } else void this.#lost(isCurrent, isMute);
  }

  async #lost(wasCurrent: boolean, isMute = false): Promise<void> {
    this.#attempts++;
    this.#isLost = true;
    this.#options.onStatus({ kind: "reconnecting", reason: null });
    const bound = Math.min(
      this.#options.maxRetryMs ?? 10_000,
      (this.#options.minRetryMs ?? 500) * 2 ** (this.#attempts - 1),
    );
    // Random, so that the watchers of a restarting server do not all reconnect at the same instant.
    this.#timer = setTimeout(() => this.#connect(), bound * (0.5 + Math.random() / 2));
    if (wasCurrent || (this.#attempts < 2 && !isMute)) return;
    const attempt = this.#attempts;
    const found = await this.#options.probe();
    if (this.#ended || attempt !== this.#attempts || this.#present?.heardAt !== undefined) return;
    // One failure may mean that the server is just starting. If a subscription was accepted and then stayed
    // silent, the next one will, too.
    this.#blocked = found === "alive" ? this.#blocked + (isMute ? BLOCKED_AFTER : 1) : 0;
    if (found === "outdated") this.#stopOutdated();
    else if (this.#blocked >= BLOCKED_AFTER) this.#goDown();
  }

  /** The source is blocked: fall back to the next one. */
  #goDown(): void {
    if (this.#level + 1 < this.#options.transports.length) {
      this.#drop();
      this.#level++;
      this.#blocked = this.#attempts = 0;
      this.#connect();
      return;
    }
    const reason = "Live updates are blocked between this browser and the server. Reload to refresh.";
    this.#options.onStatus({ kind: "reconnecting", reason });
  }

  /** Schedules a trial of better sources, at increasing intervals. */
  #planTrial(): void {
    clearTimeout(this.#trialTimer);
    if (this.#level === 0 || this.#trial !== undefined) return;
    this.#trialTimer = setTimeout(() => this.#try(0), this.#trialMs);
    this.#trialMs = Math.min(MOST_TRIAL_MS, this.#trialMs * 2);
  }

  #try(level: number): void {
    clearTimeout(this.#trialTimer);
    this.#trial = undefined;
    if (level < this.#level) this.#trial = this.#open(level);
    else this.#planTrial();
  }

  #trialFailed(trial: Attempt): void {
    release(trial);
    this.#try(trial.level + 1);
  }

  /** A better source works: switch to it. Its cursor may be older; applying changes twice is harmless. */
  #adopt(trial: Attempt): void {
    this.#trial = undefined;
    if (this.#present !== undefined) release(this.#present);
    this.#present = trial;
    this.#level = trial.level;
    this.#sign(trial);
    for (const message of trial.early.splice(0)) this.#receive(trial, message);
  }

  #stopOutdated(): void {
    this.#stop("The server was updated. Reload the page to continue.");
  }

  #stop(reason: string): void {
    this.close();
    this.#options.onStatus({ kind: "stopped", reason });
  }

  #drop(): void {
    // All pending timers belong to the subscription that is dropped.
    for (const timer of [this.#timer, this.#troubleTimer, this.#trialTimer]) clearTimeout(timer);
    for (const attempt of [this.#present, this.#trial]) if (attempt !== undefined) release(attempt);
    this.#wasClosing ||= this.#present?.isClosing ?? false;
    this.#present = this.#trial = undefined;
  }
}

/** Closes a subscription and clears its timer. */
function release({ link, timer }: Attempt): void {
  clearTimeout(timer);
  link?.close();
}
