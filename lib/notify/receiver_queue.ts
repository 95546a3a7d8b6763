/**
 * What one receiver is still to be told, and when it is told.
 *
 * @module
 */

import type { Delivery } from "../store/store.ts";
import { type BackoffLimits, backoffMs } from "./backoff.ts";
import type { Outcome } from "./post.ts";

/** The bounds of a {@linkcode ReceiverQueue}. */
export interface ReceiverQueueLimits extends BackoffLimits {
  /** Attempts that are under way at a time. */
  readonly notifyConcurrency: number;
  /** How long after it happened something is still told, in milliseconds. */
  readonly notifyAgeMs: number;
  /** Deliveries that wait; of more, the oldest are dropped. */
  readonly notifyQueue: number;
  /** Characters of the deliveries that wait; of more, the oldest are dropped. */
  readonly notifyQueueCharacters: number;
}

/** Options of a {@linkcode ReceiverQueue}. */
export interface ReceiverQueueOptions {
  /** The receiver, for people. */
  readonly name: string;
  readonly limits: ReceiverQueueLimits;
  /** Makes one attempt. Must not reject. */
  readonly post: (delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;
  /** Everything up to this number is committed. */
  readonly committedSeq: () => number;
  /** Asks for a {@linkcode ReceiverQueue.pump} when more is committed. */
  readonly awaitCommit: () => void;
  /** Forgets a delivery for good. */
  readonly forget: (delivery: Delivery) => void;
  /** Is given what an operator should know. */
  readonly notice: (text: string) => void;
}

/** What became of deliveries since the start. */
export interface DeliveryCounts {
  /** Those that are still to be made. */
  readonly waiting: number;
  /** Those that a receiver took. */
  readonly delivered: number;
  /** Those that a receiver did not want, by status 410. */
  readonly refused: number;
  /** Those that gave way to newer ones, as too many waited. */
  readonly dropped: number;
  /** Those that were given up, as nobody took them for too long. */
  readonly expired: number;
}

/** A delivery that is still to be made. */
interface Waiting {
  readonly delivery: Delivery;
  /** Attempts that failed. */
  failures: number;
  /** Not before this time, in epoch milliseconds. */
  dueMs: number;
  isUnderWay: boolean;
}

/** The longest time that a timer can be set to, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Makes the deliveries of one receiver, of one task in their order, until each is taken, or too old.
 *
 * A delivery that fails is tried again later and later. A receiver that fails is left alone for a while, too: it is then
 * tried with one delivery at a time, each time another one, so that one that it can't take holds up no others.
 */
export class ReceiverQueue implements AsyncDisposable {
  readonly #options: ReceiverQueueOptions;
  /** By id, in the order of what happened. */
  readonly #waiting: Map<string, Waiting> = new Map();
  readonly #underWay: Set<Promise<void>> = new Set();
  readonly #closing = new AbortController();
  readonly #counts = { delivered: 0, refused: 0, dropped: 0, expired: 0 };
  #characters = 0;
  /** How many of those that wait have failed. */
  #failedCount = 0;
  /** Attempts in a row that failed; those that were under way together count as one. */
  #failures = 0;
  #pausedUntilMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStarted = false;
  #isPumpDue = false;
  #waitsForCommit = false;
  /** Whether an operator knows that it fails, and what was lost since. */
  #announcedFailure: { lost: number } | null = null;
  #announcedLoss = false;
  #settled: PromiseWithResolvers<void> | null = null;

  /** @param options whom to tell, and how */
  constructor(options: ReceiverQueueOptions) {
    this.#options = options;
  }

  /** What became of the deliveries. */
  get counts(): DeliveryCounts {
    return { waiting: this.#waiting.size, ...this.#counts };
  }

  /** Adds a delivery. The oldest ones give way where there are too many. */
  add(delivery: Delivery): void {
    this.#waiting.set(delivery.id, { delivery, failures: 0, dueMs: 0, isUnderWay: false });
    this.#characters += delivery.size;
    this.#dropExcess(delivery);
    this.#pumpSoon();
  }

  /** Begins to make deliveries. */
  start(): void {
    this.#isStarted = true;
    this.pump();
  }

  /** Makes all the deliveries that can be made now. */
  pump(): void {
    this.#isPumpDue = false;
    if (!this.#isStarted || this.#closing.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#waitsForCommit = false;
    this.#timer = this.#startDue();
    if (!this.#isSettled) return;
    this.#settled?.resolve();
    this.#settled = null;
  }

  /** Resolves when nothing is under way, and nothing can be done but wait for a receiver that fails. */
  whenSettled(): Promise<void> {
    if (this.#isSettled) return Promise.resolve();
    this.#settled ??= Promise.withResolvers();
    return this.#settled.promise;
  }

  /** Ends what is under way. What was not taken stays in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await Promise.all(this.#underWay);
    this.#settled?.resolve();
  }

  get #isSettled(): boolean {
    return this.#underWay.size === 0 && !this.#isPumpDue && !this.#waitsForCommit;
  }

  /** Once this turn is over, so that what many tasks do in it is looked through once. */
  #pumpSoon(): void {
    if (this.#isPumpDue || !this.#isStarted) return;
    this.#isPumpDue = true;
    queueMicrotask(() => this.pump());
  }

  /** Starts what is due; gives back a timer for what is due next. */
  #startDue(): ReturnType<typeof setTimeout> | undefined {
    const nowMs = Date.now();
    const pauseMs = this.#waitMs(this.#pausedUntilMs, nowMs);
    if (pauseMs > 0) return this.#pumpIn(pauseMs);
    let nextMs = Infinity;
    let probe: Waiting | null = null;
    /** Tasks of which something earlier is to be told first. */
    const behind = new Set<string>();
    for (const waiting of this.#waiting.values()) {
      if (this.#underWay.size >= this.#maxConcurrent) return undefined;
      const { delivery } = waiting;
      const task = `${delivery.task.client}/${delivery.task.id}`;
      if (behind.has(task)) continue;
      if (!waiting.isUnderWay && nowMs - delivery.at * 1_000 > this.#options.limits.notifyAgeMs) {
        this.#lose(waiting, "expired");
        continue;
      }
      behind.add(task);
      if (waiting.isUnderWay) continue;
      const waitMs = this.#waitMs(waiting.dueMs, nowMs);
      if (waitMs > 0) {
        nextMs = Math.min(nextMs, waitMs);
      } else if (delivery.seq > this.#options.committedSeq()) {
        // Nor is what comes after it.
        this.#waitsForCommit = true;
        this.#options.awaitCommit();
        break;
      } else if (this.#failures === 0) {
        this.#start(waiting);
      } else {
        if (probe === null || waiting.failures < probe.failures) probe = waiting;
        if (probe.failures === 0) break;
      }
    }
    if (probe !== null) this.#start(probe);
    return nextMs === Infinity ? undefined : this.#pumpIn(nextMs);
  }

  /** How many attempts may be under way. */
  get #maxConcurrent(): number {
    return this.#failures > 0 ? 1 : this.#options.limits.notifyConcurrency;
  }

  /** How long it is until a time; 0 where a clock was set back, which must not hold anything up. */
  #waitMs(untilMs: number, nowMs: number): number {
    const waitMs = untilMs - nowMs;
    return waitMs <= 0 || waitMs > this.#options.limits.notifyMaxRetryMs ? 0 : waitMs;
  }

  #pumpIn(waitMs: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.pump(), Math.min(waitMs, MAX_TIMER_MS));
    // A receiver that fails is no reason for the process to live on.
    if (typeof Deno !== "undefined") Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  #start(waiting: Waiting): void {
    waiting.isUnderWay = true;
    const attempt = this.#attempt(waiting).then(() => {
      this.#underWay.delete(attempt);
      this.pump();
    });
    this.#underWay.add(attempt);
  }

  async #attempt(waiting: Waiting): Promise<void> {
    const failuresBefore = this.#failures;
    const outcome = await this.#options.post(waiting.delivery, this.#closing.signal);
    waiting.isUnderWay = false;
    if (outcome.type === "failed") {
      // What was ended by us says nothing of the receiver.
      if (this.#closing.signal.aborted) return;
      this.#failed(waiting, outcome, failuresBefore);
    } else {
      this.#remove(waiting);
      this.#counts[outcome.type]++;
      this.#succeeded();
    }
  }

  #failed(waiting: Waiting, outcome: Outcome & { readonly type: "failed" }, failuresBefore: number): void {
    const { limits, name, notice } = this.#options;
    const nowMs = Date.now();
    if (waiting.failures === 0) this.#failedCount++;
    waiting.failures++;
    waiting.dueMs = nowMs + backoffMs(waiting.failures, limits);
    if (this.#failures === failuresBefore) this.#failures++;
    const pauseMs = Math.max(backoffMs(this.#failures, limits), outcome.retryAfterMs);
    this.#pausedUntilMs = nowMs + Math.min(pauseMs, limits.notifyMaxRetryMs);
    if (this.#announcedFailure !== null) return;
    this.#announcedFailure = { lost: 0 };
    notice(`Webhook ${name} fails: ${outcome.reason}. What it is to be told is kept, and tried again`);
  }

  /** The receiver took something, so it is there; it is well once there is nothing that it did not take before. */
  #succeeded(): void {
    this.#failures = 0;
    this.#pausedUntilMs = 0;
    if (this.#announcedFailure === null || this.#failedCount > 0) return;
    const { lost } = this.#announcedFailure;
    this.#announcedFailure = null;
    const what = lost === 0 ? "" : `; ends of tasks that were not told: ${lost}`;
    this.#options.notice(`Webhook ${this.#options.name} works again${what}`);
  }

  #dropExcess(newest: Delivery): void {
    const { notifyQueue, notifyQueueCharacters } = this.#options.limits;
    const isOver = () =>
      this.#waiting.size - this.#underWay.size > notifyQueue || this.#characters > notifyQueueCharacters;
    if (!isOver()) return;
    for (const waiting of this.#waiting.values()) {
      // What is under way may be there already, and the newest is what the others give way to.
      if (!isOver() || waiting.delivery === newest) return;
      if (!waiting.isUnderWay) this.#lose(waiting, "dropped");
    }
  }

  #lose(waiting: Waiting, how: "dropped" | "expired"): void {
    this.#remove(waiting);
    this.#counts[how]++;
    if (this.#announcedFailure !== null) this.#announcedFailure.lost++;
    if (this.#announcedLoss) return;
    this.#announcedLoss = true;
    const why = how === "dropped"
      ? "so much waits that the oldest is dropped"
      : "it could not be told for too long";
    this.#options.notice(`Webhook ${this.#options.name} is not told of all ends of tasks: ${why}`);
  }

  #remove({ delivery, failures }: Waiting): void {
    this.#waiting.delete(delivery.id);
    this.#characters -= delivery.size;
    if (failures > 0) this.#failedCount--;
    if (this.#waiting.size === 0) this.#announcedLoss = false;
    this.#options.forget(delivery);
  }
}
