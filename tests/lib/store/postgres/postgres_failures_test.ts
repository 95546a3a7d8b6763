import { recordIn } from "../../../support/at_hand.ts";
import { StorageError } from "../../../../lib/errors.ts";
import type { TaskStore } from "../../../../lib/store/store.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../../support/assert.ts";
import { type PostgresCluster, testPostgres as test } from "../../../support/postgres_cluster.ts";
import { openPostgres } from "../../../support/postgres_home.ts";
import { appendLog, line, logOf, storedTask } from "../../../support/store_model.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";
import { until } from "../../../support/until.ts";

/** Puts a task and waits for its commit. */
async function put(store: TaskStore, id: string): Promise<void> {
  store.put("c", storedTask(id, store.takeSeq(), "FINISHED"));
  await store.committed();
}

/** Returns the ids of the tasks in the database, in the order of creation. */
async function stored(cluster: PostgresCluster): Promise<string[]> {
  return (await cluster.query("SELECT id FROM taskscope.tasks ORDER BY place")).map(({ id }) => id);
}

test("PostgresStore is degraded while its sessions are ended, and recovers by itself", async (cluster) => {
  await using store = await openPostgres(cluster.url);
  const changes: (string | null)[] = [];
  store.onDegradation((degradation) => changes.push(degradation?.error.reason ?? null));
  await put(store, "1");
  for (const id of ["2", "3"]) {
    changes.length = 0;
    cluster.cutSessions();
    await until(() => changes.at(-1) === null && changes.length > 0);
    assertMatch(changes[0]!, /the connection has ended/);
    await put(store, id);
    appendLog(store, "c", id, 0, [line("kept")]);
    await store.committed();
    assertEquals((await logOf(store, "c", id, 0, 9)).lines, [line("kept")]);
  }
  assertEquals(await stored(cluster), ["1", "2", "3"]);
});

test("PostgresStore loses no confirmed change when PostgreSQL is killed, and returns cached records meanwhile", async (cluster) => {
  const store = await openPostgres(cluster.url);
  {
    await using _store = store;
    for (let i = 0; i < 20; i++) await put(store, `${i}`);
    const { json } = (await recordIn(store, "c", "7"))!;
    cluster.kill();
    await until(() => store.degradation !== null);
    store.put("c", storedTask("later", store.takeSeq()));
    await assertRejects(() => store.committed(), StorageError);
    assertEquals((await recordIn(store, "c", "7"))?.json, json);
    await assertRejects(() => logOf(store, "c", "7", 0, 9), StorageError);
    cluster.restart();
    await until(() => store.degradation === null);
    await store.committed();
  }
  await using reopened = await openPostgres(cluster.url);
  assertEquals(reopened.index.count("c"), 21);
  assertEquals(reopened.epoch, store.epoch);
  assert(reopened.seq >= 21);
});

test("PostgresStore detects that a commit whose result was lost has succeeded, and does not repeat it", async (cluster) => {
  await using store = await openPostgres(cluster.url);
  await put(store, "1");
  const [{ commits }] = await cluster.query("SELECT commits FROM taskscope.shards") as [{ commits: string }];
  // PostgreSQL writes a commit to the disk, and then waits for a standby that does not exist.
  await cluster.set("synchronous_standby_names", "nobody");
  try {
    store.put("c", storedTask("2", store.takeSeq()));
    const failed = assertRejects(() => store.committed(), StorageError);
    const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    while ((await cluster.query(waiting)).length === 0);
    await cluster.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) w`);
    await failed;
  } finally {
    await cluster.set("synchronous_standby_names", "");
  }
  await until(() => store.degradation === null);
  assertEquals(store.committedSeq, store.seq);
  assertEquals(await cluster.query("SELECT commits FROM taskscope.shards"), [{
    commits: `${Number(commits) + 1}`,
  }]);
  await put(store, "3");
  assertEquals(await stored(cluster), ["1", "2", "3"]);
});

test("PostgresStore detects a hanging connection even if there is nothing to write", async (cluster) => {
  await using proxy = new TcpProxy(cluster.port);
  const url = cluster.url.replace(`${cluster.port}`, new URL(proxy.url).port);
  await using store = await openPostgres(url);
  proxy.blackhole();
  await until(() => store.degradation !== null);
  await proxy.restore();
  await until(() => store.degradation === null);
});

test("PostgresStore refuses a database that another server uses, and commits nothing once another server has taken it over", async (cluster) => {
  const store = await openPostgres(cluster.url);
  await put(store, "1");
  const refused = await assertRejects(() => openPostgres(cluster.url), StorageError);
  assertMatch(refused.reason, /^another server on 127\.0\.0\.1 uses it; stop that server/);
  cluster.sql("UPDATE taskscope.shards SET term = term + 1");
  store.put("c", storedTask("2", store.takeSeq()));
  await assertRejects(() => store.committed(), StorageError);
  await until(() => /another server has taken it over/.test(store.degradation?.error.reason ?? ""));
  assertEquals(await stored(cluster), ["1"]);
  await assertRejects(() => store[Symbol.asyncDispose](), StorageError, "taken it over");
  assertEquals(await stored(cluster), ["1"]);
});

test("PostgresStore commits nothing to a database that has lost confirmed changes", async (cluster) => {
  const store = await openPostgres(cluster.url);
  for (const id of ["1", "2"]) await put(store, id);
  cluster.sql("UPDATE taskscope.shards SET commits = commits - 1");
  cluster.cutSessions();
  await until(() => /has lost confirmed changes/.test(store.degradation?.error.reason ?? ""));
  await assertRejects(() => put(store, "3"), StorageError);
  await assertRejects(() => store[Symbol.asyncDispose](), StorageError, "restart this server");
});

test("PostgresStore deletes the rows of purged tasks in the background, and after a restart", async (cluster) => {
  const rowsOf = async () => {
    const [found] = await cluster.query(
      "SELECT (SELECT count(*) FROM taskscope.log_lines) + (SELECT count(*) FROM taskscope.purged) AS rows",
    );
    return Number(found.rows);
  };
  const gone = async () => {
    while (await rowsOf() > 0);
  };
  const limits = { logLinesPerTaskOnDisk: 100_000, unsavedCharacters: 10_000_000 };
  {
    await using store = await openPostgres(cluster.url, { limits });
    for (const id of ["purged", "removed"]) {
      await put(store, id);
      appendLog(store, "c", id, 0, Array.from({ length: 12_000 }, (_, i) => line(`${i}`)));
      await store.committed();
      store.remove("c", id, store.takeSeq());
    }
    store.purge("c", "purged");
    await store.committed();
    while (await rowsOf() > 12_000);
  }
  assertEquals(await rowsOf(), 12_000, "a removed task can be restored until the server ends");
  await using store = await openPostgres(cluster.url, { limits });
  await gone();
  assertEquals(store.index.count("c"), 0);
});
