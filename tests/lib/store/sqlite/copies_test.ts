import { StorageError } from "../../../../lib/errors.ts";
import { backupDatabase, inspectDatabase, restoreDatabase } from "../../../../lib/store/sqlite/copies.ts";
import { FileLock } from "../../../../lib/store/sqlite/file_lock.ts";
import { assertEquals, assertGreater, assertMatch, assertRejects } from "../../../support/assert.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { storedTask } from "../../../support/store_model.ts";

const EPOCH = "another-one1";

/** Creates a database with ended tasks, and returns the path of its backup. */
async function fill(folder: StoreFolder, ids: readonly string[]): Promise<string> {
  {
    await using store = folder.open();
    for (const id of ids) store.put("c", storedTask(id, store.takeSeq(), "FINISHED"));
  }
  const copy = `${folder.path}/copy.db`;
  await backupDatabase(folder.file, copy);
  return copy;
}

async function namesIn(folder: StoreFolder): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder.path), ({ name }) => name)).sort();
}

Deno.test("backupDatabase() creates a file without a write-ahead log", async () => {
  using folder = new StoreFolder();
  const copy = await fill(folder, ["1"]);
  // This byte of the file header is 1 for a rollback journal, and 2 for a write-ahead log
  // (sqlite.org/fileformat.html, 1.3).
  assertEquals([...(await Deno.readFile(copy)).slice(18, 20)], [1, 1]);
  const before = await namesIn(folder);
  assertEquals((await inspectDatabase(copy)).ended, 1);
  assertEquals(await namesIn(folder), before);
});

Deno.test("backupDatabase() makes no copy of a damaged database, wherever the damage is", async () => {
  using folder = new StoreFolder();
  await fill(folder, Array.from({ length: 400 }, (_, id) => String(id)));
  const intact = await Deno.readFile(folder.file);
  const pages = intact.length / 4_096;
  let refused = 0;
  for (let page = 1; page < pages; page += Math.ceil(pages / 12)) {
    const bytes = intact.slice();
    bytes.fill(0xa5, page * 4_096, page * 4_096 + 2_000);
    await Deno.writeFile(folder.file, bytes);
    const copy = `${folder.path}/copy-${page}.db`;
    const error = await backupDatabase(folder.file, copy).then(() => null, (error: unknown) => error);
    // SQLite does not notice damage in a page that it does not use, nor in the text of a record.
    if (error === null) assertEquals((await inspectDatabase(copy)).ended, 400);
    else if (error instanceof StorageError) refused++;
    else throw error;
    assertEquals((await namesIn(folder)).includes(`copy-${page}.db`), error === null);
  }
  assertGreater(refused, 3);
});

Deno.test("backupDatabase() and restoreDatabase() copy damaged records unchanged, and return how many there are", async () => {
  using folder = new StoreFolder();
  await fill(folder, ["1", "2", "3"]);
  folder.execute(`UPDATE records SET record = replace(record, '"state"', '"stale"') WHERE place > 1`);
  const copy = `${folder.path}/damaged.db`;
  const { damaged } = await backupDatabase(folder.file, copy);
  assertEquals(damaged.count, 2);
  assertMatch(damaged.first, /^the record of task "[23]" of client "c"$/);
  const restored = await restoreDatabase(copy, folder.file, EPOCH);
  assertEquals(restored.damaged, damaged);
  for (const file of [copy, folder.file]) {
    await assertRejects(() => inspectDatabase(file), StorageError, damaged.first);
  }
  await using store = folder.open();
  assertEquals([store.epoch, store.index.count("c")], [EPOCH, 3]);
});

Deno.test("backupDatabase() and inspectDatabase() refuse a hard link, whose write-ahead log has another name", async () => {
  using folder = new StoreFolder();
  const link = `${folder.path}/link.db`;
  const reason =
    /^it has 2 names \(hard links\), and its newest changes may be known only under another one; name the one/;
  {
    await using store = folder.open();
    await Deno.link(folder.file, link);
    store.put("c", storedTask("1", store.takeSeq(), "FINISHED"));
    await store.committed();
    for (const use of [inspectDatabase, (file: string) => backupDatabase(file, `${folder.path}/copy.db`)]) {
      assertMatch((await assertRejects(() => use(link), StorageError)).reason, reason);
    }
    // The write-ahead log is found by the name of the file that the server uses; a symbolic link leads to
    // that name.
    await Deno.symlink(folder.file, `${folder.path}/symbolic.db`);
    await backupDatabase(`${folder.path}/symbolic.db`, `${folder.path}/copy.db`);
    assertEquals((await inspectDatabase(`${folder.path}/copy.db`)).ended, 1);
    assertEquals((await inspectDatabase(folder.file)).ended, 1);
  }
  await Deno.remove(link);
  assertEquals((await inspectDatabase(folder.file)).ended, 1);
});

Deno.test("restoreDatabase() keeps a symbolic link, and restores the file to which it points", async () => {
  using folder = new StoreFolder();
  const copy = await fill(folder, ["1"]);
  const link = `${folder.path}/link.db`;
  await Deno.symlink(folder.file, link);
  const { former } = await restoreDatabase(copy, link, EPOCH);
  assertEquals((await Deno.lstat(link)).isSymlink, true);
  assertEquals([(await inspectDatabase(folder.file)).ended, (await inspectDatabase(former!.path)).ended], [
    1,
    1,
  ]);
  await using store = folder.open();
  assertEquals(store.epoch, EPOCH);
});

Deno.test("restoreDatabase() throws while a server has locked the path, even before the server has created the file", async () => {
  using folder = new StoreFolder();
  const copy = await fill(folder, ["1"]);
  const place = `${folder.path}/new.db`;
  const server = new FileLock(place);
  const before = await namesIn(folder);
  await assertRejects(
    () => restoreDatabase(copy, place, EPOCH),
    StorageError,
    "another Taskscope is using it",
  );
  assertEquals(await namesIn(folder), before);
  server[Symbol.dispose]();
  assertEquals((await restoreDatabase(copy, place, EPOCH)).former, null);
  assertEquals((await inspectDatabase(place)).ended, 1);
});
