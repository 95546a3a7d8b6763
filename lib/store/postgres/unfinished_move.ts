/**
 * Detects a database to which a move is not complete, so that no server uses it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { MoveSource } from "../database/move_tasks.ts";
import type { Connection } from "./connection.ts";

/** The source of a move. */
export type MoveOrigin = Pick<MoveSource, "name" | "state">;

/** Returns the origin of the unfinished move to a database; `null` if there is none. */
export async function unfinishedMove(connection: Connection): Promise<MoveOrigin | null> {
  const { rows: [{ known }] } = await connection.query(
    "SELECT to_regclass('taskscope.unfinished_move') IS NOT NULL AS known",
  );
  if (!known) return null;
  return (await connection.query("SELECT name, state FROM taskscope.unfinished_move")).rows[0];
}

/** @throws {StorageError} if a move to a database is unfinished */
export async function refuseUnfinishedMove(connection: Connection, name: string): Promise<void> {
  const origin = await unfinishedMove(connection);
  if (origin === null) return;
  throw new StorageError(
    name,
    `a move from ${origin.name} to it is unfinished; run "taskscope move" again, or drop its schema "taskscope"`,
  );
}
