/** Tests opening a database that a released version has written. */

import { DatabaseSync } from "node:sqlite";
import type { Task } from "../../../../lib/task/task.ts";
import { assertEquals, assertGreater } from "../../../support/assert.ts";
import { TestRegistry } from "../../../support/registry.ts";
import { StoreFolder } from "../../../support/store_folder.ts";

const DUMP = new URL("../../../support/databases/0.1.0.sql", import.meta.url);

/** Creates the database of a released version from a dump. */
function load(folder: StoreFolder): void {
  const db = new DatabaseSync(folder.file);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec(Deno.readTextFileSync(DUMP));
  db.close();
}

/** Returns the records of a database, by id. */
function records(folder: StoreFolder): Map<string, Task> {
  const rows = folder.query("SELECT record FROM records");
  return new Map(rows.map(({ record }): [string, Task] => {
    const task = JSON.parse(String(record));
    return [task.id, task];
  }));
}

/** The fields that records of version 0.1.0 lack. */
const ADDED = { share: null, expected_weight: null, expected_duration: null, value_count: 0 };

/** The fields that a registry computes again when it takes over a task that has not ended. */
const ANEW = { version: 0, eta: null, eta_low: null, eta_high: null, rate: null, eta_reason: null };

Deno.test("Registry opens a database of version 0.1.0 with all its tasks", async () => {
  using folder = new StoreFolder();
  load(folder);
  const before = records(folder);
  await using store = folder.open();
  // With this limit, the fixture's tasks are never too old.
  using test = new TestRegistry(
    { endedTaskAgeMs: Number.MAX_SAFE_INTEGER },
    "first",
    store,
  );
  const { registry } = test;
  assertEquals(registry.cursor.epoch, "59a570189a3a");
  const states = (client: string) => registry.tasks(client).reverse().map(({ id, state }) => [id, state]);
  assertEquals(states("fixture"), [
    ["waiting", "NOT_STARTED"],
    ["starting", "STARTING"],
    ["processing", "PROCESSING"],
    ["finished", "FINISHED"],
    ["failed", "ERROR"],
    ["cancelled", "CANCELLED"],
    ["parent", "PROCESSING"],
    ["child", "PROCESSING"],
  ]);
  // The task that ran in the server's process was interrupted when that process ended. The removed task can
  // no longer be restored.
  assertEquals(states("other"), [["launched", "FINISHED"], ["local", "ERROR"]]);
  assertEquals(registry.task("other", "local")?.error?.type, "interrupted");
  for (const id of ["finished", "failed", "cancelled"]) {
    const task = before.get(id)!;
    assertEquals(registry.task("fixture", id), { ...task, ...ADDED, own_progress: task.progress !== null });
  }
  for (const id of ["waiting", "starting", "processing", "parent", "child"]) {
    const task = registry.task("fixture", id)!;
    assertGreater(task.version, before.get(id)!.version);
    const own_progress = ["processing", "child"].includes(id);
    assertEquals({ ...task, ...ANEW }, { ...before.get(id)!, ...ANEW, ...ADDED, own_progress });
  }
});

Deno.test("Registry reads results, log lines, histories, progress and launches of version 0.1.0", async () => {
  using folder = new StoreFolder();
  load(folder);
  await using store = folder.open();
  using test = new TestRegistry(
    { endedTaskAgeMs: Number.MAX_SAFE_INTEGER },
    "first",
    store,
  );
  const { registry } = test;
  assertEquals(registry.task("fixture", "finished")?.result, { rows: 12, names: ["x", "ÿ"] });
  assertEquals(registry.task("fixture", "failed")?.error, { message: "no such file", type: "NotFound" });
  assertEquals(registry.task("fixture", "failed")?.name, "export 💾 'quoted'");
  assertEquals(registry.task("fixture", "waiting")?.metadata, {
    table: "users",
    deep: { list: [1, null, "ä"] },
  });
  const { first, lines } = await registry.log("fixture", "processing", 0, 9);
  assertEquals([first, lines.map(({ text }) => text)], [0, ["first line", "second line", "ünïcode 🚀"]]);
  const history = await registry.history("fixture", "finished");
  assertEquals(history.map(({ state, status, progress }) => [state, status, progress]), [
    ["NOT_STARTED", "Not started", null],
    ["PROCESSING", "10 percent", 10],
    ["PROCESSING", "60 percent", 60],
    ["FINISHED", "60 percent", 100],
  ]);
  const points = await registry.progress("other", "launched");
  assertEquals(points.map(([, progress]) => progress), [0, 25, 50, 75, 100, 100]);
  assertEquals(await registry.launch("other", "launched"), { name: "copy", args: ["a.txt", { b: [null] }] });
  assertEquals(store.pastRuns.newest("fixture", "nightly import").map(({ id }) => id), ["finished"]);
});

Deno.test("Registry continues the tasks of version 0.1.0 with new sequence numbers", async () => {
  using folder = new StoreFolder();
  load(folder);
  await using store = folder.open();
  using test = new TestRegistry({}, "first", store);
  const http = { id: "http", isRemote: true, cancelRequested() {}, interrupted() {} };
  test.report("fixture", "child", { type: "finish", result: null }, http);
  assertEquals(test.registry.task("fixture", "parent")?.progress, null, "it may create further subtasks");
  assertGreater(test.registry.cursor.seq, folder.meta("reserved_seq") - 2 ** 24);
  assertEquals(folder.query("SELECT count(*) AS n FROM records WHERE place = 10"), [{ n: 0 }]);
});
