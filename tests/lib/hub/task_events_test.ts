import { EventBuffer } from "../../../lib/hub/event_buffer.ts";
import { dataOf, eventsOf, stateEvent } from "../../../lib/hub/task_events.ts";
import type { RegistryEvent } from "../../../lib/registry/registry_types.ts";
import { TaskInMemory } from "../../../lib/store/task_in_memory.ts";
import { isFinal, TASK_STATES, type TaskChange } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { TestRegistry } from "../../support/registry.ts";

/** Returns the names of a task's events so far. */
function namesOf(events: readonly RegistryEvent[], id: string): string[] {
  return events.filter(({ stored, removedId }) => (stored?.id ?? removedId) === id)
    .flatMap(eventsOf).map(({ name }) => name);
}

Deno.test("eventsOf() names each change in the life cycle of a task", () => {
  using test = new TestRegistry();
  test.begin("c", "1");
  test.progress("c", "1", 5);
  test.progress("c", "1", 50);
  test.finish("c", "1");
  test.registry.remove("c", "1");
  test.registry.restore("c", "1");
  assertEquals(namesOf(test.events, "1"), [
    "task.created",
    "task.started",
    "task.progress",
    "task.progress",
    "task.finished",
    "task.removed",
    // The event of a restored task is named after the task's state.
    "task.finished",
  ]);
});

Deno.test("eventsOf() names every way in which a task can start and end", () => {
  const lives: readonly (readonly [readonly TaskChange["type"][], readonly string[]])[] = [
    [["cancelled"], ["task.created", "task.cancelled"]],
    [["start", "fail"], ["task.created", "task.started", "task.error"]],
    [["interrupt"], ["task.created", "task.error"]],
    // If the first change after the creation is an update, it also causes a start event.
    [["update", "update"], ["task.created", "task.started", "task.progress"]],
    [["roll_up", "request_cancel"], ["task.created", "task.started", "task.progress"]],
    [["start", "stale", "reconnected", "estimate"], [
      "task.created",
      "task.started",
      ...["task.progress", "task.progress", "task.progress"],
    ]],
    [["request_cancel", "finish"], ["task.created", "task.progress", "task.finished"]],
  ];
  for (const [types, names] of lives) {
    using test = new TestRegistry();
    test.registry.apply("c", "1", createChange());
    for (const type of types) test.registry.apply("c", "1", changeOf(type));
    assertEquals(namesOf(test.events, "1"), names, types.join());
  }
});

Deno.test("eventsOf() begins with task.created, before any log lines, if the first record of a task is already in progress", () => {
  using test = new TestRegistry();
  test.begin("c", "1");
  test.progress("c", "1", 5);
  test.report("c", "1", { type: "log", lines: [{ at: 1, text: "a" }] });
  const { before: _, ...logged } = test.events.at(-1)!;
  const buffer = new EventBuffer(1_000);
  buffer.add({ ...logged, change: { type: "update" } } as RegistryEvent);
  buffer.add(test.events.at(-1)!);
  assertEquals(buffer.take()?.map(({ name }) => name), ["task.created", "log", "task.progress"]);
});

Deno.test("eventsOf() puts new log lines before the record that counts them, and omits lines that were sent before", () => {
  using test = new TestRegistry();
  test.begin("c", "1");
  const line = (text: string) => ({ at: 1, text });
  test.report("c", "1", { type: "log", lines: [line("a"), line("b")] });
  test.report("c", "1", { type: "log", first: 1, lines: [line("b"), line("c")] });
  // This report repeats a known line; only its sequence number is new.
  const report = { client: "c", id: "1", at: 1, seq: 9 };
  test.registry.report({ ...report, change: { type: "log", first: 0, lines: [line("a")] } }, test.reporter);
  const told = test.events.flatMap(eventsOf).slice(2);
  assertEquals(told.map(({ name }) => name), [
    ...["log", "task.progress"],
    ...["log", "task.progress"],
    "task.progress",
  ]);
  assertEquals(told.filter(({ name }) => name === "log").map((event) => JSON.parse(dataOf(event))), [
    { id: "1", first: 0, lines: [line("a"), line("b")] },
    { id: "1", first: 2, lines: [line("c")] },
  ]);
});

Deno.test("dataOf() returns the record, or the id of a removed task", () => {
  using test = new TestRegistry();
  test.run("c", "1");
  test.registry.remove("c", "1");
  const [created, , finished, removed] = test.events.flatMap(eventsOf);
  assertEquals(JSON.parse(dataOf(created!)).state, "NOT_STARTED");
  assertEquals(dataOf(finished!), test.events[2]!.stored!.json);
  assertEquals(dataOf(removed!), '{"id":"1"}');
});

Deno.test("stateEvent() has a name for each state", () => {
  using test = new TestRegistry();
  const task = test.begin("c", "1");
  const names = TASK_STATES.map((state) => {
    const stored = new TaskInMemory({ ...task, state, active: !isFinal(state) }, 7);
    return stateEvent(stored);
  });
  assertEquals(names.map(({ name, seq, id }) => `${name} ${seq} ${id}`), [
    "task.created 7 1",
    "task.started 7 1",
    "task.progress 7 1",
    "task.finished 7 1",
    "task.error 7 1",
    "task.cancelled 7 1",
  ]);
});

function changeOf(type: TaskChange["type"]): TaskChange {
  switch (type) {
    case "fail":
      return { type, error: { type: "Error", message: "no" } };
    case "finish":
      return { type, result: null };
    case "update":
      return { type, status: String(Math.random()) };
    case "roll_up":
      return { type, progress: 5 };
    case "estimate":
      return { type, eta: 1, eta_low: null, eta_high: null, rate: 1, eta_reason: null };
    case "interrupt":
      return { type, message: "gone", lostVersions: 0 };
    case "create":
      return createChange();
    case "log":
      return { type, lines: [] };
    case "adopt":
      return { type, lostVersions: 0 };
    default:
      return { type };
  }
}
