import { shardOf } from "../../../lib/cluster/shard_of.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("shardOf() never changes", () => {
  assertEquals(["default", "a", "ü", "x".repeat(128)].map((client) => shardOf(client, 16)), [8, 7, 4, 10]);
});

Deno.test("shardOf() spreads clients evenly", () => {
  const counts = new Array<number>(16).fill(0);
  for (let client = 0; client < 16_000; client++) counts[shardOf(`client-${client}`, 16)]!++;
  assert(counts.every((count) => count > 850 && count < 1_150), `${counts}`);
});
