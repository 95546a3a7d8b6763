/**
 * Which tasks there are, by client, and in which order they changed: what every store keeps in memory.
 *
 * @module
 */

import { TASK_STATES, type TaskState, type TaskSummary } from "../task/task.ts";
import { RunGroups } from "./run_groups.ts";
import type { ChangesSince, RemovedTask, StoredTask, TaskIndexReader } from "./store.ts";

/** The bounds of a {@linkcode TaskIndex}. */
export interface TaskIndexLimits {
  /** Removals that are remembered for each client, so that watchers who were away learn of them. */
  readonly removalsPerClient: number;
  /** Clients whose tasks are all gone that are still remembered. */
  readonly emptyClients: number;
}

/** A task in the list that is ordered by last change. */
export interface IndexedTask {
  stored: StoredTask;
  /** Its place in the order of creation of all tasks; never used twice. */
  readonly place: number;
  older: IndexedTask | null;
  newer: IndexedTask | null;
}

/** What is remembered of a client beside its tasks. */
export interface ClientMemory {
  /** The number of the last change. */
  readonly lastSeq: number;
  /** Removals up to this number may have been forgotten. */
  readonly forgottenSeq: number;
}

/** The tasks of one client. */
class Namespace implements ClientMemory {
  /** In the order of creation, once {@linkcode Namespace.inOrder} has put them into it. */
  readonly tasks: Map<string, IndexedTask> = new Map();
  /** Whether a task was restored since, which stands at the end. */
  isShuffled = false;
  newest: IndexedTask | null = null;
  lastSeq = 0;
  removed: RemovedTask[] = [];
  forgottenSeq = 0;
  /** Made when somebody first asks for it: nobody does of most clients that only were there when the store was opened. */
  runs: RunGroups | null = null;

  /** The tasks in the order of creation. Put into it here and not by each restore, as people restore many at once. */
  inOrder(): Iterable<IndexedTask> {
    if (this.isShuffled) {
      const tasks = [...this.tasks].sort(([, left], [, right]) => left.place - right.place);
      this.tasks.clear();
      for (const [id, node] of tasks) this.tasks.set(id, node);
      this.isShuffled = false;
    }
    return this.tasks.values();
  }

  moveToNewest(node: IndexedTask): void {
    if (this.newest === node) return;
    this.unlink(node);
    node.older = this.newest;
    if (this.newest !== null) this.newest.newer = node;
    this.newest = node;
  }

  unlink(node: IndexedTask): void {
    if (node.older !== null) node.older.newer = node.newer;
    if (node.newer !== null) node.newer.older = node.older;
    if (this.newest === node) this.newest = node.older;
    node.older = null;
    node.newer = null;
  }
}

/** An index of tasks. Reads and writes cost the same however many tasks there are, but for the list after a restore. */
export class TaskIndex implements TaskIndexReader {
  readonly #limits: TaskIndexLimits;
  readonly #namespaces: Map<string, Namespace> = new Map();
  /** The clients without tasks, longest empty first. */
  readonly #empty: Set<string> = new Set();
  /** Removals up to this number may have been forgotten together with their client. */
  #forgottenSeq = 0;
  #place = 0;
  readonly #states: Map<TaskState, number> = new Map(TASK_STATES.map((state) => [state, 0]));

  /** @param limits the bounds to keep */
  constructor(limits: TaskIndexLimits) {
    this.#limits = limits;
  }

  /** Removals up to this number may have been forgotten together with their client. */
  get forgottenSeq(): number {
    return this.#forgottenSeq;
  }

  /** How many tasks there are, by state. */
  get states(): ReadonlyMap<TaskState, number> {
    return this.#states;
  }

  /**
   * Adds a task or replaces it.
   *
   * @returns the task in the index
   */
  put(client: string, stored: StoredTask): IndexedTask {
    const namespace = this.#namespaceOf(client);
    let node = namespace.tasks.get(stored.id);
    if (node === undefined) node = this.#add(namespace, stored.id, ++this.#place, stored);
    else {
      namespace.runs?.delete(node);
      this.#count(node.stored, -1);
      this.#count(stored, 1);
      node.stored = stored;
    }
    namespace.runs?.add(node);
    namespace.moveToNewest(node);
    namespace.lastSeq = stored.seq;
    return node;
  }

  /** Puts a task that was removed back at its place in the order of creation. */
  restore(client: string, place: number, stored: StoredTask): void {
    const namespace = this.#namespaceOf(client);
    const restored = this.#add(namespace, stored.id, place, stored);
    namespace.runs?.add(restored);
    namespace.moveToNewest(restored);
    namespace.isShuffled = true;
    namespace.lastSeq = stored.seq;
  }

  /**
   * Adds a task that is known from before, at its place. Tasks come in the order of creation; once all are there,
   * {@linkcode TaskIndex.sortByChange} has to be called.
   */
  load(client: string, id: string, place: number, stored: StoredTask): void {
    this.#place = Math.max(this.#place, place);
    this.#add(this.#namespaceOf(client), id, place, stored);
  }

  /** Adds what is remembered of a client; its removals come in the order of their numbers. */
  loadClient(client: string, memory: ClientMemory, removed: readonly RemovedTask[]): void {
    const namespace = this.#namespaceOf(client);
    namespace.lastSeq = memory.lastSeq;
    namespace.forgottenSeq = memory.forgottenSeq;
    namespace.removed = [...removed];
    if (namespace.tasks.size === 0) this.#empty.add(client);
  }

  /** Puts the tasks that were loaded in the order of their last changes. */
  sortByChange(forgottenSeq: number): void {
    this.#forgottenSeq = forgottenSeq;
    for (const namespace of this.#namespaces.values()) {
      const nodes = [...namespace.tasks.values()].sort((a, b) => a.stored.seq - b.stored.seq);
      for (const node of nodes) namespace.moveToNewest(node);
      namespace.lastSeq = Math.max(namespace.lastSeq, nodes.at(-1)?.stored.seq ?? 0);
    }
  }

  /**
   * Removes a task.
   *
   * @returns what was removed, and the clients that are forgotten for it; `undefined` where there was no such task
   */
  remove(
    client: string,
    id: string,
    seq: number,
  ): { readonly node: IndexedTask; readonly forgotten: string | null } | undefined {
    const namespace = this.#namespaces.get(client);
    const node = namespace?.tasks.get(id);
    if (namespace === undefined || node === undefined) return undefined;
    namespace.tasks.delete(id);
    this.#count(node.stored, -1);
    namespace.runs?.delete(node);
    namespace.unlink(node);
    namespace.lastSeq = seq;
    namespace.removed.push({ id, seq });
    // Cut in halves, so that each removal costs the same on average.
    if (namespace.removed.length > this.#limits.removalsPerClient) {
      const forgotten = namespace.removed.splice(0, Math.ceil(namespace.removed.length / 2));
      namespace.forgottenSeq = forgotten.at(-1)?.seq ?? namespace.forgottenSeq;
    }
    return { node, forgotten: namespace.tasks.size === 0 ? this.#becameEmpty(client) : null };
  }

  /** The node of a task, or `undefined`. */
  node(client: string, id: string): IndexedTask | undefined {
    return this.#namespaces.get(client)?.tasks.get(id);
  }

  get(client: string, id: string): StoredTask | undefined {
    return this.node(client, id)?.stored;
  }

  *list(client: string): Generator<StoredTask> {
    for (const { stored } of this.#namespaces.get(client)?.inOrder() ?? []) yield stored;
  }

  count(client: string): number {
    return this.#namespaces.get(client)?.tasks.size ?? 0;
  }

  pastRuns(client: string, name: string, most: number): readonly TaskSummary[] {
    const namespace = this.#namespaces.get(client);
    if (namespace === undefined) return [];
    if (namespace.runs === null) {
      namespace.runs = new RunGroups();
      for (const node of namespace.tasks.values()) namespace.runs.add(node);
    }
    return namespace.runs.newest(name, most);
  }

  /** What is remembered of a client; `undefined` where nothing is. */
  memory(client: string): ClientMemory | undefined {
    return this.#namespaces.get(client);
  }

  lastSeq(client: string): number {
    return this.#namespaces.get(client)?.lastSeq ?? 0;
  }

  changesSince(client: string, seq: number): ChangesSince | undefined {
    const namespace = this.#namespaces.get(client);
    if (seq < (namespace?.forgottenSeq ?? this.#forgottenSeq)) return undefined;
    if (namespace === undefined) return { tasks: [], removed: [] };
    const tasks: StoredTask[] = [];
    for (let node = namespace.newest; node !== null && node.stored.seq > seq; node = node.older) {
      tasks.push(node.stored);
    }
    const removed = new Map<string, RemovedTask>();
    for (const gone of namespace.removed) {
      if (gone.seq <= seq) continue;
      // One that was removed twice is gone since the last time.
      removed.delete(gone.id);
      removed.set(gone.id, gone);
    }
    return { tasks: tasks.reverse(), removed: [...removed.values()] };
  }

  allChangesSince(seq: number): Map<string, ChangesSince> | undefined {
    if (seq < this.#forgottenSeq) return undefined;
    const all = new Map<string, ChangesSince>();
    for (const [client, namespace] of this.#namespaces) {
      if (namespace.lastSeq <= seq) continue;
      const changes = this.changesSince(client, seq);
      if (changes === undefined) return undefined;
      all.set(client, changes);
    }
    return all;
  }

  /** Forgets everything. */
  clear(): void {
    this.#namespaces.clear();
    this.#empty.clear();
    for (const state of this.#states.keys()) this.#states.set(state, 0);
  }

  #add(namespace: Namespace, id: string, place: number, stored: StoredTask): IndexedTask {
    const node: IndexedTask = { stored, place, older: null, newer: null };
    namespace.tasks.set(id, node);
    this.#count(stored, 1);
    return node;
  }

  #count({ summary: { state } }: StoredTask, change: 1 | -1): void {
    this.#states.set(state, this.#states.get(state)! + change);
  }

  #namespaceOf(client: string): Namespace {
    this.#empty.delete(client);
    let namespace = this.#namespaces.get(client);
    if (namespace === undefined) {
      namespace = new Namespace();
      namespace.forgottenSeq = this.#forgottenSeq;
      this.#namespaces.set(client, namespace);
    }
    return namespace;
  }

  /** Gives back the client that is forgotten in turn, if any. */
  #becameEmpty(client: string): string | null {
    this.#empty.add(client);
    if (this.#empty.size <= this.#limits.emptyClients) return null;
    const [longest] = this.#empty;
    if (longest === undefined) return null;
    this.#empty.delete(longest);
    this.#forgottenSeq = Math.max(this.#forgottenSeq, this.#namespaces.get(longest)?.lastSeq ?? 0);
    this.#namespaces.delete(longest);
    return longest;
  }
}
