import { DatabaseSync } from "node:sqlite";
import { type PastRunRow, PastRunRows } from "../../../../lib/store/database/past_run_rows.ts";
import { MIGRATIONS } from "../../../../lib/store/sqlite/schema.ts";
import { defineRecordChecksum } from "../../../../lib/store/sqlite/record_checksum.ts";
import { assertEquals, assertLessOrEqual } from "../../../support/assert.ts";

const LIMITS = { pastRunsPerName: 20, pastRuns: 1_000, pastRunAgeMs: 3_600_000 };

/** Opens an empty database in memory. */
function open(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  defineRecordChecksum(db);
  for (const step of MIGRATIONS) db.exec(step);
  return db;
}

/** Creates the row of a run that ended `ago` seconds ago. */
function row(id: number, name = "job", ago = 1_000 - id): PastRunRow {
  const end = Math.floor(Date.now() / 1_000) - ago;
  return ["c", JSON.stringify(name), end, String(id).padStart(4, "0"), "FINISHED", end - 1, end - 1];
}

/** Returns the ids of a name, earliest end first. */
function ids(db: DatabaseSync, name = "job"): number[] {
  const rows = db.prepare("SELECT id FROM past_runs WHERE name = ? ORDER BY finished_at, id").all(
    JSON.stringify(name),
  );
  return rows.map(({ id }) => Number(id));
}

Deno.test("PastRunRows.write() keeps the newest runs of a name, and at most half as many more", () => {
  using db = open();
  const rows = new PastRunRows(db, LIMITS);
  for (let id = 0; id < 100; id++) {
    rows.write([row(id)]);
    const kept = ids(db);
    assertLessOrEqual(kept.length, 30);
    assertEquals(kept.slice(-20), Array.from({ length: 100 }, (_, each) => each).slice(0, id + 1).slice(-20));
    assertEquals(rows.count, kept.length);
  }
});

Deno.test("PastRunRows.write() cuts a name whose rows it does not know to its limit", () => {
  using db = open();
  new PastRunRows(db, { ...LIMITS, pastRunsPerName: 90 }).write(
    Array.from({ length: 80 }, (_, id) => row(id)),
  );
  for (let id = 80; id < 90; id++) {
    // A program that is started again and again must not exceed the limit a little more with each start.
    new PastRunRows(db, LIMITS).write([row(id)]);
    assertEquals(ids(db).length, 20);
  }
  const rows = new PastRunRows(db, LIMITS);
  rows.write([row(90)]);
  rows.rolledBack();
  rows.write([row(91)]);
  assertEquals(ids(db).length, 20);
});

Deno.test("PastRunRows.write() deletes runs beyond the limit of their name before runs of other names", () => {
  using db = open();
  const rows = new PastRunRows(db, { ...LIMITS, pastRuns: 40 });
  rows.write([row(0, "rare")]);
  for (let id = 1; id < 22; id++) rows.write([row(id)]);
  assertEquals(ids(db).length, 21);
  for (let id = 22; id < 41; id++) rows.write([row(id, "other")]);
  assertEquals([ids(db, "rare"), ids(db).length, ids(db, "other").length, rows.count], [[0], 20, 19, 40]);
});

Deno.test("PastRunRows.write() deletes runs that ended too long ago, also if they are added late", () => {
  using db = open();
  const rows = new PastRunRows(db, LIMITS);
  rows.write([row(1)]);
  rows.write([row(2, "old", 4_000), row(3, "old", 3_000)]);
  assertEquals([ids(db), ids(db, "old"), rows.count], [[1], [3], 2]);
  rows.write([row(4, "old", 3_700)]);
  assertEquals([ids(db), ids(db, "old"), rows.count], [[1], [3], 2]);
});
