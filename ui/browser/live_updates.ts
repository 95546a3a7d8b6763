/**
 * Keeps a page up to date. Resumes from the page's cursor after every loss of connection, falls back to
 * another source of updates if one is blocked, and reports whether the page is live.
 * @module
 */

import type { Reconnection } from "../shared/connection_text.ts";
import type { ServerMessage } from "../../lib/task/wire.ts";
import { type ActiveSubscription, pendingSubscription, release } from "./active_subscription.ts";
import type { LiveUpdatesOptions } from "./live_updates_options.ts";
import type { SubscriptionEnd } from "./update_sources.ts";

/**
 * If a source was live before, it counts as blocked after this many consecutive failures while the server was otherwise
 * reachable.
 */
const BLOCKED_AFTER = 2;
/**
 * The server counts as having no storage error if it sends none within this time after a subscription was opened, in
 * milliseconds.
 */
const OPENING_MS = 500;
/**
 * A subscription shorter than this, in milliseconds, counts as a failure, because some proxies accept a connection and
 * then close it.
 */
const STEADY_MS = 2_000;
/**
 * How long the page waits for its task if the server does not have it, in milliseconds. A server that has restarted
 * without its data gets the task when the task's reporter reconnects.
 */
const MISSING_MS = 10_000;
/** The maximum delay before a better source is tried again, in milliseconds. */
const MAX_TRIAL_MS = 300_000;

/**
 * Receives updates and reconnects with backoff. The constructor connects; {@linkcode LiveUpdates.close}
 * disconnects.
 */
export class LiveUpdates implements Disposable {
  readonly #options: LiveUpdatesOptions;
  #cursor: string;
  #level: number;
  #present: ActiveSubscription | undefined;
  /** The subscription to a better source that is being tried while the present one continues. */
  #trial: ActiveSubscription | undefined;
  #trialTimer: ReturnType<typeof setTimeout> | undefined;
  #trialMs: number;
  /** The retry timer or the silence timer: only one of them runs at a time. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** The number of consecutive failures while the server was reachable over plain HTTP. */
  #blocked = 0;
  #wasLive = false;
  #isLost = false;
  /** Since when the task is missing, by `performance.now()`; `undefined` if it is not. */
  #missingSince: number | undefined;
  /** Whether the server had announced its shutdown before the connection was lost. */
  #wasClosing = false;
  #storageTimer: ReturnType<typeof setTimeout> | undefined;
  /** How often data has arrived; used to detect whether any arrived during a probe. */
  #activities = 0;
  #ended = false;

  /** @param options the sources of updates, the timeouts and the callbacks */
  constructor(options: LiveUpdatesOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#trialMs = options.trialMs ?? 15_000;
    this.#level = Math.max(0, options.sources.findIndex(({ name }) => name === options.first));
    options.onStatus({ kind: "connecting" });
    this.#connect();
  }

  /** The cursor of the last update that was received. */
  get cursor(): string {
    return this.#cursor;
  }

  /**
   * Reconnects without waiting for the backoff. Call this method when the network is back, or the page becomes visible.
   */
  retryNow(): void {
    if (this.#ended) return;
    if (this.#present === undefined) {
      this.#failures = 0;
      this.#connect();
    } else if (this.#present.isCurrent && this.#level > 0 && this.#trial === undefined) {
      this.#trialMs = this.#options.trialMs ?? 15_000;
      this.#startTrial(0);
    }
  }

  /** Probes the server immediately. Call this method when the machine wakes up, or the network changes. */
  checkNow(): void {
    const present = this.#present;
    // A server that is shutting down no longer responds to requests, but still sends updates.
    if (present?.isClosing) return;
    if (present?.firstActivityAt === undefined) return this.retryNow();
    void this.#probeSilence(present);
    this.retryNow();
  }

  /** Disconnects for good, without a status callback. */
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

  #open(level: number): ActiveSubscription {
    const active = pendingSubscription(level);
    this.#restartTimeout(active, 1);
    active.subscription = this.#options.sources[level]!.open(this.#cursor, {
      onActivity: () => this.#noteActivity(active),
      onMessage: (message) => this.#receive(active, message),
      onEnd: (why) => this.#end(active, why),
    });
    return active;
  }

  /** Restarts the timeout of a subscription. The duration is `times` the usual one. */
  #restartTimeout(active: ActiveSubscription, times: number): void {
    clearTimeout(active.timer);
    const openMs = this.#options.openMs ?? 6_000;
    active.timer = setTimeout(() => {
      active.isSilent = true;
      this.#end(active, "lost");
    }, openMs * times);
  }

  /** Restarts the silence timer, because data arrived over a subscription. */
  #noteActivity(active: ActiveSubscription): void {
    const isFirst = active.firstActivityAt === undefined;
    active.firstActivityAt ??= performance.now();
    // The timeout is longer, because the missed changes may be large and the connection slow.
    if (!active.isCurrent) this.#restartTimeout(active, 3);
    if (active !== this.#present) return;
    this.#activities++;
    this.#options.onActivity();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#probeSilence(active), this.#options.silenceMs ?? 20_000);
    // After a reconnect, a probe checks whether the server now has another version.
    if (isFirst && this.#isLost) void this.#probeSilence(active);
  }

  #receive(active: ActiveSubscription, message: ServerMessage): void {
    const isState = message.type === "task_update" || message.type === "initial_state";
    if (active === this.#trial) {
      active.buffered.push(message);
      if (isState) this.#adopt(active);
      return;
    }
    if (active !== this.#present) return;
    if (isState) {
      const isFullState = message.type === "initial_state";
      const removed = isFullState ? [] : message.removed;
      if (isFullState) this.#options.onReplace(message.tasks);
      else this.#options.onChanges(message.tasks, removed);
      this.#cursor = message.cursor ?? this.#cursor;
      this.#becomeCurrent(active, { tasks: message.tasks, removed, isFullState });
    } else if (message.type === "closing") {
      active.isClosing = true;
      if (active.isCurrent) this.#options.onStatus({ kind: "closing" });
    } else if (message.type === "degraded") {
      active.hasStorageState = true;
      this.#options.onDegradation(message.detail);
    }
    // "resync" only announces the full state that follows; until then the old cursor is still valid.
  }

  /** Makes the page live: the first state message of a subscription contains all missed changes. */
  #becomeCurrent(active: ActiveSubscription, missed: Omit<Reconnection, "wasClosing">): void {
    if (active.isCurrent) return;
    active.isCurrent = true;
    clearTimeout(active.timer);
    this.#blocked = 0;
    this.#missingSince = undefined;
    const over = this.#options.sources[active.level]!.name;
    this.#options.onStatus(active.isClosing ? { kind: "closing" } : { kind: "live", over });
    if (this.#isLost && this.#wasLive) this.#options.onReconnect({ ...missed, wasClosing: this.#wasClosing });
    this.#wasLive = true;
    this.#isLost = false;
    this.#wasClosing = false;
    // The server sends its storage error right after a subscription was opened; if it has none, it sends nothing.
    clearTimeout(this.#storageTimer);
    this.#storageTimer = setTimeout(() => {
      if (!active.hasStorageState) this.#options.onDegradation(null);
    }, OPENING_MS);
    this.#scheduleTrial();
  }

  /**
   * Probes and pings the server, because a silent subscription may be idle or may have lost its connection unnoticed.
   * The probe uses another connection, so only an answer over the subscription itself shows that it is alive.
   */
  async #probeSilence(active: ActiveSubscription): Promise<void> {
    if (active !== this.#present) return;
    clearTimeout(this.#timer);
    const before = this.#activities;
    active.subscription?.ping();
    const found = await this.#options.probe();
    if (active !== this.#present) return;
    const spoke = before !== this.#activities;
    if (spoke && found !== "outdated") return;
    if (found === "alive") {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#end(active, "lost"), this.#options.pongMs ?? 20_000);
      return;
    }
    this.#drop();
    if (found === "outdated") this.#stopOutdated();
    else await this.#lost(true);
  }

  #end(active: ActiveSubscription, why: SubscriptionEnd): void {
    if (active === this.#trial) return this.#trialFailed(active);
    if (active !== this.#present) return;
    const { firstActivityAt, isCurrent, isSilent } = active;
    this.#drop();
    const now = performance.now();
    if (now - (firstActivityAt ?? now) >= STEADY_MS) this.#failures = 0;
    if (why === "refused") {
      this.#stop("You no longer have access to this page. Reload it to sign in again.");
    } else if (
      why === "not_found" && now - (this.#missingSince ??= now) >= (this.#options.missingMs ?? MISSING_MS)
    ) {
      this.#stop("The server no longer has this task.");
    } else {
      // If the server said over this source that the task is missing, the source is not blocked.
      void this.#lost(isCurrent || why === "not_found", isSilent);
    }
  }

  async #lost(wasCurrent: boolean, isSilent = false): Promise<void> {
    this.#failures++;
    this.#isLost = true;
    this.#options.onStatus({ kind: "reconnecting", reason: null });
    const bound = Math.min(
      this.#options.maxRetryMs ?? 10_000,
      (this.#options.minRetryMs ?? 500) * 2 ** (this.#failures - 1),
    );
    // The delay is random, so that the watchers of a restarting server do not all reconnect at the same
    // instant.
    this.#timer = setTimeout(() => this.#connect(), bound * (0.5 + Math.random() / 2));
    // A single failure may only mean that the server is starting. A failure proves more in two cases: if the page was
    // never live, its server was running a moment ago; and if a subscription was accepted and then stayed silent, the
    // next one probably would, too.
    const isTelling = isSilent || !this.#wasLive;
    if (wasCurrent || (this.#failures < 2 && !isTelling)) return;
    const failures = this.#failures;
    const found = await this.#options.probe();
    if (this.#ended || failures !== this.#failures || this.#present?.firstActivityAt !== undefined) return;
    this.#blocked = found === "alive" ? this.#blocked + (isTelling ? BLOCKED_AFTER : 1) : 0;
    if (found === "outdated") this.#stopOutdated();
    else if (this.#blocked >= BLOCKED_AFTER) this.#fallBack();
  }

  /** Falls back to the next source: a probe has reached the server, so the present source must be blocked. */
  #fallBack(): void {
    if (this.#level + 1 < this.#options.sources.length) {
      this.#drop();
      this.#level++;
      this.#blocked = this.#failures = 0;
      this.#isLost = this.#wasLive;
      this.#connect();
      return;
    }
    const reason = "Live updates are blocked between this browser and the server. Reload to refresh.";
    this.#options.onStatus({ kind: "reconnecting", reason });
  }

  /** Schedules a trial of better sources, at increasing intervals. */
  #scheduleTrial(): void {
    clearTimeout(this.#trialTimer);
    if (this.#level === 0 || this.#trial !== undefined) return;
    this.#trialTimer = setTimeout(() => this.#startTrial(0), this.#trialMs);
    this.#trialMs = Math.min(MAX_TRIAL_MS, this.#trialMs * 2);
  }

  #startTrial(level: number): void {
    clearTimeout(this.#trialTimer);
    this.#trial = undefined;
    if (level < this.#level) this.#trial = this.#open(level);
    else this.#scheduleTrial();
  }

  #trialFailed(trial: ActiveSubscription): void {
    release(trial);
    this.#startTrial(trial.level + 1);
  }

  /**
   * Switches to a better source that works. The cursor of the trial may be older than the page's, but applying a change
   * twice is harmless.
   */
  #adopt(trial: ActiveSubscription): void {
    this.#trial = undefined;
    if (this.#present !== undefined) release(this.#present);
    this.#present = trial;
    this.#level = trial.level;
    this.#noteActivity(trial);
    for (const message of trial.buffered.splice(0)) this.#receive(trial, message);
  }

  #stopOutdated(): void {
    this.#stop("The server was updated. Reload the page to continue.");
  }

  #stop(reason: string): void {
    this.close();
    this.#options.onStatus({ kind: "stopped", reason });
  }

  #drop(): void {
    // All pending timers belong to the subscription that is being dropped.
    for (const timer of [this.#timer, this.#storageTimer, this.#trialTimer]) clearTimeout(timer);
    for (const active of [this.#present, this.#trial]) if (active !== undefined) release(active);
    this.#wasClosing ||= this.#present?.isClosing ?? false;
    this.#present = this.#trial = undefined;
  }
}
