/**
 * A naive model of a store, which keeps everything in memory and searches all of it on each read.
 *
 * @module
 */

import { recordIn } from "./at_hand.ts";
import fc from "fast-check";
import { type LogSlice, logSlice } from "../../lib/registry/registry_reader.ts";
import { HISTORY, LAUNCHES, LOG_LINES, PROGRESS_HISTORY } from "../../lib/store/side_tables.ts";
import type { TaskRecord, TaskStore } from "../../lib/store/store.ts";
import { TaskInMemory } from "../../lib/store/task_in_memory.ts";
import type { ChangesSince, Delivery, RemovedTask } from "../../lib/store/store.ts";
import {
  type HistoryEntry,
  isFinal,
  type Launch,
  type LogLine,
  type ProgressPoint,
  summaryOf,
  type Task,
  TASK_STATES,
} from "../../lib/task/task.ts";
import { transition } from "../../lib/task/transition.ts";
import { assert, assertEquals } from "./assert.ts";
import { createChange } from "./changes.ts";
import type { StoreHome } from "./store_home.ts";

/** Creates a stored task in a state, by default one that has not started. */
export function storedTask(
  id: string,
  seq: number,
  state: "NOT_STARTED" | "FINISHED" = "NOT_STARTED",
  overrides: Partial<Task> = {},
): TaskRecord {
  let task = transition(undefined, id, createChange(), 1_000);
  if (state === "FINISHED") task = transition(task, id, { type: "finish", result: { seq } }, 1_000 + seq);
  return new TaskInMemory({ ...task, version: seq, ...overrides }, seq);
}

/** The task names of random histories. */
const NAMES = ["import", "export \u0000", "\ud800"] as const;

/** Creates an ended task whose name and end time vary with the sequence number; end times may repeat and go back. */
function endedTask(id: string, seq: number): TaskRecord {
  const finished_at = 1_000 + seq % 5;
  const [state, progress] = seq % 4 === 0 ? ["ERROR", null] as const : ["FINISHED", seq / 7] as const;
  const name = NAMES[seq % NAMES.length]!;
  return storedTask(id, seq, "FINISHED", { name, state, progress, finished_at, parent_id: `parent ${seq}` });
}

/** Creates a log line. */
export function line(text: string, at = 1): LogLine {
  return { at, text };
}

/** Appends lines to the log of a task; `first` is the number of the first line. */
export function appendLog(
  store: TaskStore,
  client: string,
  id: string,
  first: number,
  lines: readonly LogLine[],
): void {
  store.putEntries(LOG_LINES, client, id, lines.map((line, index) => ({ ...line, number: first + index })));
}

/** Appends an entry to the history of a task. */
export function appendHistory(
  store: TaskStore,
  client: string,
  id: string,
  entry: HistoryEntry,
  isState: boolean,
): void {
  store.putEntries(HISTORY, client, id, [{ entry, isState }]);
}

/** Replaces the progress history of a task. */
export function putSeries(
  store: TaskStore,
  client: string,
  id: string,
  points: readonly ProgressPoint[],
): void {
  store.putEntries(PROGRESS_HISTORY, client, id, [points]);
}

/** Stores the launch of a task: the function and the arguments that it was started with. */
export function putLaunch(store: TaskStore, client: string, id: string, launch: Launch): void {
  store.putEntries(LAUNCHES, client, id, [launch]);
}

/** Reads at most `most` log lines of a task, from the line number `from` to before the line number `to`. */
export async function logOf(
  store: TaskStore,
  client: string,
  id: string,
  from: number,
  to: number,
  most: number = Math.max(0, to - from),
): Promise<LogSlice> {
  return logSlice(await store.readEntries(LOG_LINES, client, id, { from, to, most }), from);
}

/** Reads the history of a task. */
export async function historyOf(store: TaskStore, client: string, id: string): Promise<HistoryEntry[]> {
  return (await store.readEntries(HISTORY, client, id)).map(({ entry }) => entry);
}

/** Reads the progress history of a task. */
export async function seriesOf(
  store: TaskStore,
  client: string,
  id: string,
): Promise<readonly ProgressPoint[]> {
  return (await store.readEntries(PROGRESS_HISTORY, client, id))[0] ?? [];
}

/** Reads the launch of a task: the function and the arguments that it was started with. */
export async function launchOf(store: TaskStore, client: string, id: string): Promise<Launch | undefined> {
  return (await store.readEntries(LAUNCHES, client, id))[0];
}

/** Creates a history entry. */
export function entry(version: number, status = `status ${version}`): HistoryEntry {
  return {
    at: version / 8,
    state: "PROCESSING",
    status,
    progress: version % 3 === 0 ? null : version % 100,
    version,
  };
}

/** Creates a message about a task with an id that depends on the text. */
export function delivery(client: string, taskId: string, seq: number, text: string): Delivery {
  const id = `delivery-${seq}-${text.length}`;
  const task = { client, id: taskId };
  return { id, receiver: `receiver ${seq % 2}`, event: "ended", task, seq, at: seq / 8, size: text.length };
}

/** A step of a random history. */
export type Step =
  | {
    readonly do:
      | ("start" | "end" | "remove" | "restore" | "purge")
      | ("log" | "state" | "status" | "launch" | "series" | "notify" | "notified");
    readonly client: string;
    readonly id: string;
  }
  | { readonly do: "begin commit" | "commit" | "reopen" };

/** The clients of random histories; the last one never has a task. */
export const CLIENTS = ["a", "b", "c", "d", "unknown"] as const;
const IDS = ["1", "2", "3", "__proto"] as const;

/** Random histories of up to 300 steps. */
export const histories: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 100,
      arbitrary: fc.record({
        do: fc.oneof(
          { weight: 5, arbitrary: fc.constant("start" as const) },
          { weight: 4, arbitrary: fc.constant("end" as const) },
          { weight: 5, arbitrary: fc.constant("remove" as const) },
          { weight: 3, arbitrary: fc.constant("restore" as const) },
          { weight: 1, arbitrary: fc.constant("purge" as const) },
          { weight: 4, arbitrary: fc.constantFrom("log" as const, "state" as const, "status" as const) },
          { weight: 2, arbitrary: fc.constantFrom("launch" as const, "series" as const) },
          { weight: 3, arbitrary: fc.constantFrom("notify" as const, "notified" as const) },
        ),
        client: fc.constantFrom(...CLIENTS.slice(0, -1)),
        id: fc.constantFrom(...IDS),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ do: "begin commit" as const }) },
    { weight: 3, arbitrary: fc.constant({ do: "commit" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "reopen" as const }) },
  ),
  { minLength: 1, maxLength: 300, size: "max" },
);

interface ModelTask {
  readonly place: number;
  stored: TaskRecord;
  readonly log: LogLine[];
  readonly history: { readonly entry: HistoryEntry; readonly isState: boolean }[];
  launch?: Launch;
  points: readonly ProgressPoint[];
}

interface ModelClient {
  readonly tasks: Map<string, ModelTask>;
  readonly aside: Map<string, ModelTask>;
  readonly removals: RemovedTask[];
  lastSeq: number;
}

/** The sequence number of the last change of each of a client's tasks, by task id. */
type State = ReadonlyMap<string, number>;

/** The tasks of all clients after a past change, from which a watcher may resume. */
interface Position {
  readonly seq: number;
  readonly states: ReadonlyMap<string, State>;
}

/** The maximum number of positions to check per history. */
const POSITIONS = 40;

/** The limits of the store that the model must know. */
export interface ModelLimits {
  readonly logLinesPerTask: number;
  readonly historyPerTask: number;
}

/** A model that applies each step of a history to itself and to a store, and compares the two. */
export class StoreModel {
  readonly #home: StoreHome;
  readonly #limits: ModelLimits;
  readonly #clients: ReadonlyMap<string, ModelClient> = new Map(
    CLIENTS.map((client) => [client, { tasks: new Map(), aside: new Map(), removals: [], lastSeq: 0 }]),
  );
  readonly #positions: Position[] = [];
  readonly #deliveries: Map<string, { readonly delivery: Delivery; readonly text: string }> = new Map();
  readonly #begunAt = Date.now() / 1000;
  #place = 0;

  /**
   * @param home the store to compare with the model; it must be empty
   * @param limits the limits of the store
   */
  constructor(home: StoreHome, limits: ModelLimits) {
    this.#home = home;
    this.#limits = limits;
    this.#note(0);
  }

  /** Applies a step to the model and the store. */
  async take(step: Step): Promise<void> {
    const { store } = this.#home;
    if (!("client" in step)) return await this.#settle(step.do);
    const { client, id } = step;
    const known = this.#clients.get(client)!;
    const task = known.tasks.get(id);
    switch (step.do) {
      case "start":
      case "end":
        return this.#put(client, known, id, step.do === "end");
      case "remove":
        return this.#remove(client, known, id);
      case "restore":
        return this.#restore(client, known, id);
      case "purge":
        store.purge(client, id);
        known.aside.delete(id);
        return;
      case "log": {
        const lines = Array.from(
          { length: 1 + store.seq % 3 },
          (_, i) => line(`${client} ${store.seq} ${i}`),
        );
        appendLog(store, client, id, task?.log.length ?? 0, lines);
        task?.log.push(...lines);
        return;
      }
      case "state":
      case "status": {
        const note = { entry: entry(store.takeSeq()), isState: step.do === "state" };
        appendHistory(store, client, id, note.entry, note.isState);
        task?.history.push(note);
        return;
      }
      case "launch": {
        const launch = { name: `job ${store.seq}`, args: [store.seq, { nested: [null] }] };
        putLaunch(store, client, id, launch);
        if (task !== undefined) task.launch = launch;
        return;
      }
      case "series": {
        const points = Array.from({ length: store.seq % 4 }, (_, i) => [store.seq + i, i] as const);
        putSeries(store, client, id, points);
        if (task !== undefined) task.points = points;
        return;
      }
      case "notify":
        return this.#notify(client, id);
      case "notified": {
        const known = [...this.#deliveries.values()].find(({ delivery: { task } }) => {
          return task.client === client && task.id === id;
        });
        const deliveryId = known?.delivery.id ?? "unknown";
        store.removeDelivery(deliveryId);
        this.#deliveries.delete(deliveryId);
      }
    }
  }

  /** Compares everything that a store returns with the model; returns which cursors the store knew and had forgotten. */
  async check(
    store: TaskStore,
  ): Promise<{ readonly known: number; readonly forgotten: readonly string[] }> {
    let known = 0;
    const forgotten: string[] = [];
    for (const { seq, states } of this.#somePositions()) {
      const all = store.index.allChangesSince(seq);
      if (all === undefined) forgotten.push(`${seq}`);
      for (const client of CLIENTS) {
        const wanted = this.#changesSince(client, seq);
        const changes = store.index.changesSince(client, seq);
        if (all !== undefined) {
          assertSame(plain(all.get(client)), wanted, `all changes since ${seq}: ${client}`);
        }
        if (changes === undefined) {
          forgotten.push(`${client} ${seq}`);
          continue;
        }
        known++;
        assertSame(plain(changes), wanted, `changes of ${client} since ${seq}`);
        assertLeadsToPresent(changes, states.get(client)!, this.#state(client));
      }
    }
    for (const client of CLIENTS) await this.#checkClient(store, client);
    this.#checkFigures(store);
    await this.#checkDeliveries(store);
    const { seq } = store;
    assert(
      store.index.allChangesSince(seq) !== undefined && store.index.changesSince("a", seq) !== undefined,
      "nothing was missed",
    );
    return { known, forgotten };
  }

  #checkFigures({ figures }: TaskStore): void {
    const all = [...this.#clients.values()].flatMap(({ tasks }) => [...tasks.values()]);
    for (const [state, count] of figures.tasks) {
      assertEquals(count, all.filter(({ stored }) => stored.summary.state === state).length, state);
    }
    assertEquals(figures.tasks.size, TASK_STATES.length);
  }

  async #checkClient(store: TaskStore, client: string): Promise<void> {
    const { tasks, aside } = this.#clients.get(client)!;
    const inOrder = [...tasks.values()].sort((one, other) => one.place - other.place);
    assertSame(
      Array.from(store.index.list(client), ({ id }) => id),
      inOrder.map(({ stored }) => stored.id),
      "the order",
    );
    assertEquals(store.index.count(client), tasks.size);
    for (const id of IDS) {
      const task = tasks.get(id);
      assertSame(read(await recordIn(store, client, id)), read(task?.stored), `${client}/${id}`);
      assertSame(await launchOf(store, client, id), task?.launch, `the launch of ${client}/${id}`);
      assertSame(await seriesOf(store, client, id), task?.points ?? [], `the course of ${client}/${id}`);
      this.#checkHistory(await historyOf(store, client, id), task);
      const count = task?.log.length ?? 0;
      for (
        const [from, to] of [[0, count], [1, 2], [count - 2, count + 5], [count + 1, count + 9], [
          3,
          1,
        ]] as const
      ) {
        await this.#checkLog(store, client, id, task?.log ?? [], Math.max(0, from), to);
      }
      const removed = store.removed(client, id);
      const [record] = removed === undefined ? [] : await store.records([removed]);
      assertSame(record?.task, aside.get(id)?.stored.task, `${client}/${id}, set aside`);
    }
  }

  #checkHistory(history: readonly HistoryEntry[], task: ModelTask | undefined): void {
    const notes = task?.history ?? [];
    const others = notes.filter(({ isState }) => !isState).slice(-this.#limits.historyPerTask);
    const kept = notes.filter((note) => note.isState || others.includes(note)).map(({ entry }) => entry);
    assertSame(history, kept, "the history");
  }

  /** Checks that all lines are right and without gaps; lines above the limit may still exist. */
  async #checkLog(
    store: TaskStore,
    client: string,
    id: string,
    log: readonly LogLine[],
    from: number,
    to: number,
  ): Promise<void> {
    const { first, lines } = await logOf(store, client, id, from, to);
    const least = log.slice(Math.max(from, log.length - this.#limits.logLinesPerTask), Math.max(from, to));
    assertSame(
      lines,
      log.slice(first, first + lines.length),
      `the log of ${client}/${id} from ${from} to ${to}`,
    );
    assert(lines.length >= least.length, `${lines.length} lines instead of ${least.length}`);
    if (lines.length > 0) assert(first >= from && first + lines.length === Math.min(to, log.length));
  }

  async #checkDeliveries(store: TaskStore): Promise<void> {
    const kept = [...this.#deliveries.values()];
    assertSame([...store.deliveries()], kept.map(({ delivery }) => delivery), "the messages");
    for (const { delivery: { id }, text } of kept) assertEquals(await store.deliveryText(id), text);
    assertEquals(await store.deliveryText("unknown"), undefined);
  }

  /** Queues two messages with the same sequence number, for two receivers. */
  #notify(client: string, id: string): void {
    const seq = this.#home.store.takeSeq();
    for (const text of [`{"seq":${seq}}`, `${client}/${id} "\ud83d\ude00\n`]) {
      const message = delivery(client, id, seq, text);
      this.#home.store.putDelivery(message, text);
      this.#deliveries.set(message.id, { delivery: message, text });
    }
  }

  #put(client: string, known: ModelClient, id: string, isEnd: boolean): void {
    const { store } = this.#home;
    const stored = isEnd ? endedTask(id, store.takeSeq()) : storedTask(id, store.takeSeq());
    store.put(client, stored);
    known.aside.delete(id);
    const task = known.tasks.get(id);
    if (task !== undefined) task.stored = stored;
    else known.tasks.set(id, { place: ++this.#place, stored, log: [], history: [], points: [] });
    this.#changed(known, stored.seq);
  }

  #remove(client: string, known: ModelClient, id: string): void {
    const { store } = this.#home;
    const seq = store.takeSeq();
    store.remove(client, id, seq);
    const task = known.tasks.get(id);
    if (task === undefined) return;
    known.tasks.delete(id);
    known.aside.set(id, task);
    known.removals.push({ id, seq });
    this.#changed(known, seq);
  }

  #restore(client: string, known: ModelClient, id: string): void {
    const { store } = this.#home;
    const stored = endedTask(id, store.takeSeq());
    const task = known.aside.get(id);
    assertEquals(store.restore(client, stored), task !== undefined);
    if (task === undefined) return;
    known.aside.delete(id);
    known.tasks.set(id, task);
    task.stored = stored;
    this.#changed(known, stored.seq);
  }

  async #settle(how: "begin commit" | "commit" | "reopen"): Promise<void> {
    if (how === "reopen") return await this.#reopen();
    const committed = this.#home.store.committed();
    // A commit that is not awaited is in progress while the next steps run.
    await (how === "commit" ? committed : undefined);
  }

  async #reopen(): Promise<void> {
    if (!this.#home.keepsTasks) return;
    const { epoch, seq } = this.#home.store;
    await this.#home.reopen();
    const { store } = this.#home;
    assertEquals([store.epoch, store.seq, store.committedSeq], [epoch, seq, seq]);
    for (const known of this.#clients.values()) known.aside.clear();
    const tasks = [...this.#clients].flatMap(([client, known]) => {
      return Array.from(
        known.tasks.values(),
        ({ place, stored: { id, seq, task } }) => ({ client, id, place, seq, task }),
      );
    });
    const live = tasks.filter(({ task }) => !isFinal(task.state)).sort((a, b) => a.place - b.place);
    const ended = tasks.filter(({ task }) => isFinal(task.state)).sort((a, b) => a.seq - b.seq);
    const opened = store.takeOpened();
    const points = (client: string, id: string) => this.#clients.get(client)!.tasks.get(id)!.points;
    assertSame(
      opened.live,
      live.map(({ client, id }) => ({ client, id, progress: points(client, id) })),
      "the tasks that had not ended",
    );
    assertSame(
      opened.ended.map(({ client, id }) => ({ client, id })),
      ended.map(({ client, id }) => ({ client, id })),
      "the tasks that had ended",
    );
    // `endedAt` is the server's time, not the task's own, because the reporter's clock may be wrong.
    assert(opened.ended.every(({ endedAt }) => endedAt >= this.#begunAt && endedAt <= Date.now() / 1000));
  }

  #changed(known: ModelClient, seq: number): void {
    known.lastSeq = seq;
    this.#note(seq);
  }

  #note(seq: number): void {
    this.#positions.push({ seq, states: new Map(CLIENTS.map((client) => [client, this.#state(client)])) });
  }

  #state(client: string): State {
    return new Map(Array.from(this.#clients.get(client)!.tasks, ([id, { stored }]) => [id, stored.seq]));
  }

  #somePositions(): Position[] {
    const every = Math.ceil(this.#positions.length / POSITIONS);
    return this.#positions.filter((_, index) => index % every === 0 || index === this.#positions.length - 1);
  }

  #changesSince(client: string, after: number): PlainChanges {
    const { tasks, removals } = this.#clients.get(client)!;
    const later = removals.filter(({ seq }) => seq > after);
    return {
      tasks: Array.from(tasks.values(), ({ stored: { id, seq } }) => ({ id, seq }))
        .filter(({ seq }) => seq > after).sort((one, other) => one.seq - other.seq),
      // If an id was removed twice, only the last removal counts.
      removed: later.filter(({ id, seq }) => !later.some((other) => other.id === id && other.seq > seq)),
    };
  }
}

interface PlainChanges {
  readonly tasks: readonly { readonly id: string; readonly seq: number }[];
  readonly removed: readonly RemovedTask[];
}

function plain(changes: ChangesSince = { tasks: [], removed: [] }): PlainChanges {
  return { tasks: changes.tasks.map(({ id, seq }) => ({ id, seq })), removed: changes.removed };
}

/** Asserts that the changes lead from an earlier state to the current one, if removals are applied first. */
function assertLeadsToPresent(changes: ChangesSince, before: State, now: State): void {
  const tasks = new Map(before);
  for (const { id } of changes.removed) tasks.delete(id);
  for (const { id, seq } of changes.tasks) tasks.set(id, seq);
  assertSame([...tasks].sort(), [...now].sort(), "the state after the changes");
}

function read(stored: TaskRecord | undefined): unknown {
  if (stored === undefined) return undefined;
  const { id, active, task, seq, json } = stored;
  return { id, active, task, seq, json, summary: summaryOf(stored.summary) };
}

/** Asserts like `assertEquals`, but a hundred times faster if the values are equal. */
function assertSame(actual: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) assertEquals(actual, expected, what);
}
