/**
 * What changed since the last commit: put together in the registry's isolate, written by the worker.
 *
 * @module
 */

import type { StorageError } from "../../errors.ts";
import { type HistoryEntry, isFinal, type LogLine, type TaskSummary } from "../../task/task.ts";
import type { ClientMemory } from "../task_index.ts";
import type { Delivery, StoredTask, TaskKey } from "../store.ts";
import { storable } from "./storable.ts";

/** One commit, as it travels to the worker: lists of the rows to write. */
export interface BatchMessage {
  readonly tasks: readonly TaskRow[];
  /** Of those of them that have ended. */
  readonly runs: readonly RunRow[];
  readonly launches: readonly (readonly [place: number, launch: string])[];
  readonly series: readonly (readonly [place: number, points: string])[];
  readonly removed: readonly number[];
  readonly purged: readonly number[];
  readonly removals: readonly (readonly [client: string, seq: number, id: string])[];
  readonly clients: readonly (readonly [client: string, lastSeq: number, forgottenSeq: number])[];
  readonly forgottenClients: readonly string[];
  readonly lines: readonly (readonly [place: number, number: number, at: number, text: string])[];
  readonly history: readonly HistoryRow[];
  /** Log lines before a number that are not kept. */
  readonly lineCuts: readonly (readonly [place: number, before: number])[];
  /** Entries of a task's history, beside those of its states, that are kept. */
  readonly historyCuts: readonly (readonly [place: number, most: number])[];
  readonly deliveries: readonly DeliveryRow[];
  readonly removedDeliveries: readonly string[];
  readonly meta: readonly (readonly [name: string, value: number])[];
}

/** A row of a task and its record. */
export type TaskRow = readonly [
  place: number,
  client: string,
  id: string,
  seq: number,
  endedAt: number | null,
  record: string,
];

/** A row of what lists need of a task that has ended. */
export type RunRow = readonly [
  place: number,
  name: string,
  state: string,
  createdAt: number,
  startedAt: number | null,
  updatedAt: number,
  finishedAt: number | null,
  progress: number | null,
  parentId: string | null,
  retryOf: string | null,
];

/** A row of a task's history. */
export type HistoryRow = readonly [
  place: number,
  version: number,
  at: number,
  state: string,
  status: string,
  progress: number | null,
  isState: number,
];

/** A row of a message to be delivered. */
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

/** A log line with its number. */
export interface NumberedLine extends LogLine {
  readonly number: number;
}

/** A task that is to be written. */
export interface DirtyTask extends TaskKey {
  readonly stored: StoredTask;
}

/** A note in a task's history that is to be written. */
interface DirtyEntry {
  readonly entry: HistoryEntry;
  readonly isState: boolean;
}

/** Gathers changes; of a task that changes more than once, the newest record is written. */
export class Batch {
  /** By place. */
  readonly tasks: Map<number, DirtyTask> = new Map();
  readonly launches: Map<number, string> = new Map();
  readonly series: Map<number, string> = new Map();
  readonly lines: Map<number, NumberedLine[]> = new Map();
  readonly history: Map<number, DirtyEntry[]> = new Map();
  /** By id, in the order in which they were put. */
  readonly deliveries: Map<string, { readonly delivery: Delivery; readonly text: string }> = new Map();
  readonly removedDeliveries: Set<string> = new Set();
  readonly #removed: Set<number> = new Set();
  readonly #purged: Set<number> = new Set();
  /** By client and id; only the last one of each counts, so that there are no more of them than tasks. */
  readonly #removals: Map<string, readonly [string, number, string]> = new Map();
  readonly #clients: Set<string> = new Set();
  readonly #forgottenClients: Set<string> = new Set();
  readonly #lineCuts: Map<number, number> = new Map();
  readonly #historyCuts: Map<number, number> = new Map();
  readonly #meta: Map<string, number> = new Map();
  #settled = Promise.withResolvers<void>();
  #isEmpty = true;

  constructor() {
    this.#settled.promise.catch(() => {});
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Resolves when the batch is committed; rejects when that fails. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** The batch is committed. */
  succeeded(): void {
    this.#settled.resolve();
  }

  /** The batch could not be committed this time. */
  failed(error: StorageError): void {
    this.#settled.reject(error);
    this.#settled = Promise.withResolvers();
    this.#settled.promise.catch(() => {});
  }

  put(client: string, place: number, stored: StoredTask): void {
    this.tasks.set(place, { client, id: stored.id, stored });
    this.#removed.delete(place);
    this.#touch(client);
  }

  remove(client: string, place: number, id: string, seq: number): void {
    this.#removed.add(place);
    this.#removals.set(`${client}/${id}`, [client, seq, id]);
    this.#touch(client);
  }

  purge(place: number): void {
    for (const rows of [this.tasks, this.launches, this.series, this.lines, this.history]) rows.delete(place);
    for (const rows of [this.#lineCuts, this.#historyCuts]) rows.delete(place);
    this.#removed.delete(place);
    this.#purged.add(place);
    this.#isEmpty = false;
  }

  forgetClient(client: string): void {
    this.#forgottenClients.add(client);
    this.#clients.delete(client);
    this.#isEmpty = false;
  }

  putLaunch(place: number, launch: string): void {
    this.launches.set(place, launch);
    this.#isEmpty = false;
  }

  putSeries(place: number, points: string): void {
    this.series.set(place, points);
    this.#isEmpty = false;
  }

  appendLines(place: number, lines: readonly NumberedLine[]): void {
    const known = this.lines.get(place);
    if (known === undefined) this.lines.set(place, [...lines]);
    else known.push(...lines);
    this.#isEmpty = false;
  }

  cutLines(place: number, before: number): void {
    this.#lineCuts.set(place, before);
  }

  appendHistory(place: number, entry: HistoryEntry, isState: boolean): void {
    const known = this.history.get(place);
    if (known === undefined) this.history.set(place, [{ entry, isState }]);
    else known.push({ entry, isState });
    this.#isEmpty = false;
  }

  cutHistory(place: number, most: number): void {
    this.#historyCuts.set(place, most);
  }

  putDelivery(delivery: Delivery, text: string): void {
    this.deliveries.set(delivery.id, { delivery, text });
    this.#isEmpty = false;
  }

  removeDelivery(id: string): void {
    // One that is not on its way to the disk yet never gets there.
    if (!this.deliveries.delete(id)) this.removedDeliveries.add(id);
    this.#isEmpty = false;
  }

  /** A number that is to be written; `undefined` where it stays. */
  meta(name: string): number | undefined {
    return this.#meta.get(name);
  }

  setMeta(name: string, value: number): void {
    this.#meta.set(name, value);
    this.#isEmpty = false;
  }

  /**
   * The rows to write.
   *
   * @param memoryOf what is remembered of a client now
   */
  message(memoryOf: (client: string) => ClientMemory | undefined): BatchMessage {
    const nowSeconds = Date.now() / 1000;
    return {
      tasks: Array.from(this.tasks, ([place, { client, id, stored }]): TaskRow => {
        const { summary, seq, json } = stored;
        // By our clock, as a task's age counts from here; that of a reporter may be far behind.
        const endedAt = isFinal(summary.state) ? nowSeconds : null;
        return [place, client, id, seq, endedAt, json];
      }),
      runs: [...this.tasks].flatMap(([place, { stored: { summary } }]) =>
        isFinal(summary.state) ? [runRow(place, summary)] : []
      ),
      launches: [...this.launches],
      series: [...this.series],
      removed: [...this.#removed],
      purged: [...this.#purged],
      removals: [...this.#removals.values()],
      clients: [...this.#clients].flatMap((client) => {
        const memory = memoryOf(client);
        return memory === undefined ? [] : [[client, memory.lastSeq, memory.forgottenSeq] as const];
      }),
      forgottenClients: [...this.#forgottenClients],
      lines: [...this.lines].flatMap(([place, lines]) =>
        lines.map(({ number, at, text }) => [place, number, at, text] as const)
      ),
      history: [...this.history].flatMap(([place, entries]) =>
        entries.map((
          { entry: { version, at, state, status, progress }, isState },
        ): HistoryRow => [place, version, at, state, status, progress, isState ? 1 : 0])
      ),
      lineCuts: [...this.#lineCuts],
      historyCuts: [...this.#historyCuts],
      deliveries: Array.from(this.deliveries.values(), ({ delivery, text }): DeliveryRow => {
        const { id, receiver, event, task, seq, at, size } = delivery;
        return [id, receiver, event, task.client, task.id, seq, at, size, text];
      }),
      removedDeliveries: [...this.removedDeliveries],
      meta: [...this.#meta],
    };
  }

  #touch(client: string): void {
    this.#clients.add(client);
    this.#forgottenClients.delete(client);
    this.#isEmpty = false;
  }
}

function runRow(place: number, run: TaskSummary): RunRow {
  const { name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of } = run;
  return [
    place,
    storable(name),
    state,
    created_at,
    started_at,
    updated_at,
    finished_at,
    progress,
    parent_id,
    retry_of,
  ];
}
