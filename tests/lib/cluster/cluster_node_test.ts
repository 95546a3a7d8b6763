/** Tests the heartbeats of a node with a database whose requests a test lets hang. */

import type { LeaseDatabase } from "../../../lib/cluster/cluster_database.ts";
import { ClusterNode } from "../../../lib/cluster/cluster_node.ts";
import { assertEquals, assertLess } from "../../support/assert.ts";
import { type Change, Ledger } from "../../support/cluster/ledger.ts";
import { Machine } from "../../support/cluster/machine.ts";
import { SimDatabase } from "../../support/cluster/sim_database.ts";
import { TIMES } from "../../support/cluster/sim_node.ts";
import { World } from "../../support/cluster/world.ts";

/** How the database treats a heartbeat: it answers, the request hangs for half a lease, or the connection is refused. */
type Fate = "answered" | "hangs" | "refused";

const ROUND_TRIP_MS = 10;

/** Runs a node for some leases; returns when each of its heartbeats was sent, in milliseconds. */
async function heartbeatsOf(fates: readonly Fate[]): Promise<readonly number[]> {
  const world = new World(0, false);
  const machine = new Machine(world);
  const database = new SimDatabase(world, new Ledger(world, 2), TIMES.leaseMs, null);
  const sent: number[] = [];
  const wait = (ms: number) => new Promise<void>((resolve) => void machine.after(ms, resolve));
  const link: Pick<LeaseDatabase, "heartbeat" | "take"> = {
    heartbeat: async (held) => {
      const fate = fates[sent.push(world.nowMs) - 1] ?? "answered";
      await wait(fate === "hangs" ? TIMES.leaseMs / 2 : ROUND_TRIP_MS);
      if (fate !== "answered") throw new Error("The database does not respond");
      return database.heartbeat("n", held);
    },
    take: async (shards) => await database.take("n", shards),
  };
  const node = new ClusterNode<readonly Change[]>({
    node: "n",
    database: {
      ...link,
      release: async (held) => await database.release("n", held),
      leave: async () => await database.leave("n"),
      commit: async (fence, batch) => await database.commit("n", fence, batch),
      shardState: async (shard) => await database.shardState(shard),
    },
    clock: machine,
    times: TIMES,
    onTaken: () => {},
    onLost: (_, reason) => world.fail(reason),
    onHandOver: () => Promise.resolve(),
  });
  node.wake();
  const endMs = 3 * TIMES.leaseMs;
  do await new Promise((resolve) => setTimeout(resolve)); while (world.step(endMs));
  assertEquals([world.violation, node.owned.size], [null, 2]);
  return sent;
}

Deno.test("ClusterNode renews its leases before they end, although a heartbeat hangs on a dead connection", async () => {
  const [, first, hung, next] = await heartbeatsOf(["answered", "answered", "hangs"]);
  assertEquals(Math.round(hung! - first!), TIMES.renewMs);
  assertLess(next! + ROUND_TRIP_MS, first! + TIMES.leaseMs);
});

Deno.test("ClusterNode sends heartbeats at the same interval while the database refuses them", async () => {
  const sent = await heartbeatsOf(Array<Fate>(4).fill("refused"));
  assertEquals(sent.map(Math.round), sent.map((_, index) => index * TIMES.renewMs));
});
