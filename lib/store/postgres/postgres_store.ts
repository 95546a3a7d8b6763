/**
 * Stores tasks in a PostgreSQL database. Unfinished tasks, and the summaries of ended tasks, are also in memory.
 *
 * @module
 */

import {
  DatabaseStore,
  type DatabaseStoreLimits,
  type DatabaseStoreOptions,
} from "../database/database_store.ts";
import { TaskIndex } from "../task_index.ts";
import { beginSnapshot } from "./begin_snapshot.ts";
import { lastPlace } from "./last_place.ts";
import { loadDeliveries } from "./load_deliveries.ts";
import { loadPastRuns } from "./load_past_runs.ts";
import { loadTasks } from "./load_tasks.ts";
import { PastRunFile } from "./past_run_file.ts";
import { LOCK_WAIT_MS, sessionOf, takeDatabase, takeLock } from "./ownership.ts";
import { PostgresDatabase } from "./postgres_database.ts";
import type { PostgresLimits } from "./postgres_reads.ts";
import { migrate } from "./schema.ts";
import { refuseUnfinishedMove } from "./unfinished_move.ts";
import { useDatabase } from "./use_database.ts";

/** Options of {@linkcode openPostgresStore}. */
export interface PostgresStoreOptions extends DatabaseStoreOptions {
  readonly limits: DatabaseStoreLimits & PostgresLimits;
  /** The URL of the database, such as `postgres://user@host/database`. */
  readonly url: string;
  /**
   * How long to wait until the session of a server that is gone has ended, in milliseconds; PostgreSQL detects that
   * another machine is gone after about 10 s.
   */
  readonly lockWaitMs?: number;
}

/**
 * Opens a database, and creates its schema if it has none. The index is in memory; a commit is one round trip.
 *
 * @param options the URL and the limits
 * @throws {ConfigError} if the URL is invalid
 * @throws {StorageError} if the database cannot be used
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<DatabaseStore> {
  return await useDatabase(options.url, async (connection, address) => {
    const { name } = address;
    await migrate(connection, name);
    await takeLock(connection, name, options.lockWaitMs ?? LOCK_WAIT_MS);
    await refuseUnfinishedMove(connection, name);
    const { limits } = options;
    using onFailure = new DisposableStack();
    const pastRuns = onFailure.use(new PastRunFile(limits));
    const index = new TaskIndex(limits);
    // All statements are sent at once; PostgreSQL runs them one after the other.
    const [session, taken, , last, loaded] = await Promise.all([
      sessionOf(connection),
      takeDatabase(connection),
      beginSnapshot(connection),
      lastPlace(connection),
      loadTasks(connection, () => index),
      loadPastRuns(address, pastRuns),
    ]);
    const [deliveries] = await Promise.all([loadDeliveries(connection), connection.query("COMMIT")]);
    const { epoch, seq, reservedSeq, term, commits, forgottenSeq } = taken;
    index.skip(last);
    index.sortByChange(forgottenSeq);
    const tasks = loaded.get(index) ?? { live: [], ended: [] };
    onFailure.move();
    const database = new PostgresDatabase({
      address,
      connection,
      session,
      term,
      commits,
      pastRuns,
      deliveries,
      limits,
    });
    return new DatabaseStore(database, { epoch, seq, reservedSeq, index, tasks }, options);
  });
}
