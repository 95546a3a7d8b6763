/**
 * Follows tasks over a WebSocket that reconnects with backoff. After a reconnect, a REST request fetches the missed
 * changes; REST requests also detect a server that no longer responds.
 *
 * @module
 */

import { keyProtocols } from "../../remote/credentials.ts";
import type { Task } from "../../task/task.ts";
import { hasEnded } from "../../task/task_view.ts";
import { readChanges, readMessage, readTask, readTaskList, readTaskMessage } from "../../task/wire.ts";
import { isTaskNotFound, request, ServerUnavailableError, unexpectedResponse } from "./api.ts";
import { messagesOf } from "./socket_messages.ts";
import type { Target } from "./target.ts";

/** An event about followed tasks. */
export type FollowEvent =
  | {
    readonly type: "tasks";
    /** Tasks that are new or have changed. */
    readonly tasks: readonly Task[];
    /** The ids of removed tasks. If `tasks` contains a task with the same id, that task is a new one. */
    readonly removed: readonly string[];
    /** Whether `tasks` is the complete list. */
    readonly isAll: boolean;
    /**
     * Whether a connection begins with this event. Before, the server may have restarted without its data, so versions
     * may have started again from 1. @default {false}
     */
    readonly isOpening?: boolean;
    /**
     * The number of seconds to add to the clock of this machine to get the server's clock; absent if the event came
     * over the WebSocket, because its messages have no time.
     */
    readonly clockOffset?: number;
  }
  /**
   * The connection is lost and is being retried. The next event of type `tasks` means that the connection is
   * restored.
   */
  | { readonly type: "lost"; readonly reason: string };

/** A subscription to tasks: fetches the tasks over REST, and receives their changes over a WebSocket. */
export interface Subscription {
  /** Returns the URL of the WebSocket, with the cursor of the last known change. */
  socketUrl(): string;
  /** The subprotocols of the WebSocket, one of which carries the key. */
  readonly protocols: string[];
  /** Fetches the tasks, or their changes since the last known one, over REST. */
  poll(signal?: AbortSignal): Promise<FollowEvent & { readonly type: "tasks" }>;
  /** Parses a message of the WebSocket; returns `null` if the message contains no change of tasks. */
  read(message: string): FollowEvent | null;
}

/** Options of {@linkcode follow}. */
export interface FollowOptions {
  /** The signal that ends the iteration when it is aborted. */
  readonly signal: AbortSignal;
  /**
   * Milliseconds without a message after which a REST request checks that the server still responds. @default
   * {15_000}
   */
  readonly silenceMs?: number;
}

/**
 * The shortest and the longest backoff between two attempts to connect, in milliseconds; the backoff doubles after
 * every failure.
 */
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 3_000;
/**
 * A connection that lasts less than this many milliseconds counts as a failed attempt: a proxy may accept a
 * connection and close it at once.
 */
const STEADY_MS = 5_000;

/**
 * Follows tasks until aborted. Yields their current records first, then every change.
 *
 * @param subscription the subscription to the tasks to follow
 * @param options the signal that ends the iteration, and the silence to detect
 * @throws {CommandError} if the first request cannot reach the server, or the server refuses a request
 */
export async function* follow(
  subscription: Subscription,
  options: FollowOptions,
): AsyncGenerator<FollowEvent> {
  const { signal, silenceMs = 15_000 } = options;
  let isReached = false;
  let attempts = 0;
  while (!signal.aborted) {
    let startedMs = performance.now();
    try {
      yield { ...await subscription.poll(signal), isOpening: true };
      isReached = true;
      startedMs = performance.now();
      for await (
        const message of messagesOf(subscription.socketUrl(), {
          signal,
          silenceMs,
          protocols: subscription.protocols,
        })
      ) {
        const event = message === null ? await subscription.poll(signal) : subscription.read(message);
        if (event !== null) yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      // The message is not JSON: reconnect, and fetch the changes that it may have contained.
      if (!(error instanceof SyntaxError)) {
        const isPassing = error instanceof ServerUnavailableError && (isReached || error.isReached);
        if (!isPassing) throw error;
        yield { type: "lost", reason: error.reason };
      }
    }
    attempts = performance.now() - startedMs >= STEADY_MS ? 0 : attempts + 1;
    const bound = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** attempts);
    // The jitter prevents all watchers of a restarted server from reconnecting at once.
    await sleep(bound * (0.5 + Math.random() / 2), signal);
  }
}

/**
 * How long an unfinished task may be missing, in milliseconds. If the server has restarted without its data, the
 * task's reporter creates the task again when it reconnects, and it tries to reconnect at least every 5 s.
 */
const MISSING_MS = 10_000;

/**
 * Creates a subscription to one task.
 *
 * @param target the server and the client
 * @param id the task's id
 * @param missingMs how long the task may be missing before it counts as removed, in milliseconds
 */
export function oneTask(target: Target, id: string, missingMs: number = MISSING_MS): Subscription {
  /** Whether the task is known, and had not ended; such a task can't be removed, so only the server can have lost it. */
  let isUnfinished = false;
  let missingSinceMs: number | null = null;

  function note(task: Task): void {
    isUnfinished = !hasEnded(task);
    missingSinceMs = null;
  }

  function isLost(): boolean {
    missingSinceMs ??= performance.now();
    return isUnfinished && performance.now() - missingSinceMs < missingMs;
  }

  return {
    socketUrl: () => `${socketUrlOf(target)}/${id}`,
    protocols: keyProtocols(target.key),
    async poll(signal) {
      const response = await request(target, `/${id}`, signal === undefined ? {} : { signal });
      if (isTaskNotFound(response)) {
        if (isLost()) throw new ServerUnavailableError(`${target.server} has lost the task`, true);
        return { type: "tasks", tasks: [], removed: [id], isAll: true };
      }
      const task = response.status === 200 ? readTask(response.body) : null;
      if (task === null) throw unexpectedResponse(target, response);
      note(task);
      const { clockOffset } = response;
      return { type: "tasks", tasks: [task], removed: [], isAll: true, clockOffset };
    },
    read(message) {
      const task = readTaskMessage(message);
      if (task === null) return null;
      note(task);
      return { type: "tasks", tasks: [task], removed: [], isAll: true };
    },
  };
}

/** Creates a subscription to all tasks of a client. */
export function allTasks(target: Target): Subscription {
  let cursor: string | null = null;

  async function pollAll(signal: AbortSignal | undefined): ReturnType<Subscription["poll"]> {
    const response = await request(target, "", signal === undefined ? {} : { signal });
    const list = readTaskList(response.body);
    if (response.status !== 200 || list.cursor === null) throw unexpectedResponse(target, response);
    cursor = list.cursor;
    const { clockOffset } = response;
    return { type: "tasks", tasks: list.tasks, removed: [], isAll: true, clockOffset };
  }

  return {
    protocols: keyProtocols(target.key),
    socketUrl: () => `${socketUrlOf(target)}?mode=delta&after=${encodeURIComponent(cursor ?? "")}`,
    async poll(signal) {
      if (cursor === null) return await pollAll(signal);
      const path = `?after=${encodeURIComponent(cursor)}`;
      const response = await request(target, path, signal === undefined ? {} : { signal });
      // The server no longer has the changes after the cursor.
      if (response.status === 410) return await pollAll(signal);
      const changes = readChanges(response.body);
      if (response.status !== 200 || changes.cursor === null) throw unexpectedResponse(target, response);
      cursor = changes.cursor;
      const { tasks, removed } = changes;
      return { type: "tasks", tasks, removed, isAll: false, clockOffset: response.clockOffset };
    },
    read(text) {
      const message = readMessage(text);
      if (message.type !== "task_update" && message.type !== "initial_state") return null;
      cursor = message.cursor ?? cursor;
      return message.type === "task_update"
        ? { type: "tasks", tasks: message.tasks, removed: message.removed, isAll: false }
        : { type: "tasks", tasks: message.tasks, removed: [], isAll: true };
    },
  };
}

function socketUrlOf({ server, client }: Target): string {
  return `${server.replace(/^http/, "ws")}/ws/tasks/${client}`;
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener("abort", end);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
}
