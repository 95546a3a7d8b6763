/**
 * The watchers of a {@linkcode ResumeWorld}, which check every message.
 *
 * @module
 */

import type { Watcher } from "../../../lib/hub/hub.ts";
import { isFinal, type Task } from "../../../lib/task/task.ts";
import { messageOf } from "../event_messages.ts";
import { EventParser } from "../event_parser.ts";
import type { StepCursor } from "./steps.ts";
import type { SocketMessage } from "../socket.ts";
import { runOf, WatcherModel } from "../watcher_model.ts";

/** The callbacks of a connection. */
export interface ConnectionEvents {
  /** Called after the watcher's model has applied a message. */
  readonly received: () => void;
  /** Called with the error if a message is inconsistent with the earlier ones. */
  readonly failed: (error: unknown) => void;
}

/** A connection of a watcher, which ignores messages after it is closed. */
class Connection implements Watcher {
  readonly saturated = false;
  readonly #take: (message: string) => void;
  isOpen = true;
  stop: () => void = () => {};

  constructor(take: (message: string) => void) {
    this.#take = take;
  }

  send(message: string): void {
    if (this.isOpen) this.#take(message);
  }

  end(): void {
    this.#take('{"type":"end"}');
  }

  fail(error: unknown): void {
    throw error;
  }
}

/** The kind of a watcher: its transport, and for a WebSocket also its mode. */
export type ListWatcherKind = "delta" | "full" | "rest" | "events";

/** A watcher of all tasks of a client, which disconnects and resumes. */
export class ListWatcher {
  readonly client: string;
  readonly kind: ListWatcherKind;
  /** The watcher's copy of the tasks. */
  model: WatcherModel;
  readonly #saved: WatcherModel[] = [];
  #connection: Connection | null = null;
  #expected: "resync" | "changes" | "either" = "either";

  /**
   * @param client the client whose tasks the watcher watches
   * @param kind the transport and the mode
   */
  constructor(client: string, kind: ListWatcherKind) {
    this.client = client;
    this.kind = kind;
    this.model = this.#newModel();
  }

  /** Whether the watcher is connected. */
  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** Selects the state to resume from; the copy of the tasks so far is stored as an older state. */
  choose(from: StepCursor): void {
    if (from === "none") this.model = this.#newModel();
    if (from === "older") this.model = this.#saved[this.#saved.length >> 1]?.clone() ?? this.model;
    if (this.model.cursor !== null) this.#saved.push(this.model.clone());
    this.#expected = "either";
  }

  /** Sets the kind of message that the next connection must begin with. */
  expect(expected: "resync" | "changes" | "either"): void {
    this.#expected = expected;
  }

  /** Throws if the first message is of another kind than expected; later messages may be of any kind. */
  checkResync(isResync: boolean): void {
    if (this.#expected === (isResync ? "changes" : "resync")) {
      throw new Error(
        `${this.model.name} at ${this.model.cursor} did not get the expected ${this.#expected}`,
      );
    }
    this.#expected = "either";
  }

  /** Returns a new connection of the watcher. */
  connect(events: ConnectionEvents): Connection {
    const { model } = this;
    const take = (message: SocketMessage, isComplete: boolean) => {
      const canResync = this.kind === "delta" || this.kind === "events";
      if (message.type !== "degraded" && canResync) this.checkResync(message.type === "resync");
      model.receive(message);
      if (message.cursor !== undefined && isComplete) events.received();
    };
    const parser = new EventParser(model.cursor ?? "");
    return this.#connection = new Connection((text) => {
      try {
        if (this.kind === "events") this.#takeEvents(parser, text, take);
        else take(JSON.parse(text), true);
      } catch (error) {
        events.failed(error);
      }
    });
  }

  #takeEvents(
    parser: EventParser,
    text: string,
    take: (message: SocketMessage, isComplete: boolean) => void,
  ): void {
    const known = parser.events.length;
    let { lastEventId } = parser;
    parser.push(text);
    for (const event of parser.events.slice(known)) {
      const message = messageOf(event);
      // Only the last of several events that belong together has a new id.
      if (message !== null) take(message, event.lastEventId !== lastEventId);
      ({ lastEventId } = event);
    }
  }

  /** Disconnects the watcher. */
  leave(): void {
    if (this.#connection === null) return;
    this.#connection.isOpen = false;
    this.#connection.stop();
    this.#connection = null;
  }

  #newModel(): WatcherModel {
    return new WatcherModel(`the ${this.kind} watcher of ${this.client}`);
  }
}

/** A watcher of one task until the task ends. */
export class TaskWatcher implements Watcher {
  readonly saturated = false;
  readonly client: string;
  readonly id: string;
  /** The number that distinguishes the watched task from others that had the same id. */
  readonly run: number;
  stop: () => void = () => {};
  readonly #failed: (error: unknown) => void;
  #isOpen = true;
  #hasEnded = false;
  #last: Task | null = null;

  /**
   * @param client the client of the task
   * @param task the current record of the task
   * @param failed called with the error if a message is inconsistent with the earlier ones
   */
  constructor(client: string, task: Task, failed: (error: unknown) => void) {
    this.client = client;
    this.id = task.id;
    this.run = runOf(task);
    this.#failed = failed;
  }

  send(message: string): void {
    if (!this.#isOpen) return;
    const { type, ...task } = JSON.parse(message) as Task & { readonly type: string };
    if (this.#hasEnded) this.#complain("a message after the end");
    // This message announces a shutdown of the server, and says nothing about the task.
    if (type === "closing") return;
    if (type !== (this.#last === null ? "initial_state" : "state_update")) this.#complain(type);
    if (task.id !== this.id || runOf(task) !== this.run) this.#complain(`another task, ${message}`);
    if (task.version < (this.#last?.version ?? 0)) this.#complain("a lower version");
    this.#last = task;
  }

  end(): void {
    if (!this.#isOpen) return;
    if (this.#hasEnded) this.#complain("a second end");
    this.#hasEnded = true;
    if (this.#last === null || !isFinal(this.#last.state)) {
      this.#complain("the end without a final state");
    }
  }

  fail(error: unknown): void {
    this.#failed(error);
  }

  /** Compares the last message with the current record of the task, which is `undefined` if the task was removed. */
  checkEnd(task: Task | undefined): void {
    const isOver = task === undefined || isFinal(task.state);
    if (this.#hasEnded !== isOver) this.#complain(`${isOver ? "no " : "an "}end`);
    if (!isOver && this.#last?.version !== task.version) this.#complain("no message with the newest version");
  }

  /** Disconnects the watcher. */
  leave(): void {
    this.#isOpen = false;
    this.stop();
  }

  #complain(what: string): void {
    this.#failed(
      new Error(
        `The watcher of task ${this.client}/${this.id} was sent ${what}, after ${JSON.stringify(this.#last)}`,
      ),
    );
  }
}
