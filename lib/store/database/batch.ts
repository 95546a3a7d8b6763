/**
 * Collects the changes of one commit, and converts them to rows for the writer's worker.
 *
 * @module
 */

import { now } from "../../clock.ts";
import type { StorageError } from "../../errors.ts";
import { type RunSummary, runSummaryOf } from "../../task/run_summary.ts";
import { isFinal } from "../../task/task.ts";
import type { SideRow, SideValue } from "../side_tables.ts";
import type { ClientMemory } from "../client_tasks.ts";
import type { Delivery, TaskKey, TaskRecord } from "../store.ts";
import { endOf } from "../past_run_store.ts";
import { type PastRunRow, pastRunRow } from "./past_run_rows.ts";
import { type RunRow, runRow } from "./run_row.ts";

/** The rows of one commit, in the form in which they are posted to the writer's worker. */
export interface BatchMessage {
  readonly tasks: readonly TaskRow[];
  /** A row with the summary of each task that has ended. */
  readonly runs: readonly RunRow[];
  readonly pastRuns: readonly PastRunRow[];
  readonly side: readonly SideTableMessage[];
  readonly removed: readonly number[];
  readonly purged: readonly number[];
  readonly removals: readonly (readonly [client: string, seq: number, id: string])[];
  readonly clients: readonly (readonly [client: string, lastSeq: number, forgottenSeq: number])[];
  readonly forgottenClients: readonly string[];
  readonly deliveries: readonly DeliveryRow[];
  readonly removedDeliveries: readonly string[];
  readonly meta: readonly (readonly [name: string, value: number])[];
}

/** The row of a task, with its record. */
export type TaskRow = readonly [
  place: number,
  client: string,
  id: string,
  seq: number,
  endedAt: number | null,
  record: string,
];

/** The changes to one side table. */
export interface SideTableMessage {
  readonly table: string;
  /** The rows of a task are together, in the order in which they were added. */
  readonly rows: readonly (readonly [place: number, ...row: SideValue[]])[];
  /**
   * Where to cut off the oldest entries of a task: the first key to keep if keys are consecutive, otherwise the number
   * of entries to keep.
   */
  readonly cuts: readonly (readonly [place: number, cut: number])[];
}

/** The row of a message that is queued for delivery. */
export type DeliveryRow = readonly [
  id: string,
  receiver: string,
  event: string,
  client: string,
  taskId: string,
  seq: number,
  at: number,
  size: number,
  text: string,
];

/** A task to be written. */
export interface DirtyTask extends TaskKey {
  readonly stored: TaskRecord;
}

/** The changes to write into one side table, by the place of the task. */
interface SideTableChanges {
  readonly rows: Map<number, SideRow[]>;
  readonly cuts: Map<number, number>;
}

/**
 * Collects the changes of one commit. If a task changes more than once, only its newest record is written.
 */
export class Batch {
  /** The tasks to write, by place. */
  readonly tasks: Map<number, DirtyTask> = new Map();
  /** The deliveries to insert, by id, in insertion order. */
  readonly deliveries: Map<string, { readonly delivery: Delivery; readonly text: string }> = new Map();
  readonly removedDeliveries: Set<string> = new Set();
  /** The past runs to add, by client and name, in the order in which they were added. */
  readonly pastRuns: Map<string, Map<string, RunSummary[]>> = new Map();
  readonly #removed: Set<number> = new Set();
  readonly #purged: Set<number> = new Set();
  /**
   * The removals to write, by client and id. Only the last removal of an id is kept, so that there are at most as many
   * removals as tasks.
   */
  readonly #removals: Map<string, readonly [string, number, string]> = new Map();
  readonly #clients: Set<string> = new Set();
  readonly #forgottenClients: Set<string> = new Set();
  /** The changes to side tables, by the name of the table. */
  readonly #side: Map<string, SideTableChanges> = new Map();
  readonly #meta: Map<string, number> = new Map();
  #settled = Promise.withResolvers<void>();
  #isEmpty = true;

  constructor() {
    this.#settled.promise.catch(() => {});
  }

  /** Whether the batch is empty. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Resolves when the batch is committed; rejects when an attempt to commit it fails. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Resolves {@linkcode Batch.settled}. */
  succeeded(): void {
    this.#settled.resolve();
  }

  /** Rejects {@linkcode Batch.settled} and replaces it with a new promise, because the commit will be retried. */
  failed(error: StorageError): void {
    this.#settled.reject(error);
    this.#settled = Promise.withResolvers();
    this.#settled.promise.catch(() => {});
  }

  put(client: string, place: number, stored: TaskRecord): void {
    this.tasks.set(place, { client, id: stored.id, stored });
    this.#removed.delete(place);
    this.#touch(client);
  }

  /**
   * Adds a removal, for watchers that reconnect.
   *
   * @param client the client token
   * @param place the place of the task, whose row is marked as removed; `null` if no row is marked
   * @param id the task's id
   * @param seq the sequence number of the removal
   */
  remove(client: string, place: number | null, id: string, seq: number): void {
    if (place !== null) this.#removed.add(place);
    this.#removals.set(`${client}/${id}`, [client, seq, id]);
    this.#touch(client);
  }

  purge(place: number): void {
    this.tasks.delete(place);
    for (const { rows, cuts } of this.#side.values()) {
      rows.delete(place);
      cuts.delete(place);
    }
    this.#removed.delete(place);
    this.#purged.add(place);
    this.#isEmpty = false;
  }

  forgetClient(client: string): void {
    this.#forgottenClients.add(client);
    this.#clients.delete(client);
    this.#isEmpty = false;
  }

  /**
   * Returns the rows of a task that are to be written into a side table, in the order in which they were
   * added.
   */
  rows(table: string, place: number): readonly SideRow[] {
    return this.#side.get(table)?.rows.get(place) ?? [];
  }

  /** Adds rows to write for a task. */
  addRows(table: string, place: number, added: readonly SideRow[]): void {
    const { rows } = this.#sideOf(table);
    const known = rows.get(place);
    if (known === undefined) rows.set(place, [...added]);
    else known.push(...added);
    this.#isEmpty = false;
  }

  /** Replaces the rows to write for a task. */
  replaceRows(table: string, place: number, rows: readonly SideRow[]): void {
    this.#sideOf(table).rows.set(place, [...rows]);
    this.#isEmpty = false;
  }

  /**
   * Deletes the oldest rows of a task; see {@linkcode SideTableMessage.cuts}. Call this only together with
   * {@linkcode Batch.addRows}.
   */
  cutRows(table: string, place: number, cut: number): void {
    this.#sideOf(table).cuts.set(place, cut);
  }

  addPastRun(client: string, run: RunSummary): void {
    let names = this.pastRuns.get(client);
    if (names === undefined) this.pastRuns.set(client, names = new Map());
    const summary = { ...runSummaryOf(run), finished_at: endOf(run) };
    const runs = names.get(run.name);
    if (runs === undefined) names.set(run.name, [summary]);
    else runs.push(summary);
    this.#isEmpty = false;
  }

  putDelivery(delivery: Delivery, text: string): void {
    this.deliveries.set(delivery.id, { delivery, text });
    this.#isEmpty = false;
  }

  removeDelivery(id: string): void {
    // A delivery that was queued in the same batch is not written at all.
    if (!this.deliveries.delete(id)) this.removedDeliveries.add(id);
    this.#isEmpty = false;
  }

  /** Returns the new value of a number in the table `meta`; `undefined` if the number is unchanged. */
  meta(name: string): number | undefined {
    return this.#meta.get(name);
  }

  setMeta(name: string, value: number): void {
    this.#meta.set(name, value);
    this.#isEmpty = false;
  }

  /**
   * Returns the rows that the worker must write.
   *
   * @param memoryOf returns the current {@linkcode ClientMemory} of a client
   */
  message(memoryOf: (client: string) => ClientMemory | undefined): BatchMessage {
    // The monitor's clock is used, because a reporter's clock may be far behind; the monitor's clock also measures a
    // task's age.
    const endedAt = now();
    const tasks: TaskRow[] = [];
    const runs: RunRow[] = [];
    for (const [place, { client, id, stored: { summary, seq, json } }] of this.tasks) {
      const isEnd = isFinal(summary.state);
      tasks.push([place, client, id, seq, isEnd ? endedAt : null, json]);
      if (isEnd) runs.push(runRow(place, summary));
    }
    return {
      tasks,
      runs,
      pastRuns: [...this.pastRuns].flatMap(([client, names]) =>
        [...names.values()].flat().map((run) => pastRunRow(client, run))
      ),
      side: Array.from(
        this.#side,
        ([table, { rows, cuts }]) => ({ table, rows: withPlaces(rows), cuts: [...cuts] }),
      ),
      removed: [...this.#removed],
      purged: [...this.#purged],
      removals: [...this.#removals.values()],
      clients: [...this.#clients].flatMap((client) => {
        const memory = memoryOf(client);
        return memory === undefined ? [] : [[client, memory.lastSeq, memory.forgottenSeq] as const];
      }),
      forgottenClients: [...this.#forgottenClients],
      deliveries: Array.from(this.deliveries.values(), ({ delivery, text }): DeliveryRow => {
        const { id, receiver, event, task, seq, at, size } = delivery;
        return [id, receiver, event, task.client, task.id, seq, at, size, text];
      }),
      removedDeliveries: [...this.removedDeliveries],
      meta: [...this.#meta],
    };
  }

  #sideOf(table: string): SideTableChanges {
    let side = this.#side.get(table);
    if (side === undefined) this.#side.set(table, side = { rows: new Map(), cuts: new Map() });
    return side;
  }

  #touch(client: string): void {
    this.#clients.add(client);
    this.#forgottenClients.delete(client);
    this.#isEmpty = false;
  }
}

/** Returns the rows of all tasks, each with the place of its task. */
function withPlaces(tasks: ReadonlyMap<number, readonly SideRow[]>): SideTableMessage["rows"] {
  const all: (readonly [number, ...SideValue[]])[] = [];
  for (const [place, rows] of tasks) {
    for (const row of rows) all.push([place, ...row]);
  }
  return all;
}
