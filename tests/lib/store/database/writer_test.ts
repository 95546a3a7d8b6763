/** Tests when the changes of a store are committed. */

import { Writer } from "../../../../lib/store/database/writer.ts";
import { assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const INTERVAL_MS = 20;

/** Lets a writer commit a change, and adds another one that no caller waits for while the commit takes its time. */
async function commitsAfterOne(
  { isSeparate, takesMs }: { readonly isSeparate: boolean; readonly takesMs: number },
  check: (commits: () => number, clock: FakeClock) => void,
): Promise<void> {
  using clock = new FakeClock();
  const writes: PromiseWithResolvers<void>[] = [];
  const writer = new Writer({
    database: {
      name: "a database",
      isSeparate,
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
  clock.pass(takesMs);
  writes[0]!.resolve();
  await first;
  await Promise.resolve();
  check(() => writes.length, clock);
  writes[1]!.resolve();
  await writer[Symbol.asyncDispose]();
}

Deno.test("Writer commits to a separate database at once if the interval has passed during the previous commit", async () => {
  await commitsAfterOne({ isSeparate: true, takesMs: INTERVAL_MS }, (commits) => assertEquals(commits(), 2));
  await commitsAfterOne({ isSeparate: true, takesMs: INTERVAL_MS - 5 }, (commits, clock) => {
    clock.pass(4);
    assertEquals(commits(), 1);
    clock.pass(1);
    assertEquals(commits(), 2);
  });
});

Deno.test("Writer pauses for the interval after each commit to a database of its own process", async () => {
  await commitsAfterOne({ isSeparate: false, takesMs: 10 * INTERVAL_MS }, (commits, clock) => {
    clock.pass(INTERVAL_MS - 1);
    assertEquals(commits(), 1);
    clock.pass(1);
    assertEquals(commits(), 2);
  });
});
