/**
 * Watchers of a server that is going to be killed: each notes what it is shown, and keeps what it holds.
 *
 * @module
 */

import type { Task } from "../../../lib/task/task.ts";
import { type Answer, call } from "../calls.ts";
import type { SocketMessage } from "../socket.ts";
import { until } from "../until.ts";
import { type Held, heldAfter, shown } from "./held.ts";
import type { Ledger } from "./ledger.ts";

/** What every watcher works with. */
export interface WatcherOptions {
  /** The address of the server. */
  readonly url: string;
  readonly client: string;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** What it holds from before. */
  readonly held?: Held | null;
}

/** Earlier states that each watcher keeps beside the last one. */
const OLDER_STATES = 2;
/** How seldom one is kept. */
const KEEP_RATE = 0.05;
/** The close code of the server where a watcher is too slow. */
const TOO_SLOW = 1013;

/** Looks at what it is shown. */
export abstract class Watcher {
  readonly options: WatcherOptions;
  #held: Held | null;
  #older: Held[] = [];
  #messages = 0;

  constructor(options: WatcherOptions) {
    this.options = options;
    this.#held = options.held ?? null;
  }

  /** What it holds. */
  get held(): Held | null {
    return this.#held;
  }

  /** What it holds and has held, as far as it was kept. */
  get states(): Held[] {
    return this.#held === null ? this.#older : [...this.#older, this.#held];
  }

  /** How many messages or answers it was sent. */
  get messages(): number {
    return this.#messages;
  }

  /** Resolves when it watches no more; the end of the server ends it, too. */
  abstract stop(): Promise<void>;

  /** Takes a message that says what there is, or what changed. */
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

  /** Takes the record of a single task. */
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

/** Watches over a socket. One that is too slow comes back with its cursor. */
export class SocketWatcher extends Watcher {
  readonly #mode: "full" | "delta";
  readonly #closed = Promise.withResolvers<void>();
  #socket: WebSocket;
  #isStopped = false;
  #isClosed = false;

  /**
   * @param mode what each message is to hold
   * @param options whom to watch
   */
  constructor(mode: "full" | "delta", options: WatcherOptions) {
    super(options);
    this.#mode = mode;
    this.#socket = this.#open();
  }

  /** Whether it watches no more. */
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

/** Watches one task over a socket, until it has ended. */
export class TaskWatcher extends Watcher {
  readonly #closed = Promise.withResolvers<void>();
  readonly #socket: WebSocket;

  /**
   * @param id the task
   * @param options whom to watch
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

/** Asks again and again, in one of several ways. */
export class Poller extends Watcher {
  readonly #done: Promise<void>;
  #isStopped = false;

  /**
   * @param pathOf the path to ask for next; is given what the watcher holds; `null` where there is none yet
   * @param pauseMs how long to wait between an answer and the next question
   * @param options whom to watch
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
        // The server may be killed at any time.
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
      // A page, a list, or a task.
      if (json === undefined) ledger.sawCursor(/"cursor":"([^"]+)"/.exec(text)?.[1] ?? "none");
      else if (json.cursor !== undefined) this.take(json);
      else this.takeTask(json);
    } else if (status !== 404 && !/closing|shutting down/.test(text)) {
      ledger.complain(`GET /${path} was answered ${status}: ${text}`);
    }
  }
}

/** Comes back again and again, each time with a state that another watcher held a while ago. */
export class Returner extends Watcher {
  readonly #done: Promise<void>;
  #isStopped = false;

  /**
   * @param states what to come back with
   * @param pauseMs how long it stays away
   * @param options whom to watch
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
