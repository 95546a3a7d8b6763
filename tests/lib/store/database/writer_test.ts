import { assertEquals } from "@std/assert";
import { Writer } from "../../../../lib/store/database/writer.ts";

const INTERVAL_MS = 20;

Deno.test("Writer commits changes at once if their commit interval has passed during the previous commit", async () => {
  const writes: PromiseWithResolvers<void>[] = [];
  const writer = new Writer({
    database: {
      name: "a database",
      onLoss: null,
      write: () => {
        writes.push(Promise.withResolvers());
        return writes.at(-1)!.promise;
      },
      check: () => Promise.resolve(),
      finish: () => Promise.resolve(),
      close: () => {},
    },
    commitIntervalMs: INTERVAL_MS,
    seq: 0,
    memoryOf: () => undefined,
    onCommit: () => {},
  });
  writer.batch(1).setMeta("first", 1);
  const first = writer.committed();
  await Promise.resolve();
  assertEquals(writes.length, 1);

  writer.batch(2).setMeta("second", 2);
  const startMs = performance.now();
  while (performance.now() - startMs < INTERVAL_MS) await new Promise((resolve) => setTimeout(resolve, 1));
  writes[0]!.resolve();
  // The second write must begin in this turn of the event loop, in which no timer can fire.
  await first;
  await Promise.resolve();
  assertEquals(writes.length, 2);

  writes[1]!.resolve();
  await writer[Symbol.asyncDispose]();
});
