import { StorageError } from "../../../../lib/errors.ts";
import { DatabaseFile } from "../../../../lib/store/sqlite/database_file.ts";
import { SCHEMA_VERSION } from "../../../../lib/store/sqlite/schema.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";
import { type Process, spawn } from "../../../support/program.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { storedTask } from "../../../support/store_model.ts";

const LOCKED = "another Taskscope is using it; stop that process, or name another file with --data";

/** Opens and closes a database, and returns the number of its tasks. */
function open(file: string): number {
  using database = new DatabaseFile(file);
  return Number(database.row("SELECT count(*) FROM tasks")?.[0]);
}

/** Asserts that a database cannot be opened, and returns the reason. */
function refusal(file: string): string {
  const error = assertThrows(() => open(file), StorageError, `Cannot store tasks in "${file}": `);
  return error.reason;
}

/** Starts another process that keeps a database open. */
async function hold(folder: StoreFolder): Promise<Process> {
  const script = `${folder.path}/hold.ts`;
  const module = new URL("../../../../lib/store/sqlite/database_file.ts", import.meta.url);
  await Deno.writeTextFile(
    script,
    `import { DatabaseFile } from ${JSON.stringify(module.href)};
     const database = new DatabaseFile(${JSON.stringify(folder.file)});
     console.log("open", database.row("SELECT 1"));
     setInterval(() => {}, 1_000);`,
  );
  const flags = ["--no-prompt", "--no-lock", "--no-config", "--no-check", "--allow-read", "--allow-write"];
  const process = spawn(Deno.execPath(), ["run", ...flags, script]);
  await process.output(/open/);
  return process;
}

/** Creates a database with tasks, and closes it. */
async function fillDatabase(folder: StoreFolder, count: number): Promise<void> {
  await using store = folder.open();
  for (let i = 0; i < count; i++) store.put("c", storedTask(`${i}`, store.takeSeq(), "FINISHED"));
}

Deno.test("DatabaseFile creates a file that only its owner can read, and can reopen that file", () => {
  using folder = new StoreFolder();
  assertEquals(open(folder.file), 0);
  assertEquals(open(folder.file), 0);
  if (Deno.build.os !== "windows") assertEquals(Deno.statSync(folder.file).mode! & 0o777, 0o600);
  assertEquals(folder.query("PRAGMA journal_mode")[0]?.journal_mode, "wal");
});

Deno.test("DatabaseFile accepts an empty file", () => {
  using folder = new StoreFolder();
  Deno.writeTextFileSync(folder.file, "");
  assertEquals(open(folder.file), 0);
});

Deno.test("DatabaseFile reads rows, and writes statements atomically", () => {
  using folder = new StoreFolder();
  using database = new DatabaseFile(folder.file);
  assertEquals(database.path, folder.file);
  const insert = "INSERT INTO meta (name, value) VALUES (?, ?)";
  database.write([[insert, "a", 1], [insert, "b", 2]]);
  assertThrows(() => database.write([[insert, "c", 3], [insert, "a", 4]]), StorageError, "UNIQUE");
  assertEquals(database.rows("SELECT value, name FROM meta ORDER BY name"), [[1, "a"], [2, "b"]]);
  assertEquals(database.row("SELECT name, value FROM meta WHERE name = ?", "b"), ["b", 2]);
  assertEquals(database.row("SELECT value FROM meta WHERE name = ?", "c"), undefined);
  assertThrows(() => database.rows("SELECT 1 FROM nowhere"), StorageError, "no such table");
});

Deno.test("DatabaseFile throws while a file is open, even under another name", () => {
  using folder = new StoreFolder();
  const database = new DatabaseFile(folder.file);
  assertEquals(refusal(folder.file), LOCKED);
  assertEquals(refusal(`${folder.path}/../${folder.path.split("/").at(-1)}/tasks.db`), LOCKED);
  const link = `${folder.path}/link.db`;
  Deno.symlinkSync(folder.file, link);
  assertEquals(refusal(link), LOCKED);
  database[Symbol.dispose]();
  assertEquals(open(link), 0);
  assertEquals(open(folder.file), 0);
});

Deno.test("DatabaseFile throws while another process has a file open, and opens the file once that process is killed", async () => {
  using folder = new StoreFolder();
  {
    await using process = await hold(folder);
    assertEquals(refusal(folder.file), LOCKED);
    process.kill("SIGKILL");
    await process.ended();
  }
  assertEquals(open(folder.file), 0);
});

Deno.test("DatabaseFile throws if another program keeps the database locked", () => {
  using folder = new StoreFolder();
  open(folder.file);
  // A program such as a database browser doesn't know Taskscope's own lock, but locks the database itself.
  const holder = folder.connect();
  holder.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  assertEquals(refusal(folder.file), "another program has locked it (database is locked)");
  holder.close();
  assertEquals(open(folder.file), 0);
});

Deno.test("DatabaseFile throws if a file is not a database, and leaves it unchanged", () => {
  using folder = new StoreFolder();
  const random = crypto.getRandomValues(new Uint8Array(10_000));
  for (const content of [new TextEncoder().encode("my notes\n".repeat(100)), random]) {
    Deno.writeFileSync(folder.file, content);
    assertEquals(
      refusal(folder.file),
      "it is not a database; move it away, or name another file with --data (file is not a database)",
    );
    assertEquals(Deno.readFileSync(folder.file), content);
  }
});

Deno.test("DatabaseFile throws if a file is the database of another program, and leaves it unchanged", () => {
  using folder = new StoreFolder();
  folder.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY); INSERT INTO tasks VALUES (1)");
  const before = Deno.readFileSync(folder.file);
  assertEquals(
    refusal(folder.file),
    "it is a database of another program; name another file with --data",
  );
  assertEquals(Deno.readFileSync(folder.file), before);
});

Deno.test("DatabaseFile throws if the schema version is newer, and leaves the file unchanged", () => {
  using folder = new StoreFolder();
  open(folder.file);
  folder.execute("PRAGMA user_version = 99");
  const before = Deno.readFileSync(folder.file);
  assertEquals(
    refusal(folder.file),
    `a newer Taskscope wrote it (schema version 99, while this version supports up to ${SCHEMA_VERSION}); ` +
      "use that version, or name another file with --data",
  );
  assertEquals(Deno.readFileSync(folder.file), before);
});

Deno.test("DatabaseFile throws if the database is damaged", async () => {
  using folder = new StoreFolder();
  await fillDatabase(folder, 500);
  const good = await Deno.readFile(folder.file);
  const pageBytes = 4_096;
  // The damage is not in the first page, because without that page the file is not a database at all.
  for (const page of [2, 5, Math.floor(good.length / pageBytes / 2)]) {
    const damaged = good.slice();
    damaged.fill(0xff, page * pageBytes, (page + 1) * pageBytes);
    await Deno.writeFile(folder.file, damaged);
    const reason = refusal(folder.file);
    assertEquals(
      reason.replace(/\(.*/s, "(…)"),
      "the file is damaged; restore a backup, or move it away to start with an empty one (…)",
      `page ${page}`,
    );
  }
  // The file is truncated, like an unfinished copy.
  await Deno.writeFile(folder.file, good.slice(0, good.length / 2));
  assertEquals(refusal(folder.file).slice(0, 19), "the file is damaged");
  await Deno.writeFile(folder.file, good);
  assertEquals(open(folder.file), 500);
});

Deno.test("DatabaseFile throws if the path is a folder or in a missing folder, and creates no file", () => {
  using folder = new StoreFolder();
  Deno.mkdirSync(folder.file);
  assertEquals(refusal(folder.file), "it is a folder; name a file in it with --data");
  assertEquals(
    refusal(`${folder.path}/missing/tasks.db`).replace(/ \(.*/s, ""),
    "it cannot be opened; its folder must exist and be writable",
  );
  assertEquals(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["tasks.db"]);
});
