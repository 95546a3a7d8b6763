/**
 * Follows tasks over a WebSocket that reconnects with backoff. REST requests fetch the changes that were missed meanwhile,
 * and detect a server that is gone.
 *
 * @module
 */

import { keyProtocols } from "../../remote/credentials.ts";
import type { Task } from "../../task/task.ts";
import { readChanges, readMessage, readTask, readTaskList, readTaskMessage } from "../../task/wire.ts";
import { ask, isNoTask, refusal, ServerUnavailableError } from "./api.ts";
import { messagesOf } from "./socket_messages.ts";
import type { Target } from "./target.ts";

/** An event of followed tasks. */
export type News =
  | {
    readonly type: "tasks";
    /** Tasks that are new or have changed. */
    readonly tasks: readonly Task[];
    /** Ids of removed tasks; a task in `tasks` with such an id is a new one. */
    readonly removed: readonly string[];
    /** Whether `tasks` is the complete list. */
    readonly isAll: boolean;
  }
  /** The connection is lost, and is being retried. The next event of type `tasks` means that it is back. */
  | { readonly type: "lost"; readonly reason: string };

/** A subscription: how to fetch its tasks over REST, and how to receive their changes over a WebSocket. */
export interface Followed {
  /** The URL of the WebSocket, with the cursor of the last known change. */
  socketUrl(): string;
  /** The subprotocols of the WebSocket, which carry the key. */
  readonly protocols: string[];
  /** Fetches the tasks, or their changes since the last known one, over REST. */
  ask(signal?: AbortSignal): Promise<News>;
  /** Parses a message of the WebSocket; returns `null` if it says nothing about tasks. */
  read(message: string): News | null;
}

/** Options of {@linkcode follow}. */
export interface FollowOptions {
  /** Stops following. */
  readonly signal: AbortSignal;
  /** Milliseconds without a message after which a REST request checks the server. @default {15_000} */
  readonly silenceMs?: number;
}

/** Shortest and longest backoff between two attempts, in milliseconds; it doubles after every failure. */
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 3_000;
/** A connection shorter than this, in milliseconds, counts as a failure: a proxy may accept, then close at once. */
const STEADY_MS = 5_000;

/**
 * Follows tasks until aborted. Yields their current records first, then every change.
 *
 * @param followed the subscription
 * @param options when to stop
 * @throws {CommandError} if the server cannot be reached at first, or refuses the request
 */
export async function* follow(followed: Followed, options: FollowOptions): AsyncGenerator<News> {
  const { signal, silenceMs = 15_000 } = options;
  let isReached = false;
  let attempts = 0;
  while (!signal.aborted) {
    let startedMs = performance.now();
    try {
      yield await followed.ask(signal);
      isReached = true;
      startedMs = performance.now();
      for await (
        const message of messagesOf(followed.socketUrl(), {
          signal,
          silenceMs,
          protocols: followed.protocols,
        })
      ) {
        const news = message === null ? await followed.ask(signal) : followed.read(message);
        if (news !== null) yield news;
      }
    } catch (error) {
      if (signal.aborted) return;
      // A message that is not JSON: reconnect and fetch what it may have said.
      if (!(error instanceof SyntaxError)) {
        const isPassing = error instanceof ServerUnavailableError && (isReached || error.isReached);
        if (!isPassing) throw error;
        yield { type: "lost", reason: error.reason };
      }
    }
    attempts = performance.now() - startedMs >= STEADY_MS ? 0 : attempts + 1;
    const bound = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** attempts);
    // Jitter: the watchers of a restarted server must not all reconnect at once.
    await sleep(bound * (0.5 + Math.random() / 2), signal);
  }
}

/** A subscription to one task. */
export function oneTask(target: Target, id: string): Followed {
  return {
    socketUrl: () => `${socketUrlOf(target)}/${id}`,
    protocols: keyProtocols(target.key),
    async ask(signal) {
      const answer = await ask(target, `/${id}`, signal === undefined ? {} : { signal });
      if (isNoTask(answer)) return { type: "tasks", tasks: [], removed: [id], isAll: true };
      const task = answer.status === 200 ? readTask(answer.body) : null;
      if (task === null) throw refusal(target, answer);
      return { type: "tasks", tasks: [task], removed: [], isAll: true };
    },
    read(message) {
      const task = readTaskMessage(message);
      return task === null ? null : { type: "tasks", tasks: [task], removed: [], isAll: true };
    },
  };
}

/** A subscription to all tasks of a client. */
export function allTasks(target: Target): Followed {
  let cursor: string | null = null;

  async function askAll(signal: AbortSignal | undefined): Promise<News> {
    const answer = await ask(target, "", signal === undefined ? {} : { signal });
    const list = readTaskList(answer.body);
    if (answer.status !== 200 || list.cursor === null) throw refusal(target, answer);
    cursor = list.cursor;
    return { type: "tasks", tasks: list.tasks, removed: [], isAll: true };
  }

  return {
    protocols: keyProtocols(target.key),
    socketUrl: () => `${socketUrlOf(target)}?mode=delta&after=${encodeURIComponent(cursor ?? "")}`,
    async ask(signal) {
      if (cursor === null) return await askAll(signal);
      const path = `?after=${encodeURIComponent(cursor)}`;
      const answer = await ask(target, path, signal === undefined ? {} : { signal });
      // The server no longer knows the changes since the cursor.
      if (answer.status === 410) return await askAll(signal);
      const changes = readChanges(answer.body);
      if (answer.status !== 200 || changes.cursor === null) throw refusal(target, answer);
      cursor = changes.cursor;
      return { type: "tasks", tasks: changes.tasks, removed: changes.removed, isAll: false };
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
