import { MemoryStore } from "../../../lib/store/memory.ts";
import { assertEquals } from "../../support/assert.ts";
import { storedTask, testStore } from "../../support/store_conformance.ts";

testStore("MemoryStore", (limits) => new MemoryStore(limits));

Deno.test("MemoryStore forgets clients that are empty for longest, and says so to who was away", () => {
  const store = new MemoryStore({
    logLinesPerTask: 1,
    logCharacters: 1,
    removalsPerClient: 10,
    emptyClients: 2,
  });
  let seq = 0;
  for (const client of ["a", "b", "c", "d"]) {
    store.put(client, storedTask("1", ++seq));
    store.remove(client, "1", ++seq);
  }
  assertEquals(["a", "b", "c", "d"].map((client) => store.lastSeq(client)), [0, 0, 6, 8]);
  assertEquals(store.changesSince("a", 1), undefined);
  assertEquals(store.changesSince("c", 5), { tasks: [], removed: [{ id: "1", seq: 6 }] });
  assertEquals(store.allChangesSince(3), undefined);
  assertEquals(store.allChangesSince(4)?.size, 2);
  store.put("a", storedTask("2", ++seq));
  assertEquals(store.changesSince("a", 3), undefined, "what was forgotten stays forgotten");
});

Deno.test("MemoryStore is empty after it was disposed", async () => {
  const store = new MemoryStore({
    logLinesPerTask: 1,
    logCharacters: 1,
    removalsPerClient: 1,
    emptyClients: 1,
  });
  store.put("a", storedTask("1", 1));
  store.appendLog("a", "1", [{ at: 1, text: "x" }]);
  await store[Symbol.asyncDispose]();
  assertEquals([store.get("a", "1"), [...store.list("a")], store.log("a", "1")], [undefined, [], []]);
});
