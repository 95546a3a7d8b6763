/**
 * Records everything that a server acknowledged or published, and checks which of these guarantees a crash
 * violated.
 *
 * The ledger does no I/O: its callers tell it about requests, responses and received records. The checks do not depend on
 * how a server stores tasks.
 *
 * @module
 */

import { isFinal, type JsonValue, type Task } from "../../../lib/task/task.ts";
import { isSame, shown } from "./held.ts";

/** A request about one task. */
export type Wish = "start" | "retry" | "cancel" | "force" | "remove" | "restore";

/** An event that {@linkcode Ledger.next} waits for: an acknowledged request, or the receipt of an ended or running task. */
export type News = "acknowledgement" | "end" | "progress";

/** A request that awaits its response; if there never is one, the server may have carried it out or not. */
export interface Asked {
  /** Records that the server acknowledged the request. */
  acknowledged(): void;
  /** Records that the server refused the request; `isMissing` if the reason was that there is no such task. */
  refused(isMissing?: boolean): void;
}

/** The outcome of a task, as the call of the monitored function returned it. */
export type TaskEnd =
  | { readonly state: "FINISHED"; readonly result: JsonValue }
  | { readonly state: "ERROR"; readonly message: string }
  | { readonly state: "CANCELLED" };

/** The state of the server after it was restarted. */
export interface AfterCrash {
  readonly cursor: string;
  /** Whether the server was killed before it could release the sequence numbers that it had reserved. */
  readonly wasKilled: boolean;
  /** The tasks of all clients, by `client/id`. */
  readonly tasks: ReadonlyMap<string, Task>;
}

/** The progress of a task in a record that was received at some time. */
interface Sighting {
  readonly seenMs: number;
  readonly current: number;
  readonly logCount: number;
}

/** Everything that the ledger knows about a task. */
interface Entry {
  /** Whether the start of the task was requested. */
  isAsked: boolean;
  /** Whether a retry of the task was requested; the id of the retry is unknown before the response. */
  isRetryAsked: boolean;
  /** Whether the start was acknowledged or a record received, so that the task must be committed. */
  isKnown: boolean;
  /** The removal of the task: `possible` if it was requested, `done` if it was acknowledged or received by a watcher. */
  removal: "none" | "possible" | "done";
  isRestoreAsked: boolean;
  isCancelAsked: boolean;
  isCancelled: boolean;
  isForced: boolean;
  end: TaskEnd | null;
  /** The newest record that was received. */
  newest: Task | null;
  /** The progress in each record that was received while the task was active, oldest first. */
  sightings: Sighting[];
}

/** Options of a {@linkcode Ledger}. */
export interface LedgerOptions {
  /** Returns whether the server's limits may have removed a task. */
  readonly mayForget?: (id: string) => boolean;
  /** Returns whether a task may have been started by another task. */
  readonly isOffspring?: (id: string) => boolean;
}

/** Records what a server guaranteed, and checks that after a crash. */
export class Ledger {
  readonly #mayForget: (id: string) => boolean;
  readonly #isOffspring: (id: string) => boolean;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #complaints: string[] = [];
  readonly #waiting: Map<News, PromiseWithResolvers<void>> = new Map();
  /** When the last acknowledged change was requested: every record received before that is committed. */
  #committedMs = -Infinity;
  #epoch: string | null = null;
  #newestSeq = 0;
  #acknowledgements = 0;
  #forgotten = 0;

  /** @param options the changes that the server may make without a request */
  constructor({ mayForget = () => false, isOffspring = () => false }: LedgerOptions = {}) {
    this.#mayForget = mayForget;
    this.#isOffspring = isOffspring;
  }

  /** The number of acknowledgements so far. */
  get acknowledgements(): number {
    return this.#acknowledgements;
  }

  /** The number of removals without a request, which are permitted if the limits may remove tasks. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Adds a complaint to those that {@linkcode Ledger.check} returns. */
  complain(complaint: string): void {
    this.#complaints.push(complaint);
  }

  /** Resolves at the next event of a kind, without delay. */
  next(news: News): Promise<void> {
    let waiting = this.#waiting.get(news);
    if (waiting === undefined) this.#waiting.set(news, waiting = Promise.withResolvers());
    return waiting.promise;
  }

  /** Records that a request is about to be sent. */
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
        // A removal that a watcher received in the meantime remains recorded.
        const isRemoval = wish === "remove" || wish === "restore";
        if (isRemoval && entry.removal === "possible") entry.removal = removal;
        if (isMissing && wasThere && !entry.isRestoreAsked) this.#checkAbsence(`${client}/${id}`, entry);
      },
    };
  }

  /** Records that a request to remove all ended tasks of a client is about to be sent. */
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

  /** Records a task that a response named as started. */
  started(client: string, id: string): void {
    this.#entry(client, id).isKnown = true;
  }

  /** Records that the caller of a monitored function was told that the end of the task is committed. */
  ended(client: string, id: string, end: TaskEnd): void {
    this.#acknowledgements++;
    const entry = this.#entry(client, id);
    entry.isKnown = true;
    entry.end = end;
  }

  /** Records that a watcher received a record. */
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

  /** Records that a watcher received the removal of a task. */
  sawRemoved(client: string, id: string): void {
    const entry = this.#entry(client, id);
    if (entry.removal === "none" && !entry.isRestoreAsked) {
      if (this.#mayForget(id)) this.#forgotten++;
      else this.complain(`${client}/${id} was removed without a request`);
    }
    if (!entry.isRestoreAsked) entry.removal = "done";
  }

  /** Records a cursor that was received over any transport. */
  sawCursor(cursor: string): void {
    const [epoch, seq] = partsOf(cursor);
    this.#epoch ??= epoch;
    if (epoch !== this.#epoch) this.complain(`The epoch became ${epoch}, and was ${this.#epoch}`);
    this.#newestSeq = Math.max(this.#newestSeq, seq);
  }

  /**
   * Compares the state of the restarted server with what it had guaranteed, and records that state as
   * received.
   *
   * @param after the state of the restarted server
   * @returns complaints about violated guarantees, including complaints from before the crash
   */
  check(after: AfterCrash): string[] {
    this.#checkCursor(after);
    for (const [key, task] of after.tasks) {
      if (!this.#isWanted(key, task, after.tasks)) this.complain(`${key} exists without a request`);
    }
    for (const [key, entry] of this.#entries) {
      const task = after.tasks.get(key);
      if (task === undefined) this.#checkAbsence(key, entry);
      else this.#checkPresence(key, entry, task);
    }
    this.#settle(after);
    return this.#complaints.splice(0);
  }

  /** Forgets the tasks of a client whose removal was acknowledged or received. */
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
      this.complain(`The sequence numbers continue at ${seq}, but ${this.#newestSeq} was seen`);
    }
  }

  /**
   * Whether a task was requested or received, or is a retry or a subtask of one that was. The parent may be a
   * retry that the ledger does not know, if the server was killed before it responded.
   */
  #isWanted(key: string, task: Task | undefined, tasks: AfterCrash["tasks"]): boolean {
    const [client, id] = key.split("/") as [string, string];
    const entry = this.#entries.get(key);
    if (entry?.isKnown || entry?.isAsked || this.#isOffspring(id)) return true;
    if (task === undefined) return false;
    if (this.#entries.get(`${client}/${task.retry_of}`)?.isRetryAsked) return true;
    const parent = `${client}/${task.parent_id}`;
    return task.parent_id !== null && this.#isWanted(parent, tasks.get(parent), tasks);
  }

  #checkAbsence(key: string, { isKnown, removal }: Entry): void {
    const id = key.slice(key.indexOf("/") + 1);
    if (isKnown && removal === "none" && !this.#mayForget(id)) this.complain(`${key} is lost`);
  }

  #checkPresence(key: string, entry: Entry, task: Task): void {
    if (entry.removal === "done") this.complain(`${key} came back: it was removed`);
    if (!isFinal(task.state)) this.complain(`${key} is ${task.state}, but no reporter runs it`);
    if (entry.end !== null && !isEnd(task, entry.end)) {
      this.complain(`${key} had ended as ${JSON.stringify(entry.end)}, and is ${shown(task)}`);
    }
    // Subtasks are cancelled together with their parent, without a request of their own.
    if (task.cancel_requested && !entry.isCancelAsked && task.parent_id === null) {
      this.complain(`${key} is cancelled without a request`);
    }
    if (entry.isCancelled && !task.cancel_requested) {
      this.complain(`${key} lost its cancel request`);
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

  /** Checks that no progress is lost that was received before an acknowledged request, which is committed with it. */
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
      // From now on, the outcome of requests without a response must not change.
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

/** Splits a cursor into its epoch and its sequence number. */
function partsOf(cursor: string): readonly [epoch: string, seq: number] {
  const [epoch = "", seq = ""] = cursor.split(":");
  if (!/^\d+$/.test(seq)) throw new Error(`Invalid cursor: ${cursor}`);
  return [epoch, Number(seq)];
}
