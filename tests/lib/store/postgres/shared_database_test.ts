import { recordIn } from "../../../support/at_hand.ts";
import { DeposedError } from "../../../../lib/cluster/owned_shard.ts";
import { StorageError } from "../../../../lib/errors.ts";
import { inspectPostgres } from "../../../../lib/store/postgres/inspect_postgres.ts";
import { SCHEMA_VERSION } from "../../../../lib/store/postgres/schema.ts";
import type { TaskStore } from "../../../../lib/store/store.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../../../support/assert.ts";
import { PostgresNode } from "../../../support/cluster/postgres_node.ts";
import { type PostgresCluster, testPostgres as test } from "../../../support/postgres_cluster.ts";
import { openPostgres } from "../../../support/postgres_home.ts";
import { appendLog, delivery, line, logOf, putSeries, storedTask } from "../../../support/store_model.ts";
import { until } from "../../../support/until.ts";

/** Opens a node, and makes it the owner of the tasks. */
async function openOwner({ url }: PostgresCluster, id = "owner"): Promise<PostgresNode> {
  const owner = await PostgresNode.open(url, id);
  await owner.takeOver();
  return owner;
}

/** Puts tasks, and waits for their commit. */
async function put(store: TaskStore, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) store.put("c", storedTask(id, store.takeSeq()));
  await store.committed();
}

function remove(store: TaskStore, id: string): void {
  store.remove("c", id, store.takeSeq());
}

function idsOf(store: TaskStore): string[] {
  return Array.from(store.index.list("c"), ({ id }) => id);
}

async function expireLease(cluster: PostgresCluster): Promise<void> {
  await cluster.query("UPDATE taskscope.cluster_shards SET expires = '-infinity'");
}

/** Makes a call fail although its commit succeeds: the result of the commit is lost. */
async function losingResult(cluster: PostgresCluster, call: () => Promise<void>): Promise<void> {
  // PostgreSQL writes a commit to the disk, and then waits for a standby that does not exist.
  await cluster.set("synchronous_standby_names", "nobody");
  try {
    const failed = assertRejects(call, StorageError);
    const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    while ((await cluster.query(waiting)).length === 0);
    await cluster.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) w`);
    await failed;
  } finally {
    await cluster.set("synchronous_standby_names", "");
  }
}

test("FollowerStore.pull() reads many changes in parts, and each task only as of its last change", async (cluster) => {
  await using owner = await openOwner(cluster);
  await using node = await PostgresNode.open(cluster.url, "follower");
  const { store } = owner;
  await put(store, ...Array.from({ length: 1_000 }, (_, index) => `${index}`));
  remove(store, "1");
  await put(store, "0");
  remove(store, "2");
  assert(store.restore("c", storedTask("2", store.takeSeq())));
  await put(store, "new");
  const pulls = await node.catchUp();
  assertEquals(pulls.map(({ tasks, hasMore }) => [tasks.length, hasMore]), [[997, true], [3, false]]);
  assertEquals(pulls[1]!.tasks.map(({ stored: { id } }) => id), ["0", "2", "new"]);
  assertEquals(pulls[1]!.removed.map(({ id }) => id), ["1", "2"]);
  assertEquals(idsOf(node.store), idsOf(store));
  assertEquals([node.store.seq, node.store.committedSeq], [store.seq, store.seq]);
  assertEquals(pulls[1]!.owner, { id: "owner", address: null });
  await owner.leases.heartbeat([owner.shard.grant]);
  const { owner: present, isFree } = await node.follower.pull();
  assertEquals([present, isFree], [{ id: "owner", address: "http://owner" }, false]);
});

test("FollowerStore.pull() returns new log lines, and keeps ended tasks", async (cluster) => {
  await using owner = await openOwner(cluster);
  await using node = await PostgresNode.open(cluster.url, "follower");
  const { store } = owner;
  const add = async (first: number, log_count: number, state: "NOT_STARTED" | "FINISHED") => {
    const texts = Array.from({ length: log_count - first }, (_, index) => `line ${first + index}`);
    const seq = store.takeSeq();
    const stored = storedTask("t", seq, state, { log_count });
    store.put("c", stored);
    appendLog(store, "c", "t", first, texts.map((text) => line(text)));
    if (state === "FINISHED") store.pastRuns.add("c", stored.task);
    await store.committed();
    return (await node.catchUp()).flatMap(({ tasks }) => tasks).flatMap(({ lines }) => lines);
  };
  assertEquals((await add(0, 2, "NOT_STARTED")).map(({ number }) => number), [0, 1]);
  assertEquals(await add(2, 4, "FINISHED"), [2, 3].map((number) => ({ number, ...line(`line ${number}`) })));
  assertEquals((await logOf(node.store, "c", "t", 0, 9)).lines.length, 4);
  const { name } = store.index.get("c", "t")!.summary;
  assertEquals(node.store.pastRuns.newest("c", name), store.pastRuns.newest("c", name));
  assertEquals(node.store.pastRuns.newest("c", name).length, 1);
  assertEquals((await recordIn(node.store, "c", "t"))?.json, (await recordIn(store, "c", "t"))?.json);
  assertThrows(() => node.store.takeSeq(), StorageError, "another node owns the tasks");
});

test("FollowerStore.pull() reports when it cannot determine the changes", async (cluster) => {
  await using owner = await openOwner(cluster);
  await put(owner.store, "0");
  await using late = await PostgresNode.open(cluster.url, "late");
  await put(owner.store, "1");
  await using node = await PostgresNode.open(cluster.url, "follower");
  await cluster.query("UPDATE taskscope.commits SET at = now() - interval '11 minutes'");
  await owner.handOver();
  await using next = await openOwner(cluster, "next");
  await put(next.store, "2");
  const rows = await cluster.query("SELECT seq FROM taskscope.commits WHERE cardinality(places) > 0");
  assertEquals(rows.map(({ seq }) => Number(seq)), [next.store.seq], "old commits are deleted");
  const { gap, tasks, seq } = await late.follower.pull();
  assertEquals([gap, tasks, seq], [true, [], late.store.seq]);
  assertEquals((await node.catchUp()).flatMap(({ tasks }) => tasks).length, 1);
  for (
    const change of [
      "UPDATE taskscope.cluster_shards SET committed_seq = committed_seq + 1",
      "UPDATE taskscope.cluster_shards SET committed_seq = committed_seq - 2",
      "UPDATE taskscope.shards SET epoch = 'another'",
    ]
  ) {
    await cluster.query(change);
    assert((await node.follower.pull()).gap, change);
  }
});

test("FollowerStore.takeOver() succeeds after an owner has vanished; that owner can no longer commit", async (cluster) => {
  await using owner = await openOwner(cluster);
  await using node = await PostgresNode.open(cluster.url, "follower");
  const { store } = owner;
  await put(store, "live", "removed", "kept");
  putSeries(store, "c", "live", [[1, 10]]);
  store.putDelivery(delivery("c", "live", store.seq, "{}"), "{}");
  remove(store, "removed");
  await store.committed();
  await node.catchUp();
  await put(store, "last");
  store.put("c", storedTask("unseen", store.takeSeq()));
  remove(store, "unseen");
  await store.committed();
  const [{ last }] = await cluster.query("SELECT max(place) AS last FROM taskscope.tasks") as [
    { last: string },
  ];
  await expireLease(cluster);
  await node.take();
  await assertRejects(() => node.follower.takeOver(node.shard), StorageError, "a change was not pulled");
  await node.catchUp();
  await node.follower.takeOver(node.shard);
  store.put("c", storedTask("lost", store.takeSeq()));
  const { cause } = await assertRejects(() => store.committed(), StorageError);
  assert(cause instanceof DeposedError);
  const taken = node.store;
  assertGreater(taken.seq, store.seq);
  assertEquals(
    taken.takeOpened().live.map(({ id, progress }) => [id, progress]),
    [["live", [[1, 10]]], ["kept", []], ["last", []]],
  );
  assertEquals(taken.deliveries().map(({ event }) => event), ["ended"]);
  assertEquals(taken.restore("c", storedTask("removed", taken.takeSeq())), false);
  await put(taken, "new");
  await using late = await PostgresNode.open(cluster.url, "late");
  for (const each of [taken, late.store]) assertEquals(idsOf(each), ["live", "kept", "last", "new"]);
  assertEquals(await cluster.query("SELECT id FROM taskscope.tasks WHERE removed"), []);
  const [{ place }] = await cluster.query("SELECT place FROM taskscope.tasks WHERE id = 'new'") as [
    { place: string },
  ];
  assertGreater(Number(place), Number(last), "a place is never used again");
});

test("SharedDatabase commits a batch once, although its result was lost", async (cluster) => {
  await using owner = await openOwner(cluster);
  await using node = await PostgresNode.open(cluster.url, "follower");
  const { store } = owner;
  await put(store, "1");
  store.put("c", storedTask("2", store.takeSeq()));
  await losingResult(cluster, () => store.committed());
  store.put("c", storedTask("3", store.takeSeq()));
  await until(() => store.degradation === null);
  await store.committed();
  const pulled = (await node.catchUp()).flatMap(({ tasks }) => tasks);
  assertEquals(pulled.map(({ stored: { id } }) => id), ["1", "2", "3"]);
  assertEquals(
    (await cluster.query("SELECT FROM taskscope.commits WHERE cardinality(places) > 0")).length,
    3,
  );
});

test("FollowerStore.takeOver() forgets the removals that the last owner has forgotten", async (cluster) => {
  const owner = await PostgresNode.open(cluster.url, "owner", { emptyClients: 1, removalsPerClient: 2 });
  await owner.takeOver();
  await using node = await PostgresNode.open(cluster.url, "node");
  const change = async ({ store }: PostgresNode, client: string, ...ids: readonly string[]) => {
    for (const id of ids) store.put(client, storedTask(id, store.takeSeq()));
    for (const id of ids) store.remove(client, id, store.takeSeq());
    await store.committed();
    await node.catchUp();
  };
  // With these limits, the owner forgets the removals of client "c", and the first removals of client "e".
  await change(owner, "c", "1");
  await change(owner, "d", "1");
  await change(owner, "e", "1");
  await change(owner, "e", "2", "3");
  const { seq } = owner.store;
  await owner.handOver();
  await node.takeOver();
  for (const client of ["c", "e"]) node.store.put(client, storedTask("new", node.store.takeSeq()));
  await node.store.committed();
  await using late = await PostgresNode.open(cluster.url, "late");
  for (const { store: { index } } of [node, late]) {
    for (const client of ["c", "e"]) assertEquals(index.changesSince(client, 1), undefined, client);
    assertEquals(index.changesSince("e", seq - 1)?.removed, [{ id: "3", seq }]);
    assertEquals(index.changesSince("c", seq)?.tasks.map(({ id }) => id), ["new"]);
  }
});

test("FollowerStore.takeOver() succeeds after its result was lost, although the tasks were reloaded", async (cluster) => {
  await using node = await PostgresNode.open(cluster.url, "node");
  await node.take();
  await losingResult(cluster, () => node.follower.takeOver(node.shard));
  await using again = await PostgresNode.open(cluster.url, "again");
  await again.follower.takeOver(node.shard);
  await put(again.store, "1");
  assertEquals(await cluster.query("SELECT commits FROM taskscope.cluster_shards WHERE id = 0"), [{
    commits: "2",
  }]);
});

test("FollowerStore.abandon() commits nothing, and rejects pending commits", async (cluster) => {
  const owner = await openOwner(cluster);
  owner.store.put("c", storedTask("1", owner.store.takeSeq()));
  const waiting = assertRejects(() => owner.store.committed(), StorageError, "another node owns the tasks");
  await owner[Symbol.asyncDispose]();
  await waiting;
  assertThrows(() => owner.store.takeSeq(), StorageError);
  assertEquals(await cluster.query("SELECT FROM taskscope.tasks"), []);
});

test("A server refuses a database that a cluster uses, and a node one that a server uses", async (cluster) => {
  const owner = await openOwner(cluster);
  await owner.leases.heartbeat([owner.shard.grant]);
  const refusal = async (open: () => Promise<unknown>) => (await assertRejects(open, StorageError)).reason;
  const used = /^a cluster of nodes uses it: owner; stop the nodes, or join them with --advertise$/;
  assertMatch(await refusal(() => openPostgres(cluster.url)), used);
  assertMatch(await refusal(() => inspectPostgres(cluster.url, true)), used);
  // The lease is still valid after the session of its owner has ended.
  await owner[Symbol.asyncDispose]();
  assertMatch(await refusal(() => openPostgres(cluster.url)), used);
  await expireLease(cluster);
  await using node = await PostgresNode.open(cluster.url, "node");
  {
    await using _server = await openPostgres(cluster.url);
    assertMatch(await refusal(() => PostgresNode.open(cluster.url, "late")), /^another server on .* uses it/);
    assertEquals(await node.leases.take([0]), []);
  }
  await node.takeOver();
});

test("Sequence numbers and places continue when nodes take over from a server, and a server from nodes, which are deposed", async (cluster) => {
  await using server = await openPostgres(cluster.url);
  await put(server, "a");
  const { epoch, seq } = server;
  await server[Symbol.asyncDispose]();
  await using owner = await openOwner(cluster);
  assertEquals(owner.store.epoch, epoch);
  assertEquals(owner.store.index.changesSince("c", seq)?.tasks, []);
  await put(owner.store, "b");
  assertGreater(owner.store.seq, seq);
  await using frozen = await PostgresNode.open(cluster.url, "frozen");
  await owner.leases.close();
  await expireLease(cluster);
  await using next = await openPostgres(cluster.url);
  assertEquals(next.epoch, epoch);
  assertEquals(next.index.changesSince("c", owner.store.seq)?.tasks, []);
  await put(next, "d");
  assertGreater(next.seq, owner.store.seq);
  owner.store.put("c", storedTask("lost", owner.store.takeSeq()));
  const { cause } = await assertRejects(() => owner.store.committed(), StorageError);
  assert(cause instanceof DeposedError);
  assert((await frozen.follower.pull()).gap, "no node has told what the server changed");
  await next[Symbol.asyncDispose]();
  await using last = await openOwner(cluster, "last");
  assertEquals(idsOf(last.store), ["a", "b", "d"]);
  await put(last.store, "e");
  const places = await cluster.query("SELECT DISTINCT place FROM taskscope.tasks");
  assertEquals([places.length, idsOf(last.store).length], [4, 4]);
});

test("A node does not join nodes of a version with different shards", async (cluster) => {
  await using node = await PostgresNode.open(cluster.url, "node");
  await node.leases.heartbeat([]);
  cluster.sql("UPDATE taskscope.meta SET version = 4");
  const { reason } = await assertRejects(() => PostgresNode.open(cluster.url, "late"), StorageError);
  assertMatch(reason, /^nodes of an earlier version use it, .*; stop all of them first$/);
});

test("A node of a version with different shards sends no heartbeat when it wakes up", async (cluster) => {
  await using _node = await PostgresNode.open(cluster.url, "node");
  const beat = (columns: string, values: string) =>
    cluster.query(`INSERT INTO taskscope.nodes (id, expires${columns}) VALUES ('woken', now()${values})`);
  await assertRejects(() => beat("", ""), Error, "schema_version");
  await beat(", schema_version", `, ${SCHEMA_VERSION}`);
});

test("FollowerStore.takeOver() tells every node the cursor with which it begins", async (cluster) => {
  await using owner = await openOwner(cluster);
  await put(owner.store, "1");
  await using node = await PostgresNode.open(cluster.url, "node");
  await using late = await PostgresNode.open(cluster.url, "late");
  await expireLease(cluster);
  await node.takeOver();
  assertGreater(node.store.seq, owner.store.seq);
  await late.catchUp();
  assertEquals(late.store.seq, node.store.seq);
  await using last = await PostgresNode.open(cluster.url, "last");
  assertEquals(last.store.seq, node.store.seq);
});

test("FollowerStore.stepDown() becomes a follower again, unless there are uncommitted changes", async (cluster) => {
  await using first = await openOwner(cluster, "first");
  await using second = await PostgresNode.open(cluster.url, "second");
  const { store } = first;
  store.put("c", storedTask("1", store.takeSeq()));
  assertEquals(first.follower.stepDown(), false);
  await put(store, "2");
  remove(store, "1");
  await store.committed();
  assertEquals(first.follower.stepDown(), true);
  assertThrows(() => store.takeSeq(), StorageError, "another node owns the tasks");
  assertEquals(store.removed("c", "1"), undefined, "only the next owner may restore it");
  await first.leases.release([first.shard.grant]);
  await second.takeOver();
  await put(second.store, "3");
  await first.catchUp();
  assertEquals([idsOf(store), store.seq], [["2", "3"], second.store.seq]);
  await second.leases.release([second.shard.grant]);
  await first.takeOver();
  await put(store, "4");
  await second[Symbol.asyncDispose]();
  await using late = await PostgresNode.open(cluster.url, "late");
  assertEquals(idsOf(late.store), ["2", "3", "4"]);
});
