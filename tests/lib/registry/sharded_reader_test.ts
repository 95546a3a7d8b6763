import { ClosedError } from "../../../lib/errors.ts";
import { ShardedReader } from "../../../lib/registry/sharded_reader.ts";
import { assertEquals, assertGreater, assertRejects, assertThrows } from "../../support/assert.ts";
import { TestRegistry } from "../../support/registry.ts";
import { StoreFolder } from "../../support/store_folder.ts";

/** Returns a reader of two shards; only the shard of the client "here" is loaded. */
function readerOf(test: TestRegistry): ShardedReader {
  const reader = new ShardedReader(2, (client) => client === "here" ? 0 : 1);
  reader.attach(0, test.registry);
  return reader;
}

Deno.test("ShardedReader passes a call with all its arguments to the registry of the client", async () => {
  using test = new TestRegistry();
  const reader = readerOf(test);
  test.begin("here", "t");
  test.report("here", "t", { type: "log", lines: ["one", "two", "three"].map((text) => ({ at: 1, text })) });
  assertEquals(reader.task("here", "t")?.id, "t");
  assertEquals((await reader.log("here", "t", 1, 3, 1)).lines.map(({ text }) => text), ["two"]);
  assertEquals(reader.cursorOf("here"), test.registry.cursor);
});

Deno.test("ShardedReader throws or rejects if the shard of the client is not loaded", async () => {
  using test = new TestRegistry();
  const reader = readerOf(test);
  assertThrows(() => reader.task("there", "t"), ClosedError, "The tasks are being loaded");
  await assertRejects(() => reader.history("there", "t"), ClosedError, "The tasks are being loaded");
  assertEquals(reader.stored("there", "t"), undefined);
});

Deno.test("ShardedReader keeps counting what the stores of replaced registries have counted", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  using old = new TestRegistry({}, "first", store);
  using next = new TestRegistry();
  const reader = readerOf(old);
  old.begin("here", "1");
  await reader.committed();
  const { commits, commitMs } = reader.storeFigures;
  assertGreater(commits, 0);
  reader.detach(0);
  assertEquals([reader.storeFigures.commits, reader.storeFigures.commitMs], [commits, commitMs]);
  reader.attach(0, next.registry);
  assertEquals([reader.storeFigures.commits, reader.storeFigures.commitMs], [commits, commitMs]);
});
