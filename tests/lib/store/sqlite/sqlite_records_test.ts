import { StorageError } from "../../../../lib/errors.ts";
import { DatabaseFile } from "../../../../lib/store/sqlite/database_file.ts";
import { recordChecksum } from "../../../../lib/store/sqlite/record_checksum.ts";
import { TaskOnDisk } from "../../../../lib/store/sqlite/task_on_disk.ts";
import { SqliteRecords } from "../../../../lib/store/sqlite/sqlite_records.ts";
import { summaryOf } from "../../../../lib/task/task.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";
import { finishedTask } from "../../../support/example_task.ts";
import { StoreFolder } from "../../../support/store_folder.ts";

Deno.test("SqliteRecords reads a record from disk on each access", () => {
  using folder = new StoreFolder();
  using file = new DatabaseFile(folder.file);
  const task = finishedTask({ result: { text: "é\0😀" } });
  const json = JSON.stringify(task);
  file.write([[
    "INSERT INTO records (place, checksum, record) VALUES (3, ?, ?)",
    recordChecksum(3, json),
    json,
  ]]);
  const stored = new TaskOnDisk(new SqliteRecords(file), 3, summaryOf(task), 7);
  assertEquals([stored.id, stored.seq, stored.active], [task.id, 7, false]);
  assertEquals(stored.summary, summaryOf(task));
  for (let i = 0; i < 2; i++) assertEquals([stored.json, stored.task], [json, task]);
});

Deno.test("SqliteRecords throws if a record is missing or damaged", () => {
  using folder = new StoreFolder();
  using file = new DatabaseFile(folder.file);
  file.write([[
    "INSERT INTO records (place, checksum, record) VALUES (3, ?, ?)",
    recordChecksum(3, '{"id":"half'),
    '{"id":"half',
  ]]);
  const damaged = new TaskOnDisk(new SqliteRecords(file), 3, finishedTask({ id: "half" }), 7);
  assertThrows(() => damaged.task, StorageError, "the file is damaged; restore a backup");
  const gone = new TaskOnDisk(new SqliteRecords(file), 4, finishedTask({ id: "gone" }), 7);
  assertThrows(() => gone.json, StorageError, 'the record of task "gone" does not exist');
  assertThrows(() => gone.task, StorageError, 'the record of task "gone" does not exist');
});
