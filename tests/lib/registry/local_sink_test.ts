import { LocalSink } from "../../../lib/registry/local_sink.ts";
import { TaskReporter } from "../../../lib/reporter/task_reporter.ts";
import { assertEquals, assertGreater } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { TestRegistry } from "../../support/registry.ts";
import { StoreFolder } from "../../support/store_folder.ts";

/** Begins a task in this isolate, and records the calls of its callbacks. */
function begin(sink: LocalSink, id: string) {
  const told: string[] = [];
  const handlers = {
    onCancel: () => void told.push("cancel"),
    onInterrupt: () => void told.push("interrupt"),
    warn: (text: string) => void told.push(text),
  };
  const reporter = new TaskReporter(sink, { client: "c", id }, handlers);
  reporter.begin(createChange());
  return { reporter, told };
}

Deno.test("LocalSink passes reports to the registry, and cancellation requests to the task", async () => {
  using test = new TestRegistry();
  const sink = new LocalSink(test.registry);
  const [first, second] = [begin(sink, "1"), begin(sink, "2")];
  test.registry.requestCancel("c", "2");
  test.registry.requestCancel("c", "1");
  assertEquals([first.told, second.told], [["cancel"], ["cancel"]]);
  first.reporter.end({ type: "finish", result: 5 });
  assertEquals(test.registry.task("c", "1")?.result, 5);
  second.reporter.end({ type: "cancelled" });
  await sink.settled();
});

Deno.test("LocalSink.settled() waits for a commit, and does not wait if everything is committed", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  using test = new TestRegistry({}, "first", store);
  const sink = new LocalSink(test.registry);
  begin(sink, "1");
  assertGreater(test.registry.uncommitted, 0);
  await sink.settled();
  assertEquals([test.registry.uncommitted, sink.settled()], [0, undefined]);
});

Deno.test("LocalSink tells running tasks that the process is about to end", () => {
  using test = new TestRegistry();
  const sink = new LocalSink(test.registry);
  const [first, second] = [begin(sink, "1"), begin(sink, "2")];
  second.reporter.end({ type: "finish", result: 5 });
  test.registry.announceShutdown();
  assertEquals([first.told, second.told], [["interrupt"], []]);
  assertEquals([test.registry.task("c", "1")?.active, test.registry.runningCount], [true, 1]);
});

Deno.test("LocalSink ignores reports after it is disposed of, without a warning", () => {
  using test = new TestRegistry();
  const sink = new LocalSink(test.registry);
  const { reporter, told } = begin(sink, "1");
  sink[Symbol.dispose]();
  sink[Symbol.dispose]();
  reporter.end({ type: "finish", result: 5 });
  test.registry.announceShutdown();
  assertEquals([told, test.registry.task("c", "1")?.state], [[], "STARTING"]);
});

Deno.test("LocalSink reports only the first of two tasks with the same id", () => {
  using test = new TestRegistry();
  const sink = new LocalSink(test.registry);
  const [first, second] = [begin(sink, "1"), begin(sink, "1")];
  assertEquals(second.told, ['Task "1" runs unmonitored: Cannot create task "1": the id is already taken']);
  second.reporter.end({ type: "finish", result: "second" });
  test.registry.requestCancel("c", "1");
  assertEquals(first.told, ["cancel"]);
  first.reporter.end({ type: "finish", result: "first" });
  assertEquals(test.registry.task("c", "1")?.result, "first");
});

Deno.test("LocalSink does not warn about a report for a task that has ended", () => {
  using test = new TestRegistry();
  const sink = new LocalSink(test.registry);
  const { reporter, told } = begin(sink, "1");
  test.registry.apply("c", "1", { type: "fail", error: { message: "lost", type: "lost" } });
  reporter.end({ type: "finish", result: 5 });
  assertEquals([told, test.registry.task("c", "1")?.state], [[], "ERROR"]);
});
