import { assertEquals } from "../../../support/assert.ts";
import { testPostgres } from "../../../support/postgres_cluster.ts";
import { openPostgres } from "../../../support/postgres_home.ts";
import { appendLog, line, storedTask } from "../../../support/store_model.ts";

testPostgres("commitStatements() writes the last of several rows with the same key", async (cluster) => {
  await using store = await openPostgres(cluster.url);
  for (const id of ["1", "2"]) store.put("c", storedTask(id, store.takeSeq()));
  appendLog(store, "c", "1", 0, [line("a"), line("b"), line("c")]);
  appendLog(store, "c", "2", 1, [line("d")]);
  appendLog(store, "c", "1", 1, [line("e")]);
  await store.committed();
  appendLog(store, "c", "1", 2, [line("f")]);
  await store.committed();
  const rows = await cluster.query("SELECT text FROM taskscope.log_lines ORDER BY place, number");
  assertEquals(rows.map(({ text }) => text), ["a", "e", "f", "d"]);
});
