import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../../../lib/errors.ts";
import { exists } from "../../../../lib/store/sqlite/exists.ts";
import { migrate, MIGRATIONS, SCHEMA_VERSION, schemaVersion } from "../../../../lib/store/sqlite/schema.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";
import { spawn } from "../../../support/program.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { findTool } from "../../../support/tools.ts";

/** Returns the names of the files in a folder. */
function files(folder: StoreFolder): string[] {
  return Array.from(Deno.readDirSync(folder.path), ({ name }) => name).sort();
}

/** Creates a database of an earlier schema version, with one task. */
function createEarlier(folder: StoreFolder, version: number): void {
  const db = new DatabaseSync(folder.file);
  db.exec("PRAGMA journal_mode = WAL");
  migrate(db, MIGRATIONS.slice(0, version));
  db.exec(`INSERT INTO tasks (place, client, id, seq, ended_at) VALUES (1, 'c', 'kept', 5, 9);
    INSERT INTO records (place, record)
      VALUES (1, '{"id":"kept","name":"job","state":"FINISHED","created_at":1,"updated_at":2}')`);
  db.close();
}

/** Returns the schema version and the tasks of a database. */
function contents(file: string): unknown {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const ids = db.prepare("SELECT id FROM tasks ORDER BY place").all().map(({ id }) => id);
    return [schemaVersion(db), ids];
  } finally {
    db.close();
  }
}

Deno.test("SqliteStore copies a database of an earlier schema version once, before migrating it", async () => {
  using folder = new StoreFolder();
  createEarlier(folder, 3);
  {
    await using store = folder.open();
    assertEquals(store.index.get("c", "kept")?.summary.name, "job");
  }
  assertEquals(contents(folder.file), [SCHEMA_VERSION, ["kept"]]);
  const copy = `${folder.file}.v3.bak`;
  assertEquals(contents(copy), [3, ["kept"]]);
  const { mode, mtime } = await Deno.stat(copy);
  assertEquals(mode, (await Deno.stat(folder.file)).mode);
  await folder.open()[Symbol.asyncDispose]();
  assertEquals((await Deno.stat(copy)).mtime, mtime);
  assertEquals(files(folder).filter((name) => name.includes(".bak")), ["tasks.db.v3.bak"]);
});

Deno.test("SqliteStore keeps its log after a migration while another program opens and closes the database", async () => {
  // Python, because newer versions of SQLite, such as that of Deno, detect some locks that were lost.
  const python = await findTool(["/usr/bin/python3"], "The test of locks after a migration");
  if (python === undefined) return;
  using folder = new StoreFolder();
  createEarlier(folder, 3);
  await using _store = folder.open();
  const script = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("SELECT id FROM tasks").fetchone()[0])
db.close()`;
  const { stdout, stderr } = await spawn(python, ["-c", script, folder.file]).ended();
  assertEquals(stdout, "kept\n", stderr);
  // The last connection to a database deletes the log.
  assert(exists(`${folder.file}-wal`), "the log of the open store was deleted");
});

Deno.test("SqliteStore includes the write-ahead log in the copy", async () => {
  using folder = new StoreFolder();
  createEarlier(folder, 5);
  const db = folder.connect();
  db.exec(
    "PRAGMA wal_autocheckpoint = 0; INSERT INTO tasks (place, client, id, seq) VALUES (2, 'c', 'late', 6)",
  );
  db.exec(`INSERT INTO records VALUES (2, '{"id":"late","name":"job","state":"NOT_STARTED"}')`);
  using crashed = folder.crashed();
  db.close();
  await crashed.open()[Symbol.asyncDispose]();
  assertEquals(contents(`${crashed.file}.v5.bak`), [5, ["kept", "late"]]);
  assertEquals(contents(crashed.file), [SCHEMA_VERSION, ["kept", "late"]]);
});

Deno.test("SqliteStore copies neither a new database nor one of the current schema version", async () => {
  using folder = new StoreFolder();
  for (let time = 0; time < 2; time++) await folder.open()[Symbol.asyncDispose]();
  assertEquals(files(folder).filter((name) => name.includes(".bak")), []);
});

Deno.test("SqliteStore never overwrites an existing copy", async () => {
  using folder = new StoreFolder();
  createEarlier(folder, 3);
  const copy = `${folder.file}.v3.bak`;
  await Deno.writeTextFile(copy, "an earlier copy");
  await folder.open()[Symbol.asyncDispose]();
  assertEquals(await Deno.readTextFile(copy), "an earlier copy");
  assertEquals(contents(folder.file), [SCHEMA_VERSION, ["kept"]]);
});

Deno.test("SqliteStore migrates nothing if the copy fails, and throws the reason", async () => {
  using folder = new StoreFolder();
  createEarlier(folder, 3);
  // Copying fails because this folder already has the temporary name of the copy.
  const obstacle = `${folder.file}.v3.bak.partial`;
  await Deno.mkdir(`${obstacle}/folder`, { recursive: true });
  const error = assertThrows(() => folder.open(), StorageError, "it cannot be copied before its schema");
  const before = `migrated from version 3 to ${SCHEMA_VERSION}, so nothing was migrated: `;
  assertEquals([error.file, error.reason.includes(before)], [folder.file, true]);
  assertEquals(error.reason.includes(folder.path), false, error.reason);
  assertEquals(contents(folder.file), [3, ["kept"]]);
  await Deno.remove(obstacle, { recursive: true });
  await folder.open()[Symbol.asyncDispose]();
  assertEquals(contents(`${folder.file}.v3.bak`), [3, ["kept"]]);
});

Deno.test("SqliteStore refuses to migrate while another program reads an old snapshot, and succeeds afterwards", async () => {
  using folder = new StoreFolder();
  createEarlier(folder, 3);
  const reader = folder.connect();
  reader.exec("BEGIN; SELECT count(*) FROM tasks");
  reader.prepare("SELECT count(*) FROM tasks").get();
  folder.execute("UPDATE tasks SET seq = 7");
  assertThrows(() => folder.open(), StorageError, "another program has locked it");
  reader.close();
  await folder.open()[Symbol.asyncDispose]();
  assertEquals(contents(`${folder.file}.v3.bak`), [3, ["kept"]]);
});

Deno.test("SqliteStore leaves the original and its copy readable if the migration fails", () => {
  using folder = new StoreFolder();
  createEarlier(folder, 5);
  // The last step of the migration fails, because the table that it creates exists.
  folder.execute("CREATE TABLE series (id INTEGER)");
  assertThrows(() => folder.open(), StorageError, "table series already exists");
  assertEquals(contents(folder.file), [5, ["kept"]]);
  assertEquals(contents(`${folder.file}.v5.bak`), [5, ["kept"]]);
});
