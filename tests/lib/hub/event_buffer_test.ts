import fc from "fast-check";
import { EventBuffer } from "../../../lib/hub/event_buffer.ts";
import { dataOf } from "../../../lib/hub/task_events.ts";
import { TransitionError } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../support/assert.ts";
import { changes } from "../../support/changes.ts";
import { EventTruth, toldBy } from "../../support/event_model.ts";
import { TestRegistry } from "../../support/registry.ts";

const line = (text: string) => ({ at: 1, text });

/** Creates a buffer that receives every event of a registry. */
function bufferOf(test: TestRegistry, mostCharacters = Infinity): EventBuffer {
  const buffer = new EventBuffer(mostCharacters);
  test.registry.subscribe((event) => buffer.add(event));
  return buffer;
}

function namesIn(buffer: EventBuffer): string[] {
  return (buffer.take() ?? []).map(({ name, id }) => `${id} ${name}`);
}

Deno.test("EventBuffer returns the events of a task that is created, started and finished in one turn in this order", () => {
  using test = new TestRegistry();
  const buffer = bufferOf(test);
  test.run("c", "1");
  assertEquals(namesIn(buffer), ["1 task.created", "1 task.started", "1 task.finished"]);
  assertEquals(namesIn(buffer), []);
});

Deno.test("EventBuffer coalesces progress: the newest progress replaces the older one, and follows all earlier events", () => {
  using test = new TestRegistry();
  test.begin("c", "1");
  test.begin("c", "2");
  const buffer = bufferOf(test);
  for (let progress = 0; progress < 50; progress++) {
    test.progress("c", "1", progress);
    test.progress("c", "2", progress);
  }
  test.finish("c", "2");
  test.progress("c", "1", 50);
  const events = buffer.take()!;
  assertEquals(events.map(({ name, id }) => `${id} ${name}`), [
    "2 task.progress",
    "2 task.finished",
    "1 task.progress",
  ]);
  assertEquals(JSON.parse(dataOf(events[0]!)).progress, 49);
  assertEquals(JSON.parse(dataOf(events[2]!)).progress, 50);
});

Deno.test("EventBuffer merges consecutive log lines into one event, except if the state changed between them", () => {
  using test = new TestRegistry();
  const buffer = bufferOf(test);
  test.begin("c", "1");
  for (const text of ["a", "b"]) {
    test.report("c", "1", { type: "log", lines: [line(text)] });
    test.progress("c", "1", 5);
  }
  test.report("c", "1", { type: "log", lines: [line("c")] });
  test.finish("c", "1");
  const events = buffer.take()!;
  assertEquals(events.map(({ name }) => name), [
    ...["task.created", "task.started"],
    ...["log", "task.progress"],
    "task.finished",
  ]);
  assertEquals(JSON.parse(dataOf(events[2]!)), {
    id: "1",
    first: 0,
    lines: [line("a"), line("b"), line("c")],
  });
  assertEquals(JSON.parse(dataOf(events[3]!)).log_count, 3);
});

Deno.test("EventBuffer does not merge events of two successive tasks with the same id", () => {
  using test = new TestRegistry();
  test.begin("c", "1");
  const buffer = bufferOf(test);
  test.report("c", "1", { type: "log", lines: [line("old")] });
  test.finish("c", "1");
  test.registry.remove("c", "1");
  test.begin("c", "1");
  test.report("c", "1", { type: "log", lines: [line("new")] });
  const events = buffer.take()!;
  assertEquals(events.map(({ name }) => name), [
    ...["log", "task.progress", "task.finished", "task.removed"],
    ...["task.created", "task.started", "log", "task.progress"],
  ]);
  const lines = events.filter(({ name }) => name === "log").map((event) => JSON.parse(dataOf(event)));
  assertEquals(lines.map(({ first, lines }) => [first, lines[0].text]), [[0, "old"], [0, "new"]]);
});

Deno.test("EventBuffer.of() returns the events of a single task so far", () => {
  using test = new TestRegistry();
  const buffer = bufferOf(test);
  test.begin("c", "1");
  test.begin("c", "2");
  assertEquals(buffer.of("1").map(({ name }) => name), ["task.created", "task.started"]);
  assertEquals(buffer.of("3"), []);
});

Deno.test("EventBuffer drops all events from the moment at which its limit is exceeded until take() is called", () => {
  using test = new TestRegistry();
  const buffer = bufferOf(test, 10_000);
  test.begin("c", "1");
  // Progress does not count towards the limit, because each task has at most one progress event.
  for (let progress = 0; progress < 100; progress += 0.5) test.progress("c", "1", progress);
  assert(!buffer.hasOverflowed);
  for (let lines = 0; !buffer.hasOverflowed; lines++) {
    assertLess(lines, 100);
    test.report("c", "1", { type: "log", lines: [line("x".repeat(1_000))] });
  }
  assertEquals(buffer.of("1"), []);
  test.finish("c", "1");
  assertEquals(buffer.take(), null);
  assert(!buffer.hasOverflowed);
  test.run("c", "2");
  assertEquals(namesIn(buffer).length, 3);
  // Changes of state count towards the limit, too.
  for (let runs = 0; !buffer.hasOverflowed; runs++) {
    assertLess(runs, 10);
    test.run("c", `3-${runs}`);
  }
});

Deno.test("EventBuffer drops only progress that is replaced by newer progress", () => {
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.record({ id: fc.constantFrom("1", "2"), change: changes }) },
    { weight: 1, arbitrary: fc.constantFrom<"remove" | "restore" | "take">("remove", "restore", "take") },
  );
  let told = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      using test = new TestRegistry();
      using truth = new EventTruth(test.registry, "c");
      const buffer = bufferOf(test);
      let from = test.registry.cursor.seq;
      const check = () => {
        const { seq } = test.registry.cursor;
        const events = buffer.take()!.map((event) => ({
          type: event.name,
          data: dataOf(event),
          lastEventId: "",
        }));
        assertEquals(toldBy(events), truth.between(from, seq));
        told += events.length;
        from = seq;
      };
      for (const step of steps) {
        try {
          if (step === "take") check();
          else if (step === "remove") test.registry.remove("c", "1");
          else if (step === "restore") test.registry.restore("c", "1");
          else test.registry.apply("c", step.id, step.change);
        } catch (error) {
          if (!(error instanceof TransitionError)) throw error;
        }
      }
      check();
    }),
    { numRuns: 1_000 },
  );
  assertGreater(told, 3_000);
});
