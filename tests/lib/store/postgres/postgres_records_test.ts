import { PostgresRecords } from "../../../../lib/store/postgres/postgres_records.ts";
import type { QueryConfig } from "../../../../lib/store/postgres/pg.d.ts";
import { TaskInDatabase } from "../../../../lib/store/postgres/task_in_database.ts";
import type { SideRow } from "../../../../lib/store/side_tables.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { storedTask } from "../../../support/store_model.ts";

/** A table of records, which counts the records that each query reads. */
class Table {
  readonly rows: Map<number, SideRow> = new Map();
  readonly queries: number[] = [];
  isBroken = false;

  readonly read = (query: QueryConfig): Promise<readonly SideRow[]> => {
    const places = query.values![0] as number[];
    this.queries.push(places.length);
    if (this.isBroken) return Promise.reject(new Error("broken"));
    // Reverse the rows, because a database may return them in any order.
    return Promise.resolve(
      places.map((place) => this.rows.get(place)).filter((row) => row !== undefined).reverse(),
    );
  };

  /** Puts the record of an ended task; returns the task without its record. */
  put(place: number, seq = place): TaskInDatabase {
    const { json, summary } = storedTask(`t${place}`, seq, "FINISHED");
    this.rows.set(place, [place, seq, json]);
    return new TaskInDatabase(place, summary, seq);
  }
}

Deno.test("PostgresRecords.records() reads all records that are not in memory with one query, in the given order", async () => {
  const table = new Table();
  const records = new PostgresRecords(table.read, 100_000);
  const tasks = [1, 2, 3].map((place) => table.put(place));
  const live = storedTask("live", 9);
  const read = await records.records([tasks[2]!, live, tasks[0]!]);
  assertEquals(read.map(({ id }) => id), ["t3", "live", "t1"]);
  assertEquals([read[0]!.task.result, read[0]!.seq, read[0]!.active], [{ seq: 3 }, 3, false]);
  assert(!(records.records([tasks[0]!, live, tasks[2]!]) instanceof Promise), "they are at hand now");
  await records.records(tasks);
  assertEquals(table.queries, [2, 1]);
});

Deno.test("PostgresRecords.records() reads a list in parts, without displacing cached records", async () => {
  const table = new Table();
  const records = new PostgresRecords(table.read, 10_000_000);
  const tasks = Array.from({ length: 2_500 }, (_, place) => table.put(place));
  const read = await records.records(tasks);
  assertEquals(read.map(({ id }) => id), tasks.map(({ id }) => id));
  assertEquals(table.queries, [1_000, 1_000, 500]);
  assertEquals(records.atHand(tasks[0]!), null);
});

Deno.test("PostgresRecords.records() omits purged tasks, returns newer records, and rejects if the database cannot be read", async () => {
  const table = new Table();
  const records = new PostgresRecords(table.read, 100_000);
  const [purged, restored] = [table.put(1), table.put(2)];
  table.rows.delete(1);
  table.put(2, 7);
  const read = await records.records([purged, restored]);
  assertEquals(read.map(({ id, seq }) => [id, seq]), [["t2", 7]]);
  table.isBroken = true;
  await assertRejects(async () => await records.records([purged]), Error, "broken");
});

Deno.test("PostgresRecords never returns a record that is older than the task, and forgets the record of a purged task", () => {
  const table = new Table();
  const records = new PostgresRecords(table.read, 100_000);
  const first = records.ended(1, storedTask("t1", 3, "FINISHED"));
  assertEquals(records.atHand(first)?.seq, 3);
  const restored = new TaskInDatabase(1, first.summary, 5);
  assertEquals(records.atHand(restored), null);
  records.ended(1, storedTask("t1", 5, "FINISHED"));
  assertEquals([records.atHand(restored)?.seq, records.atHand(first)?.seq], [5, 5]);
  records.ended(1, storedTask("t1", 4, "FINISHED"));
  assertEquals(records.atHand(restored)?.seq, 5, "an older record that was read late replaces nothing");
  records.purged(1);
  assertEquals(records.atHand(restored), null);
});

Deno.test("PostgresRecords keeps the most recently used records, within its limit", () => {
  const table = new Table();
  const { length } = storedTask("t1", 1, "FINISHED").json;
  const records = new PostgresRecords(table.read, 2 * length + 10);
  const tasks = [1, 2].map((place) => records.ended(place, storedTask(`t${place}`, place, "FINISHED")));
  records.atHand(tasks[0]!);
  tasks.push(records.ended(3, storedTask("t3", 3, "FINISHED")));
  assertEquals(tasks.map((task) => records.atHand(task)?.id ?? null), ["t1", null, "t3"]);
  const large = records.ended(4, storedTask("t4", 4, "FINISHED", { status: "x".repeat(3 * length) }));
  assertEquals([...tasks, large].map((task) => records.atHand(task)?.id ?? null), [null, null, null, "t4"]);
});
