import { StorageError } from "../../../../lib/errors.ts";
import { Batch } from "../../../../lib/store/database/batch.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { delivery, storedTask } from "../../../support/store_model.ts";

const MEMORY = { lastSeq: 9, forgottenSeq: 2 };

Deno.test("Batch holds the newest record of each task and the last removal of each id", () => {
  const batch = new Batch();
  assertEquals(batch.isEmpty, true);
  for (let seq = 1; seq < 2_000; seq += 2) {
    batch.put("c", 1, storedTask("1", seq, "FINISHED"));
    batch.remove("c", 1, "1", seq + 1);
  }
  batch.put("c", 1, storedTask("1", 2_001, "FINISHED"));
  const message = batch.message(() => MEMORY);
  assertEquals(batch.isEmpty, false);
  assertEquals(message.tasks.map(([place, client, id, seq]) => [place, client, id, seq]), [[
    1,
    "c",
    "1",
    2_001,
  ]]);
  assertEquals([message.removals, message.removed], [[["c", 2_000, "1"]], []]);
  assertEquals(message.clients, [["c", 9, 2]]);
});

Deno.test("Batch holds a summary of each ended task", () => {
  const batch = new Batch();
  batch.put("c", 1, storedTask("1", 1));
  batch.put("c", 2, storedTask("2", 2, "FINISHED", { name: "a\0b", finished_at: 5, parent_id: "1" }));
  const { runs } = batch.message(() => MEMORY);
  assertEquals(runs, [[2, "a\ufffdb", "FINISHED", 1_000, 1_002, 1_002, 5, 100, "1", null]]);
});

Deno.test("Batch.purge() drops all pending rows of a task, and deletes those on disk", () => {
  const batch = new Batch();
  batch.put("c", 1, storedTask("1", 1, "FINISHED"));
  batch.replaceRows("launches", 1, [["{}"]]);
  batch.addRows("log_lines", 1, [[0, 1, "x"]]);
  batch.cutRows("log_lines", 1, 5);
  batch.remove("c", 1, "1", 2);
  batch.purge(1);
  const { purged, clients, removals, side, ...others } = batch.message(() => MEMORY);
  assertEquals([purged, clients, removals], [[1], [["c", 9, 2]], [["c", 2, "1"]]]);
  for (const [rows, list] of Object.entries(others)) assertEquals(list, [], rows);
  assertEquals(side.map(({ rows, cuts }) => [rows, cuts]), [[[], []], [[], []]]);
});

Deno.test("Batch omits a forgotten client until the client has tasks again", () => {
  const batch = new Batch();
  batch.put("c", 1, storedTask("1", 1));
  batch.forgetClient("c");
  const forgotten = batch.message(() => MEMORY);
  assertEquals([forgotten.clients, forgotten.forgottenClients], [[], ["c"]]);
  batch.put("c", 2, storedTask("2", 2));
  const again = batch.message(() => MEMORY);
  assertEquals([again.clients, again.forgottenClients], [[["c", 9, 2]], []]);
});

Deno.test("Batch omits a message that was queued and removed before it was written", () => {
  const batch = new Batch();
  const kept = delivery("c", "1", 2, "text");
  for (const message of [delivery("c", "1", 1, "text"), kept]) batch.putDelivery(message, "text");
  batch.removeDelivery(delivery("c", "1", 1, "text").id);
  batch.removeDelivery("written before");
  const { deliveries, removedDeliveries } = batch.message(() => MEMORY);
  assertEquals(deliveries.map(([id]) => id), [kept.id]);
  assertEquals(removedDeliveries, ["written before"]);
  const removals = new Batch();
  removals.removeDelivery("written before");
  assertEquals(removals.isEmpty, false);
});

Deno.test("Batch.settled rejects if an attempt to write fails, and is then replaced by a new promise", async () => {
  const batch = new Batch();
  const first = batch.settled;
  batch.failed(new StorageError("x", "full"));
  await assertRejects(() => first, StorageError, "full");
  const second = batch.settled;
  batch.succeeded();
  await second;
});
