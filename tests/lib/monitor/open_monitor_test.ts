import { ConfigError, createMonitor, openMonitor, StorageError } from "../../../lib/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { turn } from "../../support/local_monitor.ts";
import { hasPostgres, sharedCluster } from "../../support/postgres_cluster.ts";

Deno.test({
  name: "openMonitor() keeps tasks in a PostgreSQL database",
  ignore: !hasPostgres,
  fn: async () => {
    const { url } = sharedCluster();
    for (const runs of [0, 1]) {
      await using monitor = await openMonitor({ data: url, channel: "postgres" });
      // Before Deno 2.8, a BroadcastChannel leaks if it is closed while it opens.
      for (let turns = 0; turns < 6; turns++) await turn();
      assertEquals((await monitor.registry.readAll("default")).length, runs);
      await monitor.monitored(() => "done", { name: "job" })();
    }
  },
});

Deno.test("openMonitor() also opens other kinds of databases, and rejects those that cannot be used", async () => {
  await using monitor = await openMonitor({ channel: "memory" });
  for (let turns = 0; turns < 6; turns++) await turn();
  assertEquals(monitor.registry.tasks("default"), []);
  await assertRejects(() => openMonitor({ data: "postgres://me@127.0.0.1:1/x", channel: "a" }), StorageError);
  await assertRejects(() => openMonitor({ data: "postgres://127.0.0.1:1/x", channel: "a" }), ConfigError);
});

Deno.test("createMonitor() refuses a PostgreSQL database, because a synchronous call cannot wait for the connection", () => {
  const error = assertThrows(
    () => createMonitor({ data: "postgres://me@127.0.0.1/x", channel: "a" }),
    ConfigError,
  );
  assertEquals(error.message, "Cannot use PostgreSQL at once: call openMonitor() instead of createMonitor()");
});
