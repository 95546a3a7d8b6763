/**
 * Counts tasks against the limits of a registry, and selects the ended tasks to remove.
 *
 * @module
 */

import { LimitError } from "../errors.ts";
import type { EndedTask, TaskKey } from "../store/store.ts";

/** The limits on the number of tasks. */
export interface RetentionLimits {
  /** The maximum number of clients that have tasks. */
  readonly clients: number;
  /** The maximum number of unfinished tasks of one client. */
  readonly liveTasksPerClient: number;
  /** The maximum number of ended tasks of one client; the oldest are removed first. */
  readonly endedTasksPerClient: number;
  /** The maximum number of ended tasks of all clients; the oldest are removed first. */
  readonly endedTasks: number;
}

interface ClientCount {
  live: number;
  /** The ended tasks by id, in the order in which they ended. */
  readonly ended: Map<string, CountedTask>;
}

/** An ended task whose time of end can be corrected. */
interface CountedTask extends TaskKey {
  endedAt: number;
}

/** Counts the unfinished and the ended tasks of each client, and keeps the order in which tasks ended. */
export class Retention {
  readonly #limits: RetentionLimits;
  readonly #clients: Map<string, ClientCount> = new Map();
  /** The ended tasks of all clients, in the order in which they ended. */
  readonly #ended: Set<CountedTask> = new Set();
  /**
   * The restored ended tasks, which are not in the order in which they ended. There are few, because users restore
   * tasks by hand.
   */
  readonly #restored: Set<CountedTask> = new Set();
  /** The latest end of a task, in epoch seconds. */
  #latestEnd = -Infinity;

  /** @param limits the limits to enforce */
  constructor(limits: RetentionLimits) {
    this.#limits = limits;
  }

  /**
   * Checks whether a client can have one more unfinished task.
   *
   * @param client the client token
   * @returns the error for the limit that is reached; `null` if the client can have one more
   */
  limitError(client: string): LimitError | null {
    const count = this.#clients.get(client);
    if (count === undefined && this.#clients.size >= this.#limits.clients) {
      return new LimitError(
        "clients",
        `Cannot create task: ${this.#limits.clients} clients have tasks, which is the limit`,
      );
    }
    if (count !== undefined && count.live >= this.#limits.liveTasksPerClient) {
      return new LimitError(
        "liveTasksPerClient",
        `Cannot create task: the client has ${count.live} unfinished tasks, which is the limit`,
      );
    }
    return null;
  }

  /**
   * Counts a new task.
   *
   * @param client the client token
   * @throws {LimitError} if a limit is reached
   */
  begin(client: string): void {
    const full = this.limitError(client);
    if (full !== null) throw full;
    this.#countOf(client).live++;
  }

  /** Returns the number of unfinished and ended tasks of each client. */
  counts(): readonly { readonly client: string; readonly live: number; readonly ended: number }[] {
    return Array.from(this.#clients, ([client, { live, ended }]) => ({ client, live, ended: ended.size }));
  }

  /** Counts an unfinished task that was loaded from the store, even if it exceeds the limits. */
  adopt(client: string): void {
    this.#countOf(client).live++;
  }

  /** Counts the end of a task that was counted as unfinished. */
  end(ended: EndedTask): void {
    this.#countOf(ended.client).live--;
    this.addEnded(ended);
  }

  /** Counts an ended task that was not counted before. */
  addEnded(ended: EndedTask): void {
    this.#add(ended);
  }

  /** Counts a restored task. */
  restore(ended: EndedTask): void {
    this.#restored.add(this.#add(ended));
  }

  /**
   * Counts tasks whose ends are in the future, because the clock was set back, as ended now. Otherwise they would be
   * kept too long, and so would all tasks that ended after them.
   *
   * @param at the current time, in epoch seconds
   */
  correctEnds(at: number): void {
    if (this.#latestEnd <= at) return;
    for (const ended of this.#ended) ended.endedAt = Math.min(ended.endedAt, at);
    this.#latestEnd = at;
  }

  /**
   * Selects the next ended task to remove.
   *
   * @param endedBefore tasks that ended before this time, in epoch seconds, are too old
   * @param client the client whose own limit is checked, too
   * @returns the task to remove; `undefined` if no limit is exceeded
   */
  excess(endedBefore: number, client?: string): TaskKey | undefined {
    const ended = client === undefined ? undefined : this.#clients.get(client)?.ended;
    if (ended !== undefined && ended.size > this.#limits.endedTasksPerClient) {
      const [first] = ended.values();
      if (first !== undefined) return first;
    }
    const [oldest] = this.#ended;
    if (oldest === undefined) return undefined;
    if (this.#ended.size > this.#limits.endedTasks || oldest.endedAt < endedBefore) return oldest;
    return [...this.#restored].find(({ endedAt }) => endedAt < endedBefore);
  }

  /** Stops counting an unfinished task. */
  drop(client: string): void {
    const count = this.#countOf(client);
    count.live--;
    if (count.live === 0 && count.ended.size === 0) this.#clients.delete(client);
  }

  /** Stops counting an ended task, and returns it. */
  forget(client: string, id: string): EndedTask | undefined {
    const count = this.#clients.get(client);
    const known = count?.ended.get(id);
    if (count === undefined || known === undefined) return undefined;
    this.#ended.delete(known);
    this.#restored.delete(known);
    count.ended.delete(id);
    if (count.live === 0 && count.ended.size === 0) this.#clients.delete(client);
    return known;
  }

  /** Returns whether a task exists and has ended. */
  hasEnded(client: string, id: string): boolean {
    return this.#clients.get(client)?.ended.has(id) ?? false;
  }

  /** Returns whether a client has tasks. */
  hasClient(client: string): boolean {
    return this.#clients.has(client);
  }

  /** The number of further clients that may have tasks. */
  get freeClients(): number {
    return Math.max(0, this.#limits.clients - this.#clients.size);
  }

  /** Returns the clients that have tasks. */
  clients(): string[] {
    return [...this.#clients.keys()];
  }

  /** Whether there are no tasks. */
  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  #add({ client, id, endedAt }: EndedTask): CountedTask {
    const { ended } = this.#countOf(client);
    const task = { client, id, endedAt };
    const replaced = ended.get(id);
    if (replaced !== undefined) this.#ended.delete(replaced);
    ended.set(id, task);
    this.#ended.add(task);
    this.#latestEnd = Math.max(this.#latestEnd, endedAt);
    return task;
  }

  #countOf(client: string): ClientCount {
    let count = this.#clients.get(client);
    if (count === undefined) this.#clients.set(client, count = { live: 0, ended: new Map() });
    return count;
  }
}
