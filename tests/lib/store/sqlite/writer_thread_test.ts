import { Batch } from "../../../../lib/store/database/batch.ts";
import { DatabaseFile } from "../../../../lib/store/sqlite/database_file.ts";
import { CheckedWrites } from "../../../../lib/store/sqlite/writer_messages.ts";
import { WriterThread } from "../../../../lib/store/sqlite/writer_thread.ts";
import { AMPLE_LIMITS } from "../../../support/ample_limits.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { storedTask } from "../../../support/store_model.ts";

/** Creates a request to write one task. */
function write(seq: number) {
  const batch = new Batch();
  batch.put("c", seq, storedTask(`${seq}`, seq));
  return { type: "write", batch: batch.message(() => ({ lastSeq: seq, forgottenSeq: 0 })) } as const;
}

Deno.test("WriterThread.request() confirms no write while the file is away, and every write while it is there", async () => {
  using folder = new StoreFolder();
  new DatabaseFile(folder.file)[Symbol.dispose]();
  using thread = new WriterThread(folder.file, "normal", AMPLE_LIMITS, () => {});
  const away = `${folder.path}/away.db`;
  for (let round = 0; round < 40; round++) {
    await Promise.all([thread.request(write(3 * round + 1)), thread.request(write(3 * round + 2))]);
    await Deno.rename(folder.file, away);
    const writes = [thread.request(write(3 * round + 3)), thread.request(write(3 * round + 3))];
    for (const each of writes) await assertRejects(() => each, Error, "not the file that was opened");
    await Deno.rename(away, folder.file);
  }
  await thread.request({ type: "close" });
  assertEquals(folder.query("SELECT count(*) AS n FROM tasks")[0]!.n, 120);
});

Deno.test("CheckedWrites passes the number of a write to the other side of the memory", () => {
  const [one, other] = [new CheckedWrites(), new CheckedWrites(new CheckedWrites().memory)];
  const side = new CheckedWrites(one.memory);
  assertEquals([1, 2].map((write) => side.has(write)), [false, false]);
  for (const write of [1, 2, 2 ** 31, 2 ** 40 + 5]) {
    one.add(write);
    assertEquals([side.has(write), side.has(write + 1), other.has(write)], [true, false, false]);
  }
});
