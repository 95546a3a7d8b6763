/**
 * Conformance tests for databases of leases, real and simulated ones.
 *
 * @module
 */

import {
  type CommitDatabase,
  FenceError,
  type Grant,
  type LeaseDatabase,
} from "../../../lib/cluster/cluster_database.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "../assert.ts";

/** A database with the shards 0 to 2, which are free. */
export interface LeaseHome<Batch> {
  /** Returns the database as a node sees it. */
  node(id: string): LeaseDatabase & CommitDatabase<Batch>;
  /** Lets the lease of a shard expire. */
  expire(shard: number): Promise<void>;
  /**
   * Returns a function that resets the shards to their present state, as the promotion of a standby that lags
   * behind does.
   */
  copy(): Promise<() => Promise<void>>;
  /** Returns changes with a sequence number. */
  batch(seq: number): Batch;
  /** Returns the sequence numbers of the committed changes. */
  stored(): Promise<readonly number[]>;
}

/** Takes a shard; throws if that fails. */
async function takeOne(database: LeaseDatabase, shard: number): Promise<Grant> {
  const [grant, ...others] = await database.take([shard]);
  assert(grant !== undefined && others.length === 0, `shard ${shard} cannot be taken`);
  return grant;
}

/**
 * Registers the tests.
 *
 * @param name the name of the database
 * @param open passes an empty database to a test
 */
export function testLeases<Batch>(
  name: string,
  test: (name: string, run: (home: LeaseHome<Batch>) => Promise<void>) => void,
): void {
  test(`${name}: a shard has one owner, and the sequence numbers of a new term begin above those of the term before`, async (home) => {
    const [a, b] = [home.node("a"), home.node("b")];
    const first = await takeOne(a, 1);
    assertEquals((await b.take([0, 1])).map(({ shard }) => shard), [0]);
    await home.expire(1);
    const second = await takeOne(b, 1);
    assertEquals([second.term, second.seq], [first.term + 1, first.reservedSeq]);
    assert(second.reservedSeq > second.seq);
    assertEquals(second.epoch, first.epoch);
  });

  test(`${name}: a node that took a shard but lost the answer takes the shard again, in a new term`, async (home) => {
    const a = home.node("a");
    const lost = await takeOne(a, 0);
    assertEquals((await takeOne(a, 0)).term, lost.term + 1);
    await assertRejects(() => a.commit({ shard: 0, term: lost.term, commits: 0 }, home.batch(1)), FenceError);
  });

  test(`${name}: an owner that was frozen beyond its lease commits nothing`, async (home) => {
    const [a, b] = [home.node("a"), home.node("b")];
    const { shard, term, commits } = await takeOne(a, 0);
    await a.commit({ shard, term, commits }, home.batch(1));
    await home.expire(0);
    const taken = await takeOne(b, 0);
    assertEquals(taken.commits, commits + 1);
    await assertRejects(() => a.commit({ shard, term, commits: commits + 1 }, home.batch(2)), FenceError);
    await b.commit(taken, home.batch(3));
    assertEquals(await home.stored(), [1, 3]);
    assertEquals((await a.heartbeat([{ shard, term }])).renewed, []);
  });

  test(`${name}: an owner whose lease has expired continues if no node has taken the shard`, async (home) => {
    const a = home.node("a");
    const { shard, term, commits } = await takeOne(a, 0);
    await home.expire(0);
    assertEquals((await a.shardState(0)).isFree, true);
    await a.commit({ shard, term, commits }, home.batch(1));
    assertEquals((await a.shardState(0)).isFree, false);
    await home.expire(0);
    assertEquals((await a.heartbeat([{ shard, term }])).renewed, [{ shard, term }]);
    assertEquals((await a.shardState(0)).isFree, false);
  });

  test(`${name}: a commit is done once, however often it is sent`, async (home) => {
    const a = home.node("a");
    const fence = await takeOne(a, 0);
    await a.commit(fence, home.batch(1));
    await assertRejects(() => a.commit(fence, home.batch(1)), FenceError);
    assertEquals(await home.stored(), [1]);
    assertEquals((await a.shardState(0)).commits, fence.commits + 1);
  });

  test(`${name}: a shard that was handed over is free at once, and commits in its old term are refused`, async (home) => {
    const [a, b] = [home.node("a"), home.node("b")];
    const old = await takeOne(a, 0);
    await a.release([old]);
    assertEquals((await a.shardState(0)).owner, null);
    assertEquals((await a.heartbeat([old])).renewed, []);
    await assertRejects(() => a.commit(old, home.batch(1)), FenceError);
    const taken = await takeOne(b, 0);
    await a.release([old]);
    assertEquals((await a.shardState(0)).owner, "b");
    await b.commit(taken, home.batch(2));
    assertEquals(await home.stored(), [2]);
  });

  test(`${name}: a node is listed as present from its first heartbeat until it leaves`, async (home) => {
    const [a, b] = [home.node("a"), home.node("b")];
    assertEquals((await b.heartbeat([])).nodes, ["b"]);
    assertEquals((await a.heartbeat([])).nodes, ["a", "b"]);
    await b.leave();
    const { nodes, shards } = await a.heartbeat([]);
    assertEquals(nodes, ["a"]);
    assertEquals(shards.map(({ shard, isFree }) => [shard, isFree]), [[0, true], [1, true], [2, true]]);
  });

  test(`${name}: if a standby that lags behind assigns a term again, only the new owner can commit in that term`, async (home) => {
    const [a, b, c] = [home.node("a"), home.node("b"), home.node("c")];
    await takeOne(a, 0);
    await home.expire(0);
    const promote = await home.copy();
    const lost = await takeOne(b, 0);
    await promote();
    const taken = await takeOne(c, 0);
    assertEquals([taken.term, taken.commits], [lost.term, lost.commits]);
    // If the fence did not include the owner, it would match the shard.
    await assertRejects(() => b.commit(lost, home.batch(1)), FenceError);
    await c.commit(taken, home.batch(2));
    assertEquals(await home.stored(), [2]);
  });

  test(`${name}: if several nodes race for shards, each shard goes to exactly one node`, async (home) => {
    const nodes = ["a", "b", "c"].map((id) => home.node(id));
    for (let round = 0; round < 10; round++) {
      const grants = await Promise.all(nodes.map((node) => node.take([round % 3])));
      assertEquals(grants.flat().length, 1, `round ${round}`);
      assertNotEquals(grants.flat()[0]!.term, 0);
      await home.expire(round % 3);
      const owner = nodes[grants.findIndex(({ length }) => length > 0)]!;
      await owner.release(grants.flat());
    }
  });
}
