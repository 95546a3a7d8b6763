import type { OwnedShard } from "../../../../lib/cluster/owned_shard.ts";
import type { Engines } from "../../../../lib/monitor/cluster/engines.ts";
import { OwnedShards } from "../../../../lib/monitor/cluster/owned_shards.ts";
import type { ShardedGate } from "../../../../lib/monitor/cluster/sharded_gate.ts";
import type { ShardBatch } from "../../../../lib/store/postgres/postgres_leases.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("OwnedShards.handOver() does nothing if the shard was lost while the node was taking it over", async () => {
  const taken = Promise.withResolvers<void>();
  const calls: string[] = [];
  const engine = {
    takeOver: () => taken.promise,
    prepareToStepDown: () => Promise.resolve(void calls.push("prepareToStepDown")),
  };
  const shards = new OwnedShards({
    engines: {
      loaded: () => Promise.resolve(),
      of: () => engine,
      reload: () => void calls.push("reload"),
    } as unknown as Engines,
    gate: { note() {} } as unknown as ShardedGate,
    onNotice: () => {},
    onError: () => {},
    ending: new AbortController().signal,
  });
  const owned = { grant: { shard: 3, term: 1 } } as OwnedShard<ShardBatch>;
  shards.take(owned);
  await Promise.resolve();
  const handedOver = shards.handOver(owned, undefined);
  shards.lost(owned, "it was handed over");
  taken.resolve();
  await handedOver;
  // The engine must not prepare to step down: its gate would then refuse changes when the node owns the shard
  // again.
  assertEquals(calls, ["reload"]);
});
