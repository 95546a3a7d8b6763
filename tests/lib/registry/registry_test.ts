import { atHand } from "../../support/at_hand.ts";
import fc from "fast-check";
import { LimitError } from "../../../lib/errors.ts";
import { LIMITS } from "../../../lib/task/grammar.ts";
import type { ChangesSince } from "../../../lib/store/store.ts";
import type { JsonObject, Task } from "../../../lib/task/task.ts";
import { TransitionError } from "../../../lib/task/transition.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertStrictEquals,
  assertThrows,
} from "../../support/assert.ts";
import { createChange, updates } from "../../support/changes.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";

Deno.test("Registry.report() applies, numbers and publishes every change synchronously", () => {
  using test = new TestRegistry();
  const { registry, events } = test;
  assertEquals([registry.cursor, registry.clients()], [{ epoch: "first", seq: 0 }, []]);
  test.begin("c", "1");
  test.progress("c", "1", 40);
  const ended = test.finish("c", "1");
  assertEquals(events.map(({ client, seq, stored }) => [client, seq, stored?.task.state]), [
    ["c", 1, "NOT_STARTED"],
    ["c", 2, "STARTING"],
    ["c", 3, "PROCESSING"],
    ["c", 4, "FINISHED"],
  ]);
  assertEquals([registry.cursor.seq, registry.lastSeq("c"), registry.count("c")], [4, 4, 1]);
  assertStrictEquals(registry.task("c", "1"), ended);
  assertStrictEquals(registry.stored("c", "1"), events.at(-1)?.stored);
  assertEquals(JSON.parse(atHand(registry.stored("c", "1")).json), ended);
});

Deno.test("Registry.report() publishes nothing if nothing changes", () => {
  using test = new TestRegistry();
  test.run("c", "1");
  const before = test.events.length;
  test.finish("c", "1");
  assertThrows(() => test.progress("c", "1", 5), TransitionError, "it has ended as FINISHED");
  assertThrows(() => test.progress("c", "2", 5), TransitionError, "there is no such task");
  assertThrows(() => test.begin("c", "1"), TransitionError, "the id is already taken");
  assertEquals([test.events.length, test.registry.cursor.seq], [before, before]);
});

Deno.test("Registry.report() refuses a reporter that did not create the task", () => {
  using test = new TestRegistry();
  const stranger = new TestReporter("stranger");
  test.begin("c", "1");
  for (
    const change of [createChange(), { type: "update", progress: 5 }, { type: "finish", result: 1 }] as const
  ) {
    const error = assertThrows(() => test.report("c", "1", change, stranger), TransitionError);
    assertEquals(error.message, 'Cannot report task "1": another reporter runs it');
  }
  // A new object with the same id is the same reporter, as after a reconnect.
  test.report("c", "1", { type: "update", progress: 7 }, new TestReporter(test.reporter.id));
  assertEquals(test.registry.task("c", "1")?.progress, 7);
  test.registry.apply("c", "external", createChange());
  assertThrows(() => test.report("c", "external", { type: "start" }, stranger), TransitionError);
});

Deno.test("Registry.report() replaces times in the future with the present", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  const { registry, reporter } = test;
  const at = CLOCK_START + 1_000_000;
  registry.report({ client: "c", id: "1", at, change: createChange() }, reporter);
  clock.pass(1_000);
  const task = registry.report({ client: "c", id: "1", at, change: { type: "start" } }, reporter);
  assertEquals([task.created_at, task.started_at, task.updated_at], [
    CLOCK_START,
    CLOCK_START + 1,
    CLOCK_START + 1,
  ]);
  const late = registry.report({ client: "c", id: "1", at: 5, change: { type: "update" } }, reporter);
  assertEquals(late.updated_at, CLOCK_START + 1);
});

Deno.test("Registry.report() refuses tasks beyond a limit, and stores nothing about them", () => {
  using test = new TestRegistry({ clients: 2, liveTasksPerClient: 2 });
  const { registry } = test;
  test.begin("a", "1");
  test.begin("a", "2");
  assertEquals(assertThrows(() => test.begin("a", "3"), LimitError).limit, "liveTasksPerClient");
  test.begin("b", "1");
  assertEquals(assertThrows(() => test.begin("c", "1"), LimitError).limit, "clients");
  assertEquals([registry.cursor.seq, registry.clients(), registry.count("a")], [6, ["a", "b"], 2]);
  assertEquals([registry.task("a", "3"), registry.tasks("c"), registry.lastSeq("c")], [undefined, [], 0]);
  test.finish("a", "1");
  test.begin("a", "3");
});

Deno.test("Registry removes the oldest ended tasks beyond the limits, and publishes the removals", () => {
  using test = new TestRegistry({ endedTasksPerClient: 2, endedTasks: 3 });
  test.begin("a", "alive");
  test.run("a", "1", "2", "3");
  assertEquals(test.removed, ["a/1"]);
  test.run("b", "4", "5");
  assertEquals(test.removed, ["a/1", "a/2"]);
  assertEquals(test.registry.tasks("a").map(({ id }) => id), ["3", "alive"]);
  assertEquals(test.registry.changesSince("a", { epoch: "first", seq: 0 })?.removed.map(({ id }) => id), [
    "1",
    "2",
  ]);
  assertEquals(test.registry.cursor.seq, test.events.at(-1)?.seq);
});

Deno.test("Registry publishes each end, then its removal, if no ended tasks are kept", () => {
  using test = new TestRegistry({ endedTasksPerClient: 0 });
  test.run("a", "1");
  assertEquals(test.events.slice(-2).map(({ stored, removedId }) => stored?.task.state ?? removedId), [
    "FINISHED",
    "1",
  ]);
  assertEquals([test.registry.clients(), test.registry.tasks("a")], [[], []]);
});

Deno.test("Registry.remove() removes only ended tasks", () => {
  using test = new TestRegistry();
  test.begin("c", "1");
  assertEquals([test.registry.remove("c", "1"), test.registry.remove("c", "2")], [false, false]);
  test.finish("c", "1");
  assertEquals([test.registry.remove("c", "1"), test.registry.remove("c", "1")], [true, false]);
  assertEquals([test.removed, test.registry.clients(), test.registry.tasks("c")], [["c/1"], [], []]);
  test.begin("c", "1");
  assertEquals(test.registry.task("c", "1")?.version, 2);
});

Deno.test("Registry stores nothing about clients that were only read", () => {
  using test = new TestRegistry({ clients: 1 });
  const { registry } = test;
  for (let i = 0; i < 100; i++) {
    const client = `unknown-${i}`;
    assertEquals([registry.tasks(client), registry.task(client, "1")], [[], undefined]);
    assertEquals(registry.changesSince(client, registry.cursor), { tasks: [], removed: [] });
    assertThrows(() => registry.requestCancel(client, "1"), TransitionError);
    assertEquals(registry.remove(client, "1"), false);
    assertThrows(() => test.progress(client, "1", 5), TransitionError);
  }
  assertEquals([registry.clients(), registry.cursor.seq], [[], 0]);
  assertEquals([...registry.allChangesSince(registry.cursor)!], []);
  test.begin("known", "1");
});

Deno.test("Registry.changesSince() returns undefined for cursors of another epoch or from the future", () => {
  using test = new TestRegistry({ removalsPerClient: 2 });
  const { registry } = test;
  test.run("c", "1", "2", "3");
  for (const after of [{ epoch: "other", seq: 1 }, { epoch: "first", seq: 100 }]) {
    assertEquals([registry.changesSince("c", after), registry.allChangesSince(after)], [
      undefined,
      undefined,
    ]);
  }
  const early = { epoch: "first", seq: 9 };
  for (const id of ["1", "2", "3"]) registry.remove("c", id);
  assertEquals(registry.changesSince("c", early), undefined);
  assertEquals(registry.changesSince("c", { epoch: "first", seq: 11 })?.removed, [{ id: "3", seq: 12 }]);
});

/** Applies the changes since a cursor to the tasks that a watcher had at that cursor; returns the result. */
function caughtUp(before: ReadonlyMap<string, Task>, changes: ChangesSince): Map<string, Task> {
  const tasks = new Map(before);
  for (const { id } of changes.removed) tasks.delete(id);
  for (const stored of changes.tasks) tasks.set(stored.id, atHand(stored).task);
  return tasks;
}

function sorted(tasks: ReadonlyMap<string, Task>): Task[] {
  return [...tasks.values()].sort((a, b) => a.id < b.id ? -1 : 1);
}

Deno.test("Registry.changesSince() leads from any cursor of a random history to the present state", () => {
  const step = fc.record({
    do: fc.constantFrom("begin", "update", "finish", "remove"),
    client: fc.constantFrom("a", "b"),
    id: fc.constantFrom("1", "2", "3"),
    update: updates,
  });
  const limits = {
    endedTasksPerClient: 1,
    endedTasks: 1,
    removalsPerClient: 1,
    emptyClients: 1,
    liveTasksPerClient: 2,
  };
  let resyncs = 0;
  let checked = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
      using test = new TestRegistry(limits);
      const { registry } = test;
      const moments = [{ cursor: registry.cursor, a: new Map<string, Task>(), b: new Map<string, Task>() }];
      for (const { do: what, client, id, update } of steps) {
        try {
          if (what === "begin") test.begin(client, id);
          if (what === "update") test.report(client, id, update);
          if (what === "finish") test.finish(client, id);
          if (what === "remove") registry.remove(client, id);
        } catch (error) {
          assert(error instanceof TransitionError || error instanceof LimitError, String(error));
        }
        const [a, b] = (["a", "b"] as const).map((name) =>
          new Map(registry.tasks(name).map((task) => [task.id, task]))
        );
        moments.push({ cursor: registry.cursor, a: a!, b: b! });
      }
      const now = moments.at(-1)!;
      for (const moment of moments) {
        for (const client of ["a", "b"] as const) {
          const changes = registry.changesSince(client, moment.cursor);
          if (changes === undefined) resyncs++;
          else assertEquals(sorted(caughtUp(moment[client], changes)), sorted(now[client]));
          checked++;
        }
      }
      // A subscriber that applies all published events has the same tasks.
      const heard = new Map<string, Task>();
      for (const { client, stored, removedId } of test.events) {
        if (stored === undefined) heard.delete(`${client}/${removedId}`);
        else heard.set(`${client}/${stored.task.id}`, stored.task);
      }
      assertEquals(heard.size, now.a.size + now.b.size);
      for (const task of now.a.values()) assertStrictEquals(heard.get(`a/${task.id}`), task);
      assertEquals(test.events.map(({ seq }) => seq), test.events.map((_, i) => i + 1));
    }),
    { numRuns: 1_000 },
  );
  assertGreater(resyncs, 100);
  assertGreater(checked - resyncs, 10_000);
});

Deno.test("Registry.log() keeps the newest lines, while log_count counts all", async () => {
  using test = new TestRegistry({ logLinesPerTask: 10 });
  test.begin("c", "1");
  for (let i = 0; i < 35; i++) test.report("c", "1", { type: "log", lines: [{ at: i, text: `line ${i}` }] });
  const log = await test.registry.log("c", "1", 0, 35);
  assertEquals(log.first, 25);
  assertEquals(log.lines.map(({ text }) => text), Array.from({ length: 10 }, (_, i) => `line ${25 + i}`));
  assertEquals(test.registry.task("c", "1")?.log_count, 35);
  assertEquals((await test.registry.log("c", "1", 30, 32)).lines.map(({ text }) => text), [
    "line 30",
    "line 31",
  ]);
  assertEquals((await test.registry.log("c", "2", 0, 35)).lines, []);
});

Deno.test("Registry limits the size of a task's metadata, however many updates add to it", () => {
  using test = new TestRegistry();
  test.begin("c", "1");
  for (let i = 0; i < 100; i++) {
    const metadata: JsonObject = { [`key ${i}`]: "x".repeat(1_000) };
    try {
      test.report("c", "1", { type: "update", metadata });
    } catch (error) {
      // The registry may truncate the metadata or refuse the update.
      assert(error instanceof LimitError || error instanceof TransitionError, String(error));
    }
  }
  assertLessOrEqual(JSON.stringify(test.registry.task("c", "1")?.metadata).length, LIMITS.metadataBytes);
});

Deno.test("Registry.requestCancel() notifies the reporter each time, but changes the record only once", () => {
  using test = new TestRegistry();
  test.begin("c", "1");
  assertEquals(test.registry.requestCancel("c", "1").cancel_requested, true);
  const { version } = test.registry.requestCancel("c", "1");
  assertEquals([version, test.reporter.cancelled], [3, ["c/1", "c/1"]]);
  test.report("c", "1", { type: "cancelled" });
  assertEquals(test.registry.requestCancel("c", "1").state, "CANCELLED");
  assertEquals(test.reporter.cancelled.length, 2);
  test.run("c", "2");
  assertThrows(() => test.registry.requestCancel("c", "2"), TransitionError, "it has ended as FINISHED");
  assertThrows(() => test.registry.requestCancel("c", "3"), TransitionError, "there is no such task");
});

Deno.test("Registry.requestCancel() cancels a task without a reporter at once", () => {
  using test = new TestRegistry();
  test.registry.apply("c", "1", createChange());
  assertEquals(test.registry.requestCancel("c", "1").state, "CANCELLED");
});

Deno.test("Registry.reporterLost() marks the reporter's active tasks as stale until its next report", () => {
  using test = new TestRegistry();
  const other = new TestReporter("other");
  test.begin("c", "1");
  test.report("c", "waiting", createChange());
  test.run("c", "ended");
  test.report("c", "2", createChange(), other);
  test.report("c", "2", { type: "start" }, other);
  test.registry.reporterLost(test.reporter.id);
  const stale = (id: string) => test.registry.task("c", id)?.stale;
  assertEquals(["1", "waiting", "ended", "2"].map(stale), [true, false, false, false]);
  test.registry.reporterLost(test.reporter.id);
  test.registry.reporterLost("unknown");
  const { version } = test.registry.task("c", "1")!;
  assertEquals(version, 3);
  assertEquals(test.progress("c", "1", 5).stale, false);
});

Deno.test("Registry.sweep() marks tasks as stale after the interval that they promised", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ sweepIntervalMs: 1_000 });
  const stale = (id: string) => test.registry.task("c", id)?.stale;
  test.begin("c", "promised", { stale_after: 5 });
  test.begin("c", "silent");
  clock.pass(5_000);
  assertEquals([stale("promised"), stale("silent")], [false, false]);
  clock.pass(1_000);
  assertEquals([stale("promised"), stale("silent")], [true, false]);
  const { seq } = test.registry.cursor;
  clock.pass(10_000);
  assertEquals(test.registry.cursor.seq, seq, "the change is published once");
  test.report("c", "promised", { type: "log", lines: [{ at: 1, text: "here" }] });
  assertEquals(stale("promised"), false);
  clock.pass(4_000);
  test.progress("c", "promised", 5);
  clock.pass(4_000);
  assertEquals(stale("promised"), false);
});

Deno.test("Registry.sweep() removes the ETA of a stalled task, and restores it later", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  test.begin("c", "1");
  for (let progress = 0; progress <= 60; progress++) {
    test.progress("c", "1", progress);
    clock.pass(1_000);
  }
  const eta = () => {
    const { eta, rate, eta_reason } = test.registry.task("c", "1")!;
    return [eta, rate, eta_reason];
  };
  assertEquals(eta(), [40, 1, null]);
  clock.pass(170_000);
  assertEquals(eta(), [40, 1, null], "a first pause may be part of the job");
  clock.pass(11_000);
  assertEquals(eta(), [null, 0, "stalled"]);
  const { seq } = test.registry.cursor;
  clock.pass(60_000);
  assertEquals(test.registry.cursor.seq, seq, "the change is published once");
  test.progress("c", "1", 61);
  assertEquals(eta()[2], null);
});

Deno.test("Registry.sweep() does not mark a task as stalled before its pace is known", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  test.begin("c", "1");
  test.progress("c", "1", 10);
  assertEquals(test.registry.task("c", "1")?.eta_reason, "too_early");
  clock.pass(60_000);
  assertEquals(test.registry.task("c", "1")?.eta_reason, "too_early");
});

Deno.test("Registry.sweep() never marks a task as stalled while it moves at its own pace", () => {
  const reports = {
    "every seven minutes": Array.from({ length: 20 }, () => 420),
    "quick at first, then every seven minutes": [0.2, 0.2, 0.2, ...Array.from({ length: 20 }, () => 420)],
    "ten steps within two seconds of each minute": Array.from(
      { length: 200 },
      (_, n) => n % 10 === 9 ? 58 : 0.2,
    ),
    "steady for long, then two minutes of silence again and again": Array.from(
      { length: 400 },
      (_, n) => n % 40 === 39 ? 120 : 1,
    ),
    "ever longer silences after bursts": Array.from(
      { length: 200 },
      (_, n) => n % 20 === 19 ? 60 + 4 * n : 0.5,
    ),
    "slower and slower": Array.from({ length: 40 }, (_, n) => 1.15 ** n),
  };
  for (const [name, intervals] of Object.entries(reports)) {
    using clock = new FakeClock();
    using test = new TestRegistry();
    test.begin("c", "1");
    let stalls = 0;
    test.registry.subscribe(({ stored }) => stalls += stored?.task.eta_reason === "stalled" ? 1 : 0);
    intervals.forEach((seconds, index) => {
      test.progress("c", "1", index / intervals.length * 90);
      clock.pass(seconds * 1_000);
    });
    assertEquals(stalls, 0, name);
    clock.pass(5 * 86_400_000);
    assertEquals(test.registry.task("c", "1")?.eta_reason, "stalled", name);
  }
});

Deno.test("Registry sweeps only while there are tasks or restorable tasks", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ sweepIntervalMs: 1_000, restoreWindowMs: 5_000 });
  assertEquals(clock.pending, 0);
  test.begin("c", "1");
  test.begin("c", "2");
  assertEquals(clock.pending, 1);
  for (const id of ["1", "2"]) test.finish("c", id);
  clock.pass(60_000);
  assertEquals(clock.pending, 1, "ended tasks will exceed the age limit later");
  for (const id of ["1", "2"]) test.registry.remove("c", id);
  clock.pass(5_000);
  assertEquals(clock.pending, 1, "the removed tasks can still be restored");
  clock.pass(2_000);
  assertEquals(clock.pending, 0);
  test.begin("c", "3");
  assertEquals(clock.pending, 1);
  test.registry[Symbol.dispose]();
  assertEquals(clock.pending, 0);
});
