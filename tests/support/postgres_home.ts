/**
 * Opens PostgreSQL stores for tests.
 *
 * @module
 */

import type { TaskStore } from "../../lib/store/store.ts";
import { openPostgresStore, type PostgresStoreOptions } from "../../lib/store/postgres/postgres_store.ts";
import { AMPLE_LIMITS } from "./ample_limits.ts";

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
    limits: { ...AMPLE_LIMITS, ...limits },
  });
}
