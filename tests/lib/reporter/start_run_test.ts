import type { ReportSink } from "../../../lib/reporter/report_sink.ts";
import { currentTask } from "../../../lib/reporter/current_task.ts";
import type { MonitoredTask } from "../../../lib/reporter/monitored_task.ts";
import { taskErrorOf } from "../../../lib/reporter/task_error.ts";
import { wrap } from "../../../lib/reporter/wrap.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { LocalMonitor, turn } from "../../support/local_monitor.ts";
import { RecordingSink } from "../../support/recording_sink.ts";
import { Warnings } from "../../support/warnings.ts";

/** Waits until the task's signal is aborted, then calls `then`. */
function stopped<Result>(task: MonitoredTask, then: () => Result): Promise<Result> {
  return new Promise((resolve, reject) => {
    task.signal.addEventListener("abort", () => {
      try {
        resolve(then());
      } catch (error) {
        reject(error);
      }
    });
  });
}

function raise(error: unknown): never {
  throw error;
}

Deno.test("startRun() ends the task as CANCELLED if the function stops because cancellation was requested", async () => {
  using monitor = new LocalMonitor();
  const abort = new DOMException("stopped", "AbortError");
  const endings: ((task: MonitoredTask) => unknown)[] = [
    (task) => task.signal.throwIfAborted(),
    () => raise(abort),
    () => raise(new Error("outer", { cause: new Error("inner", { cause: abort }) })),
    (task) => raise(new Error("outer", { cause: task.signal.reason })),
  ];
  for (const [i, ending] of endings.entries()) {
    const id = `${i}`;
    const run = monitor.monitored((task) => stopped(task, () => ending(task)), { id }).start();
    monitor.test.registry.requestCancel("default", id);
    await assertRejects(() => run.done);
    const { state, cancel_requested, status, error } = monitor.test.registry.task("default", id)!;
    assertEquals([state, cancel_requested, status, error], ["CANCELLED", true, "Cancelled", null]);
  }
});

Deno.test("startRun() ends the task as ERROR if the function fails for another reason after a cancellation request", async () => {
  using monitor = new LocalMonitor();
  const error = new TypeError("broken");
  const run = monitor.monitored((task) => stopped(task, () => raise(error))).start();
  monitor.test.registry.requestCancel("default", run.id);
  assertStrictEquals(await run.done.catch((thrown) => thrown), error);
  assertEquals([monitor.task.state, monitor.task.error?.message, monitor.task.cancel_requested], [
    "ERROR",
    "broken",
    true,
  ]);
});

Deno.test("startRun() ends the task as FINISHED if the function finishes in spite of a cancellation request", async () => {
  using monitor = new LocalMonitor();
  const run = monitor.monitored((task) => stopped(task, () => "done all the same")).start();
  monitor.test.registry.requestCancel("default", run.id);
  assertEquals(await run.done, "done all the same");
  assertEquals([monitor.task.state, monitor.task.result, monitor.task.cancel_requested], [
    "FINISHED",
    "done all the same",
    true,
  ]);
});

Deno.test("startRun() ends the task as ERROR if the function throws an AbortError of its own", async () => {
  using monitor = new LocalMonitor();
  await assertRejects(() => monitor.monitored(() => raise(AbortSignal.abort().reason))(), DOMException);
  assertEquals([monitor.task.state, monitor.task.error?.type], ["ERROR", "AbortError"]);
});

Deno.test("startRun() cancels the task if the caller's signal is aborted, during the run or before it", async () => {
  using monitor = new LocalMonitor();
  const controller = new AbortController();
  const reason = { why: "shutdown" };
  const run = monitor.monitored((task) => stopped(task, () => raise(task.signal.reason)), {
    signal: controller.signal,
  }).start();
  assertEquals(monitor.task.cancel_requested, false);
  controller.abort(reason);
  assertStrictEquals(await run.done.catch((thrown) => thrown), reason);
  assertEquals([monitor.task.state, monitor.task.cancel_requested], ["CANCELLED", true]);

  using other = new LocalMonitor();
  const fn = other.monitored((task) => task.signal.throwIfAborted(), { signal: AbortSignal.abort(reason) });
  assertStrictEquals(await fn().catch((thrown) => thrown), reason);
  assertEquals([other.task.state, other.task.cancel_requested], ["CANCELLED", true]);
});

Deno.test("startRun() reports the abort of the caller's signal as a cancellation request while the function continues", async () => {
  using monitor = new LocalMonitor();
  const controller = new AbortController();
  const gate = Promise.withResolvers<void>();
  const run = monitor.monitored(() => gate.promise).with({ signal: controller.signal }).start();
  controller.abort();
  assertEquals([monitor.task.state, monitor.task.cancel_requested], ["STARTING", true]);
  gate.resolve();
  await run.done;
});

Deno.test("startRun() records the result as JSON, and returns the original value", async () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const changed = (what: string) => [`The result was changed to fit JSON: ${what}`];
  const cut = changed("cut to 65536 bytes");
  const hostile = changed("converted value that throws");
  const table: [unknown, unknown, string[]][] = [
    [undefined, null, []],
    [null, null, []],
    [5, 5, []],
    [NaN, null, changed("converted NaN")],
    [{ a: [1, "x"] }, { a: [1, "x"] }, []],
    [new Date(0), "1970-01-01T00:00:00.000Z", []],
    [new Map([[1, 2]]), [[1, 2]], changed("converted Map")],
    ["x".repeat(65_534), "x".repeat(65_534), []],
    ["x".repeat(65_535), `${"x".repeat(65_531)}…`, cut],
    ["é".repeat(40_000), `${"é".repeat(32_765)}…`, cut],
    [circular, { self: "[Circular]" }, changed("converted circular reference")],
    [10n, "10", changed("converted BigInt")],
    [() => {}, "[Function]", changed("converted function")],
    [Symbol("x"), "Symbol(x)", changed("converted symbol")],
    [{ toJSON: () => raise(new Error("hostile")) }, "[Threw Error: hostile]", hostile],
    [new Proxy({}, { ownKeys: () => raise(new Error("hostile")) }), "[Threw Error: hostile]", hostile],
  ];
  for (const [result, shown, lines] of table) {
    using monitor = new LocalMonitor();
    assertStrictEquals(await monitor.monitored(() => result)(), result);
    assertEquals([monitor.task.state, monitor.task.result, await monitor.log()], ["FINISHED", shown, lines]);
  }
});

/** Values to throw, most of which throw another error when they are inspected. */
const HOSTILE: Record<string, () => unknown> = {
  "null": () => null,
  "undefined": () => undefined,
  "a symbol": () => Symbol("thrown"),
  "a number": () => NaN,
  "a function": () => () => {},
  "an object without a prototype": () => Object.create(null),
  "an object whose text throws": () => ({ toString: () => raise(new Error("hostile")) }),
  "an error whose message throws": () =>
    Object.defineProperty(new Error("x"), "message", { get: () => raise(new Error("hostile")) }),
  "an error whose name is no text": () => Object.assign(new Error("x"), { name: Symbol("name") }),
  "an error whose stack throws": () =>
    Object.defineProperty(new Error("x"), "stack", { get: () => raise(new Error("hostile")) }),
  "an error whose cause throws": () =>
    Object.defineProperty(new Error("x"), "cause", { get: () => raise(new Error("hostile")) }),
  "an error that causes itself": () => {
    const error = new Error("x");
    error.cause = error;
    return error;
  },
  "a proxy that throws": () =>
    new Proxy(new Error("x"), {
      get: () => raise(new Error("hostile")),
      getPrototypeOf: () => raise(new Error("hostile")),
    }),
  "a frozen error": () => Object.freeze(new Error("x")),
  "an error with a message of a megabyte": () => new Error("x".repeat(1_000_000)),
};

for (const [name, make] of Object.entries(HOSTILE)) {
  Deno.test(`startRun() rethrows ${name} and ends as ERROR`, async () => {
    for (const isCancelled of [false, true]) {
      using monitor = new LocalMonitor();
      const thrown = make();
      const run = monitor.monitored(async () => {
        await Promise.resolve();
        throw thrown;
      }).start();
      if (isCancelled) run.cancel();
      // The value is wrapped in an array, because an assertion must not inspect it.
      const received = await run.done.then(() => [], (error) => [error]);
      assert(received.length === 1 && Object.is(received[0], thrown), "another value was thrown");
      const { state, error } = monitor.task;
      assertEquals([state, typeof error?.message, typeof error?.type], ["ERROR", "string", "string"]);
      assert(error!.message.length <= 4_096);
    }
  });
}

Deno.test("taskErrorOf() returns message, type and stack of errors, and the text of other values", () => {
  const error = new RangeError("too far");
  assertEquals(taskErrorOf(error), { message: "too far", type: "RangeError", stack: error.stack! });
  assertEquals(taskErrorOf("just text"), { message: "just text", type: "string" });
  assertEquals(taskErrorOf(404), { message: "404", type: "number" });
});

/** A sink whose commits fail. */
class BrokenSink extends RecordingSink {
  readonly #settled: () => Promise<void>;

  constructor(settled: () => Promise<void>) {
    super();
    this.#settled = settled;
  }

  override settled(): Promise<void> {
    return this.#settled();
  }
}

function wrapFor(sink: ReportSink): (fn: () => number) => Promise<number> {
  return (fn) => wrap(fn, {}, () => sink)();
}

Deno.test("startRun() delays the function's result by at most 2 s if the final state is not committed", async () => {
  using clock = new FakeClock();
  const run = wrapFor(new BrokenSink(() => new Promise(() => {})));
  let result: number | undefined;
  const done = run(() => 5).then((value) => result = value);
  await clock.passAsync(1_900);
  assertEquals(result, undefined);
  await clock.passAsync(100);
  assertEquals([await done, clock.pending], [5, 0]);
});

Deno.test("startRun() returns the function's result even if the final state cannot be committed", async () => {
  const run = wrapFor(new BrokenSink(() => Promise.reject(new Error("disk full"))));
  assertEquals(await run(() => 5), 5);
  const error = new Error("own");
  assertStrictEquals(await run(() => raise(error)).catch((thrown) => thrown), error);
});

Deno.test("MonitoredTask.log() never throws, whatever it is passed", async () => {
  using monitor = new LocalMonitor();
  using _warnings = new Warnings();
  const nothing = Object.create(null);
  const result = await monitor.monitored((task) => {
    task.log(5 as never);
    task.log(Symbol("line") as never);
    task.log(nothing);
    return "went on";
  })();
  assertEquals([result, monitor.task.state, (await monitor.log()).slice(0, 2)], ["went on", "FINISHED", [
    "5",
    "Symbol(line)",
  ]]);
});

Deno.test("MonitoredTask reports nothing after its function has ended", async () => {
  using monitor = new LocalMonitor();
  let leaked: MonitoredTask | undefined;
  await monitor.monitored((task) => void (leaked = task))();
  const { version } = monitor.task;
  await leaked!.update({ progress: 5 });
  leaked!.log("late");
  assertEquals([monitor.task.version, monitor.task.progress], [version, 100]);
  leaked!.child("late");
  const late = monitor.tasks.filter(({ active }) => active);
  assertEquals(late, [], "a child ends with its task at the latest");
  await turn();
});

Deno.test("currentTask() returns the task of the function that is running, until the function's first await", async () => {
  using monitor = new LocalMonitor();
  const message =
    "Cannot get current task: wanted a call inside a monitored function, before its first await";
  assertEquals(assertThrows(currentTask).message, message);
  const inner = monitor.monitored((task) => assertStrictEquals(currentTask(), task), { name: "inner" });
  const outer = monitor.monitored(async (task) => {
    const promise = inner();
    assertStrictEquals(currentTask(), task, "the outer task is current again after the inner call");
    await promise;
    assertThrows(currentTask, Error, message);
    return task.id;
  }, { name: "outer" });
  const failing = monitor.monitored(() => raise(new Error("x")));
  const both = [outer(), outer(), failing().catch(() => {})];
  assertThrows(currentTask, Error, message);
  const [first, second] = await Promise.all(both);
  assert(first !== second);
  assertMatch(String(first), /^[0-9A-HJKMNP-TV-Z]{26}$/);
});

Deno.test("startRun() runs the function unmonitored if the id is already taken, and warns once", async () => {
  using monitor = new LocalMonitor();
  using warnings = new Warnings();
  const gate = Promise.withResolvers<void>();
  const fn = monitor.monitored(async (task, name: string) => {
    await task.update({ status: name });
    await gate.promise;
    task.log(name);
    return name;
  }, { id: "same" });
  const [first, second] = [fn("first"), fn("second")];
  gate.resolve();
  assertEquals(await Promise.all([first, second]), ["first", "second"]);
  assertEquals(await fn("third"), "third");
  assertEquals([monitor.task.result, monitor.task.status, await monitor.log()], ["first", "first", [
    "first",
  ]]);
  const warning =
    '[taskscope] Task "same" runs unmonitored: Cannot create task "same": the id is already taken';
  assertEquals(warnings.texts, [warning, warning]);
  await turn();
});

Deno.test("startRun() runs the function unmonitored if a limit is reached, and warns", async () => {
  using monitor = new LocalMonitor();
  using warnings = new Warnings();
  for (let i = 0; i < 10_000; i++) monitor.test.begin("default", `t${i}`);
  assertEquals(await monitor.monitored(() => 5, { id: "over" })(), 5);
  assertEquals([warnings.texts.length, monitor.test.registry.task("default", "over")], [1, undefined]);
});
