import type { Heartbeat } from "../../../lib/cluster/cluster_database.ts";
import { evenShares } from "../../../lib/cluster/even_shares.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** Returns the state of a cluster; a shard whose owner is `null` is free. */
function heartbeatOf(owners: readonly (string | null)[], nodes: readonly string[]): Heartbeat {
  const shards = owners.map((owner, shard) => ({
    shard,
    owner,
    ...{ term: 1, commits: 0, epoch: "e", isFree: owner === null },
  }));
  return { shards, renewed: [], nodes };
}

function heldBy(node: string, owners: readonly (string | null)[]): Set<number> {
  return new Set(owners.flatMap((owner, shard) => owner === node ? [shard] : []));
}

Deno.test("evenShares() lets a single node take all shards, including those that a lost response granted it", () => {
  assertEquals(evenShares("a", new Set(), heartbeatOf([null, null, "a"], ["a"])), {
    take: [0, 1, 2],
    release: 0,
  });
});

Deno.test("evenShares() takes no shards of other nodes; those of a node that is gone only once they are free", () => {
  assertEquals(evenShares("a", new Set([0]), heartbeatOf(["a", "b", "gone", null], ["a", "b"])), {
    take: [3],
    release: 0,
  });
});

Deno.test("evenShares() leads any number of nodes to even shares of 16 shards, from any distribution", () => {
  for (let count = 1; count <= 20; count++) {
    const nodes = Array.from({ length: count }, (_, index) => `n${String(index).padStart(2, "0")}`);
    for (const start of [() => null, () => "n00", (shard: number) => nodes[shard % 2] ?? "n00"]) {
      const owners: (string | null)[] = Array.from({ length: 16 }, (_, shard) => start(shard));
      for (let round = 0; round < 8; round++) {
        for (const node of nodes) {
          const held = heldBy(node, owners);
          const { take, release } = evenShares(node, held, heartbeatOf(owners, nodes));
          for (const shard of [...held].slice(held.size - release)) owners[shard] = null;
          for (const shard of take) owners[shard] ??= node;
        }
      }
      const counts = nodes.map((node) => heldBy(node, owners).size);
      assert(!owners.includes(null), `${count}`);
      assert(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
      // The shards are now distributed evenly, so no node takes or releases one.
      for (const node of nodes) {
        const shares = evenShares(node, heldBy(node, owners), heartbeatOf(owners, nodes));
        assertEquals(shares, { take: [], release: 0 });
      }
    }
  }
});
