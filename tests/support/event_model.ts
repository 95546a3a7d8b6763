/**
 * Checks the event stream of a client against the changes that the registry made.
 *
 * @module
 */

import { parseCursor } from "../../lib/task/cursor.ts";
import type { Registry } from "../../lib/registry/registry.ts";
import type { RegistryEvent } from "../../lib/registry/registry_types.ts";
import { atHand } from "./at_hand.ts";
import type { TaskRecord } from "../../lib/store/store.ts";
import { isFinal, type LogLine, type Task, type TaskState } from "../../lib/task/task.ts";
import { assert, assertEquals } from "./assert.ts";
import type { ReceivedEvent } from "./event_parser.ts";

/** An event about a task, as it is or should be on the stream. */
interface Told {
  readonly name: string;
  readonly id: string;
  /** The version of the record in the event; `null` if the event has no record. */
  readonly version: number | null;
  /** The event's data as JSON; empty for log lines. */
  readonly data: string;
  /** The number of the first log line in the event. */
  readonly first: number;
  readonly lines: readonly LogLine[];
}

/**
 * The events of a task from one change of its state to the next, in a form that does not depend on how events were
 * coalesced.
 */
interface Stretch {
  readonly lines: LogLine[];
  /** The number of the first log line; `null` if there is none. */
  first: number | null;
  /** The last record that came without a change of state. */
  progress: string | null;
  /** The name and the data of the event that changed the state; `null` if none has yet. */
  end: string | null;
}

const END_NAMES: Readonly<Record<string, string>> = {
  FINISHED: "task.finished",
  ERROR: "task.error",
  CANCELLED: "task.cancelled",
};

const STATE_NAMES: Readonly<Record<TaskState, string>> = {
  NOT_STARTED: "task.created",
  STARTING: "task.started",
  PROCESSING: "task.progress",
  FINISHED: "task.finished",
  ERROR: "task.error",
  CANCELLED: "task.cancelled",
};

/** Records every change of a client's tasks, and derives the events that the stream must send. */
export class EventTruth implements Disposable {
  readonly #client: string;
  readonly #events: RegistryEvent[] = [];
  /** The tasks that existed before the recording began. */
  readonly #before: readonly TaskRecord[];
  readonly #startSeq: number;
  readonly #unsubscribe: () => void;

  constructor(registry: Registry, client: string) {
    this.#client = client;
    this.#before = Array.from(registry.list(client), atHand);
    this.#startSeq = registry.cursor.seq;
    this.#unsubscribe = registry.subscribe((event) => {
      if (event.client === this.#client) this.#events.push(event);
    });
  }

  /** The number of recorded changes. */
  get size(): number {
    return this.#events.length;
  }

  /** Returns the tasks as they were at a sequence number, by id. */
  stateAt(seq: number): Map<string, TaskRecord> {
    assert(seq >= this.#startSeq, `the state at ${seq} was not recorded`);
    const tasks = new Map(this.#before.map((stored) => [stored.id, stored]));
    for (const event of this.#events) {
      if (event.seq > seq) break;
      if (event.stored === undefined) tasks.delete(event.removedId);
      else tasks.set(event.stored.id, event.stored);
    }
    return tasks;
  }

  /** Returns the expected events of the changes after one sequence number up to another, by task. */
  between(after: number, seq: number, id?: string): Map<string, Stretch[]> {
    return stretchesOf(
      this.#between(after, seq).flatMap(toldOf).filter((told) => id === undefined || told.id === id),
    );
  }

  /**
   * Returns the expected events, in any order, for a reader that was disconnected from one sequence number to another:
   * one event for each task that changed or was removed.
   */
  missed(after: number, seq: number, id?: string): string[] {
    const events = this.#between(after, seq);
    const gone = events.flatMap(({ removedId }) => removedId === undefined ? [] : [removedId]);
    const changed = new Set(events.map(({ stored, removedId }) => stored?.id ?? removedId!));
    const now = this.stateAt(seq);
    const removals = [...new Set(gone)].filter((gone) => id === undefined || gone === id);
    const tasks = [...changed].filter((changed) => now.has(changed) && (id === undefined || changed === id));
    return [
      ...removals.map((gone) => `task.removed ${JSON.stringify({ id: gone })}`),
      ...tasks.map((id) => `${STATE_NAMES[now.get(id)!.task.state]} ${now.get(id)!.json}`),
    ];
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #between(after: number, seq: number): RegistryEvent[] {
    return this.#events.filter((event) => event.seq > after && event.seq <= seq);
  }
}

/** Returns the events that a change must cause. */
function toldOf({ stored, before, removedId, change }: RegistryEvent): Told[] {
  const none = { version: null, first: 0, lines: [] };
  if (stored === undefined) {
    return [{ ...none, name: "task.removed", id: removedId, data: JSON.stringify({ id: removedId }) }];
  }
  const { id, task, json: data } = stored;
  const record = { ...none, id, version: task.version, data };
  if (isFinal(task.state)) return [{ ...record, name: END_NAMES[task.state]! }];
  if (before === undefined) return [{ ...record, name: "task.created" }];
  if (before.state !== task.state && before.state === "NOT_STARTED") {
    return [{ ...record, name: "task.started" }];
  }
  const progress = { ...record, name: "task.progress" };
  const added = task.log_count - before.log_count;
  if (change.type !== "log" || added === 0) return [progress];
  const lines = change.lines.slice(-added);
  return [{ ...none, id, name: "log", data: "", first: before.log_count, lines }, progress];
}

/** Groups events by task, and splits those of each task at every change of its state. */
function stretchesOf(events: readonly Told[]): Map<string, Stretch[]> {
  const all = new Map<string, Stretch[]>();
  const versions = new Map<string, number>();
  for (const { name, id, data, version, first, lines } of events) {
    const stretches = all.get(id) ?? [newStretch()];
    all.set(id, stretches);
    const stretch = stretches.at(-1)!;
    if (version !== null) {
      assert(version > (versions.get(id) ?? 0), `version ${version} of ${id} follows ${versions.get(id)}`);
      versions.set(id, version);
    }
    if (name === "log") {
      stretch.first ??= first;
      assertEquals(first, stretch.first + stretch.lines.length, "a log line is missing or duplicated");
      stretch.lines.push(...lines);
    } else if (name === "task.progress") {
      stretch.progress = data;
    } else {
      stretch.end = `${name} ${data}`;
      stretches.push(newStretch());
      if (name === "task.removed") versions.delete(id);
    }
  }
  return all;
}

function newStretch(): Stretch {
  return { lines: [], first: null, progress: null, end: null };
}

/** Groups received events as {@linkcode EventTruth.between} does; events that are not about tasks are skipped. */
export function toldBy(events: readonly ReceivedEvent[], id?: string): Map<string, Stretch[]> {
  return stretchesOf(
    taskEvents(events).map(({ type: name, data }): Told => {
      const fields = JSON.parse(data);
      return {
        name,
        id: fields.id,
        version: fields.version ?? null,
        data,
        first: fields.first ?? 0,
        lines: fields.lines ?? [],
      };
    }).filter((told) => id === undefined || told.id === id),
  );
}

/** Returns the events that are about tasks. */
export function taskEvents(events: readonly ReceivedEvent[]): ReceivedEvent[] {
  return events.filter(({ type }) => type === "log" || type.startsWith("task."));
}

/** The result of checking one connection. */
export interface ConnectionOutcome {
  /** What the server sent first: the full state (after a resync or not), the missed changes, or neither. */
  readonly opening: "state" | "resync" | "missed" | "nothing";
}

/**
 * Checks the events of one connection to all tasks against the recorded changes, up to the last event id that the reader
 * received; the server resends everything after that id.
 *
 * @param truth the record of the changes that the registry made
 * @param lastEventId the event id that the reader resumed from; empty if it had none
 * @param received the received events, which may stop anywhere
 * @returns what the connection began with
 */
export function checkConnection(
  truth: EventTruth,
  lastEventId: string,
  received: readonly ReceivedEvent[],
): ConnectionOutcome {
  const moves = received.flatMap((event, index) => {
    return event.lastEventId === (received[index - 1]?.lastEventId ?? lastEventId) ? [] : [index];
  });
  const [first] = moves;
  const last = moves.at(-1);
  if (first === undefined || last === undefined) return { opening: "nothing" };
  const complete = received.slice(0, last + 1);
  const opening = received.slice(0, first + 1);
  const [openedSeq, lastSeq] = [seqOf(received[first]!), seqOf(received[last]!)];
  const state = opening.find(({ type }) => type === "initial_state");
  if (state !== undefined) {
    const wanted = Array.from(truth.stateAt(openedSeq), ([id, { task }]) => [id, task]);
    assertEquals(JSON.parse(state.data).all_tasks, Object.fromEntries(wanted));
    assertEquals(opening.some(({ type }) => type === "resync"), lastEventId !== "");
    assertEquals(toldBy(complete.slice(first + 1)), truth.between(openedSeq, lastSeq));
    return { opening: lastEventId === "" ? "state" : "resync" };
  }
  const from = parseCursor(lastEventId).seq;
  const words = taskEvents(opening).map(({ type, data }) => `${type} ${data}`);
  // If the reader missed nothing, the server sends no opening, and the events continue from the reader's event id.
  if (words.toSorted().join() !== truth.missed(from, openedSeq).toSorted().join()) {
    assertEquals(toldBy(complete), truth.between(from, lastSeq));
    return { opening: "nothing" };
  }
  assertEquals(toldBy(complete.slice(first + 1)), truth.between(openedSeq, lastSeq));
  return { opening: "missed" };
}

/** Returns the sequence number that a reader has reached with an event. */
export function seqOf({ lastEventId }: ReceivedEvent): number {
  return parseCursor(lastEventId).seq;
}

/** Maintains a client's tasks from the events of all its connections, and checks each event. */
export class EventReader {
  /** The tasks according to the events so far, by id. */
  readonly tasks: Map<string, Task> = new Map();

  /** Applies an event; throws if it contradicts the earlier ones. */
  take({ type, data }: ReceivedEvent): void {
    const fields = JSON.parse(data);
    if (type === "initial_state") this.#takeState(fields);
    else if (type === "task.removed") this.tasks.delete(fields.id);
    else if (type.startsWith("task.")) this.#takeTask(type, fields, data);
    else if (type === "log") assert(this.tasks.has(fields.id), `log lines of an unknown task: ${data}`);
  }

  #takeState({ all_tasks }: { readonly all_tasks: Readonly<Record<string, Task>> }): void {
    this.tasks.clear();
    for (const [id, task] of Object.entries(all_tasks)) this.tasks.set(id, task);
  }

  #takeTask(type: string, task: Task, data: string): void {
    const known = this.tasks.get(task.id);
    if (known !== undefined) {
      assert(task.version >= known.version, `version ${task.version} follows ${known.version}: ${data}`);
      if (task.version === known.version) assertEquals(JSON.stringify(known), data);
      else assert(!isFinal(known.state), `a change after the final state: ${data}`);
    }
    if (isFinal(task.state)) assertEquals(type, STATE_NAMES[task.state]);
    else {assert(
        !["task.finished", "task.error", "task.cancelled"].includes(type),
        `a final event without a final state: ${data}`,
      );}
    this.tasks.set(task.id, task);
  }
}
