/**
 * An SQLite database whose tasks are moved to another database.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../errors.ts";
import { type MovedNumbers, type MoveSource, READ_ROWS } from "../database/move_tasks.ts";
import type { MovedTable } from "../database/moved_tables.ts";
import type { SideRow } from "../side_tables.ts";
import { DatabaseFile } from "./database_file.ts";
import { placeOf } from "./file_lock.ts";
import { defineRecordChecksum } from "./record_checksum.ts";
import { storageError } from "./storage_errors.ts";

/** A database file to move from, which stays locked during the move. A file of an older schema version is migrated. */
export class SqliteMoveSource implements MoveSource {
  readonly name: string;
  readonly state: string;
  readonly numbers: MovedNumbers;
  readonly damaged: readonly string[];
  readonly #file: DatabaseFile;
  readonly #db: DatabaseSync;

  /**
   * Opens a database.
   *
   * @param path the path of the database
   * @throws {StorageError} if there is no such file, a server uses it, or it cannot be read
   */
  constructor(path: string) {
    this.name = placeOf(path);
    const size = fileSize(path);
    if (size === null) throw new StorageError(path, "there is no such file");
    if (size === 0) throw new StorageError(path, "it is empty, so it is not a database of Taskscope");
    this.#file = new DatabaseFile(path);
    this.#db = new DatabaseSync(path, { readOnly: true });
    try {
      const number = (name: string) => Number(this.#meta(name) ?? 0);
      this.numbers = {
        term: number("term"),
        reservedSeq: number("reserved_seq"),
        forgottenSeq: number("forgotten_seq"),
      };
      this.state = JSON.stringify([this.#meta("epoch"), this.numbers]);
      defineRecordChecksum(this.#db);
      // Removed tasks are not moved: a server would also delete them when it opens the database. After a crash, a task
      // may have been removed without a mark; see `load_index.ts`. The CROSS JOIN makes SQLite look up the task of each
      // removal in a temporary index; otherwise, it would read all removals of the client for each task.
      this.#db.exec(
        `CREATE TEMP TABLE removed AS
           SELECT place FROM tasks WHERE removed = 1
           UNION SELECT place FROM removals CROSS JOIN tasks USING (client, id) WHERE removals.seq > tasks.seq;
         CREATE TEMP TABLE moved (place INTEGER PRIMARY KEY);
         INSERT INTO moved SELECT place FROM tasks JOIN records USING (place)
         WHERE place NOT IN removed AND checksum = record_checksum(place, record) AND json_valid(record)`,
      );
      this.damaged = this.#db.prepare(
        "SELECT client, id FROM tasks WHERE place NOT IN removed AND place NOT IN moved",
      ).all().map(({ client, id }) => `task "${id}" of client "${client}"`);
    } catch (cause) {
      this.#db.close();
      this.#file[Symbol.dispose]();
      throw storageError(path, cause);
    }
  }

  get loss(): string | null {
    return this.#file.loss;
  }

  count(table: MovedTable): Promise<number> {
    return Promise.try(() => {
      const row = this.#db.prepare(`SELECT count(*) AS n ${fromClause(table)}`).get();
      return Number(row?.n);
    });
  }

  async *rows(table: MovedTable, skip: number): AsyncIterable<readonly SideRow[]> {
    const order = table.order ?? ["seq", "rowid"];
    const statement = this.#db.prepare(
      `SELECT ${table.columns.join(", ")} ${fromClause(table)} ORDER BY ${
        order.join(", ")
      } LIMIT -1 OFFSET ${skip}`,
    );
    let rows: SideRow[] = [];
    try {
      for (const row of statement.iterate()) {
        rows.push(Object.values(row) as SideRow);
        if (rows.length < READ_ROWS) continue;
        yield rows;
        rows = [];
      }
    } catch (cause) {
      throw storageError(this.name, cause);
    }
    if (rows.length > 0) yield rows;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#db.close();
    this.#file[Symbol.dispose]();
    return Promise.resolve();
  }

  #meta(name: string): string | number | undefined {
    const value = this.#file.row("SELECT value FROM meta WHERE name = ?", name)?.[0];
    return value as string | number | undefined;
  }
}

/**
 * Returns the FROM clause that selects the rows to move: tasks that are neither removed nor damaged, and rows that
 * belong to them.
 */
function fromClause({ name, isOfTasks }: MovedTable): string {
  const from = `FROM ${name === "tasks" ? "tasks JOIN records USING (place)" : name}`;
  // The plus sign makes SQLite read the rows in the order of the primary key, so that it does not sort them.
  return isOfTasks ? `${from} WHERE +place IN (SELECT place FROM moved)` : from;
}

/** Returns the size of a file in bytes; `null` if there is no such file. */
function fileSize(path: string): number | null {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : null;
  } catch {
    return null;
  }
}
