import { TaskIndex } from "../../../lib/store/task_index.ts";
import { assertEquals } from "../../support/assert.ts";
import { storedTask } from "../../support/store_model.ts";

function idsOf(index: TaskIndex): string[] {
  return Array.from(index.list("c"), ({ id }) => id);
}

Deno.test("TaskIndex.follow() keeps the order of creation and the order of changes", () => {
  const index = new TaskIndex({ removalsPerClient: 9, emptyClients: 9 });
  for (const [id, place, seq] of [["b", 2, 1], ["a", 1, 2], ["d", 4, 3], ["b", 2, 4], ["c", 3, 5]] as const) {
    index.follow("c", place, storedTask(id, seq));
  }
  assertEquals(idsOf(index), ["a", "b", "c", "d"]);
  assertEquals(index.changesSince("c", 1)?.tasks.map(({ id }) => id), ["a", "d", "b", "c"]);
  assertEquals(index.put("c", storedTask("e", 6)).place, 5);
});

Deno.test("TaskIndex.follow() drops a task with the same id at another place", () => {
  const index = new TaskIndex({ removalsPerClient: 9, emptyClients: 9 });
  for (const [id, place, seq] of [["a", 1, 1], ["b", 2, 2], ["a", 3, 3]] as const) {
    index.follow("c", place, storedTask(id, seq));
  }
  assertEquals(idsOf(index), ["b", "a"]);
  assertEquals(index.changesSince("c", 0)?.tasks.map(({ seq }) => seq), [2, 3]);
  assertEquals(index.states.get("NOT_STARTED"), 2);
});

Deno.test("TaskIndex.followRemoval() remembers the removal of a task that it never had", () => {
  const index = new TaskIndex({ removalsPerClient: 9, emptyClients: 9 });
  index.followRemoval("c", "unseen", 2);
  index.follow("c", 1, storedTask("a", 1));
  assertEquals(index.changesSince("c", 1), { tasks: [], removed: [{ id: "unseen", seq: 2 }] });
  assertEquals(index.allChangesSince(1)?.get("c")?.removed, [{ id: "unseen", seq: 2 }]);
});

Deno.test("TaskIndex.useEvery() assigns places that no other shard assigns", () => {
  const places = [0, 1, 2].map((remainder) => {
    const index = new TaskIndex({ removalsPerClient: 9, emptyClients: 9 });
    index.useEvery(3, remainder, 7);
    return ["a", "b"].map((id, seq) => index.put("c", storedTask(id, seq + 1)).place);
  });
  assertEquals(places, [[9, 12], [10, 13], [8, 11]]);
});
