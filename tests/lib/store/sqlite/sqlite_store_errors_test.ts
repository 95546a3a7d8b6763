/** Tests a store whose commits fail with SQLite's error for a full disk. */

import { StorageError } from "../../../../lib/errors.ts";
import type { SqliteStore } from "../../../../lib/store/sqlite/sqlite_store.ts";
import { TaskOnDisk } from "../../../../lib/store/sqlite/task_on_disk.ts";
import type { Degradation } from "../../../../lib/store/store.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "../../../support/assert.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { appendLog, line, logOf, storedTask } from "../../../support/store_model.ts";
import { until } from "../../../support/until.ts";

const REASON = "the disk is full (database or disk is full)";

/** Makes every commit that writes to a table fail. */
function fill(folder: StoreFolder, table = "clients"): void {
  folder.execute(
    `CREATE TRIGGER full BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`,
  );
}

/** Makes commits succeed again. */
function free(folder: StoreFolder): void {
  folder.execute("DROP TRIGGER full");
}

function put(store: SqliteStore, id: string, state?: "FINISHED"): void {
  store.put("c", storedTask(id, store.takeSeq(), state));
}

Deno.test("SqliteStore reports a storage error, continues in memory, and commits everything once it can", async () => {
  using folder = new StoreFolder();
  {
    await using store = folder.open();
    put(store, "before");
    await store.committed();
    const heard: (Degradation | null)[] = [];
    const stop = store.onDegradation((degradation) => heard.push(degradation));
    store.onDegradation(() => heard.length < 5 || stop());
    const started = Date.now() / 1000;

    fill(folder);
    put(store, "during");
    const error = await assertRejects(() => store.committed(), StorageError, REASON);
    assertEquals([error.reason, error.message], [
      REASON,
      `Cannot store tasks in "${folder.file}": ${REASON}`,
    ]);
    assertEquals(store.degradation?.error.reason, REASON);
    assertGreaterOrEqual(store.degradation!.since, started);
    assertEquals(heard.map((degradation) => degradation?.error.reason), [REASON]);
    assertEquals([store.committedSeq, store.seq], [1, 2]);
    await assertRejects(() => store.committed(), StorageError, REASON);

    put(store, "during", "FINISHED");
    appendLog(store, "c", "during", 0, [line("kept")]);
    put(store, "removed", "FINISHED");
    store.remove("c", "removed", store.takeSeq());
    assertEquals(Array.from(store.index.list("c"), ({ id, seq }) => [id, seq]), [["before", 1], [
      "during",
      3,
    ]]);
    assertEquals((await logOf(store, "c", "during", 0, 9)).lines, [line("kept")]);
    assertEquals(folder.rowCounts(), [1, 1, 0, 0, 0, 0, 0, 0, 0], "the failed commit left no rows");

    free(folder);
    await until(() => store.degradation === null);
    await store.committed();
    assertEquals(heard.map((degradation) => degradation?.error.reason), [REASON, undefined]);
    assertEquals([store.committedSeq, store.seq], [5, 5]);
    const { commits, failedCommits, commitMs } = store.figures;
    assert(commits >= 2 && failedCommits >= 1 && commitMs > 0, JSON.stringify(store.figures));
    assertInstanceOf(store.index.get("c", "during"), TaskOnDisk);
    assertEquals(store.index.get("c", "during")?.summary.state, "FINISHED");
  }
  await using store = folder.open();
  assertEquals(Array.from(store.index.list("c"), ({ id, seq }) => [id, seq]), [["before", 1], ["during", 3]]);
  assertEquals((await logOf(store, "c", "during", 0, 9)).lines, [line("kept")]);
  assertEquals(store.index.changesSince("c", 0)?.removed, [{ id: "removed", seq: 5 }]);
});

Deno.test("SqliteStore reports a storage error once, however often it retries the commit", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  const heard: unknown[] = [];
  store.onDegradation((degradation) => heard.push(degradation?.error.reason ?? null));
  fill(folder);
  put(store, "1");
  await assertRejects(() => store.committed(), StorageError);
  const { since } = store.degradation!;
  // The next commit fails with a different error.
  free(folder);
  folder.execute("ALTER TABLE clients RENAME TO away");
  await until(() => heard.length === 2);
  assertEquals(store.degradation?.since, since, "the store has been degraded since the first error");
  folder.execute("ALTER TABLE away RENAME TO clients");
  await until(() => heard.length === 3);
  assertEquals(heard, [REASON, "no such table: clients", null]);
  assertEquals(folder.rowCounts(), [1, 1, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("SqliteStore.committed() rejects for all callers if a commit fails, even for those whose commit has not started", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  fill(folder);
  const waits: Promise<void>[] = [];
  for (let i = 0; i < 3; i++) {
    put(store, `${i}`);
    waits.push(store.committed());
    await Promise.resolve();
  }
  for (const result of await Promise.allSettled(waits)) {
    assertEquals(result.status, "rejected");
    assertInstanceOf((result as PromiseRejectedResult).reason, StorageError);
  }
  free(folder);
  await until(() => store.degradation === null);
  await store.committed();
  assertEquals(folder.rowCounts()[0], 3);
});

Deno.test("SqliteStore.takeSeq() throws if no sequence numbers could be reserved", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  fill(folder, "meta");
  const reserved = folder.meta("reserved_seq");
  while (store.seq < reserved - 1) store.takeSeq();
  await assertRejects(() => store.committed(), StorageError, REASON);
  assertEquals(store.takeSeq(), reserved);
  for (let i = 0; i < 3; i++) {
    assertThrows(() => store.takeSeq(), StorageError, "no sequence numbers are left, because nothing could");
  }
  assertEquals([store.seq, folder.meta("reserved_seq")], [reserved, reserved]);
  free(folder);
  await until(() => store.degradation === null);
  assertEquals(store.takeSeq(), reserved + 1);
  put(store, "1");
  await store.committed();
});

Deno.test("SqliteStore.takeSeq() throws if the store is closed", async () => {
  using folder = new StoreFolder();
  const store = folder.open();
  store.takeSeq();
  await store[Symbol.asyncDispose]();
  assertThrows(() => store.takeSeq(), StorageError, "the store is closed");
});

Deno.test("SqliteStore retries a failed commit when it is closed", async () => {
  using folder = new StoreFolder();
  {
    await using store = folder.open();
    fill(folder);
    put(store, "1");
    await assertRejects(() => store.committed(), StorageError, REASON);
    put(store, "2");
    free(folder);
  }
  await using store = folder.open();
  assertEquals(Array.from(store.index.list("c"), ({ id }) => id), ["1", "2"]);
  assertEquals(store.seq, 2, "the sequence numbers continue without a gap, because the store did not crash");
});

Deno.test("SqliteStore rejects its disposal if the last commit fails, but releases the file", async () => {
  using folder = new StoreFolder();
  const store = folder.open();
  put(store, "kept");
  await store.committed();
  fill(folder);
  put(store, "lost");
  const ends = [store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()];
  for (const end of ends) await assertRejects(() => end, StorageError, REASON);
  free(folder);
  await using next = folder.open();
  assertEquals(Array.from(next.index.list("c"), ({ id }) => id), ["kept"]);
  assert(next.seq > store.seq, "the sequence numbers of lost changes are not reused");
  await assertRejects(() => logOf(store, "c", "kept", 0, 1), StorageError, "database is not open");
});

Deno.test("SqliteStore keeps a task that was removed and restored while nothing could be committed", async () => {
  using folder = new StoreFolder();
  {
    await using store = folder.open();
    put(store, "back", "FINISHED");
    put(store, "retaken", "FINISHED");
    put(store, "purged", "FINISHED");
    appendLog(store, "c", "back", 0, [line("kept")]);
    await store.committed();
    fill(folder);
    for (const id of ["back", "retaken", "purged"]) store.remove("c", id, store.takeSeq());
    await assertRejects(() => store.committed(), StorageError);
    assertEquals(store.restore("c", storedTask("back", store.takeSeq(), "FINISHED")), true);
    put(store, "retaken");
    store.purge("c", "purged");
    free(folder);
    await until(() => store.degradation === null);
  }
  await using store = folder.open();
  assertEquals(Array.from(store.index.list("c"), ({ id, seq }) => [id, seq]), [["back", 7], ["retaken", 8]]);
  assertEquals((await logOf(store, "c", "back", 0, 9)).lines, [line("kept")]);
  assertEquals(folder.rowCounts(), [2, 2, 1, 1, 0, 0, 0, 0, 0]);
});
