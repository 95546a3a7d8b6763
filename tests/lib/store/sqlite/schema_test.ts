import { DatabaseSync } from "node:sqlite";
import {
  APPLICATION_ID,
  isForeign,
  migrate,
  MIGRATIONS,
  SCHEMA_VERSION,
  schemaVersion,
} from "../../../../lib/store/sqlite/schema.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

/** Creates a database in memory, which is closed at the end of the test. */
function database(): DatabaseSync & Disposable {
  const db = new DatabaseSync(":memory:");
  // In older versions of Deno, databases cannot be disposed of.
  return Object.assign(db, { [Symbol.dispose]: () => db.close() });
}

/** Returns the names of all tables and indexes. */
function names(db: DatabaseSync): unknown[] {
  return db.prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").all()
    .map(({ name }) => name);
}

const TABLES = [
  "clients",
  "deliveries",
  "history",
  "launches",
  "log_lines",
  "meta",
  "past_runs",
  "past_runs_end",
  "records",
  "removals",
  "runs",
  "series",
  "subtasks",
  "tasks",
  "tasks_removed",
  "value_series",
];

/** Migrations to one version after the current one; the earlier migrations must not run again. */
const WITH_ONE_MORE = [
  ...Array.from({ length: SCHEMA_VERSION }, () => "SELECT not_to_be_run"),
  "CREATE TABLE more (id INTEGER PRIMARY KEY); ALTER TABLE tasks ADD COLUMN owner TEXT",
];

Deno.test("migrate() creates the schema in an empty database, and does nothing if the schema is current", () => {
  using db = database();
  assertEquals([schemaVersion(db), isForeign(db)], [0, false]);
  migrate(db);
  assertEquals(names(db), TABLES);
  assertEquals([schemaVersion(db), isForeign(db)], [SCHEMA_VERSION, false]);
  assertEquals(db.prepare("PRAGMA application_id").get()?.application_id, APPLICATION_ID);
  db.exec("INSERT INTO meta (name, value) VALUES ('kept', 1)");
  migrate(db);
  assertEquals(db.prepare("SELECT value FROM meta").get()?.value, 1);
});

Deno.test("migrate() runs only the missing steps, and keeps the rows", () => {
  using db = database();
  migrate(db);
  db.exec("INSERT INTO tasks (place, client, id, seq) VALUES (1, 'c', 'kept', 5)");
  migrate(db, WITH_ONE_MORE);
  assertEquals(schemaVersion(db), SCHEMA_VERSION + 1);
  assertEquals(names(db), [...TABLES, "more"].sort());
  assertEquals({ ...db.prepare("SELECT id, owner FROM tasks").get() }, { id: "kept", owner: null });
});

Deno.test("migrate() migrates the first schema version step by step, and keeps the rows", () => {
  using db = database();
  migrate(db, MIGRATIONS.slice(0, 1));
  assertEquals([schemaVersion(db), names(db).includes("deliveries")], [1, false]);
  db.exec("INSERT INTO tasks (place, client, id, seq) VALUES (1, 'c', 'kept', 5)");
  for (let steps = 2; steps <= MIGRATIONS.length; steps++) migrate(db, MIGRATIONS.slice(0, steps));
  assertEquals([schemaVersion(db), names(db)], [SCHEMA_VERSION, TABLES]);
  assertEquals(db.prepare("SELECT id FROM tasks").get()?.id, "kept");
});

Deno.test("SCHEMA_VERSION is the number of migrations", () =>
  assertEquals(SCHEMA_VERSION, MIGRATIONS.length));

Deno.test("migrate() changes nothing if a step fails", () => {
  using db = database();
  migrate(db);
  assertThrows(
    () => migrate(db, [...WITH_ONE_MORE, "CREATE TABLE too_much (id)", "not even SQL"]),
    Error,
    "syntax",
  );
  assertEquals([names(db), schemaVersion(db), db.isTransaction], [TABLES, SCHEMA_VERSION, false]);
  migrate(db, WITH_ONE_MORE);
  assertEquals(schemaVersion(db), SCHEMA_VERSION + 1);
});

Deno.test("migrate() leaves an empty database empty if the first step fails", () => {
  using db = database();
  assertThrows(() => migrate(db, ["CREATE TABLE half (id); CREATE TABLE half (id)"]), Error, "half");
  assertEquals([names(db), schemaVersion(db), isForeign(db)], [[], 0, false]);
});

Deno.test("isForeign() detects databases of other programs", () => {
  using db = database();
  db.exec("PRAGMA application_id = 5");
  assertEquals(isForeign(db), false, "an empty database belongs to no program");
  db.exec("CREATE TABLE notes (id INTEGER PRIMARY KEY)");
  assertEquals(isForeign(db), true);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  assertEquals(isForeign(db), false);
});

Deno.test("migrate() adds the newer fields to records of the first schema version", () => {
  using db = database();
  const record = { id: "1", name: "old", progress: 12.5, metadata: { deep: [1, null, "ä"] }, version: 3 };
  migrate(db, MIGRATIONS.slice(0, 1));
  db.prepare("INSERT INTO records (place, record) VALUES (1, ?)").run(JSON.stringify(record));
  migrate(db);
  const row = db.prepare("SELECT record FROM records").get();
  assertEquals(JSON.parse(String(row?.record)), {
    ...record,
    reporter: null,
    report_seq: null,
    eta_low: null,
    eta_high: null,
    share: null,
    expected_weight: null,
    own_progress: true,
    expected_duration: null,
    value_count: 0,
  });
});

Deno.test("migrate() computes the sums over the subtasks of unfinished tasks", () => {
  using db = database();
  migrate(db, MIGRATIONS.slice(0, 6));
  const task = db.prepare(
    "INSERT INTO tasks (place, client, id, seq, ended_at, removed) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const record = db.prepare("INSERT INTO records (place, record) VALUES (?, ?)");
  const run = db.prepare(
    "INSERT INTO runs (place, name, state, created_at, updated_at, parent_id) VALUES (?, '', 'ERROR', 0, 0, ?)",
  );
  const put = (place: number, client: string, parent: string | null, endedAt: number | null, more = {}) => {
    task.run(place, client, String(place), place, endedAt, 0);
    record.run(place, JSON.stringify({ parent_id: parent, weight: 1, progress: 50, current: null, ...more }));
    if (endedAt !== null) run.run(place, parent);
  };
  put(1, "c", null, null);
  put(2, "c", "1", 5, { weight: 2.5 });
  put(3, "c", "1", 5);
  put(4, "c", "1", null);
  put(5, "d", "1", 5);
  put(6, "c", null, 5);
  put(7, "c", "6", 5);
  put(8, "c", null, null, { current: 1 });
  put(9, "c", "8", 5);
  put(10, "c", null, null, { progress: null });
  put(11, "c", null, null);
  put(12, "c", "11", null);
  migrate(db);
  const sums = db.prepare("SELECT place, sums FROM subtasks").all();
  assertEquals(sums.map(({ place, sums }) => [place, JSON.parse(String(sums))]), [
    [1, { ended: 2, share: 0, weight: 3.5, upFront: false }],
    [8, { ended: 1, share: 0, weight: 1, upFront: false }],
  ]);
  const own = db.prepare("SELECT place FROM records WHERE json_type(record, '$.own_progress') = 'true'")
    .all();
  assertEquals(own.map(({ place }) => place), [2, 3, 4, 5, 7, 8, 9, 12]);
});
