/**
 * Opens PostgreSQL stores for tests.
 *
 * @module
 */

import type { TaskStore } from "../../lib/store/store.ts";
import { openPostgresStore, type PostgresStoreOptions } from "../../lib/store/postgres/postgres_store.ts";

/** Limits that are too high for a test to reach. */
const AMPLE = {
  logLinesPerTask: 1_000,
  logCharacters: 1_000_000,
  historyEntries: 1_000_000,
  progressPoints: 1_000_000,
  valuePoints: 1_000_000,
  logLinesPerTaskOnDisk: 1_000,
  historyPerTask: 1_000,
  unsavedCharacters: 1_000_000,
  removalsPerClient: 1_000,
  emptyClients: 1_000,
  pastRunsPerName: 1_000,
  pastRuns: 1_000_000,
  pastRunAgeMs: Number.MAX_SAFE_INTEGER,
};

/** Opens a store that does not commit during the test unless `committed()` is called. */
export function openPostgres(
  url: string,
  { limits, ...options }: Partial<Omit<PostgresStoreOptions, "url" | "limits">> & {
    readonly limits?: Partial<PostgresStoreOptions["limits"]>;
  } = {},
): Promise<TaskStore> {
  return openPostgresStore({
    url,
    commitIntervalMs: 60_000,
    lockWaitMs: 0,
    ...options,
    limits: { ...AMPLE, ...limits },
  });
}
