/**
 * Counts tasks against the bounds of a registry, and says which ended ones have to go.
 *
 * @module
 */

import { LimitError } from "./errors.ts";

/** The bounds on how many tasks there may be. */
export interface CensusLimits {
  /** Clients that may have tasks. */
  readonly clients: number;
  /** Tasks of one client that have not ended. */
  readonly liveTasksPerClient: number;
  /** Ended tasks of one client that are kept; the oldest go first. */
  readonly endedTasksPerClient: number;
  /** Ended tasks of all clients that are kept; the oldest go first. */
  readonly endedTasks: number;
}

/** A task by its names. */
export interface TaskKey {
  readonly client: string;
  readonly id: string;
}

interface ClientCount {
  live: number;
  /** Ids in the order of their end. */
  readonly ended: Set<string>;
}

/** Who lives, who has ended, and in which order. */
export class Census {
  readonly #limits: CensusLimits;
  readonly #clients: Map<string, ClientCount> = new Map();
  /** The ended tasks of all clients, in the order of their end. */
  readonly #ended: Map<string, TaskKey> = new Map();

  /** @param limits the bounds to keep */
  constructor(limits: CensusLimits) {
    this.#limits = limits;
  }

  /**
   * Whether there is room for one more task.
   *
   * @param client the client token
   * @returns `null`, or the bound that is reached
   */
  fullness(client: string): LimitError | null {
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
        `Cannot create task: the client has ${count.live} tasks that have not ended, which is the limit`,
      );
    }
    return null;
  }

  /**
   * Counts a new task.
   *
   * @param client the client token
   * @throws {LimitError} where there is no room for it
   */
  begin(client: string): void {
    const full = this.fullness(client);
    if (full !== null) throw full;
    const count = this.#clients.get(client);
    if (count === undefined) this.#clients.set(client, { live: 1, ended: new Set() });
    else count.live++;
  }

  /**
   * Counts the end of a task.
   *
   * @returns the ended tasks that are over the bounds, the oldest ones
   */
  end(client: string, id: string): TaskKey[] {
    const count = this.#clients.get(client);
    if (count === undefined) return [];
    count.live--;
    count.ended.add(id);
    this.#ended.set(`${client}/${id}`, { client, id });
    const over: TaskKey[] = [];
    const [oldestHere] = count.ended;
    if (count.ended.size > this.#limits.endedTasksPerClient && oldestHere !== undefined) {
      over.push({ client, id: oldestHere });
    } else if (this.#ended.size > this.#limits.endedTasks) {
      const [oldest] = this.#ended.values();
      if (oldest !== undefined) over.push(oldest);
    }
    return over;
  }

  /** Forgets an ended task. */
  forget(client: string, id: string): void {
    this.#ended.delete(`${client}/${id}`);
    const count = this.#clients.get(client);
    if (count === undefined) return;
    count.ended.delete(id);
    if (count.live === 0 && count.ended.size === 0) this.#clients.delete(client);
  }

  /** The clients that have tasks. */
  clients(): string[] {
    return [...this.#clients.keys()];
  }
}
