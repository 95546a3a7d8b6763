/**
 * Tasks in a file. What has not ended is in memory as well, what has ended is on disk alone; a worker writes.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { HistoryEntry, LogLine, ProgressPoint, Task, TaskSummary } from "../../task/task.ts";
import { isFinal, summaryOf } from "../../task/task.ts";
import type { Batch } from "./batch.ts";
import { DatabaseFile } from "./database_file.ts";
import { loadIndex } from "./load_index.ts";
import { Deliveries } from "./deliveries.ts";
import { storable } from "./storable.ts";
import { TaskOnDisk } from "./task_on_disk.ts";
import { Writer } from "./writer.ts";
import type {
  ChangesSince,
  Degradation,
  Delivery,
  Durability,
  EndedTask,
  Launch,
  LogSlice,
  StoredTask,
  StoreFigures,
  TaskKey,
  TaskStore,
} from "../store.ts";
import { TaskIndex, type TaskIndexLimits } from "../task_index.ts";

/** The bounds of a {@linkcode SqliteStore}. */
export interface SqliteStoreLimits extends TaskIndexLimits {
  /** Log lines that are kept of one task. */
  readonly logLinesPerTaskOnDisk: number;
  /** Entries that are kept of one task's history, those of its states not counted. */
  readonly historyPerTask: number;
  /** Characters of log and history that may wait to be written; of more, the newest are left out. */
  readonly unsavedCharacters: number;
}

/** Options of a {@linkcode SqliteStore}. */
export interface SqliteStoreOptions {
  /** The path of the file. */
  readonly file: string;
  readonly durability: Durability;
  /** Names the numbering, where the file is new. */
  readonly epoch: string;
  readonly limits: SqliteStoreLimits;
  /** How long a change may wait for others to be committed with, in milliseconds. */
  readonly commitIntervalMs: number;
}

/**
 * Numbers that are put aside at a time. Those that a crash finds unused are never given out, so that no number that
 * was seen, but not committed, means something else later. Cursors have room for 15 digits: 59 million crashes.
 */
const SEQ_BLOCK = 2 ** 24;

/** How many lines or entries may be over the bound before the oldest go, so that each costs little on average. */
const CUT_EVERY = 256;

/** What a line or an entry takes beside its text, in characters: without it, empty lines would have no bound. */
const ROW_CHARACTERS = 100;

/** A task that was removed and may come back. */
interface SetAside {
  readonly place: number;
  readonly stored: StoredTask;
}

/** Keeps tasks in an SQLite database. */
export class SqliteStore implements TaskStore {
  readonly epoch: string;
  readonly #limits: SqliteStoreLimits;
  readonly #file: DatabaseFile;
  readonly #writer: Writer;
  readonly #outbox: Deliveries;
  readonly #index: TaskIndex;
  readonly #setAside: Map<string, SetAside> = new Map();
  /** Notes in the histories of tasks that have not ended, to know when to cut them. */
  readonly #noted: Map<number, number> = new Map();
  readonly #live: TaskKey[];
  #ended: EndedTask[];
  #seq: number;
  #reservedSeq: number;
  #askedSeq: number;
  #leftOut = 0;
  #closed: Promise<void> | undefined;

  /**
   * Opens the file; makes it where there is none.
   *
   * @param options which file, and how
   * @throws {StorageError} where it can't be used
   */
  constructor(options: SqliteStoreOptions) {
    const { file, durability, limits, commitIntervalMs } = options;
    this.#limits = limits;
    this.#index = new TaskIndex(limits);
    this.#file = new DatabaseFile(file);
    try {
      const known = this.#file.get("SELECT value FROM meta WHERE name = 'epoch'");
      this.epoch = known === undefined ? options.epoch : String(known.value);
      this.#seq = this.#meta("reserved_seq");
      this.#reservedSeq = this.#askedSeq = this.#seq + SEQ_BLOCK;
      this.#file.write([
        ["INSERT OR IGNORE INTO meta (name, value) VALUES ('epoch', ?)", this.epoch],
        [
          "INSERT OR REPLACE INTO meta (name, value) VALUES ('reserved_seq', CAST(? AS INTEGER))",
          this.#reservedSeq,
        ],
        ...PURGES,
      ]);
      const opened = loadIndex(this.#file, this.#index);
      this.#live = opened.live;
      this.#ended = opened.ended;
      this.#index.sortByChange(this.#meta("forgotten_seq"));
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
    this.#writer = new Writer({
      file,
      durability,
      commitIntervalMs,
      seq: this.#seq,
      memoryOf: (client) => this.#index.memory(client),
      onCommit: (batch) => this.#committed(batch),
    });
    this.#outbox = new Deliveries(this.#file, this.#writer);
  }

  get seq(): number {
    return this.#seq;
  }

  get committedSeq(): number {
    return this.#writer.committedSeq;
  }

  get degradation(): Degradation | null {
    return this.#writer.degradation;
  }

  get figures(): StoreFigures {
    return { tasks: this.#index.states, ...this.#writer.figures, leftOut: this.#leftOut };
  }

  takeSeq(): number {
    if (this.#seq >= this.#reservedSeq) {
      throw new StorageError(this.#file.path, "it is closed, or nothing could be written for too long");
    }
    if (this.#askedSeq - this.#seq < SEQ_BLOCK / 2) {
      this.#askedSeq += SEQ_BLOCK;
      this.#writer.pending.setMeta("reserved_seq", this.#askedSeq);
      this.#writer.schedule(this.#seq);
    }
    return ++this.#seq;
  }

  put(client: string, stored: StoredTask): void {
    this.purge(client, stored.id);
    this.#put(client, stored);
  }

  remove(client: string, id: string, seq: number): void {
    const removed = this.#index.remove(client, id, seq);
    if (removed === undefined) return;
    const { node: { place, stored }, forgotten } = removed;
    this.#setAside.set(keyOf(client, id), { place, stored });
    this.#writer.pending.remove(client, place, id, seq);
    if (forgotten !== null) {
      this.#writer.pending.forgetClient(forgotten);
      this.#writer.pending.setMeta("forgotten_seq", this.#index.forgottenSeq);
    }
    this.#writer.schedule(seq);
  }

  removed(client: string, id: string): Task | undefined {
    return this.#setAside.get(keyOf(client, id))?.stored.task;
  }

  restore(client: string, stored: StoredTask): boolean {
    const key = keyOf(client, stored.id);
    const aside = this.#setAside.get(key);
    if (aside === undefined) return false;
    this.#setAside.delete(key);
    this.#index.restore(client, aside.place, stored);
    this.#writer.pending.put(client, aside.place, stored);
    this.#writer.schedule(stored.seq);
    return true;
  }

  purge(client: string, id: string): void {
    const key = keyOf(client, id);
    const aside = this.#setAside.get(key);
    if (aside === undefined) return;
    this.#setAside.delete(key);
    this.#writer.pending.purge(aside.place);
    this.#writer.schedule(this.#seq);
  }

  get(client: string, id: string): StoredTask | undefined {
    return this.#index.get(client, id)?.stored;
  }

  *list(client: string): Generator<StoredTask> {
    for (const { stored } of this.#index.list(client)) yield stored;
  }

  count(client: string): number {
    return this.#index.count(client);
  }

  pastRuns(client: string, name: string, most: number): readonly TaskSummary[] {
    return this.#index.pastRuns(client, name, most);
  }

  lastSeq(client: string): number {
    return this.#index.memory(client)?.lastSeq ?? 0;
  }

  changesSince(client: string, seq: number): ChangesSince | undefined {
    return this.#index.changesSince(client, seq);
  }

  allChangesSince(seq: number): ReadonlyMap<string, ChangesSince> | undefined {
    return this.#index.allChangesSince(seq);
  }

  openedLive(): Iterable<TaskKey> {
    return this.#live.splice(0);
  }

  openedEnded(): Iterable<EndedTask> {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  appendLog(client: string, id: string, first: number, lines: readonly LogLine[]): void {
    const node = this.#index.get(client, id);
    if (node === undefined || this.#isFull(lines.map(({ text }) => text))) return;
    const { pending } = this.#writer;
    pending.appendLines(
      node.place,
      lines.map(({ at, text }, index) => ({ at, text: storable(text), number: first + index })),
    );
    const next = first + lines.length;
    const over = next - this.#limits.logLinesPerTaskOnDisk;
    if (over > 0 && Math.floor(next / CUT_EVERY) > Math.floor(first / CUT_EVERY)) {
      pending.cutLines(node.place, over);
    }
    this.#writer.schedule(this.#seq);
  }

  log(client: string, id: string, from: number, to: number, most: number = to - from): LogSlice {
    const node = this.#index.get(client, id);
    if (node === undefined) return { first: from, lines: [] };
    const { place } = node;
    const onDisk = this.#file.all(
      `SELECT number, at, text FROM log_lines WHERE place = ? AND number >= ? AND number < ?
       ORDER BY number LIMIT ?`,
      place,
      from,
      to,
      most,
    );
    const lines = new Map(onDisk.map(({ number, at, text }) => {
      return [Number(number), { at: Number(at), text: String(text) }];
    }));
    for (const { number, at, text } of this.#writer.unsavedLines(place)) {
      if (number >= from && number < to) lines.set(number, { at, text });
    }
    const [first = from] = lines.keys();
    // Lines that could not be kept leave a gap; what follows it is another slice.
    const gap = [...lines.keys()].findIndex((number, index) => number !== first + index);
    return { first, lines: [...lines.values()].slice(0, gap === -1 ? most : Math.min(gap, most)) };
  }

  appendHistory(client: string, id: string, entry: HistoryEntry, isState: boolean): void {
    const node = this.#index.get(client, id);
    // Changes of state are few, and what a history is there for.
    if (node === undefined || (!isState && this.#isFull([entry.status]))) return;
    const { pending } = this.#writer;
    pending.appendHistory(node.place, { ...entry, status: storable(entry.status) }, isState);
    this.#writer.schedule(this.#seq);
    if (isState) return;
    const noted = (this.#noted.get(node.place) ?? 0) + 1;
    this.#noted.set(node.place, noted);
    const over = noted - this.#limits.historyPerTask;
    if (over > 0 && over % CUT_EVERY === 0) pending.cutHistory(node.place, this.#limits.historyPerTask);
  }

  history(client: string, id: string): readonly HistoryEntry[] {
    const node = this.#index.get(client, id);
    if (node === undefined) return [];
    const onDisk = this.#file.all(
      "SELECT version, at, state, status, progress, is_state FROM history WHERE place = ? ORDER BY version",
      node.place,
    );
    const notes = new Map(onDisk.map(({ version, at, state, status, progress, is_state }) => {
      const entry = { at, state, status, progress, version } as unknown as HistoryEntry;
      return [entry.version, { entry, isState: is_state === 1 }];
    }));
    for (const note of this.#writer.unsavedHistory(node.place)) notes.set(note.entry.version, note);
    let over = [...notes.values()].filter(({ isState }) => !isState).length - this.#limits.historyPerTask;
    return [...notes.values()].filter(({ isState }) => isState || --over < 0).map(({ entry }) => entry);
  }

  putSeries(client: string, id: string, points: readonly ProgressPoint[]): void {
    const node = this.#index.get(client, id);
    if (node === undefined) return;
    this.#writer.pending.putSeries(node.place, JSON.stringify(points));
    this.#writer.schedule(this.#seq);
  }

  series(client: string, id: string): readonly ProgressPoint[] {
    const node = this.#index.get(client, id);
    if (node === undefined) return [];
    const text = this.#writer.unsavedSeries(node.place) ??
      this.#file.get("SELECT points FROM series WHERE place = ?", node.place)?.points;
    return text === undefined ? [] : JSON.parse(String(text));
  }

  putLaunch(client: string, id: string, launch: Launch): void {
    const node = this.#index.get(client, id);
    if (node === undefined) return;
    this.#writer.pending.putLaunch(node.place, JSON.stringify(launch));
    this.#writer.schedule(this.#seq);
  }

  launch(client: string, id: string): Launch | undefined {
    const node = this.#index.get(client, id);
    if (node === undefined) return undefined;
    const text = this.#writer.unsavedLaunch(node.place) ??
      this.#file.get("SELECT launch FROM launches WHERE place = ?", node.place)?.launch;
    return text === undefined ? undefined : JSON.parse(String(text));
  }

  putDelivery(delivery: Delivery, text: string): void {
    this.#writer.pending.putDelivery(delivery, text);
    this.#writer.schedule(this.#seq);
  }

  removeDelivery(id: string): void {
    this.#writer.pending.removeDelivery(id);
    this.#writer.schedule(this.#seq);
  }

  deliveries(): readonly Delivery[] {
    return this.#outbox.deliveries();
  }

  deliveryText(id: string): string | undefined {
    return this.#outbox.text(id);
  }

  committed(): Promise<void> {
    return this.#writer.committed();
  }

  onDegradation(listener: (degradation: Degradation | null) => void): () => void {
    return this.#writer.onDegradation(listener);
  }

  /** Commits everything and closes the file. Where that can't be done in time, what was committed stays. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    // The numbers that were put aside are given back, as this is no crash; from now on none is given out.
    this.#reservedSeq = this.#seq;
    this.#writer.pending.setMeta("reserved_seq", this.#seq);
    try {
      await this.#writer[Symbol.asyncDispose]();
    } finally {
      this.#file[Symbol.dispose]();
    }
  }

  #put(client: string, stored: StoredTask): void {
    const { place } = this.#index.put(client, stored);
    this.#writer.pending.put(client, place, stored);
    this.#writer.schedule(stored.seq);
    if (!stored.active && isFinal(stored.task.state)) this.#noted.delete(place);
  }

  #isFull(texts: readonly string[]): boolean {
    const characters = texts.reduce((sum, text) => sum + text.length + ROW_CHARACTERS, 0);
    if (this.#writer.takeRoom(characters, this.#limits.unsavedCharacters)) return false;
    this.#leftOut += texts.length;
    return true;
  }

  /** What has ended and is on disk needs no place in memory. */
  #committed(batch: Batch): void {
    if (this.#closed === undefined) {
      this.#reservedSeq = Math.max(this.#reservedSeq, batch.meta("reserved_seq") ?? 0);
    }
    for (const [place, { client, id, stored }] of batch.tasks) {
      const node = this.#index.get(client, id);
      if (node?.stored !== stored || !isFinal(stored.task.state)) continue;
      node.stored = new TaskOnDisk(this.#file, place, summaryOf(stored.task), stored.seq);
    }
  }

  #meta(name: string): number {
    return Number(this.#file.get("SELECT value FROM meta WHERE name = ?", name)?.value ?? 0);
  }
}

/** Tasks that were removed before the last end can't be restored any more. */
const PURGES: readonly (readonly [string])[] = [
  ...["records", "runs", "series", "launches", "log_lines", "history"].map((table) =>
    [`DELETE FROM ${table} WHERE place IN (SELECT place FROM tasks WHERE removed = 1)`] as const
  ),
  ["DELETE FROM tasks WHERE removed = 1"],
];

function keyOf(client: string, id: string): string {
  // A slash is in neither grammar.
  return `${client}/${id}`;
}
