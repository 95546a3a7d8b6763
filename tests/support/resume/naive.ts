/**
 * A naive model of the tasks that a registry has.
 *
 * @module
 */

import { isFinal, type TaskState } from "../../../lib/task/task.ts";

/** The registry's limits that remove tasks. */
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
  /** Whether the task was restored, and is therefore not at the place that its end time gives it. */
  readonly isRestored: boolean;
}

/** A model with unfinished tasks in the order of their creation, and ended tasks in the order of their end. */
export class NaiveTasks {
  readonly #limits: NaiveLimits;
  #live: readonly NaiveTask[];
  #ended: readonly NaiveTask[];
  #removed: readonly (NaiveTask & { readonly removedMs: number })[] = [];

  /**
   * @param limits the registry's limits
   * @param live the unfinished tasks, in the order of their creation
   * @param ended the ended tasks, in the order of their end
   */
  constructor(limits: NaiveLimits, live: readonly NaiveTask[] = [], ended: readonly NaiveTask[] = []) {
    this.#limits = limits;
    this.#live = live;
    this.#ended = ended;
  }

  /** Returns the id, the run and the state of each of a client's tasks, as text to compare. */
  shown(client: string): string[] {
    return [...this.#live, ...this.#ended].filter((task) => task.client === client)
      .map(({ id, run, state }) => `${id} ${run} ${state}`).sort();
  }

  /** Returns the state of a task; `undefined` if there is no such task. */
  state(client: string, id: string): TaskState | undefined {
    return this.#find(client, id)?.state;
  }

  /** Returns whether a removed task can be restored. */
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

  /** Removes the tasks that the age limit no longer permits. */
  sweep(nowMs: number): void {
    this.#removed = this.#removed.filter((task) => nowMs - task.removedMs <= this.#limits.restoreWindowMs);
    this.#forgetExcess(undefined, nowMs);
  }

  /** Returns the tasks after a restart, which interrupts the unfinished ones. */
  restarted(nowMs: number): NaiveTasks {
    const ended = this.#ended.map((task) => ({ ...task, isRestored: false }));
    const next = new NaiveTasks(this.#limits, this.#live, ended);
    for (const { client, id } of this.#live) next.move(client, id, "ERROR", nowMs);
    for (const client of new Set(next.#ended.map((task) => task.client))) next.#forgetExcess(client, nowMs);
    return next;
  }

  /** Returns an independent copy, without the removed tasks. */
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
