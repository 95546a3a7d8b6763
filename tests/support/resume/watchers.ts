/**
 * Those who watch a {@linkcode ResumeWorld}.
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

/** What a connection tells. */
export interface ConnectionEvents {
  /** A message came, and the model took it. */
  readonly received: () => void;
  /** A message came that can't be true. */
  readonly failed: (error: unknown) => void;
}

/** One connection of a watcher; deaf once it is closed. */
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
}

/** Over which way somebody watches. */
export type ListWatcherKind = "delta" | "full" | "rest" | "events";

/** Somebody who watches all tasks of a client, is cut off and comes back. */
export class ListWatcher {
  readonly client: string;
  readonly kind: ListWatcherKind;
  /** What it knows. */
  model: WatcherModel;
  readonly #saved: WatcherModel[] = [];
  #connection: Connection | null = null;
  #expected: "resync" | "changes" | "either" = "either";

  /**
   * @param client whose tasks it watches
   * @param kind over which way
   */
  constructor(client: string, kind: ListWatcherKind) {
    this.client = client;
    this.kind = kind;
    this.model = this.#newModel();
  }

  /** Whether it hears of what happens. */
  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** Says what it comes back with; what it knew until now is kept as an older state. */
  choose(from: StepCursor): void {
    if (from === "none") this.model = this.#newModel();
    if (from === "older") this.model = this.#saved[this.#saved.length >> 1]?.clone() ?? this.model;
    if (this.model.cursor !== null) this.#saved.push(this.model.clone());
    this.#expected = "either";
  }

  /** Says what has to come first. */
  expect(expected: "resync" | "changes" | "either"): void {
    this.#expected = expected;
  }

  /** Holds what came against what had to. */
  checkResync(isResync: boolean): void {
    if (this.#expected === (isResync ? "changes" : "resync")) {
      throw new Error(`${this.model.name} at ${this.model.cursor} wanted ${this.#expected}`);
    }
    this.#expected = "either";
  }

  /** Begins to listen. */
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
      // What belongs together ends with a position.
      if (message !== null) take(message, event.lastEventId !== lastEventId);
      ({ lastEventId } = event);
    }
  }

  /** Is cut off. */
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

/** Somebody who watches one task until its end. */
export class TaskWatcher implements Watcher {
  readonly saturated = false;
  readonly client: string;
  readonly id: string;
  /** Which of the tasks that had the id. */
  readonly run: number;
  stop: () => void = () => {};
  readonly #failed: (error: unknown) => void;
  #isOpen = true;
  #hasEnded = false;
  #last: Task | null = null;

  /**
   * @param client whose task it is
   * @param task the task as it is now
   * @param failed is given what was wrong with a message
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
    // The server is about to end, which says nothing of the task.
    if (type === "closing") return;
    if (type !== (this.#last === null ? "initial_state" : "state_update")) this.#complain(type);
    if (task.id !== this.id || runOf(task) !== this.run) this.#complain(`another task, ${message}`);
    if (task.version < (this.#last?.version ?? 0)) this.#complain("a version that went back");
    this.#last = task;
  }

  end(): void {
    if (!this.#isOpen) return;
    if (this.#hasEnded) this.#complain("a second end");
    this.#hasEnded = true;
    if (this.#last === null || !isFinal(this.#last.state)) {
      this.#complain("the end without the last state");
    }
  }

  /** Holds what it saw against what became of the task; `undefined` where the task is gone. */
  checkEnd(task: Task | undefined): void {
    const isOver = task === undefined || isFinal(task.state);
    if (this.#hasEnded !== isOver) this.#complain(`${isOver ? "no " : "an "}end`);
    if (!isOver && this.#last?.version !== task.version) this.#complain("no newest version");
  }

  /** Is cut off. */
  leave(): void {
    this.#isOpen = false;
    this.stop();
  }

  #complain(what: string): void {
    this.#failed(
      new Error(
        `Who watched task ${this.client}/${this.id} was sent ${what}, after ${JSON.stringify(this.#last)}`,
      ),
    );
  }
}
