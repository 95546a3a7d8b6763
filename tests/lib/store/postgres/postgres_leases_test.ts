import type { ClusterClock } from "../../../../lib/cluster/cluster_clock.ts";
import { ClusterNode } from "../../../../lib/cluster/cluster_node.ts";
import { DeposedError, OwnedShard } from "../../../../lib/cluster/owned_shard.ts";
import { SYSTEM_CLOCK } from "../../../../lib/cluster/system_clock.ts";
import { Connection } from "../../../../lib/store/postgres/connection.ts";
import { readAddress } from "../../../../lib/store/postgres/postgres_address.ts";
import { PostgresLeases, type ShardBatch } from "../../../../lib/store/postgres/postgres_leases.ts";
import { ShardHints } from "../../../../lib/store/postgres/shard_hints.ts";
import { migrate } from "../../../../lib/store/postgres/schema.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { type LeaseHome, testLeases } from "../../../support/cluster/lease_conformance.ts";
import { hasPostgres, type PostgresCluster, sharedCluster } from "../../../support/postgres_cluster.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";
import { until } from "../../../support/until.ts";

/**
 * The duration of a lease in milliseconds, which is longer than any test; a test that needs an expired lease
 * expires it.
 */
const LEASE_MS = 120_000;

/** The nodes of a test, whose connections are closed at the end of the test. */
class Home implements LeaseHome<ShardBatch>, AsyncDisposable {
  readonly cluster: PostgresCluster;
  readonly #opened: PostgresLeases[] = [];

  constructor(cluster: PostgresCluster) {
    this.cluster = cluster;
  }

  node(id: string, url = this.cluster.url, leaseMs = LEASE_MS): PostgresLeases {
    const leases = new PostgresLeases(readAddress(url), {
      node: id,
      leaseMs,
      address: `http://${id}`,
      version: "1",
      names: () => [id],
    });
    this.#opened.push(leases);
    return leases;
  }

  async expire(shard: number): Promise<void> {
    await this.cluster.query("UPDATE taskscope.cluster_shards SET expires = '-infinity' WHERE id = $1", [
      shard,
    ]);
  }

  async copy(): Promise<() => Promise<void>> {
    const rows = await this.cluster.query("SELECT to_json(s) AS row FROM taskscope.cluster_shards s");
    return async () => {
      await this.cluster.query("DELETE FROM taskscope.cluster_shards");
      for (const { row } of rows) {
        const text =
          "INSERT INTO taskscope.cluster_shards SELECT * FROM json_populate_record(null::taskscope.cluster_shards, $1)";
        await this.cluster.query(text, [row]);
      }
    };
  }

  batch(seq: number): ShardBatch {
    return { seq, statements: [{ text: "INSERT INTO taskscope.stored VALUES ($1)", values: [seq] }] };
  }

  async stored(): Promise<number[]> {
    return (await this.cluster.query("SELECT seq FROM taskscope.stored ORDER BY place")).map(({ seq }) =>
      seq
    );
  }

  /** Lets a node take shard 0. */
  async own(leases: PostgresLeases, clock: ClusterClock = SYSTEM_CLOCK): Promise<OwnedShard<ShardBatch>> {
    const sentAt = clock.now();
    const [grant] = await leases.take([0]);
    assert(grant !== undefined);
    return new OwnedShard(leases, clock, grant, sentAt, LEASE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((leases) => leases.close()));
  }
}

/** Registers a test with three free shards, and a table that counts the commits. */
function test(name: string, run: (home: Home) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !hasPostgres,
    fn: async () => {
      const cluster = sharedCluster();
      cluster.clear();
      const connection = await Connection.open(readAddress(cluster.url));
      await migrate(connection, "test");
      await connection.query(
        `DELETE FROM taskscope.cluster_shards WHERE id > 2`,
      );
      await connection.query("CREATE TABLE taskscope.stored (seq integer, place serial)");
      await connection.end();
      await using home = new Home(cluster);
      await run(home);
    },
  });
}

testLeases<ShardBatch>("PostgresLeases", test);

test("PostgresLeases: a commit whose result was lost is recognized as done", async (home) => {
  const { cluster } = home;
  const owned = await home.own(home.node("a"));
  const batch = home.batch(1);
  // PostgreSQL writes a commit to the disk, and then waits for a standby that does not exist.
  await cluster.set("synchronous_standby_names", "nobody");
  try {
    const failed = assertRejects(() => owned.commit(batch), Error);
    const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'taskscope'";
    while ((await cluster.query(waiting)).length === 0);
    await cluster.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) w`);
    await failed;
  } finally {
    await cluster.set("synchronous_standby_names", "");
  }
  await assertRejects(() => owned.commit(home.batch(2)), Error, "earlier batch");
  await owned.commit(batch);
  await owned.commit(home.batch(2));
  assertEquals(await home.stored(), [1, 2]);
});

test("PostgresLeases: an owner whose commit hangs on a half-open connection is deposed, and the commit has no effect", async (home) => {
  await using proxy = new TcpProxy(home.cluster.port);
  const url = home.cluster.url.replace(`${home.cluster.port}`, new URL(proxy.url).port);
  // A query without a response fails after half of the duration of the lease.
  const a = home.node("a", url, 8_000);
  const owned = await home.own(a);
  await owned.commit(home.batch(1));
  proxy.blackhole();
  const batch = home.batch(2);
  await assertRejects(() => owned.commit(batch), Error);
  await home.expire(0);
  const successor = await home.own(home.node("b"));
  await proxy.restore();
  const deposed = await assertRejects(async () => {
    // Reconnecting may take several attempts.
    for (;;) {
      await owned.commit(batch).catch((error) => {
        if (error instanceof DeposedError) throw error;
      });
    }
  }, DeposedError);
  assertEquals(deposed.message, "This node no longer owns shard 0: its owner in term 2 is b");
  await successor.commit(home.batch(3));
  assertEquals(await home.stored(), [1, 3]);
});

test("PostgresLeases: an owner keeps its shard when its database sessions are terminated", async (home) => {
  const a = home.node("a");
  const owned = await home.own(a);
  for (let seq = 1; seq <= 3; seq++) {
    const batch = home.batch(seq);
    home.cluster.cutSessions();
    const attempt = () =>
      owned.commit(batch).then(() => true, (error) => assert(!(error instanceof DeposedError)));
    while (!await attempt());
    while (!await a.heartbeat([owned.grant]).then(({ renewed }) => renewed.length === 1, () => false));
  }
  assertEquals(await home.stored(), [1, 2, 3]);
  assertEquals((await a.shardState(0)).commits, owned.grant.commits + 3);
});

test("PostgresLeases: a heartbeat does not wait for a commit; it neither renews nor loses the shard of the commit", async (home) => {
  const a = home.node("a");
  const { grant } = await home.own(a);
  const connection = await Connection.open(readAddress(home.cluster.url));
  await connection.query("BEGIN");
  await connection.query("SELECT FROM taskscope.cluster_shards WHERE id = 0 FOR UPDATE");
  const { renewed, shards } = await a.heartbeat([grant]);
  assertEquals(renewed, []);
  assertEquals([shards[0]?.owner, shards[0]?.term], ["a", grant.term]);
  await connection.query("ROLLBACK");
  assertEquals((await a.heartbeat([grant])).renewed.length, 1);
  await connection.end();
});

/** Starts a node that takes shards by itself. */
function start(home: Home, id: string, leaseMs: number, clock: ClusterClock): ClusterNode<ShardBatch> {
  const node = new ClusterNode<ShardBatch>({
    node: id,
    database: home.node(id, home.cluster.url, leaseMs),
    clock,
    times: { leaseMs, renewMs: 200, marginMs: leaseMs / 5 },
    onTaken: () => {},
    onLost: () => {},
    onHandOver: () => Promise.resolve(),
  });
  node.wake();
  return node;
}

test("ClusterNode shares the shards of a PostgreSQL database, and hands them over when it stops", async (home) => {
  const [a, b, c] = [
    start(home, "a", LEASE_MS, SYSTEM_CLOCK),
    start(home, "b", LEASE_MS, SYSTEM_CLOCK),
    start(home, "c", LEASE_MS, SYSTEM_CLOCK),
  ];
  await until(() => [a, b, c].every(({ owned }) => owned.size === 1));
  await a.stop();
  assertEquals(a.owned.size, 0);
  await until(() => b.owned.size + c.owned.size === 3);
  await b.stop();
  await until(() => c.owned.size === 3);
  await c.stop();
  const owners = await home.cluster.query("SELECT owner FROM taskscope.cluster_shards");
  assertEquals(owners, [{ owner: null }, { owner: null }, { owner: null }]);
  assertEquals(await home.cluster.query("SELECT id FROM taskscope.nodes"), []);
});

test("ClusterNode takes the shards of a frozen node; that node then publishes and commits nothing", async (home) => {
  let isFrozen = false;
  const freezing: ClusterClock = {
    now: SYSTEM_CLOCK.now,
    after: (delayMs, run) => SYSTEM_CLOCK.after(delayMs, () => isFrozen || run()),
  };
  const a = start(home, "a", 1_000, freezing);
  await until(() => a.owned.size === 3);
  const owned = a.owned.get(0)!;
  isFrozen = true;
  const b = start(home, "b", 1_000, SYSTEM_CLOCK);
  await until(() => b.owned.has(0));
  assertEquals(owned.isServing, false);
  const batch = home.batch(1);
  const deposed = async () => {
    for (;;) {
      await owned.commit(batch).catch((error) => {
        if (error instanceof DeposedError) throw error;
      });
    }
  };
  await assertRejects(deposed, DeposedError);
  assertEquals(await home.stored(), []);
  assertEquals(a.owned.has(0), false);
  await Promise.all([a.stop(), b.stop()]);
});

test("ShardHints reports commits and free shards, even after its database session was terminated", async (home) => {
  const heard: string[] = [];
  const hints = new ShardHints({
    address: readAddress(home.cluster.url),
    onCommit: (shard, seq) => heard.push(`commit ${shard} ${seq}`),
    onFree: (shard) => heard.push(`free ${shard}`),
    onOpen: () => heard.push("open"),
  });
  hints.start();
  try {
    for (let round = 1; round <= 2; round++) {
      await until(() => heard.at(-1) === "open");
      const leases = home.node("a");
      const owned = await home.own(leases);
      await owned.commit(home.batch(round));
      await leases.release([owned.grant]);
      await until(() => heard.at(-1) === "free 0");
      assertEquals(heard.splice(0), ["open", `commit 0 ${round}`, "free 0"]);
      home.cluster.sql("NOTIFY taskscope_shards, 'nonsense'");
      home.cluster.cutSessions();
    }
    await until(() => heard.at(-1) === "open");
  } finally {
    await hints.close();
  }
});

test("ClusterNode takes a shard as soon as a hint reports that it is free", async (home) => {
  const a = start(home, "a", LEASE_MS, SYSTEM_CLOCK);
  await until(() => a.owned.size === 3);
  // Without a hint from the other node, this node would send its second heartbeat only after the time limit
  // of the test.
  const patient: ClusterClock = { now: SYSTEM_CLOCK.now, after: () => () => {} };
  const b = new ClusterNode<ShardBatch>({
    ...{ node: "b", database: home.node("b"), clock: patient },
    times: { leaseMs: LEASE_MS, renewMs: LEASE_MS, marginMs: 1_000 },
    ...{ onTaken: () => {}, onLost: () => {}, onHandOver: () => Promise.resolve() },
  });
  const hints = new ShardHints({
    address: readAddress(home.cluster.url),
    onCommit: () => {},
    onFree: () => b.wake(),
    onOpen: () => b.wake(),
  });
  hints.start();
  await until(() => b.owned.size > 0);
  await a.stop();
  await until(() => b.owned.size === 3);
  await hints.close();
  await b.stop();
});
