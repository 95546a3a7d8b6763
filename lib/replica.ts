/**
 * A read-only copy of a monitor's tasks in another isolate, such as a worker, kept up to date over the
 * monitor's channel.
 *
 * @example Reading tasks in a worker
 * ```ts ignore -- needs a monitor in another isolate
 * import { connectReplica } from "@taskscope/taskscope/replica";
 *
 * using replica = await connectReplica();
 * for (const task of replica.tasks("default")) console.log(task.name, task.progress);
 * ```
 *
 * @module
 */

import { MemberChannel } from "./channel/member.ts";
import { type Cursor, formatCursor } from "./task/cursor.ts";
import { DEFAULT_CHANNEL } from "./task/grammar.ts";
import { parsePage, type ReplicationPage } from "./channel/replication.ts";
import type { Task } from "./task/task.ts";
import { withTimeout } from "./timeout.ts";

export type { Cursor } from "./task/cursor.ts";
export { TASK_STATES } from "./task/task.ts";
export type { EtaReason, JsonObject, JsonValue, Task, TaskError, TaskState } from "./task/task.ts";

/** Options of {@linkcode connectReplica}. */
export interface ReplicaOptions {
  /**
   * The name of the monitor's channel.
   *
   * @default {"taskscope"}
   */
  readonly channel?: string;
  /**
   * How long to wait for the first response of the monitor, and then for each further part of its tasks, in
   * milliseconds.
   *
   * @default {10000}
   */
  readonly timeoutMs?: number;
}

interface CopiedTask {
  readonly seq: number;
  readonly task: Task;
}

type Copies = Map<string, Map<string, CopiedTask>>;

/**
 * Connects to the monitor of this process and copies its tasks.
 *
 * @param options the monitor's channel, and how long to wait for it
 * @returns the replica, once it is complete
 * @throws {Error} if no monitor answers in time, or the runtime has no `BroadcastChannel`
 */
export async function connectReplica(options: ReplicaOptions = {}): Promise<Replica> {
  const { channel = DEFAULT_CHANNEL, timeoutMs = 10_000 } = options;
  const replica = new Replica(channel);
  if (await replica.whenCurrent(timeoutMs)) return replica;
  replica[Symbol.dispose]();
  throw new Error(
    `Cannot connect the replica: no monitor answered on channel "${channel}" within ${timeoutMs} ms`,
  );
}

/** A read-only copy of a monitor's tasks. A replica keeps its isolate alive until it is disposed of. */
export class Replica implements Disposable {
  readonly #channel: MemberChannel;
  /**
   * Resolves once the copy is complete or disposed of; all calls of {@linkcode Replica.whenCurrent} share
   * this promise.
   */
  #settled: PromiseWithResolvers<void> | undefined;
  #copies: Copies = new Map();
  #cursor: Cursor = { epoch: "0", seq: 0 };
  #isCurrent = false;
  #isPulling = false;
  #isDisposed = false;
  /** The sequence number of the newest known change. */
  #newestSeq = 0;
  /**
   * The number of parts that the monitor has sent so far, by which a wait notices that the copy makes
   * progress.
   */
  #parts = 0;

  /**
   * Starts to copy the tasks. {@linkcode connectReplica} also waits until the copy is complete.
   *
   * @param channel the name of the monitor's channel
   */
  constructor(channel: string) {
    this.#channel = new MemberChannel({
      name: channel,
      onConnect: ({ seq }) => this.#heardOf(seq, true),
      onHeartbeat: (seq) => this.#heardOf(seq, false),
      onPublication: (seq, text) => this.#published(seq, text),
    });
  }

  /** The position up to which the copy is complete. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Returns a task; `undefined` if this copy does not have it. */
  task(client: string, id: string): Task | undefined {
    return this.#copies.get(client)?.get(id)?.task;
  }

  /** Returns the tasks of a client, newest first. */
  tasks(client: string): Task[] {
    const tasks = Array.from(this.#copies.get(client)?.values() ?? [], (copied) => copied.task);
    return tasks.sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1));
  }

  /** Returns the clients that have tasks. */
  clients(): string[] {
    return [...this.#copies.keys()];
  }

  /**
   * Waits until the copy is complete.
   *
   * @param timeoutMs the maximum time without a further part of the copy, in milliseconds
   * @returns whether the copy is complete
   */
  async whenCurrent(timeoutMs: number): Promise<boolean> {
    for (let parts = -1; !this.#isCurrent && !this.#isDisposed && parts !== this.#parts;) {
      parts = this.#parts;
      this.#settled ??= Promise.withResolvers();
      await withTimeout(this.#settled.promise, timeoutMs);
    }
    return this.#isCurrent;
  }

  /** Disconnects from the monitor. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#channel.close();
    this.#settle();
  }

  #settle(): void {
    this.#settled?.resolve();
    this.#settled = undefined;
  }

  #heardOf(seq: number, mustPull: boolean): void {
    this.#newestSeq = Math.max(this.#newestSeq, seq);
    if (mustPull) this.#isCurrent = false;
    if (mustPull || this.#newestSeq > this.#cursor.seq) void this.#pull();
  }

  #published(seq: number, text: string): void {
    this.#newestSeq = Math.max(this.#newestSeq, seq);
    if (this.#isPulling || seq <= this.#cursor.seq) return;
    const page = parsePage(text);
    const follows = page.cursor.epoch === this.#cursor.epoch && page.from !== null &&
      page.from <= this.#cursor.seq;
    if (!follows) {
      void this.#pull();
      return;
    }
    applyPage(this.#copies, page);
    this.#cursor = page.cursor;
  }

  /** Requests the changes that the copy lacks. Only one pull runs at a time. */
  async #pull(): Promise<void> {
    if (this.#isPulling) return;
    this.#isPulling = true;
    try {
      do await this.#pullOnce(); while (this.#newestSeq > this.#cursor.seq && !this.#isDisposed);
      this.#isCurrent = true;
      this.#settle();
    } catch {
      // The connection was lost; the next connection or heartbeat calls this method again.
    } finally {
      this.#isPulling = false;
    }
  }

  async #pullOnce(): Promise<void> {
    const after = this.#cursor.epoch === "0" ? null : formatCursor(this.#cursor);
    let page = await this.#request({ type: "changes", after });
    let copies = this.#copies;
    for (;;) {
      // A new full copy is built separately, so that readers see the old copy until the new one is complete. It also
      // begins in place of further changes, if the monitor has forgotten this replica in the meantime.
      if (page.from === null) copies = new Map();
      applyPage(copies, page);
      if (!page.hasMore) break;
      page = await this.#request({ type: "more" });
    }
    if (copies !== this.#copies) this.#newestSeq = page.cursor.seq;
    this.#copies = copies;
    this.#cursor = page.cursor;
  }

  async #request(
    request: { readonly type: string; readonly after?: string | null },
  ): Promise<ReplicationPage> {
    const page = parsePage(await this.#channel.request(JSON.stringify(request)));
    this.#parts++;
    return page;
  }
}

function applyPage(copies: Copies, page: ReplicationPage): void {
  for (const { client, seq, task } of page.tasks) {
    let tasks = copies.get(client);
    if (tasks === undefined) copies.set(client, tasks = new Map());
    if ((tasks.get(task.id)?.seq ?? 0) < seq) tasks.set(task.id, { seq, task });
  }
  for (const { client, seq, id } of page.removed) {
    const tasks = copies.get(client);
    if (tasks === undefined || (tasks.get(id)?.seq ?? 0) > seq) continue;
    tasks.delete(id);
    if (tasks.size === 0) copies.delete(client);
  }
}
