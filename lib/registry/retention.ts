/**
 * Counts tasks against the bounds of a registry, and says which ended ones have to go.
 *
 * @module
 */

import { LimitError } from "../errors.ts";
import type { EndedTask, TaskKey } from "../store/store.ts";

/** The bounds on how many tasks there may be. */
export interface RetentionLimits {
  /** Clients that may have tasks. */
  readonly clients: number;
  /** Tasks of one client that have not ended. */
  readonly liveTasksPerClient: number;
  /** Ended tasks of one client that are kept; the oldest go first. */
  readonly endedTasksPerClient: number;
  /** Ended tasks of all clients that are kept; the oldest go first. */
  readonly endedTasks: number;
}

interface ClientCount {
  live: number;
  /** Ids in the order of their end. */
  readonly ended: Set<string>;
}

/** Who lives, who has ended, and in which order. */
export class Retention {
  readonly #limits: RetentionLimits;
  readonly #clients: Map<string, ClientCount> = new Map();
  /** The ended tasks of all clients, in the order of their end. */
  readonly #ended: Map<string, EndedTask> = new Map();
  /** Those that were restored, and so are not in the order of their end; few, as people do it. */
  readonly #restored: Map<string, EndedTask> = new Map();

  /** @param limits the bounds to keep */
  constructor(limits: RetentionLimits) {
    this.#limits = limits;
  }

  /**
   * Whether there is room for one more task.
   *
   * @param client the client token
   * @returns `null`, or the bound that is reached
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
    const full = this.limitError(client);
    if (full !== null) throw full;
    this.#countOf(client).live++;
  }

  /** How many tasks each client has. */
  counts(): readonly { readonly client: string; readonly live: number; readonly ended: number }[] {
    return Array.from(this.#clients, ([client, { live, ended }]) => ({ client, live, ended: ended.size }));
  }

  /** Counts a task that was there before, whatever the bounds. */
  adopt(client: string): void {
    this.#countOf(client).live++;
  }

  /** Counts the end of a task that was counted before. */
  end(ended: EndedTask): void {
    this.#countOf(ended.client).live--;
    this.addEnded(ended);
  }

  /** Counts a task that has ended, and was not counted before. */
  addEnded(ended: EndedTask): void {
    this.#countOf(ended.client).ended.add(ended.id);
    this.#ended.set(`${ended.client}/${ended.id}`, ended);
  }

  /** Counts an ended task that was forgotten. */
  restore(ended: EndedTask): void {
    this.addEnded(ended);
    this.#restored.set(`${ended.client}/${ended.id}`, ended);
  }

  /**
   * The ended task that has to go next.
   *
   * @param endedBefore the time, in epoch seconds, before which tasks have ended for too long
   * @param client the client whose own bound is looked at, too
   * @returns `undefined` where all bounds are kept
   */
  excess(endedBefore: number, client?: string): TaskKey | undefined {
    const ended = client === undefined ? undefined : this.#clients.get(client)?.ended;
    if (client !== undefined && ended !== undefined && ended.size > this.#limits.endedTasksPerClient) {
      const [id] = ended;
      if (id !== undefined) return { client, id };
    }
    const [oldest] = this.#ended.values();
    if (oldest === undefined) return undefined;
    if (this.#ended.size > this.#limits.endedTasks || oldest.endedAt < endedBefore) return oldest;
    return [...this.#restored.values()].find(({ endedAt }) => endedAt < endedBefore);
  }

  /** Forgets an ended task, and gives back what was known of it. */
  forget(client: string, id: string): EndedTask | undefined {
    const key = `${client}/${id}`;
    const known = this.#ended.get(key);
    this.#ended.delete(key);
    this.#restored.delete(key);
    const count = this.#clients.get(client);
    count?.ended.delete(id);
    if (count?.live === 0 && count.ended.size === 0) this.#clients.delete(client);
    return known;
  }

  /** Whether there is such a task, and it has ended. */
  hasEnded(client: string, id: string): boolean {
    return this.#ended.has(`${client}/${id}`);
  }

  /** The clients that have tasks. */
  clients(): string[] {
    return [...this.#clients.keys()];
  }

  /** Whether there are no tasks at all. */
  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  #countOf(client: string): ClientCount {
    let count = this.#clients.get(client);
    if (count === undefined) this.#clients.set(client, count = { live: 0, ended: new Set() });
    return count;
  }
}
