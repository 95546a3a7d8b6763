/**
 * Watchers of a server to be killed: each records every message and keeps a copy of the tasks.
 *
 * @module
 */

import type { Task } from "../../../lib/task/task.ts";
import { type Answer, call } from "../calls.ts";
import type { SocketMessage } from "../socket.ts";
import { until } from "../until.ts";
import { type Held, heldAfter, shown } from "./held.ts";
import type { Ledger } from "./ledger.ts";

/** Options of every watcher. */
export interface WatcherOptions {
  /** The server's address. */
  readonly url: string;
  readonly client: string;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** Its copy from before. */
  readonly held?: Held | null;
}

/** Earlier copies kept by each watcher. */
const OLDER_STATES = 2;
/** One in so many copies is kept. */
const KEEP_RATE = 0.05;
/** The close code for a slow consumer. */
const TOO_SLOW = 1013;

/** Records messages and keeps a copy of the tasks. */
export abstract class Watcher {
  readonly options: WatcherOptions;
  #held: Held | null;
  #older: Held[] = [];
  #messages = 0;

  constructor(options: WatcherOptions) {
    this.options = options;
    this.#held = options.held ?? null;
  }

  /** Its current copy. */
  get held(): Held | null {
    return this.#held;
  }

  /** Its current copy, and the earlier ones that were kept. */
  get states(): Held[] {
    return this.#held === null ? this.#older : [...this.#older, this.#held];
  }

  /** The number of messages or answers received. */
  get messages(): number {
    return this.#messages;
  }

  /** Stops watching and resolves when it has ended; the server's end also ends it. */
  abstract stop(): Promise<void>;

  /** Applies a message with the full state or changes. */
  protected take(message: Omit<SocketMessage, "type">): void {
    const { client, ledger, random } = this.options;
    const before = this.#held;
    const held = heldAfter(client, before, message);
    this.#messages++;
    for (const id of message.removed ?? []) if (!held.tasks.has(id)) ledger.sawRemoved(client, id);
    for (const task of message.all_tasks === undefined ? message.tasks ?? [] : held.tasks.values()) {
      this.#compare(before?.tasks.get(task.id), task);
      ledger.saw(client, task);
    }
    ledger.sawCursor(held.cursor);
    if (before !== null && random() < KEEP_RATE) {
      this.#older = [before, ...this.#older].slice(0, OLDER_STATES);
    }
    this.#held = held;
  }

  /** Records a single task. */
  protected takeTask(task: Task): void {
    this.#messages++;
    this.options.ledger.saw(this.options.client, task);
  }

  #compare(before: Task | undefined, task: Task): void {
    if (before !== undefined && task.version < before.version) {
      this.options.ledger.complain(
        `${task.id} went back while it was watched: ${shown(before)}, then ${shown(task)}`,
      );
    }
  }
}

/** Watches over a socket; a slow consumer that is disconnected resumes with its cursor. */
export class SocketWatcher extends Watcher {
  readonly #mode: "full" | "delta";
  readonly #closed = Promise.withResolvers<void>();
  #socket: WebSocket;
  #isStopped = false;
  #isClosed = false;

  /**
   * @param mode `full` or `delta` messages
   * @param options the server and the client
   */
  constructor(mode: "full" | "delta", options: WatcherOptions) {
    super(options);
    this.#mode = mode;
    this.#socket = this.#open();
  }

  /** Whether it has stopped. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#socket.close();
    await this.#closed.promise;
  }

  #open(): WebSocket {
    const { url, client } = this.options;
    const after = this.held === null || this.#mode === "full" ? "" : `&after=${this.held.cursor}`;
    const socket = new WebSocket(
      `${url.replace(/^http/, "ws")}/ws/tasks/${client}?mode=${this.#mode}${after}`,
    );
    socket.onmessage = ({ data }) => this.#message(JSON.parse(data));
    socket.onerror = (event) => event.preventDefault();
    socket.onclose = ({ code }) => {
      if (code === TOO_SLOW && !this.#isStopped) {
        this.#socket = this.#open();
        return;
      }
      this.#isClosed = true;
      this.#closed.resolve();
    };
    return socket;
  }

  #message(message: SocketMessage): void {
    switch (message.type) {
      case "initial_state":
      case "state_update":
      case "task_update":
        return this.take(message);
      case "closing":
        return;
      default:
        this.options.ledger.complain(`A socket was told: ${JSON.stringify(message)}`);
    }
  }
}

/** Watches one task over a socket until it ends. */
export class TaskWatcher extends Watcher {
  readonly #closed = Promise.withResolvers<void>();
  readonly #socket: WebSocket;

  /**
   * @param id the task's id
   * @param options the server and the client
   */
  constructor(id: string, options: WatcherOptions) {
    super(options);
    this.#socket = new WebSocket(`${options.url.replace(/^http/, "ws")}/ws/tasks/${options.client}/${id}`);
    this.#socket.onmessage = ({ data }) => {
      const { type, ...task } = JSON.parse(data);
      if (type !== "closing") this.takeTask(task);
    };
    this.#socket.onerror = (event) => event.preventDefault();
    this.#socket.onclose = () => this.#closed.resolve();
  }

  async stop(): Promise<void> {
    this.#socket.close();
    await this.#closed.promise;
  }
}

/** Polls over HTTP. */
export class Poller extends Watcher {
  readonly #done: Promise<void>;
  #isStopped = false;

  /**
   * @param pathOf returns the next path, given the watcher's copy; `null` if there is none yet
   * @param pauseMs the pause between an answer and the next request
   * @param options the server and the client
   */
  constructor(pathOf: (held: Held | null) => string | null, pauseMs: number, options: WatcherOptions) {
    super(options);
    this.#done = this.#poll(pathOf, pauseMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #poll(pathOf: (held: Held | null) => string | null, pauseMs: number): Promise<void> {
    while (!this.#isStopped) {
      const path = pathOf(this.held);
      if (path !== null) {
        // The server may be killed at any moment.
        const answer = await call("GET", `${this.options.url}/${path}`).catch(() => null);
        if (answer === null) return;
        this.#answered(path, answer);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  #answered(path: string, { status, json, text }: Answer): void {
    const { ledger } = this.options;
    if (status === 200) {
      // A page, a list or a task.
      if (json === undefined) ledger.sawCursor(/"cursor":"([^"]+)"/.exec(text)?.[1] ?? "none");
      else if (json.cursor !== undefined) this.take(json);
      else this.takeTask(json);
    } else if (status !== 404 && !/closing|shutting down/.test(text)) {
      ledger.complain(`GET /${path} was answered ${status}: ${text}`);
    }
  }
}

/** Resumes repeatedly, each time with an earlier copy of another watcher. */
export class Returner extends Watcher {
  readonly #done: Promise<void>;
  #isStopped = false;

  /**
   * @param states the copies to resume from
   * @param pauseMs the pause between two connections
   * @param options the server and the client
   */
  constructor(states: () => readonly Held[], pauseMs: number, options: WatcherOptions) {
    super(options);
    this.#done = this.#return(states, pauseMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #return(states: () => readonly Held[], pauseMs: number): Promise<void> {
    const { random } = this.options;
    while (!this.#isStopped) {
      const known = states();
      const held = known[Math.floor(random() * known.length)] ?? null;
      const socket = new SocketWatcher("delta", { ...this.options, held });
      await until(() => socket.messages > 0 || socket.isClosed || this.#isStopped);
      await socket.stop();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
