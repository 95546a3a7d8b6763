/**
 * Indexes tasks in memory, by client and by last change, for every kind of store.
 *
 * @module
 */

import { isFinal, TASK_STATES, type TaskState } from "../task/task.ts";
import { type ClientMemory, ClientTasks, type IndexedTask } from "./client_tasks.ts";
import type { ChangesSince, RemovedTask, StoredTask, TaskIndexReader } from "./store.ts";

/** The limits of a {@linkcode TaskIndex}: how much it remembers besides the tasks. */
export interface TaskIndexLimits {
  /** The number of removals to remember per client, so that watchers that reconnect receive them. */
  readonly removalsPerClient: number;
  /** The number of clients without tasks to remember. */
  readonly emptyClients: number;
}

/**
 * Indexes tasks in memory. The cost of reads and writes does not grow with the number of tasks, except for a
 * list after a restore.
 */
export class TaskIndex implements TaskIndexReader {
  readonly #limits: TaskIndexLimits;
  readonly #clients: Map<string, ClientTasks> = new Map();
  /** The clients without tasks, in the order in which they became empty. */
  readonly #empty: Set<string> = new Set();
  /** The sequence number up to which removals may have been forgotten together with their client. */
  #forgottenSeq = 0;
  #place = 0;
  /** The distance between two places that this index assigns, and the remainder of each place when divided by it. */
  #step = 1;
  #remainder = 0;
  /** The tasks that were left out, as `client/id`. */
  readonly #leftOut: Set<string> = new Set();
  readonly #states: Map<TaskState, number> = new Map(TASK_STATES.map((state) => [state, 0]));

  /** @param limits how much to remember */
  constructor(limits: TaskIndexLimits) {
    this.#limits = limits;
  }

  /** The sequence number up to which removals may have been forgotten together with their client. */
  get forgottenSeq(): number {
    return this.#forgottenSeq;
  }

  /** The number of tasks by state. */
  get states(): ReadonlyMap<TaskState, number> {
    return this.#states;
  }

  /**
   * Adds or replaces a task.
   *
   * @returns the node of the task
   */
  put(client: string, stored: StoredTask): IndexedTask {
    const clientTasks = this.#clientOf(client);
    let node = clientTasks.tasks.get(stored.id);
    if (node === undefined) node = this.#add(clientTasks, stored.id, this.#nextPlace(), stored);
    else this.#replace(node, stored);
    clientTasks.moveToNewest(node);
    clientTasks.lastSeq = stored.seq;
    return node;
  }

  /** Restores a removed task at its place in the order of creation. */
  restore(client: string, place: number, stored: StoredTask): void {
    const clientTasks = this.#clientOf(client);
    clientTasks.moveToNewest(this.#add(clientTasks, stored.id, place, stored));
    clientTasks.lastSeq = stored.seq;
  }

  /**
   * Forgets the removals that another node has forgotten, and that are therefore no longer in the database.
   *
   * @param clients the sequence number up to which the other node has forgotten removals, for each client that it knows
   * @param forgottenSeq the sequence number up to which it has forgotten the removals of all other clients
   */
  forget(clients: ReadonlyMap<string, number>, forgottenSeq: number): void {
    this.#forgottenSeq = Math.max(this.#forgottenSeq, forgottenSeq);
    for (const client of this.#empty) {
      if (clients.has(client)) continue;
      this.#empty.delete(client);
      this.#clients.delete(client);
    }
    for (const [client, seq] of clients) {
      const clientTasks = this.#clients.get(client);
      if (clientTasks === undefined || clientTasks.forgottenSeq >= seq) continue;
      clientTasks.forgottenSeq = seq;
      clientTasks.removed = clientTasks.removed.filter((removed) => removed.seq > seq);
    }
  }

  /** Adds or replaces a task that another node has changed. A task with the same id at another place is dropped. */
  follow(client: string, place: number, stored: StoredTask): void {
    this.skip(place);
    const clientTasks = this.#clientOf(client);
    const known = clientTasks.tasks.get(stored.id);
    if (known !== undefined && known.place !== place) this.#drop(clientTasks, known);
    const node = known?.place === place
      ? this.#replace(known, stored)
      : this.#add(clientTasks, stored.id, place, stored);
    clientTasks.moveToNewest(node);
    // Sequence numbers may arrive out of order, because removals are applied before tasks that changed earlier.
    clientTasks.lastSeq = Math.max(clientTasks.lastSeq, stored.seq);
  }

  /** Removes a task that another node has removed, and remembers the removal even if the task is unknown. */
  followRemoval(client: string, id: string, seq: number): void {
    const clientTasks = this.#clientOf(client);
    const node = clientTasks.tasks.get(id);
    if (node !== undefined) this.#drop(clientTasks, node);
    this.#noteRemoval(client, clientTasks, { id, seq });
  }

  /**
   * Adds a task at its place while a store is opened. Call this in the order of creation, and call
   * {@linkcode TaskIndex.sortByChange} at the end.
   */
  load(client: string, id: string, place: number, stored: StoredTask): void {
    this.#place = Math.max(this.#place, place);
    this.#add(this.#clientOf(client), id, place, stored);
  }

  isLeftOut(client: string, id: string): boolean {
    return this.#leftOut.has(`${client}/${id}`);
  }

  /** Marks the place of a task that is not loaded as used, so that no other task gets it. */
  skip(place: number): void {
    this.#place = Math.max(this.#place, place);
  }

  /**
   * Assigns only every `step`th place from now on, and leaves the other places to the indexes of other shards.
   *
   * @param step the distance between two places
   * @param remainder the remainder of the places when divided by `step`, which is different in each index
   * @param last the last place that is already used; only later places are assigned
   */
  useEvery(step: number, remainder: number, last: number): void {
    this.skip(last);
    this.#step = step;
    this.#remainder = remainder;
  }

  /** Returns the places of the tasks that have not ended, in order. */
  unfinishedPlaces(): number[] {
    const places: number[] = [];
    for (const { tasks } of this.#clients.values()) {
      for (const { stored, place } of tasks.values()) if (!isFinal(stored.summary.state)) places.push(place);
    }
    return places.sort((a, b) => a - b);
  }

  /**
   * Drops a task as if it had never been loaded: no watcher is notified, and no removal is remembered. Another task
   * with the same id is not affected, because it has another place.
   */
  leaveOut(client: string, id: string, place: number): void {
    this.#leftOut.add(`${client}/${id}`);
    const clientTasks = this.#clients.get(client);
    const node = clientTasks?.tasks.get(id);
    if (clientTasks !== undefined && node?.place === place) this.#drop(clientTasks, node);
  }

  /**
   * Adds the {@linkcode ClientMemory} of a client while a store is opened; `removed` must be in the order of removal.
   */
  loadClient(client: string, memory: ClientMemory, removed: readonly RemovedTask[]): void {
    const clientTasks = this.#clientOf(client);
    clientTasks.lastSeq = memory.lastSeq;
    clientTasks.forgottenSeq = memory.forgottenSeq;
    clientTasks.removed = [...removed];
    if (clientTasks.tasks.size === 0) this.#empty.add(client);
  }

  /** Sorts the loaded tasks by their last change. */
  sortByChange(forgottenSeq: number): void {
    this.#forgottenSeq = forgottenSeq;
    for (const clientTasks of this.#clients.values()) {
      const nodes = [...clientTasks.tasks.values()].sort((a, b) => a.stored.seq - b.stored.seq);
      for (const node of nodes) clientTasks.moveToNewest(node);
      clientTasks.lastSeq = Math.max(clientTasks.lastSeq, nodes.at(-1)?.stored.seq ?? 0);
    }
  }

  /**
   * Removes a task.
   *
   * @returns the removed node, and, if too many clients have no tasks, the client that was forgotten; `undefined` if
   * the task does not exist
   */
  remove(
    client: string,
    id: string,
    seq: number,
  ): { readonly node: IndexedTask; readonly forgotten: string | null } | undefined {
    const clientTasks = this.#clients.get(client);
    const node = clientTasks?.tasks.get(id);
    if (clientTasks === undefined || node === undefined) return undefined;
    this.#drop(clientTasks, node);
    return { node, forgotten: this.#noteRemoval(client, clientTasks, { id, seq }) };
  }

  /** Returns the node of a task; `undefined` if it does not exist. */
  node(client: string, id: string): IndexedTask | undefined {
    return this.#clients.get(client)?.tasks.get(id);
  }

  get(client: string, id: string): StoredTask | undefined {
    return this.node(client, id)?.stored;
  }

  *list(client: string): Generator<StoredTask> {
    for (const { stored } of this.#clients.get(client)?.inOrder() ?? []) yield stored;
  }

  count(client: string): number {
    return this.#clients.get(client)?.tasks.size ?? 0;
  }

  /** Returns the data that is remembered of a client; `undefined` if the client is unknown. */
  memory(client: string): ClientMemory | undefined {
    return this.#clients.get(client);
  }

  lastSeq(client: string): number {
    return this.#clients.get(client)?.lastSeq ?? 0;
  }

  changesSince(client: string, seq: number): ChangesSince | undefined {
    const clientTasks = this.#clients.get(client);
    if (seq < (clientTasks?.forgottenSeq ?? this.#forgottenSeq)) return undefined;
    if (clientTasks === undefined) return { tasks: [], removed: [] };
    const tasks: StoredTask[] = [];
    for (let node = clientTasks.newest; node !== null && node.stored.seq > seq; node = node.older) {
      tasks.push(node.stored);
    }
    const removed = new Map<string, RemovedTask>();
    for (const gone of clientTasks.removed) {
      if (gone.seq <= seq) continue;
      // If an id was removed twice, only the last removal counts.
      removed.delete(gone.id);
      removed.set(gone.id, gone);
    }
    return { tasks: tasks.reverse(), removed: [...removed.values()] };
  }

  allChangesSince(seq: number): Map<string, ChangesSince> | undefined {
    if (seq < this.#forgottenSeq) return undefined;
    const all = new Map<string, ChangesSince>();
    for (const [client, clientTasks] of this.#clients) {
      if (clientTasks.lastSeq <= seq) continue;
      const changes = this.changesSince(client, seq);
      if (changes === undefined) return undefined;
      all.set(client, changes);
    }
    return all;
  }

  /** Removes all tasks and clients. */
  clear(): void {
    this.#clients.clear();
    this.#empty.clear();
    for (const state of this.#states.keys()) this.#states.set(state, 0);
  }

  #nextPlace(): number {
    const last = this.#place - this.#place % this.#step + this.#remainder;
    return this.#place = last > this.#place ? last : last + this.#step;
  }

  #add(clientTasks: ClientTasks, id: string, place: number, stored: StoredTask): IndexedTask {
    const node: IndexedTask = { stored, place, older: null, newer: null };
    clientTasks.tasks.set(id, node);
    if (place < clientTasks.lastPlace) clientTasks.isShuffled = true;
    else clientTasks.lastPlace = place;
    this.#count(stored, 1);
    return node;
  }

  #replace(node: IndexedTask, stored: StoredTask): IndexedTask {
    if (node.stored.summary.state !== stored.summary.state) {
      this.#count(node.stored, -1);
      this.#count(stored, 1);
    }
    node.stored = stored;
    return node;
  }

  #drop(clientTasks: ClientTasks, node: IndexedTask): void {
    clientTasks.tasks.delete(node.stored.id);
    this.#count(node.stored, -1);
    clientTasks.unlink(node);
  }

  /** Remembers a removal. Returns the client that is forgotten because too many clients have no tasks, if any. */
  #noteRemoval(client: string, clientTasks: ClientTasks, removed: RemovedTask): string | null {
    clientTasks.lastSeq = removed.seq;
    clientTasks.removed.push(removed);
    // The list is halved, so that the amortised cost per removal is constant.
    if (clientTasks.removed.length > this.#limits.removalsPerClient) {
      const forgotten = clientTasks.removed.splice(0, Math.ceil(clientTasks.removed.length / 2));
      clientTasks.forgottenSeq = forgotten.at(-1)?.seq ?? clientTasks.forgottenSeq;
    }
    return clientTasks.tasks.size === 0 ? this.#becameEmpty(client) : null;
  }

  #count({ summary: { state } }: StoredTask, change: 1 | -1): void {
    this.#states.set(state, this.#states.get(state)! + change);
  }

  #clientOf(client: string): ClientTasks {
    this.#empty.delete(client);
    let clientTasks = this.#clients.get(client);
    if (clientTasks === undefined) {
      clientTasks = new ClientTasks();
      clientTasks.forgottenSeq = this.#forgottenSeq;
      this.#clients.set(client, clientTasks);
    }
    return clientTasks;
  }

  /**
   * Records that a client no longer has tasks. Returns the client that is forgotten because too many clients have no
   * tasks, if any.
   */
  #becameEmpty(client: string): string | null {
    this.#empty.add(client);
    if (this.#empty.size <= this.#limits.emptyClients) return null;
    const [longest] = this.#empty;
    if (longest === undefined) return null;
    this.#empty.delete(longest);
    this.#forgottenSeq = Math.max(this.#forgottenSeq, this.#clients.get(longest)?.lastSeq ?? 0);
    this.#clients.delete(longest);
    return longest;
  }
}
