/**
 * Deletes the side tables of purged tasks, a bounded number of rows at a time.
 *
 * @module
 */

import type { Readers } from "./readers.ts";
import { SIDE_TABLE_NAMES } from "./schema.ts";

/** The number of tasks whose rows are deleted together, and the number of rows in one statement. */
const TASKS = 100;
const ROWS = 5_000;

/**
 * Deletes in the background the side tables of the tasks that the table `taskscope.purged` lists. The rest is deleted
 * after the next start.
 */
export class Sweeper {
  readonly #pool: Pick<Readers, "query">;
  #run: Promise<void> | null = null;
  #isDue = false;
  #isClosed = false;

  /** @param pool the connections to use */
  constructor(pool: Pick<Readers, "query">) {
    this.#pool = pool;
  }

  /** Starts deleting, unless it has already started. */
  start(): void {
    this.#isDue = true;
    if (this.#run !== null || this.#isClosed) return;
    // If the database cannot be reached, the deletion continues after the next purge or start.
    this.#run = this.#sweep().catch(() => {}).finally(() => this.#run = null);
  }

  /** Stops deleting after the current statement. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#run;
  }

  async #sweep(): Promise<void> {
    while (!this.#isClosed) {
      this.#isDue = false;
      const { rows } = await this.#pool.query(`SELECT place FROM taskscope.purged LIMIT ${TASKS}`);
      if (rows.length > 0) await this.#delete(rows.map(({ place }) => place));
      else if (!this.#isDue) return;
    }
  }

  async #delete(places: readonly number[]): Promise<void> {
    for (const table of SIDE_TABLE_NAMES) {
      for (let isLast = false; !isLast;) {
        if (this.#isClosed) return;
        const { rowCount } = await this.#pool.query({
          text: `DELETE FROM taskscope.${table} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM taskscope.${table} WHERE place = ANY($1) LIMIT ${ROWS}))`,
          values: [places],
        });
        isLast = (rowCount ?? 0) < ROWS;
      }
    }
    await this.#pool.query({ text: "DELETE FROM taskscope.purged WHERE place = ANY($1)", values: [places] });
  }
}
