/**
 * Queues the deliveries to one webhook, and retries failed deliveries with backoff.
 *
 * @module
 */

import { monotonicMs, now } from "../clock.ts";
import type { Delivery } from "../store/store.ts";
import { type BackoffLimits, backoffMs } from "./backoff.ts";
import type { Outcome } from "./post.ts";

/** The limits of a {@linkcode ReceiverQueue}. */
export interface ReceiverQueueLimits extends BackoffLimits {
  /** The maximum number of requests in flight. */
  readonly notifyConcurrency: number;
  /** The age at which a delivery expires, in milliseconds. */
  readonly notifyAgeMs: number;
  /**
   * The maximum number of deliveries in the queue; beyond it, the oldest deliveries of the client with the
   * most deliveries are dropped.
   */
  readonly notifyQueue: number;
  /**
   * The maximum number of characters of all deliveries in the queue; beyond it, the oldest deliveries of the
   * client with the most characters are dropped.
   */
  readonly notifyQueueCharacters: number;
}

/** Options of a {@linkcode ReceiverQueue}. */
export interface ReceiverQueueOptions {
  /** The receiver's name in messages. */
  readonly name: string;
  readonly limits: ReceiverQueueLimits;
  /** Makes one attempt to send a delivery. Must not reject. */
  readonly post: (delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;
  /** Returns the sequence number up to which all changes are committed. */
  readonly committedSeq: () => number;
  /** Requests a call of {@linkcode ReceiverQueue.pump} after the next commit. */
  readonly awaitCommit: () => void;
  /** Deletes a delivery from the store. */
  readonly forget: (delivery: Delivery) => void;
  /** Called with messages for the operator. */
  readonly notice: (text: string) => void;
}

/** The numbers of webhook deliveries since the server started. */
export interface DeliveryCounts {
  /** The number of deliveries that are queued or in flight. */
  readonly waiting: number;
  /** The number of deliveries that a receiver has accepted. */
  readonly delivered: number;
  /** The number of deliveries that a receiver has rejected for good, with status 410. */
  readonly refused: number;
  /** The number of deliveries that were dropped because the queue was full. */
  readonly dropped: number;
  /** The number of deliveries that expired before a receiver accepted them. */
  readonly expired: number;
}

/** A queued delivery. */
interface QueuedDelivery {
  readonly delivery: Delivery;
  /** The number of failed attempts of this delivery. */
  failures: number;
  /** The earliest time for the next attempt, in milliseconds of the monotonic clock. */
  dueMs: number;
  isInFlight: boolean;
}

/** The longest delay that `setTimeout` supports, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Delivers to one receiver, in order for each task, until each delivery is accepted or expires.
 *
 * A failed delivery is retried with exponential backoff. A failing receiver is also paused, and then probed
 * with one delivery at a time. Each probe uses another delivery, so that a delivery that the receiver can't
 * handle does not block other deliveries.
 */
export class ReceiverQueue implements AsyncDisposable {
  readonly #options: ReceiverQueueOptions;
  /** Queued deliveries by id, oldest first. */
  readonly #queue: Map<string, QueuedDelivery> = new Map();
  readonly #inFlight: Set<Promise<void>> = new Set();
  readonly #closing = new AbortController();
  readonly #counts = { delivered: 0, refused: 0, dropped: 0, expired: 0 };
  #characters = 0;
  /** The number of queued deliveries that have failed at least once. */
  #failedCount = 0;
  /**
   * The number of consecutive failures of the receiver; failures of requests that were in flight together
   * count as one failure.
   */
  #failures = 0;
  #pausedUntilMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStarted = false;
  #isPumpDue = false;
  #waitsForCommit = false;
  /**
   * The number of deliveries lost since the operator was told that the receiver fails; `null` while the
   * receiver works.
   */
  #announcedFailure: { lost: number } | null = null;
  #announcedLoss = false;
  #settled: PromiseWithResolvers<void> | null = null;

  /** @param options the receiver, the limits and the callbacks */
  constructor(options: ReceiverQueueOptions) {
    this.#options = options;
  }

  /** The numbers of deliveries to this receiver. */
  get counts(): DeliveryCounts {
    return { waiting: this.#queue.size, ...this.#counts };
  }

  /**
   * Queues a delivery. If the queue is full, the oldest deliveries of the client that takes the most space in
   * it are dropped.
   */
  add(delivery: Delivery): void {
    this.#queue.set(delivery.id, { delivery, failures: 0, dueMs: 0, isInFlight: false });
    this.#characters += delivery.size;
    this.#dropExcess(delivery);
    this.#pumpSoon();
  }

  /** Starts to send deliveries. */
  start(): void {
    this.#isStarted = true;
    this.pump();
  }

  /** Starts all requests that are due, as far as the limit on requests in flight allows. */
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

  /** Resolves when no request is in flight and only retries are pending. */
  whenSettled(): Promise<void> {
    if (this.#isSettled) return Promise.resolve();
    this.#settled ??= Promise.withResolvers();
    return this.#settled.promise;
  }

  /** Aborts the requests in flight. Deliveries that were not accepted stay in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await Promise.all(this.#inFlight);
    this.#settled?.resolve();
  }

  get #isSettled(): boolean {
    return this.#inFlight.size === 0 && !this.#isPumpDue && !this.#waitsForCommit;
  }

  /**
   * Scans the queue at the end of the turn of the event loop, so that one scan covers all changes to the
   * queue in that turn.
   */
  #pumpSoon(): void {
    if (this.#isPumpDue || !this.#isStarted) return;
    this.#isPumpDue = true;
    queueMicrotask(() => this.pump());
  }

  /** Starts the requests that are due, and returns a timer for the next delivery. */
  #startDue(): ReturnType<typeof setTimeout> | undefined {
    const nowMs = monotonicMs();
    const pauseMs = this.#pausedUntilMs - nowMs;
    if (pauseMs > 0) return this.#pumpIn(pauseMs);
    let nextMs = Infinity;
    let probe: QueuedDelivery | null = null;
    /**
     * The tasks that have an undelivered earlier delivery, which must be accepted before later ones are sent.
     */
    const blockedTasks = new Set<string>();
    for (const queued of this.#queue.values()) {
      if (this.#inFlight.size >= this.#maxConcurrent) return undefined;
      const { delivery } = queued;
      const task = `${delivery.task.client}/${delivery.task.id}`;
      if (blockedTasks.has(task)) continue;
      if (!queued.isInFlight && (now() - delivery.at) * 1_000 > this.#options.limits.notifyAgeMs) {
        this.#lose(queued, "expired");
        continue;
      }
      blockedTasks.add(task);
      if (queued.isInFlight) continue;
      const waitMs = queued.dueMs - nowMs;
      if (waitMs > 0) {
        nextMs = Math.min(nextMs, waitMs);
      } else if (delivery.seq > this.#options.committedSeq()) {
        // The queue is in the order of changes, so later deliveries are not committed either.
        this.#waitsForCommit = true;
        this.#options.awaitCommit();
        break;
      } else if (this.#failures === 0) {
        this.#start(queued);
      } else {
        if (probe === null || queued.failures < probe.failures) probe = queued;
        if (probe.failures === 0) break;
      }
    }
    if (probe !== null) this.#start(probe);
    return nextMs === Infinity ? undefined : this.#pumpIn(nextMs);
  }

  /** The maximum number of requests in flight at present. */
  get #maxConcurrent(): number {
    return this.#failures > 0 ? 1 : this.#options.limits.notifyConcurrency;
  }

  #pumpIn(waitMs: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.pump(), Math.min(waitMs, MAX_TIMER_MS));
    // The timer is unref'd, because retries must not keep the process alive.
    if (typeof Deno !== "undefined") Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  #start(queued: QueuedDelivery): void {
    queued.isInFlight = true;
    const attempt = this.#attempt(queued).then(() => {
      this.#inFlight.delete(attempt);
      this.pump();
    });
    this.#inFlight.add(attempt);
  }

  async #attempt(queued: QueuedDelivery): Promise<void> {
    const failuresBefore = this.#failures;
    const outcome = await this.#options.post(queued.delivery, this.#closing.signal);
    queued.isInFlight = false;
    if (outcome.type === "failed") {
      // The queue itself aborted the request when it closed, so the failure is not the receiver's.
      if (this.#closing.signal.aborted) return;
      this.#failed(queued, outcome, failuresBefore);
    } else {
      this.#remove(queued);
      this.#counts[outcome.type]++;
      this.#succeeded();
    }
  }

  #failed(
    queued: QueuedDelivery,
    outcome: Outcome & { readonly type: "failed" },
    failuresBefore: number,
  ): void {
    const { limits, name, notice } = this.#options;
    const nowMs = monotonicMs();
    if (queued.failures === 0) this.#failedCount++;
    queued.failures++;
    queued.dueMs = nowMs + backoffMs(queued.failures, limits);
    if (this.#failures === failuresBefore) this.#failures++;
    const pauseMs = Math.max(backoffMs(this.#failures, limits), outcome.retryAfterMs);
    this.#pausedUntilMs = nowMs + Math.min(pauseMs, limits.notifyMaxRetryMs);
    if (this.#announcedFailure !== null) return;
    this.#announcedFailure = { lost: 0 };
    notice(`Webhook ${name} fails: ${outcome.reason}. Its deliveries are kept and retried`);
  }

  /**
   * Records that the receiver accepted a delivery. The receiver counts as recovered once no queued delivery
   * has failed before.
   */
  #succeeded(): void {
    this.#failures = 0;
    this.#pausedUntilMs = 0;
    if (this.#announcedFailure === null || this.#failedCount > 0) return;
    const { lost } = this.#announcedFailure;
    this.#announcedFailure = null;
    const what = lost === 0 ? "" : `; deliveries lost meanwhile: ${lost}`;
    this.#options.notice(`Webhook ${this.#options.name} works again${what}`);
  }

  #dropExcess(newest: Delivery): void {
    const { notifyQueue, notifyQueueCharacters } = this.#options.limits;
    for (;;) {
      const isLong = this.#characters > notifyQueueCharacters;
      if (!isLong && this.#queue.size - this.#inFlight.size <= notifyQueue) return;
      const queued = this.#oldestOfLargest(newest, isLong ? (delivery) => delivery.size : () => 1);
      if (queued === null) return;
      this.#lose(queued, "dropped");
    }
  }

  /**
   * Returns the oldest delivery of the client that takes the most space in the queue, so that no client
   * displaces the deliveries of others.
   */
  #oldestOfLargest(newest: Delivery, roomOf: (delivery: Delivery) => number): QueuedDelivery | null {
    const clients = new Map<string, { readonly oldest: QueuedDelivery; room: number }>();
    let largest: { readonly oldest: QueuedDelivery; readonly room: number } | null = null;
    for (const queued of this.#queue.values()) {
      const { delivery, isInFlight } = queued;
      // Requests in flight are kept because they may have arrived already, and the newest delivery because it
      // takes precedence.
      if (isInFlight || delivery === newest) continue;
      const { client } = delivery.task;
      let known = clients.get(client);
      if (known === undefined) clients.set(client, known = { oldest: queued, room: 0 });
      known.room += roomOf(delivery);
      if (largest === null || known.room > largest.room) largest = known;
    }
    return largest?.oldest ?? null;
  }

  #lose(queued: QueuedDelivery, how: "dropped" | "expired"): void {
    this.#remove(queued);
    this.#counts[how]++;
    if (this.#announcedFailure !== null) this.#announcedFailure.lost++;
    if (this.#announcedLoss) return;
    this.#announcedLoss = true;
    const why = how === "dropped"
      ? "its queue is full, so the oldest are dropped"
      : "they could not be delivered in time";
    this.#options.notice(`Webhook ${this.#options.name} loses deliveries: ${why}`);
  }

  #remove({ delivery, failures }: QueuedDelivery): void {
    this.#queue.delete(delivery.id);
    this.#characters -= delivery.size;
    if (failures > 0) this.#failedCount--;
    if (this.#queue.size === 0) this.#announcedLoss = false;
    this.#options.forget(delivery);
  }
}
