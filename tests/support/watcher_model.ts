/**
 * Models a watcher that checks whether each message is consistent with the earlier ones.
 *
 * @module
 */

import { isFinal, type Task } from "../../lib/task/task.ts";
import type { SocketMessage } from "./socket.ts";

/** The kind of message that must come next on a connection. */
type Expected = "state" | "changes" | "changes or resync" | "states";

/** The changes since a cursor, as in a REST response or a WebSocket message. */
export interface ChangesMessage {
  readonly cursor: string;
  readonly tasks: readonly Task[];
  readonly removed: readonly string[];
}

/** The full state, as in a REST response or a WebSocket message. */
export interface StateMessage {
  readonly cursor: string;
  readonly active_tasks: readonly Task[];
  readonly all_tasks: Readonly<Record<string, Task>>;
}

/**
 * The state of a watcher. Throws if a message contradicts the earlier ones: a version or a cursor that decreases, a change
 * after a final state, a task that occurs twice in one message, an id that is reused without a removal of the task that
 * had it before. `metadata.run` distinguishes the tasks that had the same id.
 */
export class WatcherModel {
  readonly name: string;
  readonly #tasks: Map<string, Task> = new Map();
  /** The highest version received of each run. */
  readonly #versions: Map<number, number> = new Map();
  /** The last version of each removed run; if a run is restored, its version must be higher. */
  readonly #gone: Map<number, number> = new Map();
  #cursor: string | null = null;
  #expected: Expected = "states";
  /** Whether the next cursor may be lower than the last one: a cached list has the cursor of the time it was cached. */
  #mayGoBack = false;
  /**
   * Whether changes were received without a new cursor: of events that are sent together, only the last one has it, and the
   * connection may break between them.
   */
  #isPartial = false;
  /**
   * Whether changes may arrive again after such a break, until the next cursor: even the removal of an id
   * that has been reused since.
   */
  #isRepeating = false;

  /** @param name the name of the watcher in error messages */
  constructor(name: string) {
    this.name = name;
  }

  /** The last cursor; `null` before the first message. */
  get cursor(): string | null {
    return this.#cursor;
  }

  /** The sequence number of the last cursor. */
  get seq(): number {
    return seqOf(this.#cursor);
  }

  /** The tasks according to the messages so far, by id. */
  get tasks(): ReadonlyMap<string, Task> {
    return this.#tasks;
  }

  /** Returns a copy that further messages to this watcher do not change. */
  clone(): WatcherModel {
    const copy = new WatcherModel(this.name);
    for (const [id, task] of this.#tasks) copy.#tasks.set(id, task);
    for (const [run, version] of this.#versions) copy.#versions.set(run, version);
    for (const [run, version] of this.#gone) copy.#gone.set(run, version);
    copy.#cursor = this.#cursor;
    copy.#isPartial = this.#isPartial;
    return copy;
  }

  /** Expects the messages of a new socket: in full mode, or in delta mode from the last cursor on. */
  connect(mode: "full" | "delta"): void {
    this.#isRepeating = this.#isPartial;
    if (mode === "full" || this.#cursor === null) this.#expected = "state";
    else this.#expected = "changes or resync";
  }

  /** Applies a message from the socket. */
  receive(message: SocketMessage): void {
    switch (message.type) {
      case "resync":
        if (this.#expected !== "changes or resync") this.#complain("an unexpected resync", message);
        this.#expected = "state";
        return;
      case "initial_state":
        if (this.#expected !== "state") this.#complain("an unexpected full state", message);
        this.takeState(message as unknown as StateMessage);
        this.#expected = "states";
        return;
      case "state_update":
        if (this.#expected !== "states") this.#complain("an update before the state", message);
        this.takeState(message as unknown as StateMessage);
        return;
      case "task_update":
        if (this.#expected === "state") this.#complain("changes before the state", message);
        this.#expected = "states";
        this.takeChanges(message as unknown as ChangesMessage);
        return;
      case "degraded":
      case "closing":
        return;
    }
    this.#complain("an unknown message", message);
  }

  /** Applies the changes since the last cursor. */
  takeChanges({ cursor, tasks, removed }: ChangesMessage): void {
    this.#isPartial = cursor === this.#cursor;
    const isRepeating = this.#isRepeating;
    this.#isRepeating &&= this.#isPartial;
    this.#moveTo(cursor);
    if (new Set(removed).size !== removed.length) this.#complain("a duplicate removal", removed);
    if (new Set(tasks.map(({ id }) => id)).size !== tasks.length) this.#complain("a duplicate task", tasks);
    const taken = removed.flatMap((id) => {
      const task = this.#tasks.get(id);
      this.#tasks.delete(id);
      return task === undefined ? [] : [task];
    });
    for (const task of tasks) this.#see(task, this.#tasks.get(task.id));
    for (const task of tasks) this.#tasks.set(task.id, task);
    if (!isRepeating) this.#forget(taken);
  }

  /** Applies a full state. */
  takeState({ cursor, active_tasks: active, all_tasks: all }: StateMessage): void {
    if (epochOf(cursor) !== epochOf(this.#cursor)) {
      // After a change of the epoch, the server may have lost changes that this watcher has received.
      if (this.#expected === "state") this.#reset();
    }
    this.#isPartial = false;
    this.#isRepeating = false;
    this.#moveTo(cursor);
    const before = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const [id, task] of Object.entries(all)) {
      if (task.id !== id) this.#complain(`task "${task.id}" as "${id}"`, all);
      this.#see(task, undefined);
      this.#tasks.set(id, task);
    }
    this.#forget(before);
    const wanted = [...this.#tasks.values()].filter((task) => task.active).map((task) => task.id).reverse();
    const received = active.map((task) => task.id);
    if (wanted.join() !== received.join()) this.#complain(`active tasks ${received}, wanted ${wanted}`, all);
    for (const task of active) {
      if (JSON.stringify(task) !== JSON.stringify(all[task.id])) {
        this.#complain("two different records of one task", all);
      }
    }
  }

  /** Starts over, because the server no longer knows the last cursor. */
  beginAnew(): void {
    this.#expected = "state";
    this.#mayGoBack = true;
  }

  #reset(): void {
    this.#tasks.clear();
    this.#versions.clear();
    this.#gone.clear();
    this.#cursor = null;
    this.#isPartial = false;
  }

  #moveTo(cursor: string): void {
    if (seqOf(cursor) < this.seq && !this.#mayGoBack) {
      this.#complain(`cursor ${this.#cursor} went back to ${cursor}`, null);
    }
    this.#mayGoBack = false;
    this.#cursor = cursor;
  }

  /** Checks a record against the last one of the same id, if any, and against earlier versions of the same run. */
  #see(task: Task, known: Task | undefined): void {
    const run = runOf(task);
    if (known !== undefined) {
      if (runOf(known) !== run) {
        this.#complain("an id that another task uses without a removal", [known, task]);
      }
      const isSame = known.version === task.version;
      if (isSame && JSON.stringify(known) !== JSON.stringify(task)) {
        this.#complain("two different records of one version", [known, task]);
      }
      if (isFinal(known.state) && known.state !== task.state) {
        this.#complain("a change after the final state", [known, task]);
      }
    }
    const newest = this.#versions.get(run) ?? 0;
    if (task.version < newest) this.#complain(`a version lower than ${newest}`, task);
    const goneVersion = this.#gone.get(run) ?? 0;
    if (task.version <= goneVersion) this.#complain("a removed task with no higher version", task);
    this.#versions.set(run, task.version);
    this.#gone.delete(run);
  }

  /** Records which of the earlier tasks no longer exist. */
  #forget(before: readonly Task[]): void {
    for (const task of before) {
      const now = this.#tasks.get(task.id);
      const run = runOf(task);
      if (now === undefined || runOf(now) !== run) this.#gone.set(run, task.version);
    }
  }

  #complain(what: string, about: unknown): never {
    const shown = JSON.stringify(about)?.slice(0, 1_500);
    throw new Error(`${this.name} at ${this.#cursor} was sent ${what}: ${shown}`);
  }
}

/** Returns the number that distinguishes the tasks that had the same id. */
export function runOf(task: Task): number {
  const { run } = task.metadata;
  if (typeof run !== "number") throw new Error(`Task "${task.id}" has no metadata.run`);
  return run;
}

function seqOf(cursor: string | null): number {
  return Number(cursor?.split(":")[1] ?? 0);
}

function epochOf(cursor: string | null): string | undefined {
  return cursor?.split(":")[0];
}
