import type { DatabaseStore } from "../../../../lib/store/database/database_store.ts";
import { openPostgresStore } from "../../../../lib/store/postgres/postgres_store.ts";
import { summaryOf } from "../../../../lib/task/task.ts";
import { AMPLE_LIMITS } from "../../../support/ample_limits.ts";
import { assertEquals } from "../../../support/assert.ts";
import { hasPostgres, sharedCluster } from "../../../support/postgres_cluster.ts";
import { storedTask } from "../../../support/store_model.ts";

function open(url: string): Promise<DatabaseStore> {
  return openPostgresStore({ url, limits: AMPLE_LIMITS, commitIntervalMs: 60_000 });
}

Deno.test({
  name: "loadTasks() loads thousands of ended and unfinished tasks in the order of their creation",
  ignore: !hasPostgres,
  fn: async () => {
    const cluster = sharedCluster();
    try {
      const ids = Array.from({ length: 3_500 }, (_, n) => `task-${(n * 3) % 3_500}`);
      const unfinished = ids.filter((_, n) => n % 700 === 1);
      const unnamed = ids[2_700]!;
      {
        await using store = await open(cluster.url);
        for (const id of ids) {
          const state = unfinished.includes(id) ? "NOT_STARTED" : "FINISHED";
          // A column can't hold the character U+0000, so the name must be read from the record.
          const name = id === unnamed ? "nul \0" : "import";
          store.put("c", storedTask(id, store.takeSeq(), state, { name, parent_id: `parent of ${id}` }));
        }
        store.put("c", storedTask(ids[10]!, store.takeSeq(), "FINISHED"));
      }
      // Remove all tasks of the second thousand.
      cluster.sql("UPDATE taskscope.tasks SET removed = true WHERE place BETWEEN 1001 AND 2000");
      const left = ids.filter((_, n) => n < 1_000 || n >= 2_000);
      await using store = await open(cluster.url);
      const loaded = [...store.index.list("c")];
      assertEquals(loaded.map(({ id }) => id), left);
      assertEquals(
        loaded.filter((stored) => store.atHand(stored) !== null).map(({ id }) => id),
        left.filter((id) => unfinished.includes(id)),
      );
      const opened = store.takeOpened();
      assertEquals(opened.live.map(({ id }) => id), left.filter((id) => unfinished.includes(id)));
      assertEquals([opened.ended.length, opened.ended.at(-1)?.id], [
        left.length - opened.live.length,
        ids[10],
      ]);
      assertEquals(store.index.changesSince("c", 3_499)?.tasks.map(({ id }) => id), [ids.at(-1), ids[10]]);
      assertEquals(store.index.get("c", unnamed)?.summary.name, "nul \0");
      const records = await store.records(loaded);
      assertEquals(
        loaded.map(({ summary }) => summaryOf(summary)),
        records.map(({ task }) => summaryOf(task)),
      );
    } finally {
      cluster.clear();
    }
  },
});
