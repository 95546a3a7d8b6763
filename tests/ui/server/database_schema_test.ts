/** Tests the description of the tables in PostgreSQL, and runs its queries. */

import { SCHEMA_QUERIES, SCHEMA_TABLES } from "../../../ui/server/database_schema.ts";
import { assertEquals } from "../../support/assert.ts";
import { hasPostgres, sharedCluster } from "../../support/postgres_cluster.ts";
import { openPostgres } from "../../support/postgres_home.ts";
import { appendHistory, appendLog, entry, line, storedTask } from "../../support/store_model.ts";

Deno.test({
  name:
    "SCHEMA_QUERIES return the documented results, and the tables in SCHEMA_TABLES have the documented columns",
  ignore: !hasPostgres,
  fn: async () => {
    const cluster = sharedCluster();
    cluster.clear();
    const now = Date.now() / 1000;
    {
      await using store = await openPostgres(cluster.url);
      const run = { name: "sync", started_at: now - 60, finished_at: now - 50, created_at: now - 60 };
      const error = { type: "Error", message: "no route" };
      const tasks = [
        storedTask("backup-1", store.takeSeq(), "NOT_STARTED", {
          state: "PROCESSING",
          name: "backup",
          started_at: now,
          progress: 25,
        }),
        storedTask("sync-1", store.takeSeq(), "FINISHED", run),
        storedTask("sync-2", store.takeSeq(), "FINISHED", { ...run, state: "ERROR", error }),
        // A cancelled run counts as a run, but neither as a success nor as a failure.
        storedTask("sync-3", store.takeSeq(), "FINISHED", {
          ...run,
          state: "CANCELLED",
          started_at: now - 90,
        }),
      ];
      for (const task of tasks) store.put("default", task);
      for (const { task } of tasks.slice(1)) store.pastRuns.add("default", task);
      appendLog(store, "default", "sync-2", 0, [line("connecting"), line("Timeout after 30 s")]);
      appendHistory(store, "default", "backup-1", entry(2), false);
      await store.committed();
    }
    for (const { name, about } of SCHEMA_TABLES) {
      const known = await cluster.query(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'taskscope' AND table_name = $1",
        [name],
      );
      const columns = known.map(({ column_name }) => column_name);
      const named = Array.from(about.matchAll(/`(\w+)`/g), ([, column]) => column!);
      assertEquals(named.filter((column) => !columns.includes(column)), [], name);
    }
    const queries = SCHEMA_QUERIES.map(({ sql }) => sql);
    assertEquals(queries.length, 5);
    const [running, failed, names, lines, history] = await Promise.all(
      queries.map((text) => cluster.query(text)),
    );
    assertEquals(running!.map(({ id, name, progress }) => [id, name, progress]), [[
      "backup-1",
      "backup",
      25,
    ]]);
    assertEquals(failed, [{ client: "default", id: "sync-2", name: "sync", error: "no route" }]);
    const [{ name, runs, median_seconds, failure_rate }] = names as [Record<string, unknown>];
    assertEquals([name, Number(runs), Math.round(Number(median_seconds)), Number(failure_rate)], [
      "sync",
      3,
      10,
      0.5,
    ]);
    assertEquals(lines, [{ client: "default", id: "sync-2", number: "1", text: "Timeout after 30 s" }]);
    assertEquals(history!.map(({ status }) => status), [entry(2).status]);
  },
});
