/**
 * Follows tasks over a WebSocket, and over every loss of it: what was missed is asked for over plain HTTP, which also tells
 * whether there is a server at all.
 *
 * @module
 */

import { keyProtocols } from "../../remote/credentials.ts";
import type { Task } from "../../task/task.ts";
import { readChanges, readMessage, readTask, readTaskList, readTaskMessage } from "../../task/wire.ts";
import { ask, isNoTask, refusal, ServerGoneError } from "./api.ts";
import { messagesOf } from "./socket_messages.ts";
import type { Target } from "./target.ts";

/** What there is to hear of tasks that are followed. */
export type News =
  | {
    readonly type: "tasks";
    /** Tasks that are new or have changed. */
    readonly tasks: readonly Task[];
    /** Ids of tasks that are gone; whatever is in `tasks` under such an id is another one. */
    readonly removed: readonly string[];
    /** Whether `tasks` are all that there are. */
    readonly isAll: boolean;
  }
  /** The server is gone, and is being looked for. Whatever comes next tells that it is back. */
  | { readonly type: "lost"; readonly reason: string };

/** Tasks that can be followed. */
export interface Followed {
  /** The address of the socket from where things stand on. */
  socketUrl(): string;
  /** The subprotocols of the socket, which say who asks. */
  readonly protocols: string[];
  /** Asks over plain HTTP how things stand. */
  ask(signal?: AbortSignal): Promise<News>;
  /** Reads a message of the socket; `null` where it is about nothing of interest. */
  read(message: string): News | null;
}

/** Options of {@linkcode follow}. */
export interface FollowOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** How long a socket may say nothing before the server is asked, in milliseconds. @default {15_000} */
  readonly silenceMs?: number;
}

/** Bounds of the wait before the next attempt, in milliseconds; it doubles from one to the other. */
const LEAST_RETRY_MS = 100;
const MOST_RETRY_MS = 3_000;
/** A socket that was open for less, in milliseconds, counts as one more vain attempt: some accept, then close. */
const STEADY_MS = 5_000;

/**
 * Follows tasks until it is ended. Begins with how they stand, and tells every change from then on.
 *
 * @param followed the tasks
 * @param options when to end
 * @throws {CommandError} where there is no server at the beginning, or it refuses
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
      // What is no JSON is a gap, and asked for anew.
      if (!(error instanceof SyntaxError)) {
        const isPassing = error instanceof ServerGoneError && (isReached || error.isReached);
        if (!isPassing) throw error;
        yield { type: "lost", reason: error.reason };
      }
    }
    attempts = performance.now() - startedMs >= STEADY_MS ? 0 : attempts + 1;
    const bound = Math.min(MOST_RETRY_MS, LEAST_RETRY_MS * 2 ** attempts);
    // Drawn at random, so that the watchers of a server that restarts do not all come back in the same instant.
    await pause(bound * (0.5 + Math.random() / 2), signal);
  }
}

/** One task, until it is removed. */
export function oneTask(target: Target, id: string): Followed {
  return {
    socketUrl: () => `${socketsOf(target)}/${id}`,
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

/** All tasks of a client. */
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
    socketUrl: () => `${socketsOf(target)}?mode=delta&after=${encodeURIComponent(cursor ?? "")}`,
    async ask(signal) {
      if (cursor === null) return await askAll(signal);
      const path = `?after=${encodeURIComponent(cursor)}`;
      const answer = await ask(target, path, signal === undefined ? {} : { signal });
      // What changed since is not known any more.
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

function socketsOf({ server, client }: Target): string {
  return `${server.replace(/^http/, "ws")}/ws/tasks/${client}`;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener("abort", end);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
}
