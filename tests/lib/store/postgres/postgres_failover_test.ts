/** Tests of a PostgreSQL store whose server fails: its disk is full, a standby takes over, connections are cut. */

import { recordIn } from "../../../support/at_hand.ts";
import { StorageError } from "../../../../lib/errors.ts";
import type { TaskStore } from "../../../../lib/store/store.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "../../../support/assert.ts";
import { PostgresCluster, testPostgres as test } from "../../../support/postgres_cluster.ts";
import { openPostgres } from "../../../support/postgres_home.ts";
import { repetitions } from "../../../support/repetitions.ts";
import { SmallDisk } from "../../../support/small_disk.ts";
import { storedTask } from "../../../support/store_model.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";
import { eventually, until } from "../../../support/until.ts";

/** The size of the small disk: a new database takes 8 MB of it. */
const DISK_BYTES = 32 * 1024 * 1024;

/** How long connections still hang after the store has noticed the outage, in milliseconds. */
const HANG_MS = repetitions({ gate: 0, soak: 60_000 });

/** The number of times that all connections are cut. */
const CUTS = repetitions({ gate: 10, soak: 200 });

async function put(store: TaskStore, id: string): Promise<void> {
  store.put("c", storedTask(id, store.takeSeq(), "FINISHED"));
  await store.committed();
}

/** Returns the ids of a client's tasks, and the sequence number of the last change of each. */
function tasksOf(store: TaskStore): [string, number][] {
  return Array.from(store.index.list("c"), ({ id, seq }) => [id, seq]);
}

/** Returns the URL of the database of a cluster through a proxy. */
function urlThrough(proxy: TcpProxy, cluster: PostgresCluster): string {
  return cluster.url.replace(`${cluster.port}`, new URL(proxy.url).port);
}

test("PostgresStore is degraded while the disk of the database is full, and recovers by itself", async (cluster) => {
  const disk = await SmallDisk.mount(DISK_BYTES, "The test of a full disk of PostgreSQL");
  if (disk === undefined) return;
  try {
    PostgresCluster.give(disk.path);
    cluster.sql(`CREATE TABLESPACE small LOCATION '${disk.path}'`, "postgres");
    cluster.sql("CREATE DATABASE small OWNER taskscope TABLESPACE small", "postgres");
    const store = await openPostgres(cluster.urlOf("small"));
    await put(store, "before");
    await disk.fill();
    for (let n = 0; n < 50; n++) {
      store.put("c", storedTask(`large-${n}`, store.takeSeq(), "FINISHED", { result: noise() }));
    }
    const { reason } = await assertRejects(() => store.committed(), StorageError);
    assert(reason.startsWith("the disk of the database is full"), reason);
    assertEquals(store.degradation?.error.reason, reason);
    await disk.free();
    await until(() => store.degradation === null);
    await put(store, "after");
    const before = tasksOf(store);
    await store[Symbol.asyncDispose]();
    const reopened = await openPostgres(cluster.urlOf("small"));
    assertEquals(tasksOf(reopened), before);
    await reopened[Symbol.asyncDispose]();
  } finally {
    cluster.sql("DROP DATABASE IF EXISTS small WITH (FORCE)", "postgres");
    cluster.sql("DROP TABLESPACE IF EXISTS small", "postgres");
    await disk[Symbol.asyncDispose]();
  }
});

test("PostgresStore is degraded while the disk of the WAL is full, and loses no confirmed change", async () => {
  const disk = await SmallDisk.mount(DISK_BYTES, "The test of a full disk of the WAL of PostgreSQL");
  if (disk === undefined) return;
  try {
    PostgresCluster.give(disk.path);
    using cluster = PostgresCluster.start(["max_wal_size = 8MB", "min_wal_size = 2MB"], {
      walFolder: `${disk.path}/wal`,
    });
    await using store = await openPostgres(cluster.url);
    await put(store, "before");
    await disk.fill();
    let confirmed = 0;
    const { reason } = await assertRejects(async () => {
      for (;; confirmed++) {
        store.put("c", storedTask(`${confirmed}`, store.takeSeq(), "FINISHED", { result: noise() }));
        await store.committed();
      }
    }, StorageError);
    assertMatch(
      reason,
      /disk .* is full|connection has ended|cannot be reached|starting up|does not respond|nothing has been/,
    );
    await until(() => store.degradation !== null);
    await disk.free();
    // PostgreSQL has crashed, or its commits fail until the disk has free space.
    cluster.restartCrashed();
    await until(() => store.degradation === null);
    await put(store, "after");
    const ids = (await cluster.query("SELECT id FROM taskscope.tasks ORDER BY place")).map(({ id }) => id);
    const all = Array.from({ length: confirmed + 1 }, (_, n) => `${n}`);
    assertEquals(ids, ["before", ...all, "after"]);
  } finally {
    await disk[Symbol.asyncDispose]();
  }
});

test("PostgresStore replaces half-open connections", async (cluster) => {
  await using proxy = new TcpProxy(cluster.port);
  await using store = await openPostgres(urlThrough(proxy, cluster), {
    limits: { recordCacheCharacters: 0 },
  });
  for (const id of ["1", "2"]) await put(store, id);
  proxy.blackhole();
  store.put("c", storedTask("3", store.takeSeq()));
  const failed = await Promise.all([
    assertRejects(() => store.committed(), StorageError),
    assertRejects(async () => await recordIn(store, "c", "1"), StorageError),
  ]);
  for (const { reason } of failed) assertMatch(reason, /does not respond|nothing has been written/);
  await new Promise((resolve) => setTimeout(resolve, HANG_MS));
  assert(store.degradation !== null);
  // The session that hangs still holds the lock of the database.
  await proxy.restore();
  await until(() => store.degradation === null);
  assertEquals((await recordIn(store, "c", "1"))?.id, "1");
  await put(store, "4");
  const ids = (await cluster.query("SELECT id FROM taskscope.tasks ORDER BY place")).map(({ id }) => id);
  assertEquals(ids, ["1", "2", "3", "4"]);
});

test("PostgresStore does not take a session of its own that hangs for another server", async (cluster) => {
  await using store = await openPostgres(cluster.url);
  await put(store, "before");
  const reasons: string[] = [];
  store.onDegradation((degradation) => reasons.push(degradation?.error.reason ?? "recovered"));
  /** The sessions that have waited for the standby, which is down. */
  const waiting = new Set<number>();
  const text = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  await cluster.set("synchronous_standby_names", "nobody");
  try {
    cluster.cutSessions();
    // The first session that waits has taken the lock, and is given up; the second one needs the lock, too.
    await eventually(async () => {
      for (const { pid } of await cluster.query(text)) waiting.add(pid);
      return waiting.size;
    }, (count) => count === 2 || reasons.some((reason) => reason.includes("another server")));
  } finally {
    await cluster.set("synchronous_standby_names", "");
  }
  await until(() => store.degradation === null);
  await put(store, "after");
  assertEquals(reasons.filter((reason) => reason.includes("another server")), []);
  assertMatch(reasons.join("; "), /^.*does not respond.*; recovered$/);
});

test("PostgresStore continues when a standby with all changes takes over behind the same address", async (primary) => {
  using standby = primary.standby();
  await using proxy = new TcpProxy(primary.port);
  const store = await openPostgres(urlThrough(proxy, primary));
  {
    await using _store = store;
    for (let n = 0; n < 10; n++) await put(store, `${n}`);
    await followed(primary, standby);
    primary.kill();
    standby.promote();
    proxy.cut(standby.port);
    await put(store, "late").catch(() => {});
    await until(() => store.degradation === null);
    await store.committed();
  }
  await using reopened = await openPostgres(standby.url);
  assertEquals(tasksOf(reopened), tasksOf(store));
  assertGreater(reopened.seq + 1, store.seq);
  assertNotEquals(reopened.epoch, store.epoch, "watchers start over once after a standby has taken over");
  primary.restart();
});

test("PostgresStore stores nothing on a standby that lacks confirmed changes, until the server is restarted", async (primary) => {
  using standby = primary.standby();
  await using proxy = new TcpProxy(primary.port);
  const store = await openPostgres(urlThrough(proxy, primary));
  await put(store, "kept");
  await followed(primary, standby);
  const kept = tasksOf(store);
  standby.stop();
  await put(store, "lost");
  primary.kill();
  standby.restart();
  standby.promote();
  proxy.cut(standby.port);
  await until(() => /has lost confirmed changes/.test(store.degradation?.error.reason ?? ""));
  await assertRejects(() => store[Symbol.asyncDispose](), StorageError, "restart this server");
  await using reopened = await openPostgres(standby.url);
  assertEquals(tasksOf(reopened), kept);
  // The sequence numbers of the lost changes are not reused.
  assertGreater(reopened.seq + 1, store.seq);
  assertNotEquals(reopened.epoch, store.epoch);
  primary.restart();
});

test("PostgresStore stores every change once, although its connections are cut again and again", async (cluster) => {
  await using proxy = new TcpProxy(cluster.port);
  const store = await openPostgres(urlThrough(proxy, cluster));
  {
    await using _store = store;
    for (let cut = 0; cut < CUTS; cut++) {
      const { bytes } = proxy;
      store.put("c", storedTask(`${cut}`, store.takeSeq(), "FINISHED"));
      const committed = store.committed().catch(() => {});
      // In every second round, wait until the commit may have reached the server.
      if (cut % 2 === 0) await until(() => proxy.bytes > bytes || store.degradation !== null);
      proxy.cut();
      await committed;
    }
    await until(() => store.degradation === null);
    await store.committed();
  }
  const rows = await cluster.query("SELECT count(*), count(DISTINCT seq) AS seqs FROM taskscope.tasks");
  assertEquals(rows, [{ count: `${CUTS}`, seqs: `${CUTS}` }]);
  await using reopened = await openPostgres(cluster.url);
  assertEquals([tasksOf(reopened), reopened.epoch], [tasksOf(store), store.epoch]);
});

/** Waits until a standby has replayed every committed change. */
async function followed(primary: PostgresCluster, standby: PostgresCluster): Promise<void> {
  const [{ at }] = await primary.query("SELECT pg_current_wal_lsn()::text AS at") as [{ at: string }];
  const text = "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS followed";
  while (!(await standby.query(text, [at]))[0]!.followed);
}

/** Returns random text, which cannot be compressed well, so that it takes new pages. */
function noise(): string {
  return Array.from({ length: 1_000 }, () => crypto.randomUUID()).join();
}
