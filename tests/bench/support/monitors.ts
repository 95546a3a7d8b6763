/**
 * Monitors in processes of their own, and files full of tasks.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { Durability, MonitorLimits } from "../../../lib/mod.ts";
import { verify } from "./harness.ts";
import { Remote } from "./remote.ts";

/** What a measured monitor is made with, of the options that `createMonitor()` takes. */
export interface MonitorSettings {
  readonly limits?: Partial<MonitorLimits>;
  /** The file that it keeps its tasks in; none by default. */
  readonly data?: string;
  readonly durability?: Durability;
}

/** How many tasks to make: of each of some clients so many that have ended, and so many that have not. */
export interface Population {
  readonly clients: number;
  readonly endedPerClient: number;
  readonly livePerClient: number;
}

/** As many tasks as the default bounds allow, less those that run. */
export const MANY_ENDED: Population = { clients: 100, endedPerClient: 990, livePerClient: 0 };

/** The same with those that run. */
export const MANY: Population = { ...MANY_ENDED, livePerClient: 10 };

/** Starts a monitor in a process of its own. */
export function startMonitor(settings: MonitorSettings = {}): Promise<Remote> {
  return Remote.start("monitor.ts", [JSON.stringify(settings)]);
}

/**
 * Fills a file with tasks.
 *
 * @param data the file
 * @param population which tasks
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

/** The client token of one of many. */
export function clientName(index: number): string {
  return `client-${String(index).padStart(3, "0")}`;
}
