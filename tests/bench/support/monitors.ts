/**
 * Starts monitors in processes of their own, and fills databases with tasks.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { Durability, MonitorLimits } from "../../../lib/mod.ts";
import { verify } from "./harness.ts";
import { Remote } from "./remote.ts";

/** The options of the monitor to measure, a subset of those of `createMonitor()`. */
export interface MonitorSettings {
  readonly limits?: Partial<MonitorLimits>;
  /** The path or the URL of the monitor's database; by default, tasks are in memory. */
  readonly data?: string;
  readonly durability?: Durability;
}

/** The number of clients to create tasks for, and the number of tasks of each client. */
export interface Population {
  readonly clients: number;
  readonly endedPerClient: number;
  readonly livePerClient: number;
}

/** Almost as many ended tasks as the default limits permit. */
export const MANY_ENDED: Population = { clients: 100, endedPerClient: 990, livePerClient: 0 };

/** As many tasks as the default limits permit, of which a few are live. */
export const MANY: Population = { ...MANY_ENDED, livePerClient: 10 };

/** Starts a monitor in a process of its own. */
export function startMonitor(settings: MonitorSettings = {}): Promise<Remote> {
  return Remote.start("monitor.ts", [JSON.stringify(settings)]);
}

/**
 * Creates a database with tasks.
 *
 * @param data the path of the database
 * @param population the numbers of clients and tasks
 */
export async function fillFile(data: string, population: Population): Promise<void> {
  // The process is killed at the end, like in a crash: committed tasks are in the database or its write-ahead log.
  await using monitor = await startMonitor({ data });
  await monitor.call("fill", population);
  const { clients, endedPerClient, livePerClient } = population;
  verify("tasks in the file", clients * (endedPerClient + livePerClient), countRows(data, "records"));
}

/** Counts the committed rows of a table in a database. */
export function countRows(file: string, table: "records" | "history"): number {
  using db = new DatabaseSync(file, { readOnly: true });
  return Number(db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows);
}

/** Returns the name of the n-th client. */
export function clientName(index: number): string {
  return `client-${String(index).padStart(3, "0")}`;
}
