import { isEnd, RegistryEvents } from "../../../lib/registry/registry_events.ts";
import type { RegistryEvent } from "../../../lib/registry/registry_types.ts";
import type { TaskChange } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { storedTask } from "../../support/store_model.ts";

type State = "NOT_STARTED" | "FINISHED";

function event(before: State | null, state: State, change: TaskChange): RegistryEvent {
  const task = before === null ? undefined : storedTask("t", 1, before).task;
  return { client: "c", seq: 2, stored: storedTask("t", 2, state), before: task, change };
}

Deno.test("isEnd() recognises each end of a task once, also if the task is new", () => {
  const table: readonly (readonly [before: State | null, state: State, change: TaskChange, boolean])[] = [
    ["NOT_STARTED", "FINISHED", { type: "finish", result: null }, true],
    // A node learns of a short task of another node only once it has ended.
    [null, "FINISHED", { type: "update" }, true],
    [null, "NOT_STARTED", { type: "update" }, false],
    ["FINISHED", "FINISHED", { type: "update" }, false],
    [null, "FINISHED", { type: "restore" }, false],
  ];
  const events = new RegistryEvents();
  for (const [before, state, change, expected] of table) {
    const each = event(before, state, change);
    assertEquals(isEnd(each), expected, `${before} ${state} ${change.type}`);
    events.publish(each);
  }
  const removal = { client: "c", seq: 3, removedId: "t" };
  assertEquals(isEnd(removal), false);
  events.publish(removal);
  assertEquals([...events.endedCounts], [["FINISHED", 2], ["ERROR", 0], ["CANCELLED", 0]]);
});
