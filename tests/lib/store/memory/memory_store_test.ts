import { MemoryStore } from "../../../../lib/store/memory/memory_store.ts";
import { assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { testStore } from "../../../support/store_conformance.ts";
import { StoreHome } from "../../../support/store_home.ts";
import {
  appendHistory,
  appendLog,
  entry,
  historyOf,
  line,
  logOf,
  storedTask,
} from "../../../support/store_model.ts";

const LIMITS = {
  logLinesPerTask: 1,
  logLinesPerTaskOnDisk: 1,
  logCharacters: 1,
  historyPerTask: 1,
  historyEntries: 1,
  progressPoints: 1,
  valuePoints: 1,
  removalsPerClient: 10,
  emptyClients: 2,
  pastRunsPerName: 1,
  pastRuns: 1,
  pastRunAgeMs: 1,
};

testStore("MemoryStore", (limits) => {
  return StoreHome.open({ open: () => new MemoryStore(limits, "epoch"), keepsTasks: false });
}, 600);

Deno.test("MemoryStore forgets the clients that have been empty for longest, and rejects cursors from before that", () => {
  const store = new MemoryStore(LIMITS, "epoch");
  for (const client of ["a", "b", "c", "d"]) {
    store.put(client, storedTask("1", store.takeSeq()));
    store.remove(client, "1", store.takeSeq());
  }
  assertEquals(["a", "b", "c", "d"].map((client) => store.index.lastSeq(client)), [0, 0, 6, 8]);
  assertEquals(store.index.changesSince("a", 1), undefined);
  assertEquals(store.index.changesSince("c", 5), { tasks: [], removed: [{ id: "1", seq: 6 }] });
  assertEquals(store.index.allChangesSince(3), undefined);
  assertEquals(store.index.allChangesSince(4)?.size, 2);
  store.put("a", storedTask("2", store.takeSeq()));
  assertEquals(store.index.changesSince("a", 3), undefined, "a forgotten client stays forgotten");
});

Deno.test("MemoryStore treats every change as committed, and is empty when it is opened", () => {
  const store = new MemoryStore(LIMITS, "epoch");
  assertEquals([store.epoch, store.committedSeq, store.degradation], ["epoch", Infinity, null]);
  assertEquals(store.takeOpened(), { live: [], ended: [] });
  store.onDegradation()();
});

Deno.test("MemoryStore is empty after it is disposed of", async () => {
  const store = new MemoryStore(LIMITS, "epoch");
  store.put("a", storedTask("1", 1));
  store.put("a", storedTask("2", 2));
  appendLog(store, "a", "1", 0, [line("x")]);
  appendHistory(store, "a", "1", entry(1), true);
  store.remove("a", "2", 3);
  await store[Symbol.asyncDispose]();
  assertEquals([store.index.get("a", "1"), [...store.index.list("a")], store.removed("a", "2")], [
    undefined,
    [],
    undefined,
  ]);
  assertEquals([(await logOf(store, "a", "1", 0, 1)).lines, await historyOf(store, "a", "1")], [[], []]);
});

Deno.test("MemoryStore.searchLog() lets other work run during a search, without an effect on its result", async () => {
  using clock = new FakeClock();
  clock.pass(10_000);
  const store = new MemoryStore({ ...LIMITS, logLinesPerTask: 20, logCharacters: 1_000_000 }, "epoch");
  store.put("a", storedTask("1", 1));
  const lines = (count: number) => Array.from({ length: count }, () => line("needle".padEnd(8_192)));
  appendLog(store, "a", "1", 0, lines(20));
  const query = { text: "needle", from: 0, to: Infinity, most: 5, keep: "newest" } as const;
  const searches = [store.searchLog("a", "1", query), store.searchLog("a", "1", query)];
  assertEquals(clock.pending, 1);
  // So many further lines arrive that the store drops all lines that are being searched.
  appendLog(store, "a", "1", 20, lines(40));
  await clock.passAsync(1);
  for (const { matches, searched, lines } of await Promise.all(searches)) {
    assertEquals([matches, searched, lines.map(({ number }) => number)], [20, 20, [15, 16, 17, 18, 19]]);
  }
});
