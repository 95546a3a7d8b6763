/**
 * The log of everything that a server promised, kept outside of it, and what it may look like after a crash.
 *
 * Pure: it is told what was asked, answered and seen, and then compares. Knows nothing of how a server keeps its tasks.
 *
 * @module
 */

import { isFinal, type JsonValue, type Task } from "../../../lib/task/task.ts";
import { isSame, shown } from "./held.ts";

/** What can be asked of a server about one task. */
export type Wish = "start" | "retry" | "cancel" | "force" | "remove" | "restore";

/** What a {@linkcode Ledger} hears of: something was acknowledged, or seen to end, or seen to go on. */
export type News = "acknowledgement" | "end" | "progress";

/** A wish that is not answered yet. Where it never is, the server may have done it or not. */
export interface Asked {
  /** The server said that it is done. */
  acknowledged(): void;
  /** The server said that it is not done, perhaps because there is no such task. */
  refused(isMissing?: boolean): void;
}

/** How a task ended, as its own side was told by `await monitored()`. */
export type TaskEnd =
  | { readonly state: "FINISHED"; readonly result: JsonValue }
  | { readonly state: "ERROR"; readonly message: string }
  | { readonly state: "CANCELLED" };

/** What a server holds when it is back. */
export interface AfterCrash {
  readonly cursor: string;
  /** It ended without a chance to give numbers back that were put aside. */
  readonly wasKilled: boolean;
  /** By client and id. */
  readonly tasks: ReadonlyMap<string, Task>;
}

/** How far a task was when somebody looked. */
interface Sighting {
  readonly seenMs: number;
  readonly current: number;
  readonly logCount: number;
}

/** Everything that is known of one task. */
interface Entry {
  /** Somebody asked for it. */
  isAsked: boolean;
  /** Somebody asked for another attempt at it, whose id nobody knows before the answer. */
  isRetryAsked: boolean;
  /** It was acknowledged, or seen, so it is committed. */
  isKnown: boolean;
  /** `possible`: asked for and not answered; `done`: acknowledged, or seen. */
  removal: "none" | "possible" | "done";
  isRestoreAsked: boolean;
  isCancelAsked: boolean;
  isCancelled: boolean;
  isForced: boolean;
  end: TaskEnd | null;
  /** The newest record that was seen. */
  newest: Task | null;
  /** While it is active, oldest first. */
  sightings: Sighting[];
}

/** Options of a {@linkcode Ledger}. */
export interface LedgerOptions {
  /** Whether the server may have removed a task by itself, as there are newer ones. */
  readonly mayForget?: (id: string) => boolean;
  /** Whether a task may have been started by another one. */
  readonly isOffspring?: (id: string) => boolean;
}

/** Remembers promises. */
export class Ledger {
  readonly #mayForget: (id: string) => boolean;
  readonly #isOffspring: (id: string) => boolean;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #complaints: string[] = [];
  readonly #waiting: Map<News, PromiseWithResolvers<void>> = new Map();
  /** Everything seen before was committed when the last acknowledged change was. */
  #committedMs = -Infinity;
  #epoch: string | null = null;
  #newestSeq = 0;
  #acknowledgements = 0;
  #forgotten = 0;

  /** @param options what the server may do by itself */
  constructor({ mayForget = () => false, isOffspring = () => false }: LedgerOptions = {}) {
    this.#mayForget = mayForget;
    this.#isOffspring = isOffspring;
  }

  /** How many acknowledgements there were so far. */
  get acknowledgements(): number {
    return this.#acknowledgements;
  }

  /** How many removals were seen that nobody had asked for, where that may be. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Notes what is wrong, whatever the server says later. */
  complain(complaint: string): void {
    this.#complaints.push(complaint);
  }

  /** Resolves with the next news of a kind, in the turn in which they come. */
  next(news: News): Promise<void> {
    let waiting = this.#waiting.get(news);
    if (waiting === undefined) this.#waiting.set(news, waiting = Promise.withResolvers());
    return waiting.promise;
  }

  /** Somebody is about to ask for something. */
  ask(wish: Wish, client: string, id: string): Asked {
    const entry = this.#entry(client, id);
    const askedMs = performance.now();
    const { removal } = entry;
    const wasThere = entry.isKnown && removal === "none";
    if (wish === "start") entry.isAsked = true;
    if (wish === "retry") entry.isRetryAsked = true;
    if (wish === "restore") entry.isRestoreAsked = true;
    if (wish === "cancel" || wish === "force") entry.isCancelAsked = true;
    if (wish === "restore" || (wish === "remove" && removal === "none")) entry.removal = "possible";
    return {
      acknowledged: () => {
        this.#acknowledged(askedMs);
        this.#keep(wish, entry);
      },
      refused: (isMissing = false) => {
        // A removal that was seen meanwhile stays.
        const isRemoval = wish === "remove" || wish === "restore";
        if (isRemoval && entry.removal === "possible") entry.removal = removal;
        if (isMissing && wasThere && !entry.isRestoreAsked) this.#checkAbsence(`${client}/${id}`, entry);
      },
    };
  }

  /** Somebody is about to ask for the removal of all tasks of a client that have ended. */
  askToRemoveEnded(client: string): Pick<Asked, "acknowledged"> {
    const askedMs = performance.now();
    const entries = [...this.#entries].filter(([key]) => key.startsWith(`${client}/`)).map(([, entry]) =>
      entry
    );
    const hadEnded = entries.filter(({ newest, end }) =>
      end !== null || (newest !== null && isFinal(newest.state))
    );
    for (const entry of entries) if (entry.removal === "none") entry.removal = "possible";
    return {
      acknowledged: () => {
        this.#acknowledged(askedMs);
        for (const entry of hadEnded) entry.removal = "done";
      },
    };
  }

  /** An answer named a task that it started. */
  started(client: string, id: string): void {
    this.#entry(client, id).isKnown = true;
  }

  /** A task's own side was told that its end is safe. */
  ended(client: string, id: string, end: TaskEnd): void {
    this.#acknowledgements++;
    const entry = this.#entry(client, id);
    entry.isKnown = true;
    entry.end = end;
  }

  /** A watcher was shown a record. */
  saw(client: string, task: Task): void {
    const entry = this.#entry(client, task.id);
    entry.isKnown = true;
    const { newest } = entry;
    if (newest !== null && task.version <= newest.version) {
      if (task.version === newest.version && !isSame(task, newest)) {
        this.complain(`${client}/${task.id}: one version, two records: ${shown(newest)} and ${shown(task)}`);
      }
      return;
    }
    if (newest !== null) this.#complainOfRevival(`${client}/${task.id}`, newest, task, entry);
    entry.newest = task;
    this.#tell(isFinal(task.state) ? "end" : "progress");
    if (isFinal(task.state)) entry.sightings = [];
    else {
      entry.sightings.push({
        seenMs: performance.now(),
        current: task.current ?? 0,
        logCount: task.log_count,
      });
    }
  }

  /** A watcher was told that a task is gone. */
  sawRemoved(client: string, id: string): void {
    const entry = this.#entry(client, id);
    if (entry.removal === "none" && !entry.isRestoreAsked) {
      if (this.#mayForget(id)) this.#forgotten++;
      else this.complain(`${client}/${id} was removed, and nobody asked for that`);
    }
    if (!entry.isRestoreAsked) entry.removal = "done";
  }

  /** A cursor was seen, over any transport. */
  sawCursor(cursor: string): void {
    const [epoch, seq] = partsOf(cursor);
    this.#epoch ??= epoch;
    if (epoch !== this.#epoch) this.complain(`The epoch became ${epoch}, and was ${this.#epoch}`);
    this.#newestSeq = Math.max(this.#newestSeq, seq);
  }

  /**
   * Compares what a server holds after a crash with everything it promised. What it holds counts as seen from then on.
   *
   * @param after what the server holds
   * @returns what is wrong, in words, complaints from before the crash included
   */
  check(after: AfterCrash): string[] {
    this.#checkCursor(after);
    for (const [key, task] of after.tasks) {
      const entry = this.#entries.get(key);
      if (!(entry?.isKnown || entry?.isAsked || this.#belongs(key, task))) {
        this.complain(`${key} is there, and nobody asked for it`);
      }
    }
    for (const [key, entry] of this.#entries) {
      const task = after.tasks.get(key);
      if (task === undefined) this.#checkAbsence(key, entry);
      else this.#checkPresence(key, entry, task);
    }
    this.#settle(after);
    return this.#complaints.splice(0);
  }

  /** Forgets the tasks of a client which are gone for good, that nobody will look at again. */
  forgetRemoved(client: string): void {
    for (const [key, { removal }] of this.#entries) {
      if (key.startsWith(`${client}/`) && removal === "done") this.#entries.delete(key);
    }
  }

  #entry(client: string, id: string): Entry {
    return this.#entryOf(`${client}/${id}`);
  }

  #entryOf(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = {
        isAsked: false,
        isRetryAsked: false,
        isKnown: false,
        removal: "none",
        isRestoreAsked: false,
        isCancelAsked: false,
        isCancelled: false,
        isForced: false,
        end: null,
        newest: null,
        sightings: [],
      };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #acknowledged(askedMs: number): void {
    this.#acknowledgements++;
    this.#committedMs = Math.max(this.#committedMs, askedMs);
    this.#tell("acknowledgement");
  }

  #tell(news: News): void {
    this.#waiting.get(news)?.resolve();
    this.#waiting.delete(news);
  }

  #keep(wish: Wish, entry: Entry): void {
    if (wish === "start") entry.isKnown = true;
    if (wish === "cancel" || wish === "force") entry.isCancelled = true;
    if (wish === "force") entry.isForced = true;
    if (wish === "remove") entry.removal = "done";
    if (wish === "restore") entry.removal = "none";
  }

  #complainOfRevival(key: string, newest: Task, task: Task, { isRestoreAsked }: Entry): void {
    if (!isFinal(newest.state)) return;
    const isRestored = isRestoreAsked && isSame({ ...newest, version: task.version }, task);
    if (!isRestored) this.complain(`${key} had ended as ${shown(newest)} and became ${shown(task)}`);
  }

  #checkCursor({ cursor, wasKilled }: AfterCrash): void {
    const [epoch, seq] = partsOf(cursor);
    if (this.#epoch !== null && epoch !== this.#epoch) {
      this.complain(`The epoch is ${epoch} after the crash, and was ${this.#epoch}`);
    }
    if (wasKilled ? seq <= this.#newestSeq : seq < this.#newestSeq) {
      this.complain(`The numbering goes on at ${seq}, and ${this.#newestSeq} was seen`);
    }
  }

  /** Whether a task is a part of one that somebody asked for, or another attempt that was asked for. */
  #belongs(key: string, { parent_id, retry_of }: Task): boolean {
    if (this.#isOffspring(key.slice(key.indexOf("/") + 1))) return true;
    const client = key.slice(0, key.indexOf("/"));
    const parent = this.#entries.get(`${client}/${parent_id}`);
    const first = this.#entries.get(`${client}/${retry_of}`);
    return parent?.isAsked || parent?.isKnown || first?.isRetryAsked || false;
  }

  #checkAbsence(key: string, { isKnown, removal }: Entry): void {
    const id = key.slice(key.indexOf("/") + 1);
    if (isKnown && removal === "none" && !this.#mayForget(id)) this.complain(`${key} is lost`);
  }

  #checkPresence(key: string, entry: Entry, task: Task): void {
    if (entry.removal === "done") this.complain(`${key} came back: it was removed`);
    if (!isFinal(task.state)) this.complain(`${key} is ${task.state}, and nobody runs it`);
    if (entry.end !== null && !isEnd(task, entry.end)) {
      this.complain(`${key} had ended as ${JSON.stringify(entry.end)}, and is ${shown(task)}`);
    }
    // Parts are cancelled with the task that they belong to.
    if (task.cancel_requested && !entry.isCancelAsked && task.parent_id === null) {
      this.complain(`${key} is cancelled, and nobody asked for that`);
    }
    if (entry.isCancelled && !task.cancel_requested) {
      this.complain(`${key} forgot that it is to be cancelled`);
    }
    if (entry.isForced && task.state !== "CANCELLED") {
      this.complain(`${key} was cancelled, and is ${shown(task)}`);
    }
    if (entry.newest !== null) this.#checkVersion(key, entry, entry.newest, task);
    if (task.error?.type === "interrupted") this.#checkProgress(key, entry, task);
  }

  #checkVersion(key: string, entry: Entry, newest: Task, task: Task): void {
    if (task.version < newest.version) {
      this.complain(`${key} went back from ${shown(newest)} to ${shown(task)}`);
    } else if (task.version === newest.version) {
      if (!isSame(task, newest)) this.complain(`${key} was ${shown(newest)}, and is ${shown(task)}`);
    } else {
      this.#complainOfRevival(key, newest, task, entry);
    }
  }

  /** What was seen before a change was asked for that was acknowledged is as safe as that change. */
  #checkProgress(key: string, { sightings, newest }: Entry, task: Task): void {
    if (newest !== null && isFinal(newest.state)) return;
    const safe = sightings.findLast(({ seenMs }) => seenMs < this.#committedMs);
    if (safe === undefined) return;
    if ((task.current ?? 0) < safe.current || task.log_count < safe.logCount) {
      this.complain(`${key} was safe at ${JSON.stringify(safe)}, and is ${shown(task)}`);
    }
  }

  #settle({ cursor, tasks }: AfterCrash): void {
    for (const [key, entry] of this.#entries) {
      const task = tasks.get(key);
      // What was left open is decided now, for good.
      if (task === undefined) entry.removal = "done";
      else if (entry.removal === "possible") entry.removal = "none";
    }
    for (const [key, task] of tasks) {
      const entry = this.#entryOf(key);
      entry.isKnown = true;
      entry.newest = task;
      entry.sightings = [];
    }
    for (const entry of this.#entries.values()) entry.isRestoreAsked = false;
    this.#committedMs = -Infinity;
    this.sawCursor(cursor);
  }
}

function isEnd(task: Task, end: TaskEnd): boolean {
  if (task.state !== end.state) return false;
  switch (end.state) {
    case "FINISHED":
      return JSON.stringify(task.result) === JSON.stringify(end.result);
    case "ERROR":
      return task.error?.message === end.message;
    case "CANCELLED":
      return true;
  }
}

/** The epoch and the number of a cursor. */
function partsOf(cursor: string): readonly [epoch: string, seq: number] {
  const [epoch = "", seq = ""] = cursor.split(":");
  if (!/^\d+$/.test(seq)) throw new Error(`This is no cursor: ${cursor}`);
  return [epoch, Number(seq)];
}
