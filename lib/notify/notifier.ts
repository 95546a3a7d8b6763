/**
 * Webhooks: tells receivers that tasks have ended.
 *
 * What is to be told is put into the store in the turn in which a task ends, and so is committed if and only if the end
 * is. It is sent once it is committed, and stays in the store until the receiver took it: it is told at least once,
 * also when the process is killed in between.
 *
 * @module
 */

import { endEventOf } from "./events.ts";
import type { Receiver } from "./options.ts";
import { type Outcome, post } from "./post.ts";
import { type DeliveryCounts, ReceiverQueue, type ReceiverQueueLimits } from "./receiver_queue.ts";
import { Signer } from "./signature.ts";
import type { Delivery, StoredTask, TaskStore } from "../store/store.ts";
import { monotonicUlid } from "../ulid.ts";

/** The bounds of a {@linkcode Notifier}. */
export interface NotifierLimits extends ReceiverQueueLimits {
  /** How long a receiver may take to answer, in milliseconds. */
  readonly notifyTimeoutMs: number;
  /** Bytes of a receiver's answer that are read. */
  readonly notifyAnswerBytes: number;
}

/** Options of a {@linkcode Notifier}. */
export interface NotifierOptions {
  readonly store: TaskStore;
  /** Who is to be told. */
  readonly receivers: readonly Receiver[];
  /** Signs what is sent; `null` where it goes unsigned. */
  readonly secret: string | null;
  readonly limits: NotifierLimits;
  /** Is given what an operator should know. Must not throw. */
  readonly notice: (text: string) => void;
}

/** Tells receivers that tasks have ended; each in its own time. */
export class Notifier implements AsyncDisposable {
  readonly #store: TaskStore;
  readonly #limits: NotifierLimits;
  readonly #signer: Signer | null;
  readonly #queues: ReadonlyMap<Receiver, ReceiverQueue>;
  readonly #unsubscribe: () => void;
  #awaitsCommit = false;

  /**
   * Takes over what the store holds. What is for a receiver that is not there now stays until it is too old: it may be
   * there the next time.
   *
   * @param options whom to tell, and how
   */
  constructor(options: NotifierOptions) {
    const { store, secret, limits, receivers, notice } = options;
    this.#store = store;
    this.#limits = limits;
    this.#signer = secret === null ? null : new Signer(secret);
    this.#queues = new Map(receivers.map((receiver) => [
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
    this.#takeOver();
    this.#unsubscribe = store.onDegradation((degradation) => {
      if (degradation === null) this.#pump();
    });
  }

  /** What became of the deliveries to all receivers. */
  get counts(): DeliveryCounts {
    const sum = { waiting: 0, delivered: 0, refused: 0, dropped: 0, expired: 0 };
    for (const { counts } of this.#queues.values()) {
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name];
    }
    return sum;
  }

  /** Takes the end of a task, in the turn in which it is put into the store. */
  ended(client: string, stored: StoredTask): void {
    const { task: { id, state }, seq } = stored;
    const event = endEventOf(state);
    if (event === null) return;
    const at = Date.now() / 1_000;
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

  /** Begins to send. */
  start(): void {
    for (const queue of this.#queues.values()) queue.start();
  }

  /** Resolves when nothing is under way, and nothing can be done but wait for receivers that fail. */
  async whenSettled(): Promise<void> {
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue.whenSettled()));
  }

  /** Ends what is under way. What was not taken stays in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue[Symbol.asyncDispose]()));
  }

  #takeOver(): void {
    const queues = new Map(Array.from(this.#queues, ([{ key }, queue]) => [key, queue]));
    const endedBefore = (Date.now() - this.#limits.notifyAgeMs) / 1_000;
    for (const delivery of this.#store.deliveries()) {
      const queue = queues.get(delivery.receiver);
      if (queue !== undefined) queue.add(delivery);
      else if (delivery.at < endedBefore) this.#store.removeDelivery(delivery.id);
    }
  }

  #pump(): void {
    for (const queue of this.#queues.values()) queue.pump();
  }

  /** Goes on once everything is committed; where that fails, once the trouble is over. */
  #awaitCommit(): void {
    if (this.#awaitsCommit) return;
    this.#awaitsCommit = true;
    const settled = () => this.#awaitsCommit = false;
    this.#store.committed().finally(settled).then(() => this.#pump(), () => {});
  }

  async #post(receiver: Receiver, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    try {
      const { id, event } = delivery;
      const text = this.#store.deliveryText(id);
      // Somebody took it out of the file.
      if (text === undefined) return { type: "refused" };
      return await post(receiver.url, { id, event, text }, signal, { ...this.#limits, signer: this.#signer });
    } catch (error) {
      const reason = `what it is to be told can't be read (${
        error instanceof Error ? error.message : error
      })`;
      return { type: "failed", reason, retryAfterMs: 0 };
    }
  }
}
