/** Tests when the changes of a store are committed. */

import { Writer } from "../../../../lib/store/database/writer.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const INTERVAL_MS = 20;

/** Creates a writer to a database whose writes end when the test ends them. */
function createWriter(isSeparate = false) {
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
  /** Adds a change, and commits it at once. */
  const commit = async (seq: number) => {
    writer.batch(seq).setMeta("changed", seq);
    const committed = writer.committed();
    await Promise.resolve();
    writes.at(-1)!.resolve();
    await committed;
  };
  return { writer, writes, commit };
}

/** Lets a writer commit a change, and adds another one that no caller waits for while the commit takes its time. */
async function commitsAfterOne(
  { isSeparate, takesMs }: { readonly isSeparate: boolean; readonly takesMs: number },
  check: (commits: () => number, clock: FakeClock) => void,
): Promise<void> {
  using clock = new FakeClock();
  const { writer, writes } = createWriter(isSeparate);
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

Deno.test("Writer waits for the interval after a change, even if an earlier change was committed at once", async () => {
  using clock = new FakeClock();
  const { writer, writes, commit } = createWriter();
  await commit(1);
  clock.pass(INTERVAL_MS / 2);
  writer.batch(2).setMeta("changed", 2);
  clock.pass(INTERVAL_MS - 1);
  assertEquals(writes.length, 1);
  clock.pass(1);
  assertEquals(writes.length, 2);
  writes[1]!.resolve();
  await writer[Symbol.asyncDispose]();
});

Deno.test("Writer reports a database that has not responded for ten seconds, no matter how many commits preceded", async () => {
  for (const commits of [0, 1, 3]) {
    using clock = new FakeClock();
    const { writer, writes, commit } = createWriter();
    for (let seq = 1; seq <= commits; seq++) {
      await commit(seq);
      clock.pass(4_000);
    }
    writer.batch(9).setMeta("changed", 9);
    const committed = assertRejects(() => writer.committed(), Error, "nothing has been written for 10 s");
    await Promise.resolve();
    clock.pass(9_999);
    assertEquals(writer.degradation, null);
    clock.pass(1);
    await committed;
    writes.at(-1)!.resolve();
    await Promise.resolve();
    await Promise.resolve();
    assertEquals([writer.degradation, writer.committedSeq], [null, 9]);
    await writer[Symbol.asyncDispose]();
  }
});

Deno.test("Writer reports no slow database if nothing was written for ten seconds", async () => {
  using clock = new FakeClock();
  const { writer, commit } = createWriter();
  await commit(1);
  clock.pass(60_000);
  assertEquals(writer.degradation, null);
  await writer[Symbol.asyncDispose]();
});
