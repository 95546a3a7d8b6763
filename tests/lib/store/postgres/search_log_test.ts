/** Tests of the search of logs in PostgreSQL: how much of the database it takes, and what it finds. */

import { Connection } from "../../../../lib/store/postgres/connection.ts";
import { readAddress } from "../../../../lib/store/postgres/postgres_address.ts";
import type { QueryConfig } from "../../../../lib/store/postgres/pg.d.ts";
import { Readers } from "../../../../lib/store/postgres/readers.ts";
import { searchLog } from "../../../../lib/store/postgres/search_log.ts";
import { HISTORY } from "../../../../lib/store/side_tables.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { testPostgres } from "../../../support/postgres_cluster.ts";
import { openPostgres } from "../../../support/postgres_home.ts";
import { appendHistory, appendLog, entry, line, storedTask } from "../../../support/store_model.ts";
import { eventually } from "../../../support/until.ts";

const QUERY = { text: "needle", from: 0, to: Infinity, most: 10, keep: "newest" } as const;

/** A node of a plan, with what it has returned and left out. */
interface PlanNode {
  readonly "Actual Rows": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Returns the highest number of rows that a node of a plan has read. */
function mostRows(node: PlanNode): number {
  const own = node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0);
  return Math.max(own, ...(node.Plans ?? []).map(mostRows));
}

testPostgres("searchLog() reads a bounded number of lines in each statement", async (cluster) => {
  await (await openPostgres(cluster.url))[Symbol.asyncDispose]();
  // The numbers of the lines have a gap, and only the first line matches.
  cluster.sql(`INSERT INTO taskscope.log_lines SELECT 7, 2 * i, 1, 'line ' || i, NULL, NULL
    FROM generate_series(100, 2599) i; ANALYZE taskscope.log_lines;
    UPDATE taskscope.log_lines SET text = 'the NEEDLE' WHERE number = 200`);
  const readers = new Readers(readAddress(cluster.url));
  try {
    const queries: QueryConfig[] = [];
    const read = (query: QueryConfig) => {
      queries.push(query);
      return readers.query(query);
    };
    const request = { client: "c", place: 7, unsaved: [], query: QUERY };
    const { lines, matches, searched } = await searchLog(read, request);
    assertEquals([lines.map(({ number }) => number), matches, searched], [[200], 1, 2_500]);
    for (const { text, values } of queries) {
      const { rows: [row] } = await readers.query({
        text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
        values: values!,
      });
      const most = mostRows(JSON.parse(row["QUERY PLAN"])[0].Plan);
      assert(most <= 500, `a statement read ${most} lines`);
    }
  } finally {
    await readers.close();
  }
});

testPostgres(
  "PostgresStore.searchLog() ignores case in the same way in a Turkish database",
  async (cluster) => {
    await using store = await openPostgres(cluster.url);
    // In Turkish, the lower case of "I" is "ı".
    cluster.sql('ALTER TABLE taskscope.log_lines ALTER COLUMN text TYPE text COLLATE "tr-x-icu"');
    store.put("c", storedTask("1", store.takeSeq()));
    appendLog(store, "c", "1", 0, [line("FINISHED"), line("finished"), line("another"), line("the last")]);
    await store.committed();
    for (const text of ["finished", "FINISHED"]) {
      const { lines } = await store.searchLog("c", "1", { ...QUERY, text });
      assertEquals(lines.map(({ number }) => number), [0, 1], text);
    }
  },
);

testPostgres("PostgresStore.searchLog() leaves connections for other reads", async (cluster) => {
  await using store = await openPostgres(cluster.url);
  const clients = Array.from({ length: 5 }, (_, index) => `c${index}`);
  for (const client of clients) {
    store.put(client, storedTask("1", store.takeSeq()));
    appendLog(store, client, "1", 0, [line("a needle")]);
    appendHistory(store, client, "1", entry(1), true);
  }
  await store.committed();
  const waiting = async () => {
    const [row] = await cluster.query(
      "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%log_lines%'",
    );
    return Number(row.n);
  };
  // Reading the log waits until this transaction has ended.
  const holder = await Connection.open(readAddress(cluster.url));
  await holder.query(
    "SET idle_in_transaction_session_timeout = 0; BEGIN; LOCK TABLE taskscope.log_lines IN ACCESS EXCLUSIVE MODE",
  );
  const searches = clients.flatMap((client) =>
    Array.from({ length: 4 }, () => store.searchLog(client, "1", QUERY))
  );
  try {
    await eventually(waiting, (count) => count >= 2);
    const history = await store.readEntries(HISTORY, "c4", "1");
    assertEquals(history.length, 1);
  } finally {
    await holder.query("ROLLBACK");
    await holder.end();
  }
  assertEquals((await Promise.all(searches)).map(({ matches }) => matches), Array(20).fill(1));
});
