/**
 * An SQLite database that the tasks of another database are moved to.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { randomId } from "../../random_id.ts";
import type { MovedNumbers, MoveSource, MoveTarget } from "../database/move_tasks.ts";
import type { MovedBatch, MovedTable } from "../database/moved_tables.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import { DatabaseFile, unfinishedMoveTo } from "./database_file.ts";
import { DatabaseWriter } from "./database_writer.ts";
import { exists } from "./exists.ts";
import { FileLock } from "./file_lock.ts";
import { checkIsNew, removeDatabase } from "./set_aside.ts";
import { storageError } from "./storage_errors.ts";

/** No limits: all past runs that the source has kept are moved. */
const ALL_PAST_RUNS: PastRunLimits = {
  pastRunsPerName: Number.MAX_SAFE_INTEGER,
  pastRuns: Number.MAX_SAFE_INTEGER,
  pastRunAgeMs: Number.MAX_SAFE_INTEGER,
};

/** What to do if the path is already in use. */
const ADVICE = "name a new file";

/** The names of the rows in the table `meta` that identify the move that a file belongs to. */
const MARKS = ["move_source", "move_state"] as const;

/**
 * A database file to move to. Until the move is complete, the file has the name `<file>.moving`, and its table `meta`
 * names the source.
 */
export class SqliteMoveTarget implements MoveTarget {
  readonly name: string;
  readonly #partial: string;
  readonly #lock: FileLock;
  readonly #file: DatabaseFile;
  readonly #writer: DatabaseWriter;
  #isOpen = true;

  /**
   * Continues the move from a source, or begins one.
   *
   * @param path the path of the database, which must not exist
   * @param source the database to move from
   * @throws {StorageError} if the file or a log of an earlier one exists, another move to it is unfinished, or it
   * cannot be written
   */
  constructor(path: string, { name, state }: Pick<MoveSource, "name" | "state">) {
    this.name = path;
    this.#partial = unfinishedMoveTo(path);
    this.#lock = new FileLock(path);
    using opening = new DisposableStack();
    opening.use(this.#lock);
    this.#try(() => checkIsNew(path, ADVICE));
    this.#file = opening.use(this.#try(() => openPartial(this.#partial, path, [name, state])));
    this.#writer = this.#try(() => new DatabaseWriter(this.#partial, "normal", ALL_PAST_RUNS));
    opening.move();
  }

  count({ name }: MovedTable): Promise<number> {
    return Promise.try(() => Number(this.#file.row(`SELECT count(*) FROM ${name}`)?.[0]));
  }

  write({ message }: MovedBatch): Promise<void> {
    return Promise.try(() => this.#try(() => this.#writer.write(message)));
  }

  async finish({ term, reservedSeq, forgottenSeq }: MovedNumbers): Promise<void> {
    // Without its marks, the file could not be continued.
    this.#try(() => checkIsNew(this.name, ADVICE));
    const put = "INSERT OR REPLACE INTO meta (name, value) VALUES (?, CAST(? AS INTEGER))";
    this.#file.write([
      [put, "term", term],
      [put, "reserved_seq", reservedSeq],
      ...(forgottenSeq > 0 ? [[put, "forgotten_seq", forgottenSeq] as const] : []),
      ["INSERT INTO meta (name, value) VALUES ('epoch', ?)", randomId().slice(0, 12)],
      ...MARKS.map((mark) => ["DELETE FROM meta WHERE name = ?", mark] as const),
    ]);
    this.#try(() => this.#writer.checkpoint());
    this.#close();
    try {
      using file = await Deno.open(this.#partial, { write: true });
      await file.sync();
      checkIsNew(this.name, ADVICE);
      await Deno.rename(this.#partial, this.name);
      await Deno.remove(`${this.#partial}.lock`);
    } catch (cause) {
      throw storageError(this.name, cause);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    this.#lock[Symbol.dispose]();
    return Promise.resolve();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#writer[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }

  #try<Result>(operation: () => Result): Result {
    try {
      return operation();
    } catch (cause) {
      throw storageError(this.name, cause);
    }
  }
}

/** Opens the file of an unfinished move. If the source has changed since, the file is replaced with an empty one. */
function openPartial(
  partial: string,
  path: string,
  marks: readonly [name: string, state: string],
): DatabaseFile {
  if (exists(partial)) {
    const file = new DatabaseFile(partial);
    const found = MARKS.map((mark) => file.row("SELECT value FROM meta WHERE name = ?", mark)?.[0]);
    // If a crash of the machine has lost rows, the move begins again.
    if (found.every((value, at) => value === marks[at]) && file.loss === null) return file;
    file[Symbol.dispose]();
    if (found[0] !== undefined && found[0] !== marks[0]) {
      throw new StorageError(
        path,
        `a move from ${found[0]} to it is unfinished; finish that one, or delete ${partial}`,
      );
    }
  }
  removeDatabase(partial);
  const file = new DatabaseFile(partial);
  file.write(
    MARKS.map((mark, at) => ["INSERT INTO meta (name, value) VALUES (?, ?)", mark, marks[at]!] as const),
  );
  return file;
}
