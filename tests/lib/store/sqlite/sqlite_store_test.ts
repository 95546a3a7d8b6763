import { atHand } from "../../../support/at_hand.ts";
import type { SqliteStore } from "../../../../lib/store/sqlite/sqlite_store.ts";
import { migrate, MIGRATIONS } from "../../../../lib/store/sqlite/schema.ts";
import { TaskOnDisk } from "../../../../lib/store/sqlite/task_on_disk.ts";
import { TaskInMemory } from "../../../../lib/store/task_in_memory.ts";
import { StorageError } from "../../../../lib/errors.ts";
import { runSummaryOf } from "../../../../lib/task/run_summary.ts";
import { summaryOf } from "../../../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertRejects,
} from "../../../support/assert.ts";
import { testStore } from "../../../support/store_conformance.ts";
import { TASK_TABLES } from "../../../../lib/store/sqlite/schema.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { StoreHome } from "../../../support/store_home.ts";
import {
  appendHistory,
  appendLog,
  delivery,
  entry,
  historyOf,
  launchOf,
  line,
  logOf,
  putLaunch,
  putSeries,
  storedTask,
} from "../../../support/store_model.ts";
import { repetitions } from "../../../support/repetitions.ts";
import { until } from "../../../support/until.ts";

testStore("SqliteStore", (limits) => {
  const folder = new StoreFolder();
  return StoreHome.open({
    open: () => folder.open({ limits: { ...limits, logLinesPerTaskOnDisk: limits.logLinesPerTask } }),
    keepsTasks: true,
    remove: () => folder[Symbol.dispose](),
  });
}, repetitions({ gate: 25, soak: 60 }));

/** Stores a task with rows in every table. */
function putAll(store: SqliteStore, id: string, state: "NOT_STARTED" | "FINISHED" = "NOT_STARTED"): void {
  store.put("c", storedTask(id, store.takeSeq(), state));
  appendLog(store, "c", id, 0, [line(`first of ${id}`), line(`second of ${id}`)]);
  appendHistory(store, "c", id, entry(store.seq), true);
  putLaunch(store, "c", id, { name: id, args: [] });
  putSeries(store, "c", id, [[1, 0], [2, 50]]);
}

Deno.test("SqliteStore keeps its epoch and continues its sequence numbers after it was closed", async () => {
  using folder = new StoreFolder();
  {
    await using store = folder.open({ epoch: "first" });
    for (const id of ["1", "2", "3"]) store.put("c", storedTask(id, store.takeSeq()));
  }
  await using store = folder.open({ epoch: "second" });
  assertEquals([store.epoch, store.seq, store.committedSeq], ["first", 3, 3]);
  assertEquals(store.takeSeq(), 4);
});

Deno.test("SqliteStore never repeats a sequence number after a crash", async () => {
  using folder = new StoreFolder();
  await using store = folder.open({ epoch: "first" });
  putAll(store, "saved");
  await store.committed();
  putAll(store, "lost");
  for (let i = 0; i < 1_000; i++) store.takeSeq();

  using copy = folder.crashed();
  await using next = copy.open({ epoch: "second" });
  assertEquals(next.epoch, "first");
  assertGreater(next.takeSeq(), store.seq);
  assertEquals(Array.from(next.index.list("c"), ({ id, seq }) => [id, seq]), [["saved", 1]]);
  assertEquals(next.takeOpened().live.map(({ client, id }) => [client, id]), [["c", "saved"]]);
  assertEquals(next.index.changesSince("c", store.seq), { tasks: [], removed: [] });
  assertEquals(copy.rowCounts(), [1, 1, 0, 2, 1, 1, 1, 0, 0]);

  using copyOfCopy = copy.crashed();
  await using afterNext = copyOfCopy.open();
  assertGreater(afterNext.takeSeq(), next.seq);
});

Deno.test("SqliteStore commits a message and the changes of the same turn atomically", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  putAll(store, "1");
  await store.committed();
  const end = () => {
    store.put("c", storedTask("1", store.takeSeq(), "FINISHED"));
    // committed() starts a commit at the end of the turn of the event loop.
    const committed = store.committed();
    store.putDelivery(delivery("c", "1", store.seq, "text"), "text");
    return committed;
  };
  const committed = end();
  using before = folder.crashed();
  await committed;
  using after = folder.crashed();
  const found = [];
  for (const copy of [before, after]) {
    await using crashed = copy.open();
    found.push([crashed.index.get("c", "1")?.summary.state, crashed.deliveries().length]);
  }
  assertEquals(found, [["NOT_STARTED", 0], ["FINISHED", 1]]);
});

Deno.test("SqliteStore keeps message texts on disk only, and deletes those of removed messages", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  const count = () => Number(folder.query("SELECT count(*) AS n FROM deliveries")[0]?.n);
  const message = delivery("c", "1", store.takeSeq(), "text");
  store.putDelivery(message, "text");
  await store.committed();
  assertEquals(count(), 1);
  folder.execute("UPDATE deliveries SET text = 'from disk'");
  assertEquals(await store.deliveryText(message.id), "from disk");
  store.removeDelivery(message.id);
  await store.committed();
  assertEquals(count(), 0);
});

Deno.test("SqliteStore opens a file of the first schema version, and stores messages in it", async () => {
  using folder = new StoreFolder();
  const stored = storedTask("old", 5, "FINISHED");
  const db = folder.connect();
  migrate(db, MIGRATIONS.slice(0, 1));
  db.exec("INSERT INTO tasks (place, client, id, seq, ended_at) VALUES (1, 'c', 'old', 5, 1)");
  db.exec("INSERT INTO meta (name, value) VALUES ('reserved_seq', 9), ('epoch', 'old')");
  db.prepare("INSERT INTO records (place, record) VALUES (1, ?)").run(stored.json);
  db.close();
  const message = delivery("c", "old", 10, "text");
  for (const expected of [[], [message]]) {
    await using store = folder.open();
    assertEquals([store.epoch, atHand(store.index.get("c", "old")).task.result], ["old", { seq: 5 }]);
    assertEquals(store.deliveries(), expected);
    store.putDelivery(message, "text");
  }
});

Deno.test("SqliteStore reads past runs of an earlier schema version, whatever characters their names contain", async () => {
  using folder = new StoreFolder();
  const ended = ["plain", "é 😀", "before\0after", "half \ud83d", "\\u0000", ""].map((name, index) =>
    storedTask(`${index}`, index + 1, "FINISHED", {
      name,
      finished_at: 1_700_000_000.25 + index,
      progress: 12.5,
    })
  );
  const live = storedTask("live", 9, "NOT_STARTED");
  const db = folder.connect();
  migrate(db, MIGRATIONS.slice(0, 3));
  [...ended, live].forEach(({ id, seq, json, task }, place) => {
    db.prepare("INSERT INTO tasks (place, client, id, seq, ended_at) VALUES (?, 'c', ?, ?, ?)")
      .run(place, id, seq, task.finished_at);
    db.prepare("INSERT INTO records (place, record) VALUES (?, ?)").run(place, json);
  });
  db.close();
  // The first round checks the runs after the migration, the second one as this version has written them.
  for (let round = 0; round < 2; round++) {
    await using store = folder.open();
    for (const { task } of ended) {
      assertEquals(store.pastRuns.newest("c", task.name), [runSummaryOf(task)], task.name);
      assertEquals(summaryOf(store.index.get("c", task.id)!.summary), summaryOf(task), task.name);
      store.put("c", new TaskInMemory(task, store.takeSeq()));
      store.pastRuns.add("c", task);
    }
    assertEquals(store.pastRuns.newest("c", live.task.name), []);
    assertEquals(store.pastRuns.names("c", null, 99).toSorted(), ended.map(({ task }) => task.name).sort());
  }
});

Deno.test("SqliteStore fills the past runs of an earlier file, and leaves out damaged records", async () => {
  using folder = new StoreFolder();
  {
    await using store = folder.open();
    for (const id of ["1", "2", "3"]) {
      store.put(
        "c",
        storedTask(id, store.takeSeq(), "FINISHED", { name: "job", finished_at: 1_000 + store.seq }),
      );
    }
    store.remove("c", "1", store.takeSeq());
  }
  const db = folder.connect();
  db.exec("DROP TABLE past_runs; DROP TABLE value_series; PRAGMA user_version = 9");
  db.exec("UPDATE records SET record = substr(record, 1, 40) WHERE place = 2");
  db.close();
  const notices: string[] = [];
  await using store = folder.open({ notice: (text) => notices.push(text) });
  assertEquals(store.pastRuns.newest("c", "job").map(({ id, finished_at }) => [id, finished_at]), [
    ["3", 1_003],
    ["1", 1_001],
  ]);
});

Deno.test("SqliteStore.takeSeq() returns only reserved numbers, and reserves more in time", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  const block = folder.meta("reserved_seq");
  assert(block >= 1_000, `${block} numbers are reserved at a time`);
  let seq = 0;
  const take = (count: number) => {
    for (let i = 0; i < count; i++) {
      const next = store.takeSeq();
      if (next !== seq + 1) throw new Error(`${next} follows ${seq}`);
      seq = next;
    }
  };
  for (let round = 0; round < 3; round++) {
    take(block - 1);
    assert(seq <= folder.meta("reserved_seq"));
    // The store reserves the next block of numbers before the first one is used up.
    await store.committed();
    assert(folder.meta("reserved_seq") >= seq + block / 2);
  }
  assertEquals(store.degradation, null);
});

Deno.test("SqliteStore commits newly reserved numbers even without other changes", async () => {
  using folder = new StoreFolder();
  await using store = folder.open({ commitIntervalMs: 1 });
  const block = folder.meta("reserved_seq");
  while (store.seq < block - 1) store.takeSeq();
  await until(() => folder.meta("reserved_seq") > block);
});

Deno.test("SqliteStore commits a change after the commit interval", async () => {
  using folder = new StoreFolder();
  await using store = folder.open({ commitIntervalMs: 1 });
  store.put("c", storedTask("1", store.takeSeq()));
  assertEquals(store.committedSeq, 0);
  await until(() => store.committedSeq === 1);
  assertEquals(folder.rowCounts(), [1, 1, 0, 0, 0, 0, 0, 0, 0]);
  store.put("c", storedTask("2", store.takeSeq()));
  await until(() => store.committedSeq === 2);
});

Deno.test("SqliteStore keeps committed ended tasks only on disk, but unfinished tasks also in memory", async () => {
  using folder = new StoreFolder();
  const ended = storedTask("ended", 2, "FINISHED");
  const check = (store: SqliteStore) => {
    const stored = atHand(store.index.get("c", "ended"));
    assertInstanceOf(stored, TaskOnDisk);
    assertEquals([stored.id, stored.active, stored.seq], ["ended", false, 2]);
    assertEquals([stored.json, stored.task], [ended.json, ended.task]);
    assertInstanceOf(store.index.get("c", "live"), TaskInMemory);
    assertEquals(atHand(store.index.get("c", "live")).task, storedTask("live", 1).task);
    assertEquals(store.index.changesSince("c", 1)?.tasks.map((stored) => atHand(stored).task), [ended.task]);
  };
  {
    await using store = folder.open();
    store.put("c", storedTask("live", store.takeSeq()));
    store.takeSeq();
    store.put("c", ended);
    assertInstanceOf(store.index.get("c", "ended"), TaskInMemory);
    await store.committed();
    check(store);
  }
  await using store = folder.open();
  check(store);
});

Deno.test("SqliteStore keeps an ended task in memory if it changed during its commit", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  store.put("c", storedTask("1", store.takeSeq(), "FINISHED"));
  putLaunch(store, "c", "1", { name: "before", args: [] });
  const committed = store.committed();
  // The commit starts at the end of this turn of the event loop.
  await Promise.resolve();
  const newest = storedTask("1", store.takeSeq(), "FINISHED");
  store.put("c", newest);
  appendLog(store, "c", "1", 0, [line("meanwhile")]);
  putLaunch(store, "c", "1", { name: "meanwhile", args: [] });
  assertEquals((await launchOf(store, "c", "1"))?.name, "meanwhile");
  await committed;
  assertEquals((await launchOf(store, "c", "1"))?.name, "meanwhile");
  assertEquals(atHand(store.index.get("c", "1")).task, newest.task);
  assertEquals((await logOf(store, "c", "1", 0, 1)).lines, [line("meanwhile")]);
  assert(store.committedSeq < store.seq);
  await store.committed();
  assertEquals(atHand(store.index.get("c", "1")).task, newest.task);
  assertInstanceOf(store.index.get("c", "1"), TaskOnDisk);
});

Deno.test("SqliteStore.takeOpened() returns once the tasks that existed when the store was opened", async () => {
  using folder = new StoreFolder();
  const begun = Date.now() / 1000;
  {
    await using store = folder.open();
    const put = (client: string, id: string, state?: "FINISHED") => {
      store.put(client, storedTask(id, store.takeSeq(), state));
    };
    put("b", "1");
    put("a", "2", "FINISHED");
    put("a", "3");
    put("b", "4");
    put("b", "1", "FINISHED");
    put("a", "3");
    put("a", "5");
    store.remove("a", "5", store.takeSeq());
    assertEquals(store.takeOpened(), { live: [], ended: [] });
  }
  await using store = folder.open();
  store.put("a", storedTask("6", store.takeSeq()));
  const named = ({ client, id }: { client: string; id: string }) => `${client}/${id}`;
  const { live, ended } = store.takeOpened();
  assertEquals(live.map(named), ["a/3", "b/4"], "in the order of creation");
  assertEquals(ended.map(named), ["a/2", "b/1"], "in the order of their end");
  // The time is that of the monitor's clock, because a reporter's clock may be wrong.
  assert(ended.every(({ endedAt }) => endedAt >= begun && endedAt <= Date.now() / 1000));
  assertEquals(store.takeOpened(), { live: [], ended: [] });
});

Deno.test("SqliteStore.readEntries() merges log lines on disk with those in memory", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  store.put("c", storedTask("1", store.takeSeq()));
  for (let first = 0; first < 90; first += 3) {
    appendLog(store, "c", "1", first, [0, 1, 2].map((i) => line(`line ${first + i}`, first + i)));
    // Some lines are committed, some are in a commit in progress, and some are pending.
    if (first === 30) await store.committed();
    if (first === 60) {
      store.committed();
      await Promise.resolve();
    }
  }
  for (let from = 0; from < 95; from++) {
    for (const [count, most] of [[0, 9], [1, 1], [7, 7], [100, 100], [100, 5], [60, 50]] as const) {
      const { first, lines } = await logOf(store, "c", "1", from, from + count, most);
      const length = Math.max(0, Math.min(90 - from, count, most));
      const wanted = Array.from({ length }, (_, i) => from + i);
      assertEquals(lines, wanted.map((number) => line(`line ${number}`, number)), `${from} + ${count}`);
      if (lines.length > 0) assertEquals(first, from);
    }
  }
});

Deno.test("SqliteStore.searchLog() finds lines on disk, in a commit, and not yet in a commit", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  store.put("c", storedTask("1", store.takeSeq()));
  const all = { text: "line", from: 0, to: Infinity, most: 100, keep: "oldest" } as const;
  for (let number = 0; number < 30; number++) {
    appendLog(store, "c", "1", number, [line(`line ${number}`, number)]);
    if (number === 10) await store.committed();
    if (number === 20) store.committed();
    const { lines, matches } = await store.searchLog("c", "1", all);
    assertEquals([lines.length, matches, lines.at(-1)?.text], [number + 1, number + 1, `line ${number}`]);
  }
  const searches = Array.from({ length: 5 }, () => store.searchLog("c", "1", all));
  assertEquals((await Promise.all(searches)).map(({ matches }) => matches), Array(5).fill(30));
});

Deno.test("SqliteStore.searchLog() gives short searches precedence over long ones of other clients", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  for (const client of ["long", "short"]) store.put(client, storedTask("1", store.takeSeq()));
  // Lines that take long to search: each character begins an escape sequence.
  const slow = "\u001b".repeat(8_192);
  for (let from = 0; from < 400; from += 100) {
    appendLog(store, "long", "1", from, Array.from({ length: 100 }, () => line(slow)));
    await store.committed();
  }
  appendLog(store, "short", "1", 0, [line("needle")]);
  await store.committed();
  const query = { text: "needle", from: 0, to: Infinity, most: 10, keep: "newest" } as const;
  const order: string[] = [];
  const search = (client: string) => store.searchLog(client, "1", query).then(() => void order.push(client));
  await Promise.all([...Array.from({ length: 3 }, () => search("long")), search("short")]);
  assertEquals(order, ["short", "long", "long", "long"]);
});

Deno.test("SqliteStore.searchLog() rejects searches that are unfinished when the store closes", async () => {
  using folder = new StoreFolder();
  const store = folder.open();
  store.put("c", storedTask("1", store.takeSeq()));
  const query = { text: "x", from: 0, to: Infinity, most: 1, keep: "oldest" } as const;
  // These searches take far longer than closing the store does.
  const searches = Promise.allSettled(Array.from({ length: 5_000 }, () => store.searchLog("c", "1", query)));
  await store[Symbol.asyncDispose]();
  assertEquals((await searches).at(-1)?.status, "rejected");
  await assertRejects(() => store.searchLog("c", "1", query), StorageError);
});

Deno.test("SqliteStore deletes the oldest log lines beyond the limit from the disk", async () => {
  using folder = new StoreFolder();
  await using store = folder.open({ limits: { logLinesPerTaskOnDisk: 100 } });
  for (const id of ["1", "2"]) store.put("c", storedTask(id, store.takeSeq()));
  appendLog(store, "c", "2", 0, [line("of another")]);
  for (let i = 0; i < 3_000; i++) {
    appendLog(store, "c", "1", i, [line(`${i}`)]);
    if (i % 100 === 0) await store.committed();
  }
  await store.committed();
  const [{ n, first }] = folder.query(
    "SELECT count(*) AS n, min(number) AS first FROM log_lines WHERE place = 1",
  ) as [
    { n: number; first: number },
  ];
  assert(n >= 100 && n <= 100 + 256, `${n} lines`);
  assertEquals(first, 3_000 - n, "the oldest lines were deleted");
  assertEquals((await logOf(store, "c", "1", 2_900, 3_000)).lines.length, 100);
  assertEquals((await logOf(store, "c", "1", 0, 3_000)).first, first);
  assertEquals((await logOf(store, "c", "2", 0, 9)).lines, [line("of another")]);
});

Deno.test("SqliteStore deletes the oldest history entries beyond the limit from the disk, except changes of state", async () => {
  using folder = new StoreFolder();
  await using store = folder.open({ limits: { historyPerTask: 10 } });
  for (const id of ["1", "2"]) store.put("c", storedTask(id, store.takeSeq()));
  appendHistory(store, "c", "2", entry(1), false);
  for (let version = 1; version <= 2_000; version++) {
    appendHistory(store, "c", "1", entry(version), version % 500 === 1);
    if (version % 100 === 0) await store.committed();
  }
  await store.committed();
  const [{ n }] = folder.query("SELECT count(*) AS n FROM history WHERE place = 1") as [{ n: number }];
  assert(n <= 4 + 10 + 256 + 100, `${n} entries`);
  const versions = [1, 501, 1_001, 1_501, ...Array.from({ length: 10 }, (_, i) => 1_991 + i)];
  assertEquals(await historyOf(store, "c", "1"), versions.map((version) => entry(version)));
  assertEquals(await historyOf(store, "c", "2"), [entry(1)]);
});

Deno.test("SqliteStore drops new log lines and history entries beyond the limit on unsaved ones, except changes of state", async () => {
  using folder = new StoreFolder();
  await using store = folder.open({ limits: { unsavedCharacters: 10_000 } });
  store.put("c", storedTask("1", store.takeSeq()));
  let count = 0;
  const append = (text: string) => appendLog(store, "c", "1", count++, [line(text)]);
  append("before");
  for (let i = 0; i < 100; i++) append("x".repeat(1_000));
  for (let version = 1; version <= 100; version++) {
    appendHistory(store, "c", "1", entry(version, "x".repeat(1_000)), version === 50);
  }
  assert((await logOf(store, "c", "1", 0, count)).lines.length < 11);
  assertEquals((await historyOf(store, "c", "1")).map(({ version }) => version), [50]);
  await store.committed();

  const kept = await logOf(store, "c", "1", 0, count);
  assert(kept.lines.length > 5 && kept.lines.length < 11, `${kept.lines.length} lines`);
  assertEquals(kept.first, 0);
  assertEquals(
    store.figures.leftOut,
    101 - kept.lines.length + 99,
    "all entries were dropped except the kept lines and the change of state",
  );
  // After the commit, the buffer has room again. The lines after the gap are stored as a separate slice, so
  // that no line gets a wrong number.
  append("after");
  assertEquals(await logOf(store, "c", "1", 0, count), kept);
  assertEquals(await logOf(store, "c", "1", kept.lines.length, count), {
    first: count - 1,
    lines: [line("after")],
  });
});

Deno.test("SqliteStore limits the number of unsaved log lines and history entries, even if they are empty", async () => {
  using folder = new StoreFolder();
  await using store = folder.open({ limits: { unsavedCharacters: 10_000 } });
  store.put("c", storedTask("1", store.takeSeq()));
  for (let i = 0; i < 10_000; i++) appendLog(store, "c", "1", i, [line("")]);
  for (let version = 1; version <= 10_000; version++) {
    appendHistory(store, "c", "1", entry(version, ""), false);
  }
  const unsaved = (await logOf(store, "c", "1", 0, 10_000)).lines.length +
    (await historyOf(store, "c", "1")).length;
  assert(unsaved > 10 && unsaved < 1_000, `${unsaved} are kept in memory`);
});

Deno.test("SqliteStore reads the same texts before and after a commit, whatever characters they contain", async () => {
  using folder = new StoreFolder();
  const texts = [
    "",
    "plain",
    "é 😀 \u{10ffff}",
    "tab\t line\n quote' \" \\",
    "before\0after",
    "half \ud83d pair",
  ];
  {
    await using store = folder.open();
    store.put("c", storedTask("1", store.takeSeq()));
    appendLog(store, "c", "1", 0, texts.map((text) => line(text, 0.1)));
    texts.forEach((text, index) => appendHistory(store, "c", "1", entry(index + 1, text), false));
    putLaunch(store, "c", "1", { name: "x", args: texts });
    const before = [
      await logOf(store, "c", "1", 0, 9),
      await historyOf(store, "c", "1"),
      await launchOf(store, "c", "1"),
    ];
    assertEquals(
      (await logOf(store, "c", "1", 0, 4)).lines,
      texts.slice(0, 4).map((text) => line(text, 0.1)),
    );
    await store.committed();
    assertEquals([
      await logOf(store, "c", "1", 0, 9),
      await historyOf(store, "c", "1"),
      await launchOf(store, "c", "1"),
    ], before);
  }
  await using store = folder.open();
  const [, , , , nul, half] = (await logOf(store, "c", "1", 0, 9)).lines;
  assertEquals([nul?.text, half?.text], ["before\ufffdafter", "half \ufffd pair"], "no text is truncated");
  assertEquals((await launchOf(store, "c", "1"))?.args, texts);
});

Deno.test("SqliteStore.purge() removes the rows of a task from every table", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  for (const id of ["1", "2"]) putAll(store, id, "FINISHED");
  await store.committed();
  const two = folder.rowCounts();
  store.remove("c", "1", store.takeSeq());
  await store.committed();
  assertEquals(folder.rowCounts(), two, "the removed task can still be restored");
  store.purge("c", "1");
  await store.committed();
  assertEquals(folder.rowCounts(), two.map((count) => count / 2));
  // The rows are also deleted if the task was never committed, or if all changes are in one commit.
  for (const [id, commits] of [["3", [false, false]], ["4", [true, false]], ["5", [false, true]]] as const) {
    putAll(store, id, "FINISHED");
    if (commits[0]) await store.committed();
    store.remove("c", id, store.takeSeq());
    if (commits[1]) await store.committed();
    store.purge("c", id);
    await store.committed();
    assertEquals(folder.rowCounts(), two.map((count) => count / 2), id);
  }
});

Deno.test("SqliteStore purges removed tasks when it is reopened, after it was closed and after a crash", async () => {
  using folder = new StoreFolder();
  const store = folder.open();
  for (const id of ["removed", "kept"]) putAll(store, id, "FINISHED");
  store.remove("c", "removed", store.takeSeq());
  await store.committed();
  using crashed = folder.crashed();
  await store[Symbol.asyncDispose]();
  for (const place of [folder, crashed]) {
    assertEquals(place.rowCounts().length, TASK_TABLES.length);
    await using next = place.open();
    assertEquals(place.rowCounts(), [1, 1, 1, 2, 1, 1, 1, 0, 0]);
    assertEquals([next.removed("c", "removed"), next.index.get("c", "removed")], [undefined, undefined]);
    assertEquals(next.restore("c", storedTask("removed", next.takeSeq())), false);
    assertEquals(next.index.changesSince("c", 2)?.removed, [{ id: "removed", seq: 3 }]);
    assertEquals((await logOf(next, "c", "kept", 0, 9)).lines.length, 2);
  }
});

Deno.test("SqliteStore forgets the same removals and empty clients on disk as it does in memory", async () => {
  using folder = new StoreFolder();
  const limits = { removalsPerClient: 4, emptyClients: 3 };
  {
    await using store = folder.open({ limits });
    for (let i = 0; i < 50; i++) {
      store.put("busy", storedTask("1", store.takeSeq()));
      store.remove("busy", "1", store.takeSeq());
      const client = `passing-${i}`;
      store.put(client, storedTask("1", store.takeSeq()));
      store.remove(client, "1", store.takeSeq());
    }
  }
  const [{ clients }] = folder.query("SELECT count(*) AS clients FROM clients") as [{ clients: number }];
  const [{ removals }] = folder.query("SELECT count(*) AS removals FROM removals") as [{ removals: number }];
  assertEquals(clients, 3);
  assert(removals <= 4 + 2, `${removals} removals`);
  await using store = folder.open({ limits });
  assertEquals(store.index.allChangesSince(0), undefined);
  assertEquals(store.index.changesSince("passing-0", 0), undefined);
  assertEquals(store.index.changesSince("passing-49", 199)?.removed, [{ id: "1", seq: 200 }]);
});

Deno.test("SqliteStore opens thousands of tasks in the order of their creation", async () => {
  using folder = new StoreFolder();
  const ids = Array.from({ length: 3_500 }, (_, i) => `task-${(i * 3) % 3_500}`);
  {
    await using store = folder.open();
    for (const id of ids) store.put("c", storedTask(id, store.takeSeq(), "FINISHED"));
    store.put("c", storedTask(ids[10]!, store.takeSeq(), "FINISHED"));
  }
  await using store = folder.open();
  assertEquals(Array.from(store.index.list("c"), ({ id }) => id), ids);
  assertEquals(store.index.changesSince("c", 3_499)?.tasks.map(({ id }) => id), [ids.at(-1), ids[10]]);
  assertEquals(store.takeOpened().ended.at(-1)?.id, ids[10]);
});
