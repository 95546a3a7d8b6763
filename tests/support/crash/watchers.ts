/**
 * Watchers of the server that is killed; each records every message and maintains a copy of the tasks.
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
  /** The copy of the tasks to resume from. */
  readonly held?: Held | null;
}

/** The number of earlier copies that each watcher stores. */
const OLDER_STATES = 2;
/** The probability that a watcher stores a copy when the next one replaces it, from 0 to 1. */
const KEEP_RATE = 0.05;
/** The close code with which the server disconnects a slow consumer. */
const TOO_SLOW = 1013;

/** A watcher that records messages and maintains a copy of the tasks. */
export abstract class Watcher {
  readonly options: WatcherOptions;
  #held: Held | null;
  #older: Held[] = [];
  #messages = 0;

  constructor(options: WatcherOptions) {
    this.options = options;
    this.#held = options.held ?? null;
  }

  /** The current copy of the tasks. */
  get held(): Held | null {
    return this.#held;
  }

  /** The earlier copies of the tasks that were stored, and the current one. */
  get states(): Held[] {
    return this.#held === null ? this.#older : [...this.#older, this.#held];
  }

  /** The number of messages or responses received so far. */
  get messages(): number {
    return this.#messages;
  }

  /** Stops watching; resolves when the connection is closed, which also happens when the server ends. */
  abstract stop(): Promise<void>;

  /** Applies a message that contains the full state or changes. */
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

  /** Records a message that contains a single task. */
  protected takeTask(task: Task): void {
    this.#messages++;
    this.options.ledger.saw(this.options.client, task);
  }

  #compare(before: Task | undefined, task: Task): void {
    if (before !== undefined && task.version < before.version) {
      this.options.ledger.complain(
        `${task.id} was sent to a watcher with a lower version: ${shown(before)}, then ${shown(task)}`,
      );
    }
  }
}

/** Watches a client over a WebSocket; resumes with its cursor if it is disconnected as a slow consumer. */
export class SocketWatcher extends Watcher {
  readonly #mode: "full" | "delta";
  readonly #closed = Promise.withResolvers<void>();
  #socket: WebSocket;
  #isStopped = false;
  #isClosed = false;

  /**
   * @param mode whether the server sends full states (`full`) or changes (`delta`)
   * @param options the server and the client
   */
  constructor(mode: "full" | "delta", options: WatcherOptions) {
    super(options);
    this.#mode = mode;
    this.#socket = this.#open();
  }

  /** Whether the socket is closed for good. */
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
        this.options.ledger.complain(`A socket received an unexpected message: ${JSON.stringify(message)}`);
    }
  }
}

/** Watches one task over a WebSocket until the connection is closed. */
export class TaskWatcher extends Watcher {
  readonly #closed = Promise.withResolvers<void>();
  readonly #socket: WebSocket;

  /**
   * @param id the id of the task
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

/** Polls a page or a resource of the server over HTTP. */
export class Poller extends Watcher {
  readonly #done: Promise<void>;
  #isStopped = false;

  /**
   * @param pathOf returns the path to request next, from the copy of the tasks; `null` if there is none yet
   * @param pauseMs the pause between a response and the next request, in milliseconds
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
        // The request fails if the server is killed, which may happen at any time.
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
      // The response is a page, a list or a task, in this order.
      if (json === undefined) ledger.sawCursor(/"cursor":"([^"]+)"/.exec(text)?.[1] ?? "none");
      else if (json.cursor !== undefined) this.take(json);
      else this.takeTask(json);
    } else if (status !== 404 && !/closing|shutting down/.test(text)) {
      ledger.complain(`GET /${path} was answered ${status}: ${text}`);
    }
  }
}

/** Resumes repeatedly over a WebSocket, each time with an earlier copy that another watcher held. */
export class Returner extends Watcher {
  readonly #done: Promise<void>;
  #isStopped = false;

  /**
   * @param states returns the copies to resume from
   * @param pauseMs the pause between two connections, in milliseconds
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
