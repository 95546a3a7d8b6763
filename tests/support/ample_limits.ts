/**
 * Limits of stores that are too high for a test to reach.
 *
 * @module
 */

import type { DatabaseStoreLimits } from "../../lib/store/database/database_store.ts";
import type { PostgresLimits } from "../../lib/store/postgres/postgres_reads.ts";

/** Limits that are too high for a test to reach. */
export const AMPLE_LIMITS: DatabaseStoreLimits & PostgresLimits = {
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
  recordCacheCharacters: 1_000_000,
};
