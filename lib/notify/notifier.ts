/**
 * Notifies webhooks when tasks end.
 *
 * A delivery is stored in the same transaction as the final state of its task, so that either both or neither
 * are committed. The delivery is sent after the commit, and stays in the store until the receiver has
 * accepted it. Each event is therefore delivered at least once, even if the process is killed before it is
 * accepted.
 *
 * @module
 */

import { now } from "../clock.ts";
import { endEventOf } from "./events.ts";
import type { Receiver } from "./options.ts";
import { type Outcome, post } from "./post.ts";
import { type DeliveryCounts, ReceiverQueue, type ReceiverQueueLimits } from "./receiver_queue.ts";
import { Signer } from "./signature.ts";
import type { Delivery, TaskRecord, TaskStore } from "../store/store.ts";
import { monotonicUlid } from "../ulid.ts";

/** The limits of a {@linkcode Notifier}. */
export interface NotifierLimits extends ReceiverQueueLimits {
  /** The maximum duration of a request, in milliseconds. */
  readonly notifyTimeoutMs: number;
  /** The maximum number of bytes of a response body to read. */
  readonly notifyAnswerBytes: number;
}

/** Options of a {@linkcode Notifier}. */
export interface NotifierOptions {
  readonly store: TaskStore;
  /** The webhooks to notify. */
  readonly receivers: readonly Receiver[];
  /** The secret to sign requests with; `null` to send requests unsigned. */
  readonly secret: string | null;
  readonly limits: NotifierLimits;
  /** Called with messages for the operator. Must not throw. */
  readonly notice: (text: string) => void;
}

/** Delivers the final states of tasks to webhooks. Each receiver has its own queue. */
export class Notifier implements AsyncDisposable {
  readonly #store: TaskStore;
  readonly #limits: NotifierLimits;
  readonly #signer: Signer | null;
  #queues: ReadonlyMap<Receiver, ReceiverQueue>;
  readonly #makeQueues: () => ReadonlyMap<Receiver, ReceiverQueue>;
  /** The outcome counts of queues that were dropped, added up. */
  readonly #earlier = { delivered: 0, refused: 0, dropped: 0, expired: 0 };
  readonly #unsubscribe: () => void;
  #awaitsCommit = false;

  /**
   * Creates a notifier that resumes the deliveries in the store. Deliveries to a receiver that is no longer
   * configured are kept until they expire, because a later start may configure the receiver again.
   *
   * @param options the store, the receivers, the secret and the limits
   */
  constructor(options: NotifierOptions) {
    const { store, secret, limits, receivers, notice } = options;
    this.#store = store;
    this.#limits = limits;
    this.#signer = secret === null ? null : new Signer(secret);
    this.#makeQueues = () =>
      new Map(receivers.map((receiver) => [
        receiver,
        new ReceiverQueue({
          name: receiver.name,
          limits,
          post: (delivery, signal) => this.#post(receiver, delivery, signal),
          committedSeq: () => store.committedSeq,
          awaitCommit: () => this.#awaitCommit(),
          forget: ({ id }) => store.removeDelivery(id),
          notice,
        }),
      ]));
    this.#queues = this.#makeQueues();
    this.resume();
    this.#unsubscribe = store.onDegradation((degradation) => {
      if (degradation === null) this.#pump();
    });
  }

  /** The numbers of deliveries to all receivers. */
  get counts(): DeliveryCounts {
    const sum = { waiting: 0, ...this.#earlier };
    for (const { counts } of this.#queues.values()) {
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name];
    }
    return sum;
  }

  /**
   * Stores the deliveries for a task that has ended. Call this in the same turn of the event loop in which
   * the task's final state is stored.
   */
  ended(client: string, stored: TaskRecord): void {
    const { task: { id, state }, seq } = stored;
    const event = endEventOf(state);
    if (event === null) return;
    const at = now();
    for (const [{ key, events }, queue] of this.#queues) {
      if (!events.has(event)) continue;
      const deliveryId = monotonicUlid();
      const head = JSON.stringify({ event, delivery_id: deliveryId, client, at });
      const text = `${head.slice(0, -1)},"task":${stored.json}}`;
      const delivery: Delivery = {
        id: deliveryId,
        receiver: key,
        event,
        task: { client, id },
        seq,
        at,
        size: text.length,
      };
      this.#store.putDelivery(delivery, text);
      queue.add(delivery);
    }
  }

  /** Resumes the deliveries that are in the store. */
  resume(): void {
    const queues = new Map(Array.from(this.#queues, ([{ key }, queue]) => [key, queue]));
    const endedBefore = now() - this.#limits.notifyAgeMs / 1_000;
    for (const delivery of this.#store.deliveries()) {
      const queue = queues.get(delivery.receiver);
      if (queue !== undefined) queue.add(delivery);
      else if (delivery.at < endedBefore) this.#store.removeDelivery(delivery.id);
    }
  }

  /** Starts to send deliveries. */
  start(): void {
    for (const queue of this.#queues.values()) queue.start();
  }

  /** Drops all deliveries from memory, because another node sends them from now on. */
  stop(): void {
    const { waiting: _, ...outcomes } = this.counts;
    Object.assign(this.#earlier, outcomes);
    for (const queue of this.#queues.values()) void queue[Symbol.asyncDispose]();
    this.#queues = this.#makeQueues();
  }

  /** Resolves when no request is in flight and only retries are pending. */
  async whenSettled(): Promise<void> {
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue.whenSettled()));
  }

  /** Aborts the requests in flight. Deliveries that were not accepted stay in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue[Symbol.asyncDispose]()));
  }

  #pump(): void {
    for (const queue of this.#queues.values()) queue.pump();
  }

  /**
   * Resumes the deliveries after the next commit or, if that commit fails, once the store is no longer
   * degraded.
   */
  #awaitCommit(): void {
    if (this.#awaitsCommit) return;
    this.#awaitsCommit = true;
    const settled = () => this.#awaitsCommit = false;
    this.#store.committed().finally(settled).then(() => this.#pump(), () => {});
  }

  async #post(receiver: Receiver, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    try {
      const { id, event } = delivery;
      const text = await this.#store.deliveryText(id);
      // The delivery was deleted from the database file by hand.
      if (text === undefined) return { type: "refused" };
      return await post(receiver.url, { id, event, text }, signal, { ...this.#limits, signer: this.#signer });
    } catch (error) {
      const reason = `the delivery can't be read (${error instanceof Error ? error.message : error})`;
      return { type: "failed", reason, retryAfterMs: 0 };
    }
  }
}
