import { ConfigError } from "../../../lib/errors.ts";
import type { MonitoredTask, TaskHandle } from "../../../lib/reporter/monitored_task.ts";
import { type MonitoredOptions, startableOf, wrap } from "../../../lib/reporter/wrap.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../../support/assert.ts";
import { LocalMonitor, turn } from "../../support/local_monitor.ts";

Deno.test("wrap() preserves this, the arguments, the result, the name and the length of a function", async () => {
  using monitor = new LocalMonitor();
  const counter = {
    base: 5,
    add: monitor.monitored(function add(this: { base: number }, _task: MonitoredTask, a: number, b: number) {
      return { sum: this.base + a + b, arguments: [a, b] };
    }),
  };
  assertEquals(await counter.add(1, 2), { sum: 8, arguments: [1, 2] });
  assertEquals((await counter.add.call({ base: 100 }, 1, 2)).sum, 103);
  assertEquals([counter.add.name, counter.add.length], ["add", 2]);
  const result = { same: true };
  const object = {};
  const identity = monitor.monitored((_task, value: unknown) => value === object && result);
  assertStrictEquals(await identity(object), result);
  assertEquals(monitor.tasks.map(({ name, state }) => [name, state]), [
    ["add", "FINISHED"],
    ["add", "FINISHED"],
    // This arrow function has no name.
    ["task", "FINISHED"],
  ]);
});

Deno.test("wrap() passes on missing, extra and undefined arguments", async () => {
  using monitor = new LocalMonitor();
  const count = monitor.monitored((_task, ...args: unknown[]) => args);
  assertEquals(await count(), []);
  assertEquals(await count(undefined), [undefined]);
  assertEquals(await count(1, null, 3), [1, null, 3]);
  assertEquals(monitor.monitored(() => {}).length, 0);
});

Deno.test("wrap() returns a promise even if the function returns or throws synchronously", async () => {
  using monitor = new LocalMonitor();
  const value = monitor.monitored((_task, n: number) => n * 2)(4);
  assert(value instanceof Promise);
  assertEquals(await value, 8);
  const error = new TypeError("at once");
  const failing = monitor.monitored((): number => {
    throw error;
  })();
  assertStrictEquals(await failing.catch((thrown) => thrown), error);
  const rejecting = monitor.monitored(() => Promise.reject(error))();
  assertStrictEquals(await rejecting.catch((thrown) => thrown), error);
  assertEquals(monitor.tasks.map(({ state }) => state), ["FINISHED", "ERROR", "ERROR"]);
});

Deno.test("wrap() calls the function synchronously, like a plain call", () => {
  using monitor = new LocalMonitor();
  let isCalled = false;
  void monitor.monitored(() => {
    isCalled = true;
  })();
  assertEquals(isCalled, true);
});

Deno.test("wrap() preserves the types of the function, without the task parameter", async () => {
  using monitor = new LocalMonitor();
  const double = monitor.monitored(async (task, n: number) => {
    await task.update({ progress: 50 });
    return n * 2;
  });
  const promised: Promise<number> = double(1);
  const handle: TaskHandle<number> = double.start(2);
  const again: Promise<number> = double.with({ tags: ["a"] })(3);
  const optional = monitor.monitored((_task: MonitoredTask, a: string, b?: number) => `${a}${b}`);
  const text: Promise<string> = optional("a");
  const method = monitor.monitored(function (this: Date, _task: MonitoredTask) {
    return this.getTime();
  });
  assertEquals(await Promise.all([promised, handle.done, again, text]), [2, 4, 6, "aundefined"]);
  function neverCalled(): void {
    // @ts-expect-error a text is not a number
    void double("1");
    // @ts-expect-error an argument is missing
    void double();
    // @ts-expect-error the caller does not pass the task
    void double({} as MonitoredTask, 1);
    // @ts-expect-error the result is not a text
    const _wrong: Promise<string> = double(1);
    // @ts-expect-error there is no such option
    void monitor.monitored(() => {}, { retries: 3 });
    // @ts-expect-error "this" has to be a date
    void method.call({});
    // @ts-expect-error the name is an option of the function, not of a call
    void double.with({ name: "x" });
  }
  void neverCalled;
});

function last<Item>(_task: MonitoredTask, items: Item[]): Item | undefined {
  return items.at(-1);
}

function* reversed<Item>(_task: MonitoredTask, items: Item[]): Generator<Item, number> {
  yield* items.toReversed();
  return items.length;
}

function parse(task: MonitoredTask, text: string): number;
function parse(task: MonitoredTask, texts: string[]): number[];
function parse(_task: MonitoredTask, given: string | string[]): number | number[] {
  return typeof given === "string" ? Number(given) : given.map(Number);
}

Deno.test("wrap() preserves the types of generic and overloaded functions as far as TypeScript can", async () => {
  using monitor = new LocalMonitor();
  // With a declared type, the monitored function stays generic.
  const anyLast: <Item>(items: Item[]) => Promise<Item | undefined> = monitor.monitored(last);
  const inline: <Item>(items: Item[]) => Promise<Item | undefined> = monitor.monitored((_task, items) =>
    items[0]
  );
  const anyReversed: <Item>(items: Item[]) => Generator<Item, number> = monitor.monitored(reversed);
  const text: string | undefined = await anyLast(["a", "b"]);
  const number: number | undefined = await inline([1, 2]);
  const texts: string[] = [...anyReversed(["a", "b"])];
  // A type argument selects a type; the monitored function then also has its members, such as `start()`.
  const lastText = monitor.monitored(last<string>);
  const started: string | undefined = await lastText.start(["c"]).done;
  const length: number = await monitor.monitored(reversed<string>).start(["a"]).done;
  // TypeScript infers the last overload of a function; type arguments select another overload, and a cast
  // keeps all of them.
  const parseAll = monitor.monitored(parse);
  const all: number[] = await parseAll(["1"]);
  const parseText = monitor.monitored<unknown, [string], number>(parse);
  const one: number = await parseText("1");
  assertEquals([text, number, texts, started, length, all, one], ["b", 1, ["b", "a"], "c", 1, [1], 1]);
  function neverCalled(): void {
    // @ts-expect-error the item is a text
    const _number: Promise<number | undefined> = anyLast(["a"]);
    // @ts-expect-error without a declared type, the item is unknown
    const _text: Promise<string | undefined> = monitor.monitored(last)(["a"]);
    // @ts-expect-error only the last overload is known
    void parseAll("1");
  }
  void neverCalled;
});

Deno.test("wrap().start() returns the id at once, and a promise that does not have to be awaited", async () => {
  using monitor = new LocalMonitor();
  const unhandled: unknown[] = [];
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", listener);
  const error = new Error("no");
  const handle = monitor.monitored((_task, n: number) => {
    if (n === 1) throw error;
    return n;
  }).start(1);
  assertEquals(monitor.test.registry.task("default", handle.id)?.id, handle.id);
  await turn();
  await turn();
  globalThis.removeEventListener("unhandledrejection", listener);
  assertEquals([unhandled, monitor.task.state], [[], "ERROR"]);
  assertStrictEquals(await assertRejects(() => handle.done), error);
});

Deno.test("wrap().start().cancel() aborts the signal of only that run", async () => {
  using monitor = new LocalMonitor();
  const wait = monitor.monitored((task) =>
    new Promise<void>((_, reject) => task.signal.addEventListener("abort", () => reject(task.signal.reason)))
  );
  const [first, second] = [wait.start(), wait.start()];
  first.cancel();
  const error = await assertRejects(() => first.done, DOMException);
  assertEquals([error.name, error.message], ["AbortError", "The task was cancelled"]);
  assertEquals(monitor.tasks.map(({ state }) => state), ["CANCELLED", "STARTING"]);
  second.cancel();
  second.cancel();
  await second.done.catch(() => {});
  first.cancel();
  assertEquals(monitor.tasks.map(({ state }) => state), ["CANCELLED", "CANCELLED"]);
});

Deno.test("wrap().with() returns a function with other options and leaves the original unchanged", async () => {
  using monitor = new LocalMonitor();
  const fn = monitor.monitored(function load(this: void, _task: MonitoredTask, n: number) {
    return n;
  }, { name: "Load", tags: ["a"], metadata: { a: 1 }, staleAfterMs: 2_500 });
  const other = fn.with({ client: "team", id: "run-1", tags: ["b"], metadata: { b: 2 } });
  assertEquals([await other(1), await fn(2)], [1, 2]);
  assertEquals([other.name, other.length], ["load", 1]);
  const special = monitor.test.registry.task("team", "run-1")!;
  assertEquals([special.name, special.tags, special.metadata, special.stale_after], [
    "Load",
    ["b"],
    { b: 2 },
    2.5,
  ]);
  const [usual] = monitor.test.registry.tasks("default");
  assertEquals([usual?.name, usual?.tags, usual?.metadata, usual?.stale_after], [
    "Load",
    ["a"],
    { a: 1 },
    2.5,
  ]);
  assertEquals(await other.with({ id: "run-2" })(3), 3);
  assertEquals(monitor.test.registry.task("team", "run-2")?.tags, ["b"]);
});

Deno.test("wrap() throws for invalid options as soon as they are given, not when the function is called", () => {
  using monitor = new LocalMonitor();
  const prefix = "Cannot monitor function: ";
  const table: [MonitoredOptions, string][] = [
    [{ client: "a b" }, `${prefix}"client" must be a client token such as "default", received a b`],
    [{ client: ".." }, `${prefix}"client" must be a client token such as "default", received ..`],
    [{ id: "start" }, `${prefix}"id" must be a task id, received start`],
    [{ id: "" }, `${prefix}"id" must be a task id, received `],
    [{ staleAfterMs: 0 }, `${prefix}"staleAfterMs" must be a number of milliseconds above 0, received 0`],
    [{ staleAfterMs: NaN }, `${prefix}"staleAfterMs" must be a number of milliseconds above 0, received NaN`],
    [{ name: "" }, `${prefix}Cannot read "name": wanted 1 to 200 characters, received 0`],
    [{ name: "n".repeat(201) }, `${prefix}Cannot read "name": wanted 1 to 200 characters, received 201`],
    [{ tags: [""] }, `${prefix}Cannot read "tags": wanted 1 to 64 characters, received 0`],
    [{ tags: Array(33).fill("t") }, `${prefix}Cannot read "tags": wanted at most 32 entries, received 33`],
    [{ metadata: [] as never }, `${prefix}Cannot read "metadata": wanted an object, received []`],
    [
      { metadata: { a: "x".repeat(16_384) } },
      `${prefix}Cannot read "metadata": wanted at most 16384 bytes of JSON, received 16392`,
    ],
  ];
  for (const [options, message] of table) {
    const error = assertThrows(() => monitor.monitored(() => {}, options), ConfigError);
    assertEquals(error.message, message);
    const { name, staleAfterMs, ...forCall } = options;
    if (name !== undefined || staleAfterMs !== undefined) continue;
    assertEquals(assertThrows(() => monitor.monitored(() => {}).with(forCall), ConfigError).message, message);
  }
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (const metadata of [circular, { n: 1n }]) {
    assertThrows(() => monitor.monitored(() => {}, { metadata: metadata as never }), ConfigError, prefix);
  }
});

Deno.test("wrap() uses TASKSCOPE_CLIENT if no client is given", async () => {
  using monitor = new LocalMonitor();
  const fn = monitor.monitored(() => {});
  const before = Deno.env.get("TASKSCOPE_CLIENT");
  try {
    for (const value of ["team-7", "not a token", ""]) {
      Deno.env.set("TASKSCOPE_CLIENT", value);
      await fn();
    }
    await fn.with({ client: "own" })();
  } finally {
    if (before === undefined) Deno.env.delete("TASKSCOPE_CLIENT");
    else Deno.env.set("TASKSCOPE_CLIENT", before);
  }
  assertEquals(monitor.test.registry.clients(), ["team-7", "default", "own"]);
  assertEquals(monitor.test.registry.count("default"), 2);
});

Deno.test("wrap() truncates a function name that is too long for a task", async () => {
  using monitor = new LocalMonitor();
  const name = "f".repeat(300);
  const { [name]: long } = { [name]: () => {} };
  const fn = monitor.monitored(long!);
  await fn();
  assertEquals([fn.name, monitor.task.name.length], [name, 200]);
});

Deno.test("startableOf() returns a function that can be registered and started through the API, with options for the call", async () => {
  using monitor = new LocalMonitor();
  using elsewhere = new LocalMonitor();
  const input = { type: "number" };
  const fn = wrap((_task, n: number) => n + 1, { name: "plus", input }, () => elsewhere.sink);
  const startable = startableOf(fn)!;
  assertEquals([startable.name, startable.input], ["plus", input]);
  assertEquals(await startable.start(monitor.sink, { id: "x", tags: ["t"] }, [1]).done, 2);
  assertEquals([monitor.task.id, monitor.task.tags, elsewhere.tasks], ["x", ["t"], []]);
  const first = monitor.task;
  assertEquals([first.attempt, first.retry_of, first.retryable], [1, null, true]);
  await startable.start(monitor.sink, { id: "y", attempt: 3, retryOf: "x" }, [1]).done;
  const again = monitor.tasks.find(({ id }) => id === "y");
  assertEquals([again?.attempt, again?.retry_of, again?.retryable], [3, "x", true]);
  await fn(1);
  const [called] = elsewhere.tasks;
  assertEquals(
    [called?.attempt, called?.retry_of, called?.retryable],
    [1, null, false],
    "the run was not started by name",
  );
  assertThrows(() => startable.start(monitor.sink, { id: ".." }, []), ConfigError);
  assertEquals([startableOf(() => {}), startableOf(wrap(() => {}, {}, () => monitor.sink))?.input], [
    undefined,
    null,
  ]);
});
