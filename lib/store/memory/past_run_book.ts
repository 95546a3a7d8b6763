/**
 * Keeps the summaries of past runs in memory, within limits.
 *
 * @module
 */

import { comparePastRuns, endOf, type PastRunLimits, type PastRunStore } from "../past_run_store.ts";
import { pastRunsToDrop } from "../past_run_shares.ts";
import { SortedNames } from "../sorted_names.ts";
import { type RunSummary, runSummaryOf } from "../../task/run_summary.ts";

/** The runs of a client. */
interface ClientRuns {
  /** The runs by name; the runs of each name are in the order in which they ended, earliest first. */
  readonly byName: Map<string, RunSummary[]>;
  readonly names: SortedNames;
}

/** The summaries of past runs in memory. */
export class PastRunBook implements PastRunStore {
  readonly #limits: PastRunLimits;
  /** The runs of each client. */
  readonly #clients: Map<string, ClientRuns> = new Map();
  /**
   * All runs in the order in which they were added, which is nearly the order in which they ended, with their clients.
   */
  readonly #entries: Map<RunSummary, string> = new Map();
  /**
   * The end of the run to drop next because of its age, in epoch seconds: that of the first run when runs were last
   * dropped, or that of a run that was added later but ended earlier.
   */
  #earliest = Infinity;

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
    if (index === runs.length) runs.push(run);
    else runs.splice(index, 0, run);
    this.#entries.set(run, client);
    this.#earliest = Math.min(this.#earliest, endOf(run));
    if (runs.length > this.#limits.pastRunsPerName) this.#drop(client, runs[0]!);
    this.#dropOld();
    if (this.#entries.size > this.#limits.pastRuns) this.#dropBeyondShares();
  }

  newest(client: string, name: string, most = Infinity): readonly RunSummary[] {
    const oldest = this.#oldestTime();
    const runs = this.#clients.get(client)?.byName.get(name) ?? [];
    const found: RunSummary[] = [];
    for (let index = runs.length - 1; index >= 0 && found.length < most; index--) {
      if (endOf(runs[index]!) < oldest) break;
      found.push(runs[index]!);
    }
    return found;
  }

  names(client: string, after: string | null, most: number): readonly string[] {
    const found: string[] = [];
    for (const name of this.#clients.get(client)?.names.after(after) ?? []) {
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
    let known = this.#clients.get(client);
    if (known === undefined) {
      this.#clients.set(client, known = { byName: new Map(), names: new SortedNames() });
    }
    let runs = known.byName.get(name);
    if (runs === undefined) {
      known.byName.set(name, runs = []);
      known.names.add(name);
    }
    return runs;
  }

  /** Drops the runs that ended too long ago, in the order in which they were added, up to the first other one. */
  #dropOld(): void {
    const oldest = this.#oldestTime();
    // The first entry of a map is slow to find after deletions, so it is looked for only if it may be too old.
    if (this.#earliest >= oldest) return;
    this.#earliest = Infinity;
    for (const [run, client] of this.#entries) {
      this.#earliest = endOf(run);
      if (this.#earliest >= oldest) break;
      this.#drop(client, run);
    }
  }

  #drop(client: string, run: RunSummary): void {
    this.#entries.delete(run);
    const { byName, names } = this.#clients.get(client)!;
    const runs = byName.get(run.name)!;
    if (runs[0] === run) runs.shift();
    else runs.splice(runs.indexOf(run), 1);
    if (runs.length > 0) return;
    byName.delete(run.name);
    names.delete(run.name);
    if (byName.size === 0) this.#clients.delete(client);
  }

  #dropBeyondShares(): void {
    const counts = new Map<string, number>();
    for (const client of this.#entries.values()) counts.set(client, (counts.get(client) ?? 0) + 1);
    const drops = pastRunsToDrop(counts, this.#limits.pastRuns);
    for (const [run, client] of this.#entries) {
      const left = drops.get(client) ?? 0;
      if (left === 0) continue;
      drops.set(client, left - 1);
      this.#drop(client, run);
    }
  }

  /** Returns the earliest end of a run that is kept, in epoch seconds. */
  #oldestTime(): number {
    return (Date.now() - this.#limits.pastRunAgeMs) / 1_000;
  }
}
