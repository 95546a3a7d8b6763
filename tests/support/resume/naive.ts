/**
 * A naive model of which tasks a registry has.
 *
 * @module
 */

import { isFinal, type TaskState } from "../../../lib/task/task.ts";

/** The limits that remove tasks. */
export interface NaiveLimits {
  readonly endedTasksPerClient: number;
  readonly endedTasks: number;
  readonly endedTaskAgeMs: number;
  readonly restoreWindowMs: number;
}

interface NaiveTask {
  readonly client: string;
  readonly id: string;
  readonly run: number;
  readonly state: TaskState;
  readonly endedMs: number;
  /** Whether it was restored, and is therefore not in the order of ends. */
  readonly isRestored: boolean;
}

/** Unfinished tasks in the order of their creation, and ended ones in the order of their end. */
export class NaiveTasks {
  readonly #limits: NaiveLimits;
  #live: readonly NaiveTask[];
  #ended: readonly NaiveTask[];
  #removed: readonly (NaiveTask & { readonly removedMs: number })[] = [];

  /** @param limits the limits */
  constructor(limits: NaiveLimits, live: readonly NaiveTask[] = [], ended: readonly NaiveTask[] = []) {
    this.#limits = limits;
    this.#live = live;
    this.#ended = ended;
  }

  /** The runs of a client with their states. */
  shown(client: string): string[] {
    return [...this.#live, ...this.#ended].filter((task) => task.client === client)
      .map(({ id, run, state }) => `${id} ${run} ${state}`).sort();
  }

  /** The state of a task; `undefined` if there is no such task. */
  state(client: string, id: string): TaskState | undefined {
    return this.#find(client, id)?.state;
  }

  /** Whether a removed task can be restored. */
  isRestorable(client: string, id: string, nowMs: number): boolean {
    const isSame = this.#named(client, id);
    return this.#removed.some((task) =>
      isSame(task) && nowMs - task.removedMs <= this.#limits.restoreWindowMs
    );
  }

  begin(client: string, id: string, run: number, state: TaskState): void {
    const isSame = this.#named(client, id);
    this.#removed = this.#removed.filter((task) => !isSame(task));
    this.#live = [...this.#live, { client, id, run, state, endedMs: 0, isRestored: false }];
  }

  move(client: string, id: string, state: TaskState, nowMs: number): void {
    const task = { ...this.#find(client, id)!, state, endedMs: nowMs };
    const isSame = this.#named(client, id);
    if (!isFinal(state)) {
      this.#live = this.#live.map((other) => isSame(other) ? task : other);
      return;
    }
    this.#live = this.#live.filter((other) => !isSame(other));
    this.#ended = [...this.#ended, task];
    this.#forgetExcess(client, nowMs);
  }

  remove(client: string, id: string, nowMs: number): void {
    const isSame = this.#named(client, id);
    this.#removed = [...this.#removed.filter((task) => !isSame(task)), {
      ...this.#find(client, id)!,
      removedMs: nowMs,
    }];
    this.#ended = this.#ended.filter((task) => !isSame(task));
  }

  restore(client: string, id: string, nowMs: number): void {
    const isSame = this.#named(client, id);
    const restored = this.#removed.filter(isSame).map((task) => ({ ...task, isRestored: true }));
    this.#ended = [...this.#ended, ...restored];
    this.#removed = this.#removed.filter((task) => !isSame(task));
    this.#forgetExcess(client, nowMs);
  }

  /** Removes the tasks that are too old. */
  sweep(nowMs: number): void {
    this.#removed = this.#removed.filter((task) => nowMs - task.removedMs <= this.#limits.restoreWindowMs);
    this.#forgetExcess(undefined, nowMs);
  }

  /** Applies a restart. */
  restarted(nowMs: number): NaiveTasks {
    const ended = this.#ended.map((task) => ({ ...task, isRestored: false }));
    const next = new NaiveTasks(this.#limits, this.#live, ended);
    for (const { client, id } of this.#live) next.move(client, id, "ERROR", nowMs);
    for (const client of new Set(next.#ended.map((task) => task.client))) next.#forgetExcess(client, nowMs);
    return next;
  }

  /** An independent copy. */
  clone(): NaiveTasks {
    return new NaiveTasks(this.#limits, this.#live, this.#ended);
  }

  #find(client: string, id: string): NaiveTask | undefined {
    return [...this.#live, ...this.#ended].find(this.#named(client, id));
  }

  #named(client: string, id: string): (task: NaiveTask) => boolean {
    return (task) => task.client === client && task.id === id;
  }

  #forgetExcess(client: string | undefined, nowMs: number): void {
    const { endedTasksPerClient, endedTasks, endedTaskAgeMs } = this.#limits;
    while (true) {
      const own = this.#ended.filter((task) => task.client === client);
      const [oldest] = this.#ended;
      const tooOld = this.#ended.find((task) =>
        (task === oldest || task.isRestored) && task.endedMs < nowMs - endedTaskAgeMs
      );
      const excess = this.#ended.length > endedTasks ? oldest : tooOld;
      const going = own.length > endedTasksPerClient ? own[0] : excess;
      if (going === undefined) return;
      this.#ended = this.#ended.filter((task) => task !== going);
    }
  }
}
