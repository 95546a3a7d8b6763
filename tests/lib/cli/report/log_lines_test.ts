import { batchesOf, sendLines } from "../../../../lib/cli/report/log_lines.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../../support/assert.ts";

Deno.test("batchesOf() divides lines by number and by size, and truncates long ones", () => {
  assertEquals([...batchesOf([])], []);
  const numbers = Array.from({ length: 2_001 }, (_, number) => String(number));
  const batches = [...batchesOf(numbers)];
  assertEquals(batches.map(({ length }) => length), [1_000, 1_000, 1]);
  assertEquals(batches.flat(), numbers);
  const long = [...batchesOf(Array.from({ length: 100 }, () => "x".repeat(10_000)))];
  assertEquals(long.flat().length, 100);
  assert(long.flat().every(({ length }) => length === 8_192));
  for (const batch of long) assertLessOrEqual(batch.join("").length, 128 * 1024);
});

Deno.test("sendLines() reads no further lines while a batch is being sent", async () => {
  let pulled = 0;
  const input = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++pulled > 100) controller.close();
      else controller.enqueue(new TextEncoder().encode("x".repeat(65_535) + "\n"));
    },
  }, { highWaterMark: 0 });
  let most = 0;
  let lines = 0;
  const status = await sendLines(input, async (batch) => {
    const before = pulled;
    await new Promise((resolve) => setTimeout(resolve));
    most = Math.max(most, pulled - before);
    lines += batch.length;
    return lines === batch.length ? 3 : 0;
  });
  assertEquals([status, lines], [3, 100], "a status other than 0 is kept");
  assertLessOrEqual(most, 1);
});
