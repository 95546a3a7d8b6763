/**
 * Keeps the summaries of past runs in memory, within limits.
 *
 * @module
 */

import {
  compareNames,
  comparePastRuns,
  endOf,
  type PastRunLimits,
  type PastRunStore,
} from "../past_run_store.ts";
import { pastRunsToDrop } from "../past_run_shares.ts";
import { type RunSummary, runSummaryOf } from "../../task/run_summary.ts";

/** A past run, and the runs of the same name. */
interface Entry {
  readonly client: string;
  readonly run: RunSummary;
}

/** The summaries of past runs in memory. */
export class PastRunBook implements PastRunStore {
  readonly #limits: PastRunLimits;
  /** The runs by client and name; those of a name are in the order of their ends, earliest first. */
  readonly #clients: Map<string, Map<string, RunSummary[]>> = new Map();
  /** All runs in the order in which they were added, which is nearly that of their ends. */
  readonly #entries: Map<RunSummary, Entry> = new Map();

  /** @param limits how many past runs to keep, and how long */
  constructor(limits: PastRunLimits) {
    this.#limits = limits;
  }

  add(client: string, summary: RunSummary): void {
    const run = runSummaryOf(summary);
    const runs = this.#runsOf(client, run.name);
    let index = runs.length;
    while (index > 0 && comparePastRuns(runs[index - 1]!, run) > 0) index--;
    const before = runs[index - 1];
    if (before !== undefined && comparePastRuns(before, run) === 0) return;
    runs.splice(index, 0, run);
    this.#entries.set(run, { client, run });
    if (runs.length > this.#limits.pastRunsPerName) this.#drop({ client, run: runs[0]! });
    const oldest = this.#oldestTime();
    for (const entry of this.#entries.values()) {
      if (endOf(entry.run) >= oldest) break;
      this.#drop(entry);
    }
    if (this.#entries.size > this.#limits.pastRuns) this.#dropBeyondShares();
  }

  newest(client: string, name: string, most = Infinity): readonly RunSummary[] {
    const oldest = this.#oldestTime();
    const runs = this.#clients.get(client)?.get(name) ?? [];
    const found: RunSummary[] = [];
    for (let index = runs.length - 1; index >= 0 && found.length < most; index--) {
      if (endOf(runs[index]!) < oldest) break;
      found.push(runs[index]!);
    }
    return found;
  }

  names(client: string, after: string | null, most: number): readonly string[] {
    const names = [...this.#clients.get(client)?.keys() ?? []]
      .filter((name) => after === null || compareNames(name, after) > 0)
      .sort(compareNames);
    const found: string[] = [];
    for (const name of names) {
      if (found.length === most) break;
      if (this.newest(client, name, 1).length > 0) found.push(name);
    }
    return found;
  }

  /** Drops all runs. */
  clear(): void {
    this.#clients.clear();
    this.#entries.clear();
  }

  #runsOf(client: string, name: string): RunSummary[] {
    let names = this.#clients.get(client);
    if (names === undefined) this.#clients.set(client, names = new Map());
    let runs = names.get(name);
    if (runs === undefined) names.set(name, runs = []);
    return runs;
  }

  #drop({ client, run }: Entry): void {
    this.#entries.delete(run);
    const names = this.#clients.get(client)!;
    const runs = names.get(run.name)!;
    runs.splice(runs.indexOf(run), 1);
    if (runs.length === 0) names.delete(run.name);
    if (names.size === 0) this.#clients.delete(client);
  }

  #dropBeyondShares(): void {
    const counts = new Map<string, number>();
    for (const { client } of this.#entries.values()) counts.set(client, (counts.get(client) ?? 0) + 1);
    const drops = pastRunsToDrop(counts, this.#limits.pastRuns);
    for (const entry of this.#entries.values()) {
      const left = drops.get(entry.client) ?? 0;
      if (left === 0) continue;
      drops.set(entry.client, left - 1);
      this.#drop(entry);
    }
  }

  /** Returns the earliest end of a run that is kept, in epoch seconds. */
  #oldestTime(): number {
    return (Date.now() - this.#limits.pastRunAgeMs) / 1_000;
  }
}
