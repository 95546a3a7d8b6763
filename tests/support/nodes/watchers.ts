/**
 * Watchers of a client that resume on any node with their last cursor, and check every message.
 *
 * @module
 */

import { parseCursor } from "../../../lib/task/cursor.ts";
import type { Task } from "../../../lib/task/task.ts";
import { EventReader } from "../event_model.ts";
import { EventParser } from "../event_parser.ts";
import { WatcherModel } from "../watcher_model.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import type { ClusterHome } from "./cluster_home.ts";

/** Options of every watcher. */
export interface NodeWatcherOptions {
  readonly home: ClusterHome;
  /** The address to watch at; a random node that is up by default. */
  readonly url?: string;
  readonly client: string;
  readonly random: () => number;
  /** Called with every message that contradicts earlier ones. */
  readonly complain: (complaint: string) => void;
}

/** The pause before a watcher reconnects, in milliseconds. */
const RECONNECT_MS = 50;

/** A watcher that reconnects until it is stopped. */
export abstract class NodeWatcher {
  protected readonly options: NodeWatcherOptions;
  protected readonly name: string;
  /** The number of connections so far that received something. */
  connections = 0;
  /** The number of attempts to connect so far. */
  attempts = 0;
  /** How often a node rejected the cursor, so that the watcher had to start over. */
  resyncs = 0;
  protected readonly stopped = Promise.withResolvers<void>();
  #isStopped = false;
  #done: Promise<void>;

  constructor(options: NodeWatcherOptions, name: string) {
    this.options = options;
    this.name = `${name} of ${options.client}`;
    // Starts in a later microtask, because the fields of subclasses are set after this constructor.
    this.#done = Promise.resolve().then(() => this.#run());
  }

  /** The last cursor; empty before the first one. */
  abstract get cursor(): string;
  /** The tasks according to the messages so far, by id. */
  abstract get tasks(): ReadonlyMap<string, Task>;
  /** Watches at an address; resolves when the connection has ended. */
  protected abstract watch(url: string): Promise<void>;

  /** Stops watching; resolves when the connection is closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.stopped.resolve();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const { home, random } = this.options;
      const url = this.options.url ?? home.up[Math.floor(random() * home.up.length)]?.url;
      if (url !== undefined) {
        this.attempts++;
        await this.watch(url);
      }
      if (!this.#isStopped) await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }
}

/** Watches changes over a WebSocket. */
export class SocketNodeWatcher extends NodeWatcher {
  readonly #model: WatcherModel;

  constructor(options: NodeWatcherOptions) {
    super(options, "A socket");
    this.#model = new WatcherModel(this.name);
  }

  get cursor(): string {
    return this.#model.cursor ?? "";
  }

  get tasks(): ReadonlyMap<string, Task> {
    return this.#model.tasks;
  }

  protected async watch(url: string): Promise<void> {
    const { client, complain } = this.options;
    const after = this.cursor === "" ? "" : `&after=${encodeURIComponent(this.cursor)}`;
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws/tasks/${client}?mode=delta${after}`);
    this.#model.connect("delta");
    let isFirst = true;
    socket.onmessage = ({ data }) => {
      if (isFirst) this.connections++;
      isFirst = false;
      const message = JSON.parse(data);
      if (message.type === "resync") this.resyncs++;
      try {
        this.#model.receive(message);
      } catch (error) {
        complain(String(error));
      }
    };
    socket.onerror = (event) => event.preventDefault();
    const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
    await Promise.race([closed, this.stopped.promise]);
    socket.close();
    await closed;
  }
}

/** Watches events over HTTP. */
export class EventNodeWatcher extends NodeWatcher {
  readonly #reader: EventReader = new EventReader();
  #lastEventId = "";

  constructor(options: NodeWatcherOptions) {
    super(options, "An event stream");
  }

  get cursor(): string {
    return this.#lastEventId;
  }

  get tasks(): ReadonlyMap<string, Task> {
    return this.#reader.tasks;
  }

  protected async watch(url: string): Promise<void> {
    const headers: HeadersInit = this.#lastEventId === "" ? {} : { "last-event-id": this.#lastEventId };
    const abort = new AbortController();
    void this.stopped.promise.then(() => abort.abort());
    try {
      const { client } = this.options;
      const response = await fetch(`${url}/events/tasks/${client}`, { headers, signal: abort.signal });
      if (!response.ok) return await response.body?.cancel();
      await this.#read(response.body!.pipeThrough(new TextDecoderStream()));
    } catch {
      // The connection was lost, or never made.
    }
  }

  async #read(texts: ReadableStream<string>): Promise<void> {
    const { complain } = this.options;
    const parser = new EventParser(this.#lastEventId);
    /** The number of the next log line of each task, on this connection. */
    const next = new Map<string, number>();
    let taken = 0;
    for await (const text of texts) {
      parser.push(text);
      for (const event of parser.events.slice(taken)) {
        if (taken++ === 0) this.connections++;
        if (event.type === "resync") this.resyncs++;
        try {
          if (event.type === "log") checkLines(JSON.parse(event.data), next);
          this.#reader.take(event);
        } catch (error) {
          complain(`${this.name} at ${this.#lastEventId}: ${error}`);
        }
        if (isBefore(event.lastEventId, this.#lastEventId)) {
          complain(`${this.name} went back from ${this.#lastEventId} to ${event.lastEventId}`);
        }
        this.#lastEventId = event.lastEventId;
      }
    }
  }
}

/** Checks that the lines of an event follow those before it. */
function checkLines(
  { id, first, lines }: {
    readonly id: string;
    readonly first: number;
    readonly lines: readonly { readonly text: string }[];
  },
  next: Map<string, number>,
): void {
  const wanted = next.get(id) ?? first;
  const texts = lines.map(({ text }) => text);
  const right = texts.map((_, n) => Acknowledgements.line(id, wanted + n));
  if (first !== wanted || texts.join("\n") !== right.join("\n")) {
    throw new Error(`lines ${first} on of ${id} are ${texts}, and line ${wanted} is the next one`);
  }
  next.set(id, first + lines.length);
}

/** Whether a cursor is before another one of the same epoch. */
function isBefore(cursor: string, other: string): boolean {
  if (cursor === "" || other === "") return false;
  const [one, two] = [parseCursor(cursor), parseCursor(other)];
  return one.epoch === two.epoch && one.seq < two.seq;
}
