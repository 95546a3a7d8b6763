/** Tests the follower of a shard with a database that responds only when the test lets it. */

import type { Changes } from "../../../lib/cluster/cluster_database.ts";
import { Follower } from "../../../lib/cluster/follower.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

/** A clock whose timers never fire. */
const CLOCK = { now: () => ({ monotonicMs: 0, wallMs: 0 }), after: () => () => {} };

/**
 * A database that responds to the oldest query for changes when the test calls {@linkcode answer} or
 * {@linkcode fail}.
 */
class SlowDatabase {
  readonly pulls: PromiseWithResolvers<Changes<number>>[] = [];

  changes(): Promise<Changes<number>> {
    const pull = Promise.withResolvers<Changes<number>>();
    this.pulls.push(pull);
    return pull.promise;
  }

  async answer(seq: number, hasMore = false): Promise<void> {
    await settled();
    this.pulls.at(-1)!.resolve({ epoch: "e", changes: [seq], seq, hasMore });
    await settled();
  }

  async fail(): Promise<void> {
    await settled();
    this.pulls.at(-1)!.reject(new Error("The database is gone"));
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function follow(database: SlowDatabase, seen: number[] = []): Follower<number> {
  return new Follower({
    database,
    clock: CLOCK,
    shard: 0,
    epoch: "e",
    seq: 0,
    pollMs: 1_000,
    onChanges: ({ changes }) => seen.push(...changes),
    onReset: () => {},
  });
}

Deno.test("Follower.current() waits for a pull that began after the call", async () => {
  const database = new SlowDatabase();
  const seen: number[] = [];
  const follower = follow(database, seen);
  follower.wake();
  let isCurrent = false;
  const current = follower.current().then(() => isCurrent = true);
  await database.answer(1);
  assertEquals([isCurrent, database.pulls.length], [false, 2]);
  await database.answer(2);
  await current;
  assertEquals(seen, [1, 2]);
  follower.stop();
});

Deno.test("Follower.current() shares one pull among the calls that wait for it", async () => {
  const database = new SlowDatabase();
  const follower = follow(database);
  const calls = Array.from({ length: 100 }, () => follower.current());
  await database.answer(1);
  await Promise.all(calls);
  assertEquals(database.pulls.length, 1);
  follower.stop();
});

Deno.test("Follower.current() waits until the database has no further changes", async () => {
  const database = new SlowDatabase();
  const follower = follow(database);
  let isCurrent = false;
  const current = follower.current().then(() => isCurrent = true);
  await database.answer(1, true);
  assertEquals(isCurrent, false);
  await database.answer(2);
  await current;
  follower.stop();
});

Deno.test("Follower.current() rejects if the pull fails, and a later call does not", async () => {
  const database = new SlowDatabase();
  const follower = follow(database);
  const first = follower.current();
  const rejected = assertRejects(() => first, Error, "The database is gone");
  await database.fail();
  await rejected;
  const second = follower.current();
  await database.answer(1);
  await second;
  follower.stop();
});

Deno.test("Follower.current() rejects if the follower stops", async () => {
  const database = new SlowDatabase();
  const follower = follow(database);
  const rejected = assertRejects(() => follower.current(), Error, "stopped");
  follower.stop();
  await rejected;
  await assertRejects(() => follower.current(), Error, "stopped");
});
