/** Tests that no new database file is placed beside the log of an earlier one, with the files of killed processes. */

import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../../../lib/errors.ts";
import { moveTasks } from "../../../../lib/store/database/move_tasks.ts";
import { backupDatabase, inspectDatabase, restoreDatabase } from "../../../../lib/store/sqlite/copies.ts";
import { copyBeforeMigration } from "../../../../lib/store/sqlite/migration_copy.ts";
import { FileLock } from "../../../../lib/store/sqlite/file_lock.ts";
import { SqliteMoveSource } from "../../../../lib/store/sqlite/sqlite_move_source.ts";
import { SqliteMoveTarget } from "../../../../lib/store/sqlite/sqlite_move_target.ts";
import { assertEquals, assertGreater, assertMatch, assertRejects } from "../../../support/assert.ts";
import { writeAndDie } from "../../../support/killed_writer.ts";
import { StoreFolder } from "../../../support/store_folder.ts";

const EPOCH = "another-one1";

/** The numbers of tasks in the copy, and in the database of the killed process, whose log has the newest ones. */
const [COPIED, KILLED] = [40, 100];

/** Creates a database with a copy, and kills a process that has added tasks to the database. */
async function killedFolder(): Promise<{ readonly folder: StoreFolder; readonly copy: string }> {
  const folder = new StoreFolder();
  await writeAndDie(folder, { commits: COPIED, end: "close" });
  const copy = `${folder.path}/copy.db`;
  await backupDatabase(folder.file, copy);
  await writeAndDie(folder, { commits: KILLED - COPIED, end: "kill" });
  return { folder, copy };
}

/** Copies all files of a folder to a new one. */
function duplicate({ path }: StoreFolder): StoreFolder {
  const other = new StoreFolder();
  for (const { name } of Deno.readDirSync(path)) {
    Deno.copyFileSync(`${path}/${name}`, `${other.path}/${name}`);
  }
  return other;
}

/** Returns the names of the files in a folder that match, with the time in a name replaced. */
function namesIn({ path }: StoreFolder, pattern: RegExp = /before/): string[] {
  return Array.from(Deno.readDirSync(path), ({ name }) => name).filter((name) => pattern.test(name))
    .map((name) => name.replace(/before-[\dTZ-]+Z/, "before")).sort();
}

/** Returns the path of a database file that was renamed. */
function formerIn({ path }: StoreFolder): string {
  const names = Array.from(Deno.readDirSync(path), ({ name }) => name);
  return `${path}/${names.find((name) => /before-[\dTZ-]+Z$/.test(name))}`;
}

async function ended(file: string): Promise<number> {
  return (await inspectDatabase(file)).ended;
}

/** Makes a hot rollback journal with the name that it would have beside a file. */
function writeHotJournal(folder: StoreFolder, file: string): void {
  const other = `${folder.path}/other.db`;
  const db = new DatabaseSync(other);
  db.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1); PRAGMA synchronous = OFF");
  db.exec("BEGIN IMMEDIATE; UPDATE t SET n = 2; CREATE TABLE u (n)");
  Deno.copyFileSync(`${other}-journal`, `${file}-journal`);
  db.close();
}

/** The functions of Deno that change files during a restore. */
const CHANGES = ["copyFileSync", "renameSync", "removeSync", "rename", "remove"] as const;

/**
 * Runs a function that "crashes" at a change of a file: neither this change nor a later one happens.
 *
 * @returns whether the function crashed
 */
async function crashAt(change: number, operation: () => Promise<unknown>): Promise<boolean> {
  const originals = CHANGES.map((name) => [name, Deno[name]] as const);
  let changes = 0;
  for (const [name, original] of originals) {
    const crashing = (...args: unknown[]) => {
      if (changes++ >= change) throw new Error("crash");
      return Reflect.apply(original, Deno, args);
    };
    Object.assign(Deno, { [name]: crashing });
  }
  try {
    await operation();
    return false;
  } catch (error) {
    assertMatch(String(error), /crash/);
    return true;
  } finally {
    for (const [name, original] of originals) Object.assign(Deno, { [name]: original });
  }
}

Deno.test("restoreDatabase() renames the log of a database whose file was moved away or deleted", async () => {
  const { folder, copy } = await killedFolder();
  using _folder = folder;
  const moved = `${folder.path}/moved.db`;
  await Deno.rename(folder.file, moved);
  const { former } = await restoreDatabase(copy, folder.file, EPOCH);
  assertEquals([former?.hasFile, former?.logs], [false, [`${former!.path}-wal`]]);
  assertEquals(namesIn(folder), ["tasks.db.before-shm", "tasks.db.before-wal"]);
  assertEquals(await ended(folder.file), COPIED);
  // No loss of the earlier log is reported.
  await folder.open()[Symbol.asyncDispose]();
  // The moved file and its log belong together again once the file has the name of the log.
  await Deno.rename(moved, former!.path);
  assertEquals(await ended(former!.path), KILLED);
});

Deno.test("restoreDatabase() renames a rollback journal, which SQLite would roll back into the restored file", async () => {
  for (const hasFile of [false, true]) {
    using folder = new StoreFolder();
    await writeAndDie(folder, { commits: 5, end: "close" });
    const copy = `${folder.path}/copy.db`;
    await backupDatabase(folder.file, copy);
    if (!hasFile) await Deno.remove(folder.file);
    writeHotJournal(folder, folder.file);
    const { former } = await restoreDatabase(copy, folder.file, EPOCH);
    assertEquals([former?.hasFile, former?.logs], [hasFile, [`${former!.path}-journal`]]);
    assertEquals(await ended(folder.file), 5);
  }
});

Deno.test("restoreDatabase() leaves the old or the new database with its own log, at whichever change it crashes", async () => {
  const killed = await killedFolder();
  using _folder = killed.folder;
  const found = new Set<string>();
  for (let change = 0;; change++) {
    using folder = duplicate(killed.folder);
    const copy = `${folder.path}/copy.db`;
    const crashed = await crashAt(change, () => restoreDatabase(copy, folder.file, EPOCH));
    const names = namesIn(folder, /./);
    if (names.includes("tasks.db")) {
      // A crash leaves no SQLite connection, so the contents are those of the files.
      const count = await ended(folder.file);
      assertEquals(
        crashed ? [COPIED, KILLED].includes(count) : count === COPIED,
        true,
        `${change}: ${count}`,
      );
      found.add(count === COPIED ? "new" : "old");
    } else {
      found.add("renamed");
      const notices: string[] = [];
      await folder.open({ notice: (text) => notices.push(text) })[Symbol.asyncDispose]();
      assertEquals(notices.length, names.includes("tasks.db-wal") ? 1 : 0, notices.join());
      assertEquals(await ended(formerIn(folder)), KILLED, `${change}`);
    }
    if (!crashed) break;
    await restoreDatabase(copy, folder.file, EPOCH);
    assertEquals(await ended(folder.file), COPIED, `${change}`);
    assertGreater(50, change);
  }
  assertEquals([...found], ["old", "renamed", "new"]);
});

Deno.test("SqliteStore starts empty if its file is missing or empty, and renames the log, which SQLite would delete", async () => {
  for (const isEmpty of [false, true]) {
    const { folder } = await killedFolder();
    using _folder = folder;
    const moved = `${folder.path}/moved.db`;
    await Deno.rename(folder.file, moved);
    if (isEmpty) await Deno.writeFile(folder.file, new Uint8Array());
    const notices: string[] = [];
    for (const _time of [1, 2]) {
      await using store = folder.open({ notice: (text) => notices.push(text) });
      assertEquals(store.index.count("c"), 0);
    }
    assertEquals(notices.length, 1, notices.join("\n"));
    assertMatch(
      notices[0]!,
      /^"[^"]*tasks\.db" was missing or empty, but its log was there, and is now "[^"]*tasks\.db\.before-[^"]*-wal"\. /,
    );
    assertEquals(namesIn(folder), ["tasks.db.before-shm", "tasks.db.before-wal"]);
    const former = /name that file "(.*)"$/.exec(notices[0]!)![1]!;
    await Deno.rename(moved, former);
    assertEquals(await ended(former), KILLED);
  }
});

Deno.test("SqliteStore reports no loss of a new database because an index without its log was left", async () => {
  const { folder } = await killedFolder();
  using _folder = folder;
  for (const suffix of ["", "-wal"]) await Deno.remove(`${folder.file}${suffix}`);
  await folder.open()[Symbol.asyncDispose]();
  assertEquals(namesIn(folder), ["tasks.db.before-shm"]);
});

Deno.test("backupDatabase(), inspectDatabase() and SqliteMoveSource refuse an empty file, and keep its log", async () => {
  const { folder } = await killedFolder();
  using _folder = folder;
  await Deno.truncate(folder.file);
  const log = await Deno.readFile(`${folder.file}-wal`);
  const other = `${folder.path}/other.db`;
  for (
    const use of [
      () => inspectDatabase(folder.file),
      () => backupDatabase(folder.file, other),
      () => restoreDatabase(folder.file, other, EPOCH),
      () => Promise.try(() => new SqliteMoveSource(folder.file)),
    ]
  ) {
    await assertRejects(use, StorageError, "it is empty, so it is not a database of Taskscope");
    assertEquals(await Deno.readFile(`${folder.file}-wal`), log);
  }
});

Deno.test("backupDatabase() refuses a path that has a log, and replaces both with force", async () => {
  const { folder, copy } = await killedFolder();
  using _folder = folder;
  await Deno.remove(folder.file);
  const refused = await assertRejects(() => backupDatabase(copy, folder.file), StorageError);
  assertMatch(
    refused.reason,
    /^".*tasks\.db-wal" of an earlier database exists, and SQLite would use it with the new file; use --force/,
  );
  {
    using _server = new FileLock(folder.file);
    await assertRejects(
      () => backupDatabase(copy, folder.file, { force: true }),
      StorageError,
      "another Taskscope is using it",
    );
  }
  assertEquals(namesIn(folder, /^tasks\.db-|partial/), ["tasks.db-shm", "tasks.db-wal"]);
  await backupDatabase(copy, folder.file, { force: true });
  assertEquals(await ended(folder.file), COPIED);
  await writeAndDie(folder, { commits: 10, end: "kill" });
  await backupDatabase(copy, folder.file, { force: true });
  assertEquals(await ended(folder.file), COPIED);
  assertEquals(namesIn(folder, /before|partial|-wal|-shm/), []);
});

Deno.test("SqliteMoveTarget refuses a path that has a log, at the start and at the end", async () => {
  const { folder, copy } = await killedFolder();
  using _folder = folder;
  const [path, log] = [`${folder.path}/new.db`, `${folder.file}-wal`];
  const reason =
    /^".*new\.db-wal" of an earlier database exists, and SQLite would use it with the new file; name a new/;
  await Deno.copyFile(log, `${path}-wal`);
  const move = async (onProgress: () => void) => {
    await using source = new SqliteMoveSource(copy);
    await using target = new SqliteMoveTarget(path, source);
    await moveTasks(source, target, onProgress);
  };
  assertMatch((await assertRejects(() => move(() => {}), StorageError)).reason, reason);
  await Deno.remove(`${path}-wal`);
  const addLog = () => Deno.copyFileSync(log, `${path}-wal`);
  assertMatch((await assertRejects(() => move(addLog), StorageError)).reason, reason);
  assertEquals(await Deno.readFile(`${path}-wal`), await Deno.readFile(log));
  await Deno.remove(`${path}-wal`);
  await move(() => {});
  assertEquals(await ended(path), COPIED);
});

Deno.test("SqliteMoveTarget begins again without the log of an unfinished move whose file is missing", async () => {
  const { folder, copy } = await killedFolder();
  using _folder = folder;
  const path = `${folder.path}/new.db`;
  for (const suffix of ["-wal", "-shm"]) await Deno.copyFile(folder.file + suffix, `${path}.moving${suffix}`);
  {
    await using source = new SqliteMoveSource(copy);
    await using target = new SqliteMoveTarget(path, source);
    await moveTasks(source, target, () => {});
  }
  assertEquals(await ended(path), COPIED);
  assertEquals(namesIn(folder, /before|moving/), []);
});

Deno.test("copyBeforeMigration() makes its copy beside no log of an earlier copy", async () => {
  const { folder, copy } = await killedFolder();
  using _folder = folder;
  const made = `${copy}.v1.bak`;
  writeHotJournal(folder, `${made}.partial`);
  for (const suffix of ["-wal", "-shm"]) await Deno.copyFile(folder.file + suffix, `${made}${suffix}`);
  const db = new DatabaseSync(copy);
  copyBeforeMigration(db, copy, 1);
  db.close();
  assertEquals(await ended(made), COPIED);
  assertEquals(namesIn(folder, /bak/), [
    "copy.db.v1.bak",
    "copy.db.v1.bak.before-shm",
    "copy.db.v1.bak.before-wal",
  ]);
});
