/**
 * Adds the summaries of past runs to a database, and reads them, no matter whether they are on disk or not written yet.
 *
 * @module
 */

import type { RunSummary } from "../../task/run_summary.ts";
import { comparePastRuns, endOf, type PastRunLimits, type PastRunStore } from "../past_run_store.ts";
import type { Database } from "./database.ts";
import { nameFrom, nameText } from "./past_run_rows.ts";
import { SortedNames } from "../sorted_names.ts";
import type { Writer } from "./writer.ts";

/** The summaries of past runs in a database. Summaries are read on demand, and not kept in memory. */
export class PastRuns implements PastRunStore {
  readonly #database: Pick<Database, "pastRunRows">;
  readonly #writer: Writer;
  readonly #limits: PastRunLimits;
  readonly #seq: () => number;

  /**
   * @param database the database to read from
   * @param writer the writer, which holds the runs that are not on disk yet
   * @param limits how many past runs to return
   * @param seq returns the last sequence number
   */
  constructor(
    database: Pick<Database, "pastRunRows">,
    writer: Writer,
    limits: PastRunLimits,
    seq: () => number,
  ) {
    this.#database = database;
    this.#writer = writer;
    this.#limits = limits;
    this.#seq = seq;
  }

  add(client: string, run: RunSummary): void {
    this.#writer.batch(this.#seq()).addPastRun(client, run);
  }

  newest(client: string, name: string, most = Infinity): readonly RunSummary[] {
    const limit = Math.min(most, this.#limits.pastRunsPerName);
    const oldest = this.#oldestTime();
    const text = nameText(name);
    const rows = this.#database.pastRunRows(
      client,
      text,
      `SELECT id, state, created_at, started_at, finished_at FROM past_runs
       WHERE client = ? AND name = ? AND finished_at >= ? ORDER BY finished_at DESC, id DESC LIMIT ?`,
      [client, text, oldest, limit],
    );
    const runs = rows.map(([id, state, created_at, started_at, finished_at]) => {
      // The cast is safe, because a STRICT table preserves the types of its columns.
      return { id, name, state, created_at, started_at, finished_at } as RunSummary;
    });
    const unsaved = this.#unsaved(client, name).filter((run) => endOf(run) >= oldest);
    if (unsaved.length === 0) return runs;
    // An unsaved run may already be on disk, if the commit that wrote it is not confirmed yet.
    const all = new Map([...runs, ...unsaved].map((run) => [`${run.finished_at} ${run.id}`, run]));
    return [...all.values()].sort(comparePastRuns).reverse().slice(0, limit);
  }

  names(client: string, after: string | null, most: number): readonly string[] {
    const oldest = this.#oldestTime();
    const rows = this.#database.pastRunRows(
      client,
      null,
      // DISTINCT would read every run. This query looks up only the next name after each name.
      `WITH RECURSIVE names (name) AS (
         SELECT min(name) FROM past_runs WHERE client = ?1 AND name > ?3
         UNION ALL
         SELECT (SELECT min(name) FROM past_runs WHERE client = ?1 AND name > names.name)
         FROM names WHERE name IS NOT NULL
       )
       SELECT name FROM names WHERE name IS NOT NULL AND EXISTS (
         SELECT 1 FROM past_runs WHERE client = ?1 AND past_runs.name = names.name AND finished_at >= ?2
       ) LIMIT ?4`,
      [client, oldest, after === null ? "" : nameText(after), most],
    );
    const names = rows.map(([name]) => nameFrom(String(name)));
    const unsaved = this.#writer.unsaved.flatMap(({ pastRuns }) => [...pastRuns.get(client)?.values() ?? []])
      .flat().filter((run) => endOf(run) >= oldest).map(({ name }) => name);
    if (unsaved.length === 0) return names;
    return [...new SortedNames([...names, ...unsaved]).after(after).take(most)];
  }

  #unsaved(client: string, name: string): readonly RunSummary[] {
    return this.#writer.unsaved.flatMap(({ pastRuns }) => pastRuns.get(client)?.get(name) ?? []);
  }

  /** Returns the earliest end of a run that is kept, in epoch seconds. */
  #oldestTime(): number {
    return (Date.now() - this.#limits.pastRunAgeMs) / 1_000;
  }
}
