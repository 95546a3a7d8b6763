/**
 * Starts monitors in processes of their own, and fills files with tasks.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { Durability, MonitorLimits } from "../../../lib/mod.ts";
import { verify } from "./harness.ts";
import { Remote } from "./remote.ts";

/** The options of a measured monitor, a subset of those of `createMonitor()`. */
export interface MonitorSettings {
  readonly limits?: Partial<MonitorLimits>;
  /** The file of its tasks; none by default. */
  readonly data?: string;
  readonly durability?: Durability;
}

/** How many tasks to create: clients, ended tasks and live tasks of each. */
export interface Population {
  readonly clients: number;
  readonly endedPerClient: number;
  readonly livePerClient: number;
}

/** As many ended tasks as the default limits allow. */
export const MANY_ENDED: Population = { clients: 100, endedPerClient: 990, livePerClient: 0 };

/** The same with live tasks. */
export const MANY: Population = { ...MANY_ENDED, livePerClient: 10 };

/** Starts a monitor in a process of its own. */
export function startMonitor(settings: MonitorSettings = {}): Promise<Remote> {
  return Remote.start("monitor.ts", [JSON.stringify(settings)]);
}

/**
 * Fills a file with tasks.
 *
 * @param data the file
 * @param population the tasks to create
 */
export async function fillFile(data: string, population: Population): Promise<void> {
  // Killed at the end, as by a crash; what was committed is in the file or in the log beside it.
  await using monitor = await startMonitor({ data });
  await monitor.call("fill", population);
  const { clients, endedPerClient, livePerClient } = population;
  verify("tasks in the file", clients * (endedPerClient + livePerClient), countRows(data, "records"));
}

/** Counts the rows of a table in the file itself, as committed. */
export function countRows(file: string, table: "records" | "history"): number {
  using db = new DatabaseSync(file, { readOnly: true });
  return Number(db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows);
}

/** The client token of the n-th client. */
export function clientName(index: number): string {
  return `client-${String(index).padStart(3, "0")}`;
}
