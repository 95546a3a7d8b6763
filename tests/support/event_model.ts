/**
 * What the event stream of a client has to tell, from what really happened; and a reader who believes nothing.
 *
 * @module
 */

import { parseCursor } from "../../lib/task/cursor.ts";
import type { Registry } from "../../lib/registry/registry.ts";
import type { RegistryEvent } from "../../lib/registry/registry_types.ts";
import type { StoredTask } from "../../lib/store/store.ts";
import { isFinal, type LogLine, type Task, type TaskState } from "../../lib/task/task.ts";
import { assert, assertEquals } from "./assert.ts";
import type { ReceivedEvent } from "./event_parser.ts";

/** Something that is told of a task. */
interface Told {
  readonly name: string;
  readonly id: string;
  /** The version of the record that is shown. */
  readonly version: number | null;
  /** What is shown, as JSON. */
  readonly data: string;
  /** Lines that are shown; the number of the first one. */
  readonly first: number;
  readonly lines: readonly LogLine[];
}

/**
 * What happened to a task between two changes of its state, and how that ended: whatever is merged, this stays the same.
 */
interface Stretch {
  readonly lines: LogLine[];
  /** The number of the first line; `null` where there is none. */
  first: number | null;
  /** The last record that was shown of what is no change of state. */
  progress: string | null;
  /** The event that ended it, with what it showed; `null` where it goes on. */
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

/** Writes down all that happens to a client's tasks. */
export class EventTruth implements Disposable {
  readonly #client: string;
  readonly #events: RegistryEvent[] = [];
  /** The tasks that there were before. */
  readonly #before: readonly StoredTask[];
  readonly #startSeq: number;
  readonly #unsubscribe: () => void;

  constructor(registry: Registry, client: string) {
    this.#client = client;
    this.#before = [...registry.list(client)];
    this.#startSeq = registry.cursor.seq;
    this.#unsubscribe = registry.subscribe((event) => {
      if (event.client === this.#client) this.#events.push(event);
    });
  }

  /** How many changes there were. */
  get size(): number {
    return this.#events.length;
  }

  /** The records as they were at a position, by id. */
  stateAt(seq: number): Map<string, StoredTask> {
    assert(seq >= this.#startSeq, `nobody knows the state at ${seq}`);
    const tasks = new Map(this.#before.map((stored) => [stored.id, stored]));
    for (const event of this.#events) {
      if (event.seq > seq) break;
      if (event.stored === undefined) tasks.delete(event.removedId);
      else tasks.set(event.stored.id, event.stored);
    }
    return tasks;
  }

  /** What is to be told, by task, of what happened behind one position and up to another. */
  between(after: number, seq: number, id?: string): Map<string, Stretch[]> {
    return stretchesOf(
      this.#between(after, seq).flatMap(toldOf).filter((told) => id === undefined || told.id === id),
    );
  }

  /** What is to be told by state to who was away between two positions: events with what they show, in any order. */
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

/** What a change is to be told as. */
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

/** What was told, by task. */
function stretchesOf(events: readonly Told[]): Map<string, Stretch[]> {
  const all = new Map<string, Stretch[]>();
  const versions = new Map<string, number>();
  for (const { name, id, data, version, first, lines } of events) {
    const stretches = all.get(id) ?? [newStretch()];
    all.set(id, stretches);
    const stretch = stretches.at(-1)!;
    if (version !== null) {
      assert(version > (versions.get(id) ?? 0), `version ${version} of ${id} behind ${versions.get(id)}`);
      versions.set(id, version);
    }
    if (name === "log") {
      stretch.first ??= first;
      assertEquals(first, stretch.first + stretch.lines.length, "a line is missing, or twice");
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

/** Reads what was received as what was told; what is not about tasks is left out. */
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

/** The events that say what happened to tasks. */
export function taskEvents(events: readonly ReceivedEvent[]): ReceivedEvent[] {
  return events.filter(({ type }) => type === "log" || type.startsWith("task."));
}

/** What one connection of a reader came to. */
export interface ConnectionOutcome {
  /** What it began with. */
  readonly opening: "state" | "resync" | "missed" | "nothing";
}

/**
 * Holds what a reader of all tasks was sent on one connection against what really happened, up to the last position that
 * it was given: what comes behind that is told again.
 *
 * @param truth what really happened
 * @param lastEventId the position that the reader came with; empty where it had none
 * @param received what was received, maybe cut off somewhere
 * @returns what it began with
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
  // Where nothing was missed there is no opening, and what follows begins where the reader was.
  if (words.toSorted().join() !== truth.missed(from, openedSeq).toSorted().join()) {
    assertEquals(toldBy(complete), truth.between(from, lastSeq));
    return { opening: "nothing" };
  }
  assertEquals(toldBy(complete.slice(first + 1)), truth.between(openedSeq, lastSeq));
  return { opening: "missed" };
}

/** The number of the position of who has taken an event. */
export function seqOf({ lastEventId }: ReceivedEvent): number {
  return parseCursor(lastEventId).seq;
}

/** Somebody who reads a stream, over all of its connections. */
export class EventReader {
  /** What there is, as far as the reader knows. */
  readonly tasks: Map<string, Task> = new Map();

  /** Takes an event; throws where it can't be true. */
  take({ type, data }: ReceivedEvent): void {
    const fields = JSON.parse(data);
    if (type === "initial_state") this.#takeState(fields);
    else if (type === "task.removed") this.tasks.delete(fields.id);
    else if (type.startsWith("task.")) this.#takeTask(type, fields, data);
    else if (type === "log") assert(this.tasks.has(fields.id), `lines of a task that nobody knows: ${data}`);
  }

  #takeState({ all_tasks }: { readonly all_tasks: Readonly<Record<string, Task>> }): void {
    this.tasks.clear();
    for (const [id, task] of Object.entries(all_tasks)) this.tasks.set(id, task);
  }

  #takeTask(type: string, task: Task, data: string): void {
    const known = this.tasks.get(task.id);
    if (known !== undefined) {
      assert(task.version >= known.version, `version ${task.version} behind ${known.version}: ${data}`);
      if (task.version === known.version) assertEquals(JSON.stringify(known), data);
      else assert(!isFinal(known.state), `an end taken back: ${data}`);
    }
    if (isFinal(task.state)) assertEquals(type, STATE_NAMES[task.state]);
    else assert(!["task.finished", "task.error", "task.cancelled"].includes(type), `no end: ${data}`);
    this.tasks.set(task.id, task);
  }
}
