/**
 * Models a watcher that checks every message for consistency with the earlier ones.
 *
 * @module
 */

import { isFinal, type Task } from "../../lib/task/task.ts";
import type { SocketMessage } from "./socket.ts";

/** The message that must come next on a connection. */
type Expected = "state" | "changes" | "changes or resync" | "states";

/** The changes after a cursor, in the form of REST and of frames. */
export interface ChangesMessage {
  readonly cursor: string;
  readonly tasks: readonly Task[];
  readonly removed: readonly string[];
}

/** The full state, in the form of REST and of frames. */
export interface StateMessage {
  readonly cursor: string;
  readonly active_tasks: readonly Task[];
  readonly all_tasks: Readonly<Record<string, Task>>;
}

/**
 * What a watcher knows. Throws where a message can't be true: a version or a cursor that goes back, an end that is taken
 * back, a task twice in one frame, an id that another task has taken without a word. Each run of a task is told from
 * others that had its id by `metadata.run`.
 */
export class WatcherModel {
  readonly name: string;
  readonly #tasks: Map<string, Task> = new Map();
  /** The newest version seen of each run. */
  readonly #versions: Map<number, number> = new Map();
  /** The removed runs; if they return, their version must be higher. */
  readonly #gone: Map<number, number> = new Map();
  #cursor: string | null = null;
  #expected: Expected = "states";
  /** A cached list carries the cursor of its creation. */
  #mayGoBack = false;

  /** @param name its name in error messages */
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

  /** The tasks by id. */
  get tasks(): ReadonlyMap<string, Task> {
    return this.#tasks;
  }

  /** A copy of what it knows. */
  clone(): WatcherModel {
    const copy = new WatcherModel(this.name);
    for (const [id, task] of this.#tasks) copy.#tasks.set(id, task);
    for (const [run, version] of this.#versions) copy.#versions.set(run, version);
    for (const [run, version] of this.#gone) copy.#gone.set(run, version);
    copy.#cursor = this.#cursor;
    return copy;
  }

  /** Notes that a socket was opened: in full mode, or in delta mode from the last cursor on. */
  connect(mode: "full" | "delta"): void {
    if (mode === "full" || this.#cursor === null) this.#expected = "state";
    else this.#expected = "changes or resync";
  }

  /** Applies a message of a socket. */
  receive(message: SocketMessage): void {
    switch (message.type) {
      case "resync":
        if (this.#expected !== "changes or resync") this.#complain("resync out of place", message);
        this.#expected = "state";
        return;
      case "initial_state":
        if (this.#expected !== "state") this.#complain("the whole state out of place", message);
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

  /** Applies the changes after the last cursor. */
  takeChanges({ cursor, tasks, removed }: ChangesMessage): void {
    this.#moveTo(cursor);
    if (new Set(removed).size !== removed.length) this.#complain("a removal twice", removed);
    if (new Set(tasks.map(({ id }) => id)).size !== tasks.length) this.#complain("a task twice", tasks);
    const taken = removed.flatMap((id) => {
      const task = this.#tasks.get(id);
      this.#tasks.delete(id);
      return task === undefined ? [] : [task];
    });
    for (const task of tasks) this.#see(task, this.#tasks.get(task.id));
    for (const task of tasks) this.#tasks.set(task.id, task);
    this.#forget(taken);
  }

  /** Applies a full state. */
  takeState({ cursor, active_tasks: active, all_tasks: all }: StateMessage): void {
    if (epochOf(cursor) !== epochOf(this.#cursor)) {
      // Another epoch: the changes seen so far may have been lost.
      if (this.#expected === "state") this.#reset();
    }
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
        this.#complain("two records of one task", all);
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
  }

  #moveTo(cursor: string): void {
    if (seqOf(cursor) < this.seq && !this.#mayGoBack) {
      this.#complain(`cursor ${this.#cursor} went back to ${cursor}`, null);
    }
    this.#mayGoBack = false;
    this.#cursor = cursor;
  }

  /** Checks a record against the one of the same id, if any, and against what is known of the run. */
  #see(task: Task, known: Task | undefined): void {
    const run = runOf(task);
    if (known !== undefined) {
      if (runOf(known) !== run) {
        this.#complain("an id was taken by another task without a removal", [known, task]);
      }
      const isSame = known.version === task.version;
      if (isSame && JSON.stringify(known) !== JSON.stringify(task)) {
        this.#complain("two records of one version", [known, task]);
      }
      if (isFinal(known.state) && known.state !== task.state) {
        this.#complain("an end taken back", [known, task]);
      }
    }
    const newest = this.#versions.get(run) ?? 0;
    if (task.version < newest) this.#complain(`a version that went back from ${newest}`, task);
    const goneVersion = this.#gone.get(run) ?? 0;
    if (task.version <= goneVersion) this.#complain("a task that was removed, and is the same again", task);
    this.#versions.set(run, task.version);
    this.#gone.delete(run);
  }

  /** Records which known tasks no longer exist. */
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

/** The run of a task that a record belongs to. */
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
