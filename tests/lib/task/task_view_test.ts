import { hasEnded, statusWords } from "../../../lib/task/task_view.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

Deno.test("hasEnded() returns true for a task in an unknown state that has an end time", () => {
  assertEquals(hasEnded(exampleTask({ state: "ARCHIVED" as never })), false);
  assertEquals(hasEnded(exampleTask({ state: "ARCHIVED" as never, finished_at: 3 })), true);
});

Deno.test("statusWords() returns an empty text if the status only repeats the state or the error", () => {
  const error = { message: "no such file", type: "NotFound" };
  assertEquals(statusWords(exampleTask({ state: "PROCESSING", status: "processing" })), "");
  assertEquals(statusWords(exampleTask({ state: "ERROR", status: "Error: no such file", error })), "");
  assertEquals(statusWords(exampleTask({ state: "ERROR", status: "Reading a.txt", error })), "Reading a.txt");
  assertEquals(statusWords(exampleTask({ state: "ARCHIVED" as never, status: "Archived" })), "Archived");
});
