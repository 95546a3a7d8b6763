import { WaitingSubtasks } from "../../../ui/browser/waiting_subtasks.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

Deno.test("WaitingSubtasks returns the newest record of each subtask of a parent, and forgets the first parents of many", () => {
  const waiting = new WaitingSubtasks();
  const task = (id: string, version = 1) => exampleTask({ id, version });
  waiting.add(task("a"), "p");
  waiting.add(task("a", 2), "p");
  waiting.add(task("b"), "p");
  waiting.delete("b", "p");
  assertEquals([waiting.has("a", "p"), waiting.has("b", "p"), waiting.has("a", "q")], [true, false, false]);
  assertEquals(waiting.take("p"), [task("a", 2)]);
  assertEquals(waiting.take("p"), []);
  for (let parent = 0; parent <= 500; parent++) waiting.add(task("c"), `p${parent}`);
  assertEquals([waiting.has("c", "p0"), waiting.has("c", "p1")], [false, true]);
});
