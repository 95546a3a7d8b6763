import { Batch, type BatchMessage } from "../../../../lib/store/database/batch.ts";
import { DatabaseFile } from "../../../../lib/store/sqlite/database_file.ts";
import { DatabaseWriter } from "../../../../lib/store/sqlite/database_writer.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";
import { HISTORY } from "../../../../lib/store/side_tables.ts";
import { TASK_TABLES } from "../../../../lib/store/sqlite/schema.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { delivery, entry, storedTask } from "../../../support/store_model.ts";

const LIMITS = { pastRunsPerName: 2, pastRuns: 9, pastRunAgeMs: 1e15 };

const MEMORY = { lastSeq: 9, forgottenSeq: 2 };

function messageOf(fill: (batch: Batch) => void): BatchMessage {
  const batch = new Batch();
  fill(batch);
  assertEquals(batch.isEmpty, false);
  return batch.message(() => MEMORY);
}

/** A batch with every kind of change. */
const EVERYTHING = messageOf((batch) => {
  for (let place = 1; place <= 4; place++) {
    batch.put("c", place, storedTask(`${place}`, place, place > 1 ? "FINISHED" : "NOT_STARTED"));
    batch.replaceRows("series", place, [["[[1,2]]"]]);
    batch.replaceRows("launches", place, [[`{"name":"${place}","args":[]}`]]);
    batch.addRows(
      "log_lines",
      place,
      [1, 2, 3, 4].map((number) => [number, 1, `line ${number}`, null, null]),
    );
    const versions = [1, 2, 3, 4, 5, 6];
    batch.addRows(
      "history",
      place,
      versions.map((version) => HISTORY.toRow({ entry: entry(version), isState: version === 2 })),
    );
  }
  batch.cutRows("log_lines", 1, 3);
  batch.cutRows("history", 1, 2);
  batch.remove("c", 3, "3", 5);
  batch.remove("c", 4, "4", 6);
  batch.purge(4);
  batch.remove("d", 9, "9", 2);
  batch.put("e", 10, storedTask("10", 7));
  batch.remove("e", 10, "10", 8);
  batch.purge(10);
  batch.forgetClient("e");
  for (const seq of [1, 2]) batch.putDelivery(delivery("c", "1", seq, "text"), "text");
  batch.removeDelivery("delivered before");
  for (const [index, id] of ["1", "2", "3"].entries()) {
    batch.addPastRun(
      "c",
      storedTask(id, index, "FINISHED", { name: "job", finished_at: 1_000 + index }).task,
    );
  }
  batch.setMeta("reserved_seq", 100);
});

/** Returns the contents of all tables. */
function contents(folder: StoreFolder): unknown {
  return [...TASK_TABLES, "clients", "removals", "deliveries", "past_runs", "meta"].map((table) =>
    folder.query(`SELECT * FROM ${table}`)
  );
}

/** Creates a database with the current schema, and a writer. */
function create(): { readonly folder: StoreFolder; readonly writer: DatabaseWriter } & Disposable {
  const folder = new StoreFolder();
  new DatabaseFile(folder.file)[Symbol.dispose]();
  const writer = new DatabaseWriter(folder.file, "normal", LIMITS);
  return {
    folder,
    writer,
    [Symbol.dispose]() {
      writer[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

Deno.test("DatabaseWriter.write() is idempotent", () => {
  using opened = create();
  const { folder, writer } = opened;
  writer.write(EVERYTHING);
  const once = contents(folder);
  assertEquals(folder.rowCounts(), [3, 3, 2, 10, 15, 3, 3, 0, 0]);
  const removed = folder.query("SELECT id FROM tasks WHERE removed = 1").map(({ id }) => id);
  assertEquals(removed, ["3"]);
  const removals = folder.query("SELECT client, id FROM removals ORDER BY seq").map((
    { client, id },
  ) => [client, id]);
  // The writer deletes removals up to the sequence number up to which the client's removals are forgotten.
  assertEquals(removals, [["c", "3"], ["c", "4"]]);
  writer.write(EVERYTHING);
  assertEquals(contents(folder), once);
});

Deno.test("DatabaseWriter.write() writes a batch atomically", () => {
  using opened = create();
  const { folder, writer } = opened;
  writer.write(messageOf((batch) => batch.put("c", 1, storedTask("1", 1))));
  const before = contents(folder);
  const wrong: BatchMessage = { ...EVERYTHING, meta: [["reserved_seq", undefined as unknown as number]] };
  assertThrows(() => writer.write(wrong));
  assertEquals(contents(folder), before);
  writer.write(EVERYTHING);
  assert(folder.rowCounts()[0]! > 1, "the next write succeeds");
});

Deno.test("DatabaseWriter.write() restores a removed task, even within one batch", () => {
  using opened = create();
  const { folder, writer } = opened;
  const states = () =>
    folder.query("SELECT removed, seq FROM tasks").map(({ removed, seq }) => [removed, seq]);
  writer.write(messageOf((batch) => batch.put("c", 1, storedTask("1", 1, "FINISHED"))));
  writer.write(messageOf((batch) => batch.remove("c", 1, "1", 2)));
  assertEquals(states(), [[1, 1]]);
  writer.write(messageOf((batch) => batch.put("c", 1, storedTask("1", 3, "FINISHED"))));
  assertEquals(states(), [[0, 3]]);
  writer.write(messageOf((batch) => {
    batch.remove("c", 1, "1", 4);
    batch.put("c", 1, storedTask("1", 5, "FINISHED"));
  }));
  assertEquals(states(), [[0, 5]]);
});

Deno.test("DatabaseWriter.write() keeps the time of a task's first end until the task is live again", () => {
  using opened = create();
  const { folder, writer } = opened;
  const endedAt = () => folder.query("SELECT ended_at FROM tasks")[0]?.ended_at;
  const write = (seq: number, state?: "FINISHED") => {
    const message = messageOf((batch) => batch.put("c", 1, storedTask("1", seq, state)));
    writer.write({
      ...message,
      tasks: message.tasks.map(([place, client, id, seq, at, record]) => {
        return [place, client, id, seq, at === null ? null : 100 + seq, record];
      }),
    });
    return endedAt();
  };
  assertEquals([write(1), write(2, "FINISHED"), write(3, "FINISHED")], [null, 102, 102]);
  assertEquals([write(4), write(5, "FINISHED")], [null, 105]);
});

Deno.test("DatabaseWriter.write() throws if the file was moved or replaced", () => {
  for (const replace of [false, true]) {
    using opened = create();
    const { folder, writer } = opened;
    Deno.renameSync(folder.file, `${folder.path}/away.db`);
    if (replace) Deno.copyFileSync(`${folder.path}/away.db`, folder.file);
    for (let i = 0; i < 2; i++) assertThrows(() => writer.write(EVERYTHING), Error, "not the file");
    Deno.renameSync(`${folder.path}/away.db`, folder.file);
    writer.write(EVERYTHING);
  }
});

Deno.test("DatabaseWriter.write() throws if the log was deleted, even if the path is a symbolic link", () => {
  for (const isLink of [false, true]) {
    using folder = new StoreFolder();
    new DatabaseFile(folder.file)[Symbol.dispose]();
    const link = `${folder.path}/link.db`;
    if (isLink) Deno.symlinkSync(folder.file, link);
    using writer = new DatabaseWriter(isLink ? link : folder.file, "normal", LIMITS);
    writer.write(EVERYTHING);
    writer.checkExists();
    Deno.removeSync(`${folder.file}-wal`);
    assertThrows(() => writer.checkExists(), Error, "its write-ahead log is another one");
    assertThrows(() => writer.write(EVERYTHING), Error, "its write-ahead log is another one");
  }
});

Deno.test("DatabaseWriter.checkpoint() empties the write-ahead log", () => {
  using opened = create();
  const { folder, writer } = opened;
  writer.write(EVERYTHING);
  assert(Deno.statSync(`${folder.file}-wal`).size > 0);
  writer.checkpoint();
  assertEquals(Deno.statSync(`${folder.file}-wal`).size, 0);
});
