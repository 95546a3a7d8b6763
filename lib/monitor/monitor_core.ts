/**
 * The part of a monitor that handles the tasks of one store: changes them, publishes changes to watchers, and notifies
 * webhooks.
 *
 * @module
 */

import type { MonitorLimits } from "../config/limits.ts";
import { Hub, type TaskHub } from "../hub/hub.ts";
import { Notifier } from "../notify/notifier.ts";
import type { Receiver } from "../notify/options.ts";
import type { DeliveryCounts } from "../notify/receiver_queue.ts";
import { Registry } from "../registry/registry.ts";
import type { LiveHistories } from "../registry/registry_options.ts";
import type { TaskRegistry } from "../registry/task_registry.ts";
import type { FollowedStore } from "../store/followed.ts";
import type { TaskStore } from "../store/store.ts";
import { withTimeout } from "../timeout.ts";

/** How long a shutdown waits for running tasks to end, in milliseconds. */
export const SHUTDOWN_GRACE_MS = 2_000;

/** The error message of the tasks that a shutdown interrupts. */
export const SHUTDOWN_MESSAGE = "The server was shut down while the task ran";

/**
 * How long a shutdown waits for the last webhook deliveries, in milliseconds; later ones stay in the
 * database.
 */
const NOTIFY_WAIT_MS = 1_000;

/** The tasks of a monitor, with their watchers and webhooks. */
export interface MonitorTasks extends AsyncDisposable {
  readonly registry: TaskRegistry;
  readonly hub: TaskHub;
  /** The numbers of webhook deliveries since the monitor was created, by outcome. */
  readonly deliveries: DeliveryCounts;
  /**
   * Ends the tasks that run in this process, because the process is about to exit, then publishes and commits
   * everything.
   *
   * @param graceMs how long the tasks have to end, in milliseconds
   */
  settle(graceMs?: number): Promise<void>;
}

/** The options that all {@linkcode MonitorCore}s of a monitor have in common. */
export interface CoreOptions {
  readonly limits: MonitorLimits;
  /** The webhooks to notify. */
  readonly receivers: readonly Receiver[];
  /** The secret to sign webhook requests with; `null` to send them unsigned. */
  readonly secret: string | null;
  /** Called with warnings for the operator. */
  readonly notice: (text: string) => void;
  /** Called with each unexpected error. */
  readonly reportError: (error: unknown) => void;
}

/** The store of a {@linkcode MonitorCore}. */
export interface CoreStore {
  readonly store: TaskStore;
  /** The same store if another node is the authority at first; otherwise `null`. */
  readonly followed: FollowedStore | null;
  /** Reads the histories that only the authority on another node has in memory; `null` if there is no other node. */
  readonly histories: LiveHistories | null;
  /** The epoch of cursors while nothing can be committed. */
  readonly unsavedEpoch: string;
  /** Closes the store. */
  readonly close: () => Promise<void>;
}

/** The tasks of one store. */
export class MonitorCore implements MonitorTasks {
  readonly registry: Registry;
  readonly hub: Hub;
  readonly #notifier: Notifier;
  readonly #closeStore: () => Promise<void>;

  /**
   * @param store the store, which is closed with this object
   * @param options the limits and the webhooks
   */
  constructor({ store, followed, histories, unsavedEpoch, close }: CoreStore, options: CoreOptions) {
    const { limits, receivers, secret, notice, reportError } = options;
    this.#closeStore = close;
    this.#notifier = new Notifier({ store, receivers, secret, limits, notice });
    this.registry = new Registry({
      ...{ store, limits, followed, histories, unsavedEpoch },
      onEnd: (client, stored) => this.#notifier.ended(client, stored),
    });
    this.hub = new Hub(this.registry, { ...limits, reportError });
  }

  get deliveries(): DeliveryCounts {
    return this.#notifier.counts;
  }

  /** Starts sending webhook deliveries. */
  start(): void {
    this.#notifier.start();
  }

  /** Becomes the authority; call this method once this node owns the store. */
  takeOver(): void {
    this.#notifier.resume();
    this.registry.takeOver();
    this.#notifier.start();
  }

  async settle(graceMs: number = SHUTDOWN_GRACE_MS): Promise<void> {
    this.registry.announceShutdown();
    await withTimeout(whenIdle(this.registry), graceMs);
    this.registry.interruptAll(SHUTDOWN_MESSAGE);
    await Promise.all([this.hub.flush(), withTimeout(this.#notifier.whenSettled(), NOTIFY_WAIT_MS)]);
    await this.registry.committed();
  }

  /** Publishes and commits everything, because another node is about to become the authority. */
  async prepareToStepDown(): Promise<void> {
    this.registry.prepareToStepDown();
    await Promise.all([this.hub.flush(), withTimeout(this.#notifier.whenSettled(), NOTIFY_WAIT_MS)]);
    await this.registry.committed();
  }

  /** Begins to follow another authority; call this method once everything is committed. */
  stepDown(): void {
    this.#notifier.stop();
    this.registry.stepDown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hub[Symbol.dispose]();
    this.registry[Symbol.dispose]();
    await this.#notifier[Symbol.asyncDispose]();
    await this.#closeStore();
  }
}

/** Resolves once no tasks run in this process. */
function whenIdle(registry: Registry): Promise<void> {
  if (registry.runningCount === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const unsubscribe = registry.subscribe(() =>
      // Listeners are called before `runningCount` is updated.
      queueMicrotask(() => {
        if (registry.runningCount > 0) return;
        unsubscribe();
        resolve();
      })
    );
  });
}
