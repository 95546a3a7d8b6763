/**
 * The tasks of a registry that have not ended, and what it knows of them beyond their records.
 *
 * @module
 */

import { Estimator } from "./estimate.ts";
import { HTTP_REPORTER_ID, type Reporter } from "./registry_types.ts";
import { Family } from "./roll_up.ts";

/** What the registry knows of a task that has not ended, beyond its record. */
export interface LiveTask {
  readonly client: string;
  readonly id: string;
  readonly estimator: Estimator;
  readonly family: Family;
  /** The id of the side that runs it; `null` where nobody does yet. */
  readonly owner: string | null;
  /** The way to that side, while there is one. */
  reporter: Reporter | null;
  /** Since when there is none, in epoch seconds; `null` where there is one, or never will be. */
  awaySince: number | null;
  /** Whether it runs in another process, and goes on without this one. */
  readonly isRemote: boolean;
}

/** How long the newest runs of a name took, in seconds. */
export type PastRunsOf = (client: string, name: string) => readonly number[];

/** The tasks that have not ended. */
export class LiveTasks {
  readonly #tasks: Map<string, LiveTask> = new Map();
  readonly #pastRunsOf: PastRunsOf;
  #remoteCount = 0;

  /** @param pastRunsOf how long earlier runs of a name took, for estimates */
  constructor(pastRunsOf: PastRunsOf) {
    this.#pastRunsOf = pastRunsOf;
  }

  /** How many of them end with this process. */
  get localCount(): number {
    return this.#tasks.size - this.#remoteCount;
  }

  /** All of them as they are now, whatever is added or ends meanwhile. */
  all(): readonly LiveTask[] {
    return [...this.#tasks.values()];
  }

  /** Those that one side runs. */
  ownedBy(reporterId: string): readonly LiveTask[] {
    return this.all().filter(({ owner }) => owner === reporterId);
  }

  /** The task; `undefined` where there is none that has not ended. */
  get(client: string, id: string): LiveTask | undefined {
    return this.#tasks.get(keyOf(client, id));
  }

  /**
   * Adds a task.
   *
   * @param client the client token
   * @param id the task's id
   * @param owner the id of the side that runs it; `null` where nobody does yet
   * @param reporter the way to that side; `null` where it is away
   * @param at the time, in epoch seconds
   */
  add(client: string, id: string, owner: string | null, reporter: Reporter | null, at: number): void {
    const isRemote = reporter === null ? owner !== null : reporter.isRemote === true;
    const isHttp = owner === HTTP_REPORTER_ID;
    if (isRemote) this.#remoteCount++;
    this.#tasks.set(keyOf(client, id), {
      client,
      id,
      estimator: new Estimator((name) => this.#pastRunsOf(client, name)),
      family: new Family(),
      owner,
      reporter: isHttp ? null : reporter,
      awaySince: isRemote && reporter === null && !isHttp ? at : null,
      isRemote,
    });
  }

  /** Forgets a task, as it has ended. */
  delete(client: string, id: string): void {
    const key = keyOf(client, id);
    if (this.#tasks.get(key)?.isRemote) this.#remoteCount--;
    this.#tasks.delete(key);
  }

  /** Forgets all of them. */
  clear(): void {
    this.#tasks.clear();
    this.#remoteCount = 0;
  }
}

/** A slash is in neither grammar. */
function keyOf(client: string, id: string): string {
  return `${client}/${id}`;
}
