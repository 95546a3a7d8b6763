import { AmbiguousMonitorError, ConfigError } from "../../lib/errors.ts";
import { currentTask, monitored } from "../../lib/monitored.ts";
import type { MonitoredTask } from "../../lib/reporter/monitored_task.ts";
import { registerMonitor } from "../../lib/reporter/local_monitors.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { LocalMonitor } from "../support/local_monitor.ts";
import { spawn } from "../support/program.ts";

/** A monitor that is registered for every `monitored()` of this isolate. */
class AnnouncedMonitor extends LocalMonitor {
  readonly #withdraw: () => void;

  constructor(channel = "announced") {
    super();
    this.#withdraw = registerMonitor(channel, this.sink);
  }

  override [Symbol.dispose](): void {
    this.#withdraw();
    super[Symbol.dispose]();
  }
}

Deno.test("monitored() reports to the monitor of this isolate, whichever channel that uses", async () => {
  using monitor = new AnnouncedMonitor();
  const double = monitored(async function double(task: MonitoredTask, n: number) {
    await task.update({ progress: 50 });
    return n * 2;
  });
  assertEquals([await double(2), double.name, double.length], [4, "double", 1]);
  assertEquals([monitor.task.name, monitor.task.state, monitor.task.result], ["double", "FINISHED", 4]);
});

Deno.test("monitored() can wrap a function before a monitor exists", async () => {
  const plus = monitored((_task, n: number) => n + 1);
  using monitor = new AnnouncedMonitor();
  await plus(1);
  using _other = monitor;
  assertEquals(monitor.task.result, 2);
});

Deno.test("monitored() rejects if there are two monitors, unless the channel of one is given", async () => {
  using first = new AnnouncedMonitor("first");
  using second = new AnnouncedMonitor("second");
  let calls = 0;
  const fn = monitored(() => ++calls);
  const error = await assertRejects(() => fn(), AmbiguousMonitorError);
  assertEquals(
    error.message,
    'Cannot choose a monitor: 2 run in this isolate; set "channel", or use "monitor.monitored()" of one of them',
  );
  assertThrows(() => fn.start(), AmbiguousMonitorError);
  assertEquals(calls, 0);
  await monitored(() => ++calls, { channel: "second", name: "chosen" })();
  assertEquals([calls, first.tasks, second.task.name], [1, [], "chosen"]);
});

Deno.test("monitored() throws for invalid options as soon as they are given", () => {
  assertThrows(() => monitored(() => {}, { client: "a b" }), ConfigError);
  assertThrows(() => {
    class _Wrong {
      @monitored({ staleAfterMs: -1 })
      async load(): Promise<void> {}
    }
  }, ConfigError);
});

class Account {
  #balance: number;
  readonly owner: string;

  constructor(owner: string, balance: number) {
    this.owner = owner;
    this.#balance = balance;
  }

  @monitored({ tags: ["bank"] })
  async add(amount: number, task = currentTask()): Promise<number> {
    await task.update({ status: `Adding to ${this.owner}` });
    return this.#balance += amount;
  }

  @monitored({ name: "Look" })
  look(): Promise<string> {
    return Promise.resolve(`${this.owner} ${currentTask().client}`);
  }

  @monitored()
  fail(error: unknown): Promise<never> {
    throw error;
  }

  @monitored()
  static create(owner: string): Promise<Account> {
    return Promise.resolve(new this(owner, 0));
  }
}

class SavingsAccount extends Account {
  override async add(amount: number): Promise<number> {
    return await super.add(amount * 2);
  }
}

Deno.test("monitored() decorates methods that use this, private fields, two instances and inheritance", async () => {
  using monitor = new AnnouncedMonitor();
  const [ada, bob] = [new Account("Ada", 1), new SavingsAccount("Bob", 10)];
  assertEquals(await Promise.all([ada.add(1), bob.add(1), ada.add(1)]), [2, 12, 3]);
  assertEquals(monitor.tasks.map(({ name, status, tags }) => [name, status, tags]), [
    ["add", "Adding to Ada", ["bank"]],
    ["add", "Adding to Bob", ["bank"]],
    ["add", "Adding to Ada", ["bank"]],
  ]);
  assertEquals(monitor.tasks.map(({ result }) => result), [2, 12, 3]);
});

Deno.test("monitored() decorates methods with names, static methods, and methods that throw", async () => {
  using monitor = new AnnouncedMonitor();
  const account = await Account.create("Cy");
  assert(account instanceof Account);
  assertEquals(await account.look(), "Cy default");
  const error = new Error("no");
  assertStrictEquals(await account.fail(error).catch((thrown) => thrown), error);
  assertEquals(monitor.tasks.map(({ name, state }) => [name, state]), [
    ["create", "FINISHED"],
    ["Look", "FINISHED"],
    ["fail", "ERROR"],
  ]);
});

class Pages {
  readonly last = 2;

  @monitored()
  *numbers(first: number, task = currentTask()): Generator<number, string> {
    for (let page = first; page <= this.last; page++) {
      void task.update({ current: page });
      yield page;
    }
    return "all";
  }

  @monitored({ name: "Texts" })
  async *texts(): AsyncGenerator<string> {
    const task = currentTask();
    for (const page of this.numbers(1)) {
      await task.update({ current: page, total: this.last });
      yield `page ${page}`;
    }
  }
}

Deno.test("monitored() decorates methods that are generators", async () => {
  using monitor = new AnnouncedMonitor();
  const pages = new Pages();
  assertEquals([pages.numbers.name, pages.numbers.length, pages.texts.name], ["numbers", 1, "texts"]);
  const numbers: Generator<number, string> = pages.numbers(2);
  assertEquals(monitor.tasks, [], "a task begins with the first next()");
  assertEquals([...numbers], [2]);
  const texts: AsyncGenerator<string> = pages.texts();
  assertEquals(await Array.fromAsync(texts), ["page 1", "page 2"]);
  assertEquals(monitor.tasks.map(({ name, state, result, current }) => [name, state, result, current]), [
    ["numbers", "FINISHED", "all", 2],
    ["Texts", "FINISHED", null, 2],
    ["numbers", "FINISHED", "all", 2],
  ]);
});

Deno.test("monitored() makes the first next() of a generator throw if there are two monitors", async () => {
  using _first = new AnnouncedMonitor("first");
  using _second = new AnnouncedMonitor("second");
  let calls = 0;
  const generator = monitored(function* () {
    yield ++calls;
  })();
  assertThrows(() => generator.next(), AmbiguousMonitorError);
  assertEquals(generator.next(), { value: undefined, done: true });
  const later = monitored(async function* () {
    yield ++calls;
  })();
  await assertRejects(() => later.next(), AmbiguousMonitorError);
  assertEquals(calls, 0);
});

Deno.test("monitored() preserves the types of decorated methods", () => {
  const account = new Account("Di", 0);
  function neverCalled(): void {
    const _sum: Promise<number> = account.add(1);
    // @ts-expect-error a text is not an amount
    void account.add("1");
    class _Wrong {
      // @ts-expect-error methods that return neither a promise nor a generator cannot be decorated
      @monitored()
      now(): number {
        return 1;
      }
    }
  }
  void neverCalled;
});

Deno.test("monitored() without a monitor runs the function, lets the process exit, and warns once, with the flag that may be missing", async () => {
  const unmonitored = '[taskscope] No monitor answered on channel "taskscope", so tasks run unmonitored';
  const hinting = `${unmonitored}; if TASKSCOPE_SERVER names a server, add "--allow-env=TASKSCOPE_*"`;
  const table: readonly (readonly [flags: readonly string[], warning: string])[] = [
    // A program that imports the module by URL has neither this project's configuration nor permissions.
    [[], hinting],
    [["--allow-env=HOME"], hinting],
    [["--allow-env=TASKSCOPE_*"], unmonitored],
    [["--allow-env"], unmonitored],
    // With --deny-env, the user has refused the permission, so the warning does not suggest it.
    [["--deny-env"], unmonitored],
  ];
  const module = new URL("monitored/alone.ts", import.meta.url).href;
  for (const [flags, warning] of table) {
    await using program = spawn(Deno.execPath(), [
      ...["run", "--no-config", "--no-prompt", "--cached-only"],
      ...[...flags, module],
    ]);
    const { code, stdout, stderr } = await program.ended();
    assertEquals([code, stdout, stderr], [0, '[[2,4,6],[8],"own error"]\n[10]\n', `${warning}\n`]);
  }
});

Deno.test("MonitoredTask.update() keeps the isolate responsive when it is awaited a million times", async () => {
  using monitor = new AnnouncedMonitor();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const updates = 1_000_000;
  await monitored(async (task) => {
    for (let i = 0; i < updates; i++) await task.update({ current: i, total: updates });
    clearInterval(timer);
  })();
  assertGreater(ticks, 5);
  assertEquals([monitor.task.state, monitor.task.current], ["FINISHED", updates - 1]);
});
