import { endEventOf, isNotifyEvent, NOTIFY_EVENTS } from "../../../lib/notify/events.ts";
import { isFinal, TASK_STATES } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("endEventOf() returns an event for each final state, and null for others", () => {
  assertEquals(TASK_STATES.map(endEventOf), [null, null, null, ...NOTIFY_EVENTS]);
  for (const state of TASK_STATES) assertEquals(endEventOf(state) !== null, isFinal(state), state);
});

Deno.test("isNotifyEvent() returns true only for names of events", () => {
  assertEquals(NOTIFY_EVENTS.map(isNotifyEvent), [true, true, true]);
  for (const text of ["", "task.", "task.started", "finished", "TASK.ERROR", "toString"]) {
    assertEquals(isNotifyEvent(text), false, text);
  }
});
