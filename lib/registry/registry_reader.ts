/**
 * What may be read of the authority: the tasks as they are now.
 *
 * @module
 */

import type { Cursor } from "../task/cursor.ts";
import type {
  ChangesSince,
  Degradation,
  Launch,
  LogSlice,
  StoredTask,
  StoreFigures,
  TaskStore,
} from "../store/store.ts";
import type { HistoryEntry, Task } from "../task/task.ts";

/** The reading half of a registry. */
export class RegistryReader {
  readonly #store: TaskStore;
  readonly #unsavedEpoch: string;

  /**
   * @param store where the tasks are
   * @param unsavedEpoch names the numbering while nothing can be committed
   */
  constructor(store: TaskStore, unsavedEpoch: string) {
    this.#store = store;
    this.#unsavedEpoch = unsavedEpoch;
  }

  /**
   * The position of the last change. While nothing can be committed, positions are of another epoch: they mean nothing
   * to a program that is started later, which knows only what was committed.
   */
  get cursor(): Cursor {
    const epoch = this.#store.degradation === null ? this.#store.epoch : this.#unsavedEpoch;
    return { epoch, seq: this.#store.seq };
  }

  /** How many changes are not committed yet. */
  get uncommitted(): number {
    return Math.max(0, this.#store.seq - this.#store.committedSeq);
  }

  /** What an operator watches of the store. */
  get storeFigures(): StoreFigures {
    return this.#store.figures;
  }

  /** Why nothing can be committed at present; `null` where all is well. */
  get degradation(): Degradation | null {
    return this.#store.degradation;
  }

  task(client: string, id: string): Task | undefined {
    return this.#store.get(client, id)?.task;
  }

  tasks(client: string): Task[] {
    return Array.from(this.#store.list(client), (stored) => stored.task).reverse();
  }

  /** The record of a task that was removed a moment ago. */
  removed(client: string, id: string): Task | undefined {
    return this.#store.removed(client, id);
  }

  /** The newest record of a task with its JSON. */
  stored(client: string, id: string): StoredTask | undefined {
    return this.#store.get(client, id);
  }

  /** The tasks of a client with their JSON, in the order of their creation. */
  list(client: string): Iterable<StoredTask> {
    return this.#store.list(client);
  }

  /** How many tasks a client has. */
  count(client: string): number {
    return this.#store.count(client);
  }

  /** The number of the last change of a client's tasks. */
  lastSeq(client: string): number {
    return this.#store.lastSeq(client);
  }

  /**
   * What changed after a position.
   *
   * @param client the client token
   * @param after the position
   * @returns the changes; `undefined` where the position is of another numbering, of the future, or too old
   */
  changesSince(client: string, after: Cursor): ChangesSince | undefined {
    return this.#knows(after) ? this.#store.changesSince(client, after.seq) : undefined;
  }

  /**
   * What changed after a position, of all clients.
   *
   * @param after the position
   * @returns the changes of each client; `undefined` where the position is of another numbering, or too old
   */
  allChangesSince(after: Cursor): ReadonlyMap<string, ChangesSince> | undefined {
    return this.#knows(after) ? this.#store.allChangesSince(after.seq) : undefined;
  }

  /**
   * A part of a task's log.
   *
   * @param client the client token
   * @param id the task's id
   * @param from the number of the first line that is wanted
   * @param to the number of the first line that is not wanted any more
   * @param most how many lines are wanted at most, the oldest of those that are kept
   * @returns those of the lines that are kept, oldest first
   */
  log(client: string, id: string, from: number, to: number, most?: number): LogSlice {
    return this.#store.log(client, id, from, to, most);
  }

  /** A task's history, oldest first. */
  history(client: string, id: string): readonly HistoryEntry[] {
    return this.#store.history(client, id);
  }

  /** What a task was started with; `undefined` where it was not started by name. */
  launch(client: string, id: string): Launch | undefined {
    return this.#store.launch(client, id);
  }

  /** Resolves when everything that was applied so far is committed; rejects with a `StorageError` where it can't be. */
  committed(): Promise<void> {
    return this.#store.committed();
  }

  /** Hears when trouble with the store comes and goes; gives back what ends it. */
  onDegradation(listener: (degradation: Degradation | null) => void): () => void {
    return this.#store.onDegradation(listener);
  }

  #knows({ epoch, seq }: Cursor): boolean {
    return (epoch === this.#store.epoch || epoch === this.#unsavedEpoch) && seq <= this.#store.seq;
  }
}
