import { MemoryStore } from "../../../../lib/store/memory/memory_store.ts";
import { assertEquals } from "../../../support/assert.ts";
import { testStore } from "../../../support/store_conformance.ts";
import { StoreHome } from "../../../support/store_home.ts";
import { entry, line, logOf, storedTask } from "../../../support/store_model.ts";

const LIMITS = {
  logLinesPerTask: 1,
  logCharacters: 1,
  historyPerTask: 1,
  historyEntries: 1,
  progressPoints: 1,
  removalsPerClient: 10,
  emptyClients: 2,
};

testStore("MemoryStore", (limits) => {
  return new StoreHome({ open: () => new MemoryStore(limits, "epoch"), keepsTasks: false });
}, 600);

Deno.test("MemoryStore forgets clients that are empty for longest, and says so to who was away", () => {
  const store = new MemoryStore(LIMITS, "epoch");
  for (const client of ["a", "b", "c", "d"]) {
    store.put(client, storedTask("1", store.takeSeq()));
    store.remove(client, "1", store.takeSeq());
  }
  assertEquals(["a", "b", "c", "d"].map((client) => store.lastSeq(client)), [0, 0, 6, 8]);
  assertEquals(store.changesSince("a", 1), undefined);
  assertEquals(store.changesSince("c", 5), { tasks: [], removed: [{ id: "1", seq: 6 }] });
  assertEquals(store.allChangesSince(3), undefined);
  assertEquals(store.allChangesSince(4)?.size, 2);
  store.put("a", storedTask("2", store.takeSeq()));
  assertEquals(store.changesSince("a", 3), undefined, "what was forgotten stays forgotten");
});

Deno.test("MemoryStore has committed what it was given, and was never opened with anything", () => {
  const store = new MemoryStore(LIMITS, "epoch");
  assertEquals([store.epoch, store.committedSeq, store.degradation], ["epoch", Infinity, null]);
  assertEquals([[...store.openedLive()], [...store.openedEnded()]], [[], []]);
  store.onDegradation()();
});

Deno.test("MemoryStore is empty after it was disposed", async () => {
  const store = new MemoryStore(LIMITS, "epoch");
  store.put("a", storedTask("1", 1));
  store.put("a", storedTask("2", 2));
  store.appendLog("a", "1", 0, [line("x")]);
  store.appendHistory("a", "1", entry(1), true);
  store.remove("a", "2", 3);
  await store[Symbol.asyncDispose]();
  assertEquals([store.get("a", "1"), [...store.list("a")], store.removed("a", "2")], [
    undefined,
    [],
    undefined,
  ]);
  assertEquals([logOf(store, "a", "1", 0, 1).lines, store.history("a", "1")], [[], []]);
});
