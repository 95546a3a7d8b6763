/**
 * Watchers of a real server that are disconnected at random, resume, and check every message.
 *
 * @module
 */

import type { Task } from "../../../lib/task/task.ts";
import { type Line, RawLine, SocketLine } from "./lines.ts";
import { TaskWatcher } from "./watchers.ts";
import { WatcherModel } from "../watcher_model.ts";

/** The address of the current server, shared by all watchers. */
export interface Place {
  /** The address; `null` while no server runs. */
  url: string | null;
}

/** Options shared by all watchers. */
export interface CrowdOptions {
  readonly place: Place;
  readonly client: string;
  /** Returns random numbers from 0 to 1. */
  readonly random: () => number;
  /** The beats at which the watcher is disconnected. */
  readonly cuts: ReadonlySet<number>;
  /** Called with the error if a message is inconsistent with the earlier ones. */
  readonly failed: (error: unknown) => void;
}

/** The probability that a watcher resumes with an older cursor instead of its newest, from 0 to 1. */
const OLDER_RATE = 0.1;

/** The maximum number of beats that a watcher stays disconnected. */
const AWAY_BEATS = 3;

/** A watcher of all tasks of a client, advanced beat by beat. */
export abstract class CrowdWatcher {
  model: WatcherModel;
  /** How often the watcher was disconnected. */
  cutCount = 0;
  /** How often the server rejected the watcher's cursor. */
  resyncCount = 0;
  protected readonly options: CrowdOptions;
  #backAt = 0;
  #older: WatcherModel | null = null;

  /**
   * @param options the server, the client and the times at which to disconnect
   * @param name the name of the watcher in error messages
   */
  constructor(options: CrowdOptions, name: string) {
    this.options = options;
    this.model = new WatcherModel(`${name} of ${options.client}`);
  }

  /** The client whose tasks the watcher watches. */
  get client(): string {
    return this.options.client;
  }

  /** Advances the watcher by one beat, in which it disconnects, reconnects or continues to watch. */
  beat(number: number): void {
    const { cuts, random, place } = this.options;
    if (cuts.has(number)) {
      // If the watcher is disconnected, it connects first and is cut in the middle of the handshake.
      this.comeBack();
      this.cut();
      this.cutCount++;
      this.#backAt = number + Math.floor(random() * (AWAY_BEATS + 1));
      if (random() < OLDER_RATE && this.#older !== null) this.model = this.#older.clone();
      if (random() < OLDER_RATE && this.model.cursor !== null) this.#older = this.model.clone();
    }
    if (number >= this.#backAt && place.url !== null) this.comeBack();
    this.watch();
  }

  /** Cuts the connection at once. */
  abstract cut(): void;
  /** Drops everything that is still on its way from a server that has ended. */
  abstract drop(): void;
  /** Connects the watcher unless it is already connected. */
  abstract comeBack(): void;
  /** Does the work that the watcher does in every beat, such as polling. */
  abstract watch(): void;
  /** Closes the connection, and resolves when this and all earlier connections are closed. */
  abstract closed(): Promise<void>;
}

/** The kind of WebSocket: a standard one, or a raw one that is closed without a closing handshake. */
export type LineKind = "socket" | "raw";

/** A watcher over a WebSocket. */
export class SocketCrowdWatcher extends CrowdWatcher {
  readonly #mode: "delta" | "full";
  readonly #kind: LineKind;
  readonly #lines: Set<Line> = new Set();
  #line: Line | null = null;

  constructor(options: CrowdOptions, mode: "delta" | "full", kind: LineKind) {
    super(options, `A ${mode} watcher over a ${kind} line`);
    this.#mode = mode;
    this.#kind = kind;
  }

  comeBack(): void {
    const { place, client, random, failed } = this.options;
    if (this.#line !== null || place.url === null) return;
    const { model } = this;
    model.connect(this.#mode);
    const after = model.cursor === null ? "" : `&after=${model.cursor}`;
    const url = `${place.url}/ws/tasks/${client}${this.#mode === "full" ? "" : `?mode=delta${after}`}`;
    const events = {
      heard: (text: string) => {
        try {
          const message = JSON.parse(text);
          if (message.type === "resync") this.resyncCount++;
          model.receive(message);
        } catch (error) {
          failed(error);
        }
      },
      // The watcher was a slow consumer or the server has ended: the watcher reconnects with the next beat.
      ended: () => this.#line = null,
    };
    const line = this.#kind === "socket"
      ? new SocketLine(url, events)
      : new RawLine(url, events, random() < 0.2);
    this.#line = line;
    this.#lines.add(line);
  }

  cut(): void {
    this.#line?.cut();
    this.#line = null;
  }

  drop(): void {
    this.cut();
    // The server, when it shuts down, would wait for connections that were cut silently.
    for (const line of this.#lines) void line.closed();
  }

  watch(): void {
    // Nothing to do in a beat: a WebSocket receives messages without polling.
  }

  async closed(): Promise<void> {
    this.cut();
    await Promise.all(Array.from(this.#lines, (line) => line.closed()));
  }
}

/** A watcher that polls changes over REST. */
export class RestCrowdWatcher extends CrowdWatcher {
  #isBack = false;
  #poll: Promise<void> = Promise.resolve();
  #controller: AbortController | null = null;

  constructor(options: CrowdOptions) {
    super(options, "A watcher over REST");
  }

  comeBack(): void {
    if (this.options.place.url !== null) this.#isBack = true;
  }

  cut(): void {
    if (!this.#isBack) return;
    if (this.#controller === null) this.#begin(this.options.random() < 0.5 ? "head" : "body");
    else this.#controller.abort();
    this.#isBack = false;
  }

  watch(): void {
    if (this.#isBack && this.#controller === null && this.options.random() < 0.4) this.#begin("end");
  }

  drop(): void {
    this.#controller?.abort();
    this.#isBack = false;
  }

  async closed(): Promise<void> {
    this.#controller?.abort();
    await this.#poll;
  }

  /** Sends a request, and aborts it after the given part of the response. */
  #begin(upTo: "head" | "body" | "end"): void {
    const controller = new AbortController();
    this.#controller = controller;
    this.#poll = this.#ask(this.model, upTo, controller).catch((error) => {
      // When the server ends, it aborts its responses.
      if (!controller.signal.aborted && !isNetworkError(error)) this.options.failed(error);
    }).finally(() => {
      this.#controller = null;
    });
  }

  async #ask(model: WatcherModel, upTo: "head" | "body" | "end", controller: AbortController): Promise<void> {
    const { place: { url }, client } = this.options;
    const { signal } = controller;
    const all = `${url}/tasks/${client}`;
    const isAll = model.cursor === null;
    const response = await fetch(isAll ? all : `${all}?after=${model.cursor}`, { signal });
    if (upTo === "head") return controller.abort();
    if (upTo === "body") {
      const reader = response.body!.getReader();
      await reader.read();
      return controller.abort();
    }
    const body = await response.json();
    if (signal.aborted) return;
    if (response.status === 410 && body.code === "cursor_gone") {
      this.resyncCount++;
      const state = await (await fetch(all, { signal })).json();
      if (signal.aborted) return;
      model.beginAnew();
      model.takeState(state);
    } else if (response.status !== 200) {
      // A server that is shutting down responds with 503.
      if (response.status !== 503) throw new Error(`Unexpected status ${response.status} of ${all}`);
    } else if (isAll) {
      model.beginAnew();
      model.takeState(body);
    } else {
      model.takeChanges(body);
    }
  }
}

/** A watcher that watches one task after the other, each until the task ends. */
export class TaskCrowdWatcher {
  /** How often the watcher was disconnected. */
  cutCount = 0;
  /** The number of tasks watched until their end. */
  endCount = 0;
  readonly #options: CrowdOptions;
  /** Returns a task to watch, if there is one. */
  readonly #choose: () => Task | undefined;
  readonly #lines: Set<Line> = new Set();
  #line: Line | null = null;
  #task: Task | null = null;

  constructor(options: CrowdOptions, choose: () => Task | undefined) {
    this.#options = options;
    this.#choose = choose;
  }

  /** The id of the task that the watcher currently watches; `null` if the watcher is not connected. */
  get watched(): string | null {
    return this.#line === null ? null : this.#task?.id ?? null;
  }

  /** Advances the watcher by one beat, in which it disconnects, connects to its task or continues to watch. */
  beat(number: number): void {
    const { cuts, place } = this.#options;
    if (cuts.has(number)) {
      this.cut();
      this.cutCount++;
    } else if (place.url !== null && this.#line === null) {
      this.#connect(place.url);
    }
  }

  cut(): void {
    this.#line?.cut();
    this.#line = null;
  }

  async closed(): Promise<void> {
    this.cut();
    await Promise.all(Array.from(this.#lines, (line) => line.closed()));
  }

  #connect(url: string): void {
    const task = this.#task ??= this.#choose() ?? null;
    if (task === null) return;
    const { client, random, failed } = this.#options;
    const watcher = new TaskWatcher(client, task, failed);
    let hasHeard = false;
    const events = {
      heard: (text: string) => {
        hasHeard = true;
        watcher.send(text);
      },
      ended: (code: number) => {
        this.#line = null;
        // The connection was refused because the task was removed, or ended with the server.
        if (code !== 1000) return void (this.#task = hasHeard ? task : null);
        // If the task is removed between the handshake and the first message, there is no message.
        if (hasHeard) watcher.end();
        this.#task = null;
        this.endCount++;
      },
    };
    const address = `${url}/ws/tasks/${client}/${task.id}`;
    this.#line = random() < 0.5 ? new SocketLine(address, events) : new RawLine(address, events, false);
    this.#lines.add(this.#line);
  }
}

/** Whether a request failed because the server has ended. */
function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Deno.errors.Http);
}
