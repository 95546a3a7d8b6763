/**
 * Tasks in the memory of the process, gone when it ends.
 *
 * @module
 */

import type { LogLine } from "../task.ts";
import { LogBook, type LogLimits } from "./log_book.ts";
import type { ChangesSince, RemovedTask, StoredTask, TaskStore } from "./store.ts";

/** The bounds of a {@linkcode MemoryStore}. */
export interface MemoryStoreLimits extends LogLimits {
  /** Removals that are remembered for each client, so that watchers who were away learn of them. */
  readonly removalsPerClient: number;
  /** Clients whose tasks are all gone that are still remembered. */
  readonly emptyClients: number;
}

/** A task in the list that is ordered by last change. */
interface Node {
  stored: StoredTask;
  older: Node | null;
  newer: Node | null;
}

/** The tasks of one client. */
class Namespace {
  /** In the order of creation. */
  readonly nodes: Map<string, Node> = new Map();
  newest: Node | null = null;
  lastSeq = 0;
  removed: RemovedTask[] = [];
  /** Removals up to this number may have been forgotten. */
  forgottenSeq = 0;

  moveToNewest(node: Node): void {
    if (this.newest === node) return;
    this.unlink(node);
    node.older = this.newest;
    if (this.newest !== null) this.newest.newer = node;
    this.newest = node;
  }

  unlink(node: Node): void {
    if (node.older !== null) node.older.newer = node.newer;
    if (node.newer !== null) node.newer.older = node.older;
    if (this.newest === node) this.newest = node.older;
    node.older = null;
    node.newer = null;
  }
}

/** Keeps tasks in memory. Every read and write costs the same however many tasks there are. */
export class MemoryStore implements TaskStore {
  readonly #limits: MemoryStoreLimits;
  readonly #namespaces: Map<string, Namespace> = new Map();
  /** The clients without tasks, longest empty first. */
  readonly #empty: Set<string> = new Set();
  readonly #logs: LogBook;
  /** Removals up to this number may have been forgotten together with their client. */
  #forgottenSeq = 0;

  /** @param limits the bounds to keep */
  constructor(limits: MemoryStoreLimits) {
    this.#limits = limits;
    this.#logs = new LogBook(limits);
  }

  put(client: string, stored: StoredTask): void {
    const namespace = this.#namespaceOf(client);
    let node = namespace.nodes.get(stored.task.id);
    if (node === undefined) {
      node = { stored, older: null, newer: null };
      namespace.nodes.set(stored.task.id, node);
    } else {
      node.stored = stored;
    }
    namespace.moveToNewest(node);
    namespace.lastSeq = stored.seq;
  }

  remove(client: string, id: string, seq: number): void {
    const namespace = this.#namespaces.get(client);
    const node = namespace?.nodes.get(id);
    if (namespace === undefined || node === undefined) return;
    namespace.nodes.delete(id);
    namespace.unlink(node);
    namespace.lastSeq = seq;
    namespace.removed.push({ id, seq });
    // Cut in halves, so that each removal costs the same on average.
    if (namespace.removed.length > this.#limits.removalsPerClient) {
      const forgotten = namespace.removed.splice(0, Math.ceil(namespace.removed.length / 2));
      namespace.forgottenSeq = forgotten.at(-1)?.seq ?? namespace.forgottenSeq;
    }
    this.#logs.delete(client, id);
    if (namespace.nodes.size === 0) this.#becameEmpty(client);
  }

  get(client: string, id: string): StoredTask | undefined {
    return this.#namespaces.get(client)?.nodes.get(id)?.stored;
  }

  *list(client: string): Generator<StoredTask> {
    for (const node of this.#namespaces.get(client)?.nodes.values() ?? []) yield node.stored;
  }

  count(client: string): number {
    return this.#namespaces.get(client)?.nodes.size ?? 0;
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
      // A task that was removed and created anew is not gone; one that was removed twice is gone since the last time.
      if (gone.seq <= seq || namespace.nodes.has(gone.id)) continue;
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

  appendLog(client: string, id: string, lines: readonly LogLine[]): void {
    this.#logs.append(client, id, lines);
  }

  log(client: string, id: string): readonly LogLine[] {
    return this.#logs.read(client, id);
  }

  committed(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#namespaces.clear();
    this.#empty.clear();
    this.#logs.clear();
    return Promise.resolve();
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

  #becameEmpty(client: string): void {
    this.#empty.add(client);
    if (this.#empty.size <= this.#limits.emptyClients) return;
    const [longest] = this.#empty;
    if (longest === undefined) return;
    this.#empty.delete(longest);
    this.#forgottenSeq = Math.max(this.#forgottenSeq, this.#namespaces.get(longest)?.lastSeq ?? 0);
    this.#namespaces.delete(longest);
  }
}
