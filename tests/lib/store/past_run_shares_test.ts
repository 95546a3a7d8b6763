/** Tests how the limit of past runs is shared between clients. */

import fc from "fast-check";
import { pastRunsToDrop } from "../../../lib/store/past_run_shares.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("pastRunsToDrop() frees as much as needed, from the clients with the most past runs", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.tuple(fc.string(), fc.integer({ min: 1, max: 200 })), {
      selector: ([client]) => client,
      minLength: 1,
      maxLength: 40,
    }),
    fc.integer({ min: 1, max: 2_000 }),
    (entries, limit) => {
      const counts = new Map(entries);
      const total = entries.reduce((sum, [, count]) => sum + count, 0);
      fc.pre(total > limit);
      const drops = pastRunsToDrop(counts, limit);
      const kept = entries.map(([client, count]) => count - (drops.get(client) ?? 0));
      assert(kept.every((count) => count >= 0));
      assertEquals(kept.reduce((sum, count) => sum + count, 0), limit - Math.floor(limit / 500));
      // A client that has to drop past runs keeps at most one less than any other client.
      const most = Math.max(...kept);
      for (const [index, [client]] of entries.entries()) {
        if (drops.has(client)) assert(kept[index]! >= most - 1);
      }
    },
  ));
});
