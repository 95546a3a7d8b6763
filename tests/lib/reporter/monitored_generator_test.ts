/** Tests monitored generators: they behave like the original ones, and their tasks end with them. */

import fc from "fast-check";
import { currentTask } from "../../../lib/reporter/current_task.ts";
import type { MonitoredTask } from "../../../lib/reporter/monitored_task.ts";
import { startableOf, wrap } from "../../../lib/reporter/wrap.ts";
import type { Task } from "../../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../../support/assert.ts";
import { LocalMonitor, turn } from "../../support/local_monitor.ts";
import { runMemoryProgram } from "../../support/memory_program.ts";
import { RecordingSink } from "../../support/recording_sink.ts";

function raise(error: unknown): never {
  throw error;
}

function endOf({ state, result, error }: Task): readonly unknown[] {
  return [state, result, error?.message ?? null];
}

function* count(task: MonitoredTask, to: number): Generator<number, string, number | undefined> {
  let sum = 0;
  for (let i = 1; i <= to; i++) sum += (yield i) ?? 0;
  task.log(`summed ${sum}`);
  return `sum ${sum}`;
}

async function* countLater(
  task: MonitoredTask,
  to: number,
): AsyncGenerator<number, string, number | undefined> {
  await Promise.resolve();
  return yield* count(task, to);
}

Deno.test("monitored generators are generators of the same kind", async () => {
  using monitor = new LocalMonitor();
  const generator = monitor.monitored(count)(2);
  assertStrictEquals(generator[Symbol.iterator](), generator);
  assertEquals(Object.prototype.toString.call(generator), "[object Generator]");
  assertEquals(Object.keys(generator), []);
  assertEquals([...generator], [1, 2]);
  assertEquals(monitor.monitored(count)(3).map((n) => n * 2).take(2).toArray(), [2, 4]);
  const later = monitor.monitored(countLater)(2);
  assertStrictEquals(later[Symbol.asyncIterator](), later);
  assertEquals(Object.prototype.toString.call(later), "[object AsyncGenerator]");
  assertEquals(await Array.fromAsync(later), [1, 2]);
  function* delegating(): Generator<number, string, undefined> {
    return yield* monitor.monitored(count)(2);
  }
  const delegated = delegating();
  assertEquals([delegated.next(), delegated.next(), delegated.next()], [
    { value: 1, done: false },
    { value: 2, done: false },
    { value: "sum 0", done: true },
  ]);
  assertEquals(monitor.tasks.map(endOf), [
    ["FINISHED", "sum 0", null],
    ["FINISHED", null, null],
    ["FINISHED", "sum 0", null],
    ["FINISHED", "sum 0", null],
  ]);
});

Deno.test("monitored generators preserve this, the arguments, the name, the length and the argument of next()", async () => {
  using monitor = new LocalMonitor();
  const object = {};
  const holder = {
    base: 5,
    all: monitor.monitored(function* all(this: { base: number }, _task: MonitoredTask, ...args: unknown[]) {
      const given: unknown = yield [this.base, ...args];
      return given;
    }),
  };
  assertEquals([holder.all.name, holder.all.length], ["all", 0]);
  const generator = holder.all(1, undefined, object);
  const first = generator.next("dropped, as by every generator");
  assertEquals(first, { value: [5, 1, undefined, object], done: false });
  assertStrictEquals((first.value as unknown[])[3], object);
  assertStrictEquals(generator.next(object).value, object);
  const later = monitor.monitored(countLater)(2);
  await later.next();
  await later.next(20);
  assertEquals(await later.next(3), { value: "sum 23", done: true });
  assertEquals(monitor.tasks.map(({ name }) => name), ["all", "countLater"]);
  assertEquals(await holder.all.call({ base: 6 }, 2).next().value, [6, 2]);
  holder.all(0).return(undefined);
});

Deno.test("monitored generators begin their task with the first next(), and end it when they end", async () => {
  using monitor = new LocalMonitor();
  const counter = monitor.monitored(count, { id: "sync" })(2);
  assertEquals(monitor.tasks, []);
  counter.next();
  assertEquals([monitor.task.id, monitor.task.state], ["sync", "STARTING"]);
  counter.next(1);
  assertEquals(counter.next(2), { value: "sum 3", done: true });
  assertEquals([endOf(monitor.task), await monitor.log()], [["FINISHED", "sum 3", null], ["summed 3"]]);
  const { version } = monitor.task;
  assertEquals([counter.next(), counter.return("late")], [
    { value: undefined, done: true },
    { value: "late", done: true },
  ]);
  assertThrows(() => counter.throw(new Error("late")), Error, "late");
  assertEquals(monitor.task.version, version, "nothing is reported after the end");
});

Deno.test("monitored generators that nobody iterates over create no task", async () => {
  using monitor = new LocalMonitor();
  let calls = 0;
  const fn = monitor.monitored(function* () {
    calls++;
    yield 1;
  });
  fn();
  assertEquals(fn().return(), { value: undefined, done: true });
  const error = new Error("no");
  const ended = fn();
  assertStrictEquals(assertThrows(() => ended.throw(error)), error);
  assertEquals(ended.next(), { value: undefined, done: true });
  const later = monitor.monitored(countLater);
  later(1);
  assertEquals(await later(1).return("unused"), { value: "unused", done: true });
  assertStrictEquals(await assertRejects(() => later(1).throw(error)), error);
  assertEquals([calls, monitor.tasks], [0, []]);
});

Deno.test("monitored generators end as FINISHED if the loop over them is left early", async () => {
  using monitor = new LocalMonitor();
  const cleaned: string[] = [];
  for (
    const n of monitor.monitored(function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        cleaned.push("sync");
      }
    })()
  ) {
    if (n === 1) break;
  }
  for await (
    const n of monitor.monitored(async function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        await Promise.resolve();
        cleaned.push("async");
      }
    })()
  ) {
    if (n === 1) break;
  }
  const [first] = monitor.monitored(count)(9);
  assertEquals([first, cleaned], [1, ["sync", "async"]]);
  const explicit = monitor.monitored(count)(9);
  explicit.next();
  assertEquals(explicit.return("enough"), { value: "enough", done: true });
  assertEquals(monitor.tasks.map(endOf), [
    ["FINISHED", null, null],
    ["FINISHED", null, null],
    ["FINISHED", null, null],
    ["FINISHED", "enough", null],
  ]);
});

Deno.test("monitored generators may continue after return() and throw()", async () => {
  using monitor = new LocalMonitor();
  const stubborn = monitor.monitored(function* () {
    let last: unknown = "";
    for (;;) {
      try {
        last = yield last;
        return "done";
      } catch (error) {
        last = error;
      }
    }
  })();
  stubborn.next();
  const error = new Error("caught");
  assertStrictEquals(stubborn.throw(error).value, error);
  assertEquals(monitor.task.state, "STARTING");
  assertEquals(stubborn.next(), { value: "done", done: true });
  const later = monitor.monitored(async function* () {
    try {
      yield 1;
    } finally {
      yield "not yet";
    }
  })();
  await later.next();
  assertEquals(await later.return(undefined), { value: "not yet", done: false });
  assertEquals(monitor.tasks[1]?.state, "STARTING");
  await later.next();
  assertEquals(monitor.tasks.map(endOf), [["FINISHED", "done", null], ["FINISHED", null, null]]);
});

Deno.test("monitored generators end as ERROR if they throw, or throw() is called", async () => {
  using monitor = new LocalMonitor();
  const error = new RangeError("own");
  const failing = monitor.monitored(function* () {
    yield 1;
    throw error;
  })();
  failing.next();
  assertStrictEquals(assertThrows(() => failing.next()), error);
  const thrownInto = monitor.monitored(count)(5);
  thrownInto.next();
  assertStrictEquals(assertThrows(() => thrownInto.throw(error)), error);
  const later = monitor.monitored(countLater)(5);
  await later.next();
  assertStrictEquals(await assertRejects(() => later.throw(error)), error);
  const rejecting = monitor.monitored(async function* () {
    yield 1;
    await Promise.reject(error);
  });
  assertStrictEquals(await assertRejects(() => Array.fromAsync(rejecting())), error);
  assertEquals(monitor.tasks.map(endOf), Array(4).fill(["ERROR", null, "own"]));
  const withDefault = monitor.monitored(function* (_task: MonitoredTask, n: number = raise(error)) {
    yield n;
  });
  const unbegun = withDefault();
  assertStrictEquals(assertThrows(() => unbegun.next()), error);
  assertEquals([unbegun.next(), endOf(monitor.tasks[4]!)], [
    { value: undefined, done: true },
    ["ERROR", null, "own"],
  ]);
});

Deno.test("monitored generators that resume themselves get an error, and can continue", () => {
  using monitor = new LocalMonitor();
  const self: Generator<unknown, unknown, unknown> = monitor.monitored(function* () {
    yield assertThrows(() => self.next(), TypeError).message;
    return "done";
  })();
  assertEquals(self.next(), { value: "Generator is already running", done: false });
  assertEquals([self.next(), monitor.task.result], [{ value: "done", done: true }, "done"]);
});

/** The calls with which a generator is resumed. */
const steps = fc.array(
  fc.record({ method: fc.constantFrom("next", "next", "next", "return", "throw"), value: fc.integer() }),
  { maxLength: 8 },
);
const acts = fc.array(fc.constantFrom("yield", "catch", "throw", "finally", "return"), { maxLength: 6 });

function* scripted(
  _task: unknown,
  script: readonly string[],
  seen: unknown[],
): Generator<unknown, unknown, unknown> {
  for (const [index, act] of script.entries()) {
    if (act === "throw") throw `thrown ${index}`;
    if (act === "return") return `returned ${index}`;
    try {
      seen.push(yield index);
    } catch (error) {
      seen.push(error);
      if (act !== "catch") throw error;
    } finally {
      if (act === "finally") seen.push(yield "cleaning up");
    }
  }
  return "end";
}

async function* scriptedLater(
  task: unknown,
  script: readonly string[],
  seen: unknown[],
): AsyncGenerator<unknown, unknown, unknown> {
  await Promise.resolve();
  return yield* scripted(task, script, seen);
}

type Step = { readonly method: string; readonly value: number };
type Resumable = Record<string, (value: unknown) => unknown>;

/**
 * Resumes a generator with each step; returns the outcomes. All steps of an async generator are requested at
 * once.
 */
async function resumed(generator: object, steps: readonly Step[]): Promise<unknown[]> {
  const outcomes = steps.map(async ({ method, value }) => {
    try {
      return await (generator as Resumable)[method]!(value);
    } catch (error) {
      return `threw ${error}`;
    }
  });
  return await Promise.all(outcomes);
}

Deno.test("monitored generators have the same outcomes as the original ones, in any order of calls", async () => {
  for (const fn of [scripted, scriptedLater]) {
    await fc.assert(
      fc.asyncProperty(acts, steps, async (script, steps) => {
        const sink = new RecordingSink();
        const [seen, wanted]: [unknown[], unknown[]] = [[], []];
        const monitored = await resumed(wrap(fn as typeof scripted, {}, () => sink)(script, seen), steps);
        const original = await resumed(fn(null, script, wanted), steps);
        assertEquals([monitored, seen], [original, wanted]);
        const hasBegun = steps[0]?.method === "next";
        const hasEnded = original.some((step) =>
          typeof step === "string" || (step as IteratorResult<0>).done
        );
        assertEquals([sink.opened.length, sink.closed.length], hasBegun ? [1, hasEnded ? 1 : 0] : [0, 0]);
      }),
      { numRuns: 500 },
    );
  }
});

Deno.test("currentTask() returns the task of the running generator, however generators are interleaved", async () => {
  using monitor = new LocalMonitor();
  const outer = monitor.monitored(function* (task) {
    for (let i = 0; i < 3; i++) yield currentTask() === task;
  });
  const later = monitor.monitored(async function* (task) {
    for (let i = 0; i < 3; i++) {
      const isCurrent = currentTask() === task;
      await Promise.resolve();
      assertThrows(currentTask);
      yield isCurrent;
    }
  });
  const [a, b, c, d] = [outer(), outer(), later(), later()];
  const seen: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    seen.push(
      a.next().value,
      ...(await Promise.all([c.next(), d.next()])).map(({ value }) => value),
      b.next().value,
    );
    assertThrows(currentTask);
  }
  assertEquals(seen, Array(12).fill(true));
  // A step that is requested while the previous step still runs has a current task, too.
  const hurried = later();
  const steps = await Promise.all([hurried.next(), hurried.next(), hurried.next(), hurried.next()]);
  assertEquals(steps.map(({ value }) => value), [true, true, true, undefined]);
  const nested = monitor.monitored(function* (task) {
    yield* outer();
    for (const isCurrent of outer()) yield isCurrent && currentTask() === task;
  });
  assertEquals([...nested()], Array(6).fill(true));
});

Deno.test("monitored generators end as CANCELLED if they stop because of a cancellation request while they were suspended", async () => {
  using monitor = new LocalMonitor();
  const cancel = () => monitor.test.registry.requestCancel("default", monitor.tasks.at(-1)!.id);
  const checking = monitor.monitored(function* (task) {
    for (;;) {
      task.signal.throwIfAborted();
      yield task.signal;
    }
  });
  const generator = checking();
  const { value: signal } = generator.next();
  cancel();
  assertEquals([signal!.aborted, monitor.task.state, monitor.task.cancel_requested], [
    true,
    "STARTING",
    true,
  ]);
  assertStrictEquals(assertThrows(() => generator.next()), signal!.reason);

  const left = checking();
  left.next();
  cancel();
  assertEquals(left.return(undefined as never).done, true, "the caller stops, for example with break");

  const later = monitor.monitored(async function* (task) {
    for await (const n of task.track([1, 2, 3])) yield n;
  })();
  await later.next();
  cancel();
  await assertRejects(() => later.next(), DOMException);

  const controller = new AbortController();
  const reason = new Error("my own");
  const withSignal = checking.with({ signal: controller.signal })();
  withSignal.next();
  controller.abort(reason);
  assertStrictEquals(assertThrows(() => withSignal.next()), reason);
  assertEquals(monitor.tasks.map(({ state }) => state), Array(4).fill("CANCELLED"));

  const ignoring = monitor.monitored(count)(2);
  ignoring.next();
  cancel();
  assertEquals([...ignoring], [2]);
  assertEquals(monitor.tasks[4]?.state, "FINISHED", "it has finished in spite of the request");
});

Deno.test("wrap().start() runs a generator to its end", async () => {
  using monitor = new LocalMonitor();
  assertEquals(await monitor.monitored(count).start(3).done, "sum 0");
  assertEquals(await monitor.monitored(countLater).start(3).done, "sum 0");
  const error = new Error("own");
  const failing = monitor.monitored(function* () {
    yield 1;
    throw error;
  }).start();
  assertStrictEquals(await assertRejects(() => failing.done), error);
  assertEquals(monitor.tasks.map(endOf), [
    ["FINISHED", "sum 0", null],
    ["FINISHED", "sum 0", null],
    ["ERROR", null, "own"],
  ]);
  const startable = startableOf(monitor.monitored(count))!;
  const handle = startable.start(monitor.sink, { id: "by-name" }, [2]);
  assertEquals([await handle.done, monitor.test.registry.task("default", "by-name")?.state], [
    "sum 0",
    "FINISHED",
  ]);
});

Deno.test("wrap().start().cancel() stops a generator at its next yield", async () => {
  using monitor = new LocalMonitor();
  let isCleanedUp = false;
  const run = monitor.monitored(function* () {
    try {
      for (let i = 0;; i++) yield i;
    } finally {
      yield "still cleaning up";
      isCleanedUp = true;
    }
  }).start();
  await turn();
  run.cancel();
  await assertRejects(() => run.done, DOMException, "The task was cancelled");
  assertEquals([isCleanedUp, monitor.task.state], [true, "CANCELLED"]);
});

Deno.test("wrap() treats a function that returns a generator like a generator function, except that it begins at once", async () => {
  using monitor = new LocalMonitor();
  const fn = monitor.monitored((task, to: number) => {
    task.log("called");
    return count(task, to);
  });
  const generator = fn(2);
  assertEquals(monitor.task.state, "STARTING");
  assertEquals([[...generator], endOf(monitor.task)], [[1, 2], ["FINISHED", "sum 0", null]]);
  assertEquals(await Array.fromAsync(monitor.monitored((task) => countLater(task, 1))()), [1]);
  assertEquals(fn(1).return("unused").value, "unused");
  assertEquals(await fn.start(2).done, "sum 0");
  assertEquals(monitor.tasks.map(({ state }) => state), Array(4).fill("FINISHED"));
});

Deno.test("wrap() ends the task when a function returns any other iterable", async () => {
  using monitor = new LocalMonitor();
  const stream = new ReadableStream({ start: (controller) => controller.close() });
  const iterator = {
    next: () => ({ value: 1, done: true as const }),
    [Symbol.iterator]() {
      return this;
    },
  };
  const async = monitor.monitored(async (task) => {
    await Promise.resolve();
    return countLater(task, 2);
  });
  const generator = await async();
  assertEquals([monitor.task.state, monitor.task.result], ["FINISHED", {}]);
  assertEquals(await Array.fromAsync(generator), [1, 2], "it can still be used, but is not monitored");
  for (const value of [stream, new Response("x"), iterator, new Map([[1, 2]]).values()]) {
    assertStrictEquals(await monitor.monitored(() => value)(), value as unknown);
  }
  assertEquals(monitor.tasks.map(({ state }) => state), Array(5).fill("FINISHED"));
  const hostile = new Proxy({}, {
    get: (_, key) => key === "then" ? undefined : raise(new Error("hostile")),
  });
  assertStrictEquals(await monitor.monitored(() => hostile)(), hostile);
});

Deno.test("monitored generators end as ERROR if they are dropped", async () => {
  const abandoned = { type: "abandoned", message: "The iterator was dropped before its end" };
  assertEquals(await runMemoryProgram(new URL("dropped_generators.ts", import.meta.url)), [
    { name: "sync", state: "ERROR", error: abandoned },
    { name: "async", state: "ERROR", error: abandoned },
    { name: "returned", state: "ERROR", error: abandoned },
    { name: "cancelled", state: "CANCELLED", error: null },
  ]);
});

Deno.test("monitored generators preserve their types", () => {
  using monitor = new LocalMonitor();
  function neverCalled(): void {
    const generator: Generator<number, string, number | undefined> = monitor.monitored(count)(1);
    const later: AsyncGenerator<number, string, number | undefined> = monitor.monitored(countLater)(1);
    const done: Promise<string> = monitor.monitored(countLater).start(1).done;
    for (
      const n of monitor.monitored(function* () {
        yield 1;
      })()
    ) assert(n > 0);
    const returned: Promise<AsyncGenerator<number, string, number | undefined>> = monitor.monitored((task) =>
      Promise.resolve(countLater(task, 1))
    )();
    // A function whose declared type is Iterable may return a generator or another iterable, so the result
    // has both types.
    const either: Iterable<number> | Promise<Iterable<number>> = monitor.monitored((task): Iterable<number> =>
      count(task, 1)
    )();
    const list: Promise<number[]> = monitor.monitored(() => [1])();
    const never: Promise<never> = monitor.monitored(() => raise("no"))();
    // @ts-expect-error a text is not a number
    monitor.monitored(count)("1");
    // @ts-expect-error the generator takes numbers
    generator.next("1");
    void [later, done, returned, either, list, never];
  }
  void neverCalled;
});
