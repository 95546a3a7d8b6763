import { isFinal, TASK_STATES } from "../../../lib/task/task.ts";
import { stateWords } from "../../../lib/task/state_words.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("isFinal() returns true only for FINISHED, ERROR and CANCELLED", () => {
  assertEquals(TASK_STATES.filter(isFinal), ["FINISHED", "ERROR", "CANCELLED"]);
});

Deno.test("stateWords() describes every state, and truncates long errors to the length of a status", () => {
  for (const state of TASK_STATES) assert(stateWords(state, null).length > 0);
  assertEquals(stateWords("ERROR", null), "Error: unknown");
  assertEquals(stateWords("ERROR", { message: "x".repeat(2_000), type: "Error" }).length, 1_000);
});
