import { atHand } from "../../../support/at_hand.ts";
import { StorageError } from "../../../../lib/errors.ts";
import { inspectDatabase } from "../../../../lib/store/sqlite/copies.ts";
import { defineRecordChecksum, recordChecksum } from "../../../../lib/store/sqlite/record_checksum.ts";
import { migrate, MIGRATIONS } from "../../../../lib/store/sqlite/schema.ts";
import {
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../../../support/assert.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { storedTask } from "../../../support/store_model.ts";

/** The message about the damaged record of a task. */
function complaint(task: string): string {
  return "the file is damaged; restore a backup, or move it away to start with an empty one (the record of task " +
    `${task} is malformed)`;
}

/** Creates a database with the ended tasks "one", "two" and "three", and closes it. */
async function fill(folder: StoreFolder): Promise<void> {
  await using store = folder.open();
  for (const id of ["one", "two", "three"]) {
    store.put("c", storedTask(id, store.takeSeq(), "FINISHED", { name: `name-of-${id}`, result: "é\0😀" }));
  }
}

/** Changes the first occurrence of a text in the database file itself. */
function overwrite(folder: StoreFolder, text: string, replacement: Uint8Array): void {
  const bytes = Deno.readFileSync(folder.file);
  const latin = new TextDecoder("latin1").decode(bytes);
  // The first occurrence is in the record: the id is at its beginning, and a text with quotation marks does
  // not occur in the summary.
  const at = latin.indexOf(text);
  if (at < 0) throw new Error(`The file does not contain ${text}`);
  bytes.set(replacement, at);
  Deno.writeFileSync(folder.file, bytes);
}

Deno.test("recordChecksum() is the CRC-32 whose initial value is the place", () => {
  // The first value is the check value of CRC-32 in the catalogue of CRC algorithms.
  assertEquals(recordChecksum(0, "123456789"), 0xcbf43926);
  assertEquals(recordChecksum(0, ""), 0);
  assertEquals(recordChecksum(0, "The quick brown fox jumps over the lazy dog"), 0x414fa339);
  assertEquals(recordChecksum(7, ""), 7);
  assertNotEquals(recordChecksum(1, "{}"), recordChecksum(2, "{}"));
});

Deno.test("record_checksum() is the same in SQL, whatever the record contains", () => {
  using folder = new StoreFolder();
  const db = folder.connect();
  defineRecordChecksum(db);
  for (const place of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 40 + 5]) {
    for (const record of ["{}", '{"a":"é😀"}', JSON.stringify("\0\ud83d"), "x".repeat(100_000)]) {
      const row = db.prepare("SELECT record_checksum(?, ?) AS sum").get(place, record);
      assertEquals(row?.sum, recordChecksum(place, record));
    }
  }
  db.close();
});

Deno.test("migrate() adds fields to intact records only, so that damaged ones are still found", () => {
  using folder = new StoreFolder();
  const db = folder.connect();
  migrate(db, MIGRATIONS.slice(0, 8));
  const insert = db.prepare("INSERT INTO records (place, checksum, record) VALUES (?, ?, ?)");
  insert.run(1, recordChecksum(1, '{"id":"intact"}'), '{"id":"intact"}');
  insert.run(2, recordChecksum(2, '{"id":"damaged"}'), '{"id":"dam');
  migrate(db);
  const rows = db.prepare("SELECT place, checksum, record FROM records ORDER BY place").all();
  const [intact, damaged] = rows.map(({ place, checksum, record }) => ({
    record,
    isIntact: checksum === recordChecksum(Number(place), String(record)),
  }));
  assertEquals(intact, {
    record: '{"id":"intact","expected_duration":null,"value_count":0}',
    isIntact: true,
  });
  assertEquals(damaged, { record: '{"id":"dam', isIntact: false });
  db.close();
});

Deno.test("SqliteStore throws an error that names the task if a record was damaged, leaves it out, and reads the others", async (t) => {
  const encoder = new TextEncoder();
  const damages: Readonly<Record<string, (folder: StoreFolder) => void>> = {
    "another name of the same length": (folder) =>
      overwrite(folder, '"name-of-two"', encoder.encode('"name-of-tow"')),
    "a flipped bit": (folder) => overwrite(folder, '"name-of-two"', encoder.encode('"oame-of-two"')),
    "bytes that are not UTF-8": (folder) =>
      overwrite(folder, '"name-of-two"', new Uint8Array([0x22, 0xff, 0xc3])),
    "a NUL": (folder) => overwrite(folder, '"name-of-two"', new Uint8Array([0x22, 0])),
    "the record of another task": (folder) =>
      folder.execute(
        "UPDATE records SET (checksum, record) = (SELECT checksum, record FROM records AS other WHERE " +
          "other.record LIKE '%name-of-one%') WHERE record LIKE '%name-of-two%'",
      ),
    "another checksum": (folder) =>
      folder.execute("UPDATE records SET checksum = checksum + 1 WHERE record LIKE '%name-of-two%'"),
  };
  for (const [what, damage] of Object.entries(damages)) {
    await t.step(what, async () => {
      using folder = new StoreFolder();
      await fill(folder);
      assertEquals((await inspectDatabase(folder.file)).ended, 3);
      damage(folder);
      const error = await assertRejects(() => inspectDatabase(folder.file), StorageError);
      assertEquals(error.reason, complaint('"two" of client "c"'));
      const notices: string[] = [];
      await using store = folder.open({ notice: (text) => notices.push(text) });
      const [one, two, three] = ["one", "two", "three"].map((id) => atHand(store.index.get("c", id)));
      for (const read of [() => two!.json, () => two!.task]) {
        assertEquals(assertThrows(read, StorageError).reason, complaint('"two"'));
      }
      assertEquals([one!.task.name, three!.task.name], ["name-of-one", "name-of-three"]);
      assertEquals(two!.summary.name, "name-of-two");
      assertEquals([...store.index.list("c")].map(({ id }) => id), ["one", "three"]);
      assertEquals([store.figures.damaged, store.figures.tasks.get("FINISHED")], [1, 2]);
      assertEquals(notices.length, 1);
      assertStringIncludes(notices[0]!, 'The record of task "two" of client "c" is damaged');
    });
  }
});

Deno.test("migrate() computes the checksums of existing records", () => {
  using folder = new StoreFolder();
  const db = folder.connect();
  migrate(db, MIGRATIONS.slice(0, 7));
  const records = ["{}", '{"a":"é😀"}', JSON.stringify({ text: "\0\ud83d".repeat(5_000) })];
  records.forEach((record, place) => {
    db.prepare("INSERT INTO records (place, record) VALUES (?, ?)").run(place, record);
  });
  migrate(db, MIGRATIONS.slice(0, 8));
  const rows = db.prepare("SELECT checksum, record FROM records ORDER BY place").all();
  assertEquals(
    rows.map(({ checksum, record }) => [checksum, record]),
    records.map((record, place) => [recordChecksum(place, record), record]),
  );
  db.close();
});
