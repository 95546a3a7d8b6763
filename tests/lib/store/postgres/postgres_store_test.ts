import { openPostgresStore } from "../../../../lib/store/postgres/postgres_store.ts";
import { hasPostgres, sharedCluster } from "../../../support/postgres_cluster.ts";
import { testStore } from "../../../support/store_conformance.ts";
import { StoreHome } from "../../../support/store_home.ts";

if (hasPostgres) {
  testStore("PostgresStore", (limits) => {
    const cluster = sharedCluster();
    return StoreHome.open({
      open: () =>
        openPostgresStore({
          url: cluster.url,
          limits: {
            ...limits,
            logLinesPerTaskOnDisk: limits.logLinesPerTask,
            unsavedCharacters: 1_000_000,
            // The cache is so small that most records are read from the database each time.
            recordCacheCharacters: 2_000,
          },
          commitIntervalMs: 60_000,
        }),
      keepsTasks: true,
      remove: () => cluster.clear(),
    });
  }, 20);
} else {
  Deno.test.ignore(
    "PostgresStore is not tested, because PostgreSQL is not installed: apt-get install postgresql",
    () => {},
  );
}
