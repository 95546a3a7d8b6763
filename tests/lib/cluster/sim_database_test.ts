import type { Change } from "../../support/cluster/ledger.ts";
import { Ledger } from "../../support/cluster/ledger.ts";
import { testLeases } from "../../support/cluster/lease_conformance.ts";
import { SimDatabase } from "../../support/cluster/sim_database.ts";
import { World } from "../../support/cluster/world.ts";

const LEASE_MS = 10_000;

testLeases<readonly Change[]>("SimDatabase", (name, run) => {
  Deno.test(name, async () => {
    const world = new World(0, false);
    const ledger = new Ledger(world, 3);
    const database = new SimDatabase(world, ledger, LEASE_MS, null);
    await run({
      node: (id) => ({
        heartbeat: async (held) => await database.heartbeat(id, held),
        take: async (shards) => await database.take(id, shards),
        release: async (held) => await database.release(id, held),
        leave: async () => await database.leave(id),
        commit: async (fence, batch) => await database.commit(id, fence, batch),
        shardState: async (shard) => await database.shardState(shard),
      }),
      expire: async (shard) => await database.expire(shard),
      copy: async () => {
        const promote = await database.copy();
        return async () => await promote();
      },
      batch: (seq) => [{ key: "k", seq, report: seq, applied: seq }],
      stored: async () => (await ledger.shards[0]!.history).map(({ seq }) => seq),
    });
  });
});
