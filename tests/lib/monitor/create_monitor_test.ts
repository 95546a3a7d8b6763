/** Tests a whole monitor: its creation, its orderly shutdown, and a restart with the same file. */

import { ChannelConflictError, ConfigError, createMonitor, StorageError } from "../../../lib/mod.ts";
import type { Monitor, MonitoredTask, MonitorOptions } from "../../../lib/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "../../support/assert.ts";
import { assertProblem, call, HeldTask } from "../../support/calls.ts";
import { freshChannel } from "../../support/channel_monitor.ts";
import { turn } from "../../support/local_monitor.ts";
import { startServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";
import { StoreFolder } from "../../support/store_folder.ts";
import { eventually } from "../../support/until.ts";

const INTERRUPTED = { type: "interrupted", message: "The server was shut down while the task ran" };

/** Runs a function with the path of a temporary database file. */
async function withFile(use: (data: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await use(`${folder}/tasks.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Creates a monitor with its own channel. */
async function opened(options: MonitorOptions): Promise<Monitor> {
  const monitor = createMonitor({ channel: freshChannel(), ...options });
  // Wait until the channel is open, because before Deno 2.8 a BroadcastChannel leaks if it is closed while it
  // opens.
  for (let turns = 0; turns < 6; turns++) await turn();
  return monitor;
}

/** A task function that stops when its signal is aborted, after one more update. */
async function obedient(task: MonitoredTask): Promise<never> {
  return await new Promise((_, reject) => {
    task.signal.addEventListener("abort", () => {
      void task.update({ status: "Tidying up" });
      reject(task.signal.reason);
    });
  });
}

for (const where of ["in memory", "in a file"] as const) {
  Deno.test(`Monitor.shutdown() notifies watchers, cancels tasks, publishes their ends, and closes the connections (${where})`, async () => {
    await withFile(async (file) => {
      const data = where === "in memory" ? ":memory:" : file;
      await using server = startServer({ data, tasks: { obedient } });
      const tasks = `${server.url}/tasks/c`;
      for (const id of ["a", "b"]) await call("POST", `${tasks}/start/obedient`, { body: { id } });
      const sockets = `${server.url}/ws/tasks/c`;
      await using full = new TestSocket(sockets);
      await using delta = new TestSocket(`${sockets}?mode=delta`);
      await using one = new TestSocket(`${sockets}/a`);
      await Promise.all([full, delta, one].map((socket) => socket.count(1)));

      await server.monitor.shutdown();
      const closes = await Promise.all([full, delta, one].map((socket) => socket.closed()));
      // The watcher of the single task gets code 1000, because a socket is closed normally when its task
      // ends; the others get 1001.
      assertEquals(closes.map(({ code }) => code), [1001, 1001, 1000]);
      for (const socket of [full, delta, one]) {
        assertEquals(socket.texts[1], '{"type":"closing"}');
        for (const id of socket === one ? ["a"] : ["a", "b"]) {
          const ended = await socket.task(id, ({ state }) => state === "ERROR");
          assertEquals([ended.error, ended.status], [INTERRUPTED, "Tidying up"]);
          assertEquals(ended.cancel_requested, false);
        }
      }
      assertEquals([server.monitor.watchers, server.errors], [0, []]);
    });
  });

  Deno.test(`Monitor.shutdown() interrupts tasks that ignore their signal, and publishes their interruption (${where})`, async () => {
    await withFile(async (file) => {
      const data = where === "in memory" ? ":memory:" : file;
      const held = new HeldTask();
      await using server = startServer({ data, tasks: { held: held.fn, obedient } });
      const tasks = `${server.url}/tasks/c`;
      await call("POST", `${tasks}/start/held`, { body: { id: "deaf", args: ["deaf"] } });
      await call("POST", `${tasks}/start/obedient`, { body: { id: "polite" } });
      await using socket = new TestSocket(`${server.url}/ws/tasks/c?mode=delta`);
      await socket.count(1);
      await server.monitor.shutdown({ graceMs: 100 });
      assertEquals((await socket.closed()).code, 1001);
      const seen = await Promise.all(
        ["polite", "deaf"].map((id) => socket.task(id, ({ state }) => state === "ERROR")),
      );
      assertEquals(seen.map(({ error }) => error), [INTERRUPTED, INTERRUPTED]);
      const order = socket.messages.map(({ tasks }) => tasks?.find(({ state }) => state === "ERROR")?.id);
      assertEquals(
        order.filter((id) => id !== undefined),
        ["polite", "deaf"],
        "the shutdown waited for the task that ignores its signal",
      );
      // The function continues after the shutdown, but its reports have no effect.
      held.release();
      assertEquals(server.errors, []);
    });
  });
}

Deno.test("Monitor.shutdown() rejects new requests with 503", async () => {
  const held = new HeldTask();
  await using server = startServer({ tasks: { held: held.fn } });
  const tasks = `${server.url}/tasks/c`;
  await call("POST", `${tasks}/start/held`, { body: { id: "deaf", args: ["deaf"] } });
  // Request the URL once, so that later requests take the fast path.
  await call("GET", `${tasks}/deaf`);
  const down = server.monitor.shutdown({ graceMs: 60_000 });
  const requests = [
    ["GET", "/tasks/c"],
    ["GET", "/tasks/c/deaf"],
    ["POST", "/tasks/c/start/held"],
    ["POST", "/tasks/c/deaf/cancel"],
    ["GET", "/ws/tasks/c"],
    ["GET", "/readyz"],
  ] as const;
  for (const [method, path] of requests) {
    const answer = await call(method, server.url + path);
    assertProblem(answer, 503, "closing");
    assertMatch(answer.headers.get("retry-after") ?? "", /^\d+$/);
  }
  const page = await call("GET", `${server.url}/t/c`);
  assertEquals([page.status, page.headers.get("content-type")], [503, "text/html; charset=utf-8"]);
  assertEquals(held.running, 1, "nothing was started");
  held.release();
  await down;
  assertProblem(await call("GET", `${server.url}/tasks/c`), 503, "closing");
});

Deno.test("Monitor.shutdown() resolves as soon as the last task has ended", async () => {
  const held = new HeldTask();
  await using server = startServer({ tasks: { held: held.fn } });
  for (const id of ["1", "2"]) {
    await call("POST", `${server.url}/tasks/c/start/held`, { body: { id, args: ["deaf"] } });
  }
  let isDown = false;
  // The grace period is longer than the timeout of any test.
  const down = server.monitor.shutdown({ graceMs: 1_000_000 }).then(() => isDown = true);
  await call("GET", `${server.url}/healthz`);
  assertEquals(isDown, false);
  held.release("done");
  await down;
  const states = server.monitor.registry.tasks("c").map(({ state }) => state);
  assert(states.every((state) => state === "FINISHED"));
});

Deno.test("Monitor.shutdown() closes everything although nothing can be stored, and rejects", async () => {
  await withFile(async (data) => {
    const channel = freshChannel();
    const monitor = await opened({ data, channel, onNotice: () => {} });
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, monitor.fetch);
    const url = `http://127.0.0.1:${server.addr.port}`;
    await monitor.monitored(() => "stored", { client: "c", id: "before" })();
    await using socket = new TestSocket(`${url}/ws/tasks/c`);
    await socket.count(1);
    const running = monitor.monitored(obedient, { client: "c", id: "running" })().catch(() => {});
    await socket.task("running", ({ state }) => state === "STARTING");
    await Deno.rename(data, `${data}.away`);
    await eventually(() => call("GET", `${url}/readyz`), ({ status }) => status === 503);

    await assertRejects(() => monitor.shutdown(), StorageError, "it was removed or replaced");
    await running;
    assertEquals((await socket.closed()).code, 1001);
    // The channel and the lock of the file are free.
    await Deno.rename(`${data}.away`, data);
    await using after = await opened({ data, channel });
    assertEquals(after.registry.tasks("c").map(({ id, state }) => [id, state]), [
      ["running", "ERROR"],
      ["before", "FINISHED"],
    ]);
  });
});

Deno.test("Monitor.shutdown() makes a last attempt to store changes", async () => {
  using folder = new StoreFolder();
  const monitor = await opened({ data: folder.file, onNotice: () => {} });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, monitor.fetch);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const full = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
  await call("POST", `${url}/tasks/c`, { body: { id: "a" } });
  folder.execute(`CREATE TRIGGER full BEFORE INSERT ON records ${full}`);
  const finish = call("POST", `${url}/tasks/c/a/finish`, { body: { result: 1 } });
  assertProblem(await finish, 503, "storage_unavailable");
  folder.execute("DROP TRIGGER full");
  // Whether the shutdown still finds the store degraded depends on when the next attempt would have been.
  await monitor.shutdown().catch(() => {});
  const stored = folder.query("SELECT json_extract(record, '$.state') AS state FROM records");
  assertEquals(stored.map(({ state }) => state), ["FINISHED"]);
});

Deno.test("Monitor can be shut down and disposed of twice, in any order", async () => {
  await withFile(async (file) => {
    for (const data of [":memory:", file]) {
      const monitor = await opened({ data });
      await monitor.monitored(() => 5)();
      await monitor.shutdown();
      await monitor.shutdown();
      await monitor[Symbol.asyncDispose]();
      const other = await opened({ data });
      await Promise.all([other[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
      await other.shutdown();
      const both = await opened({ data });
      await Promise.all([both.shutdown(), both.shutdown()]);
    }
  });
});

Deno.test("Monitor with a file continues with the tasks, cursors and launches of the previous monitor", async () => {
  await withFile(async (data) => {
    const tasks = { echo: (_task: MonitoredTask, ...args: unknown[]) => args, obedient };
    let cursor = "";
    {
      await using server = startServer({ data, tasks });
      for (const [name, id] of [["echo", "done"], ["obedient", "cut"]]) {
        await call("POST", `${server.url}/tasks/c/start/${name}`, { body: { id, args: [1, "two"] } });
      }
      await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
      await socket.task("done", ({ state }) => state === "FINISHED");
      cursor = (await call("GET", `${server.url}/tasks/c`)).json.cursor;
      await server.monitor.shutdown();
    }
    await using server = startServer({ data, tasks });
    const { json } = await call("GET", `${server.url}/tasks/c`);
    assertEquals([json.all_tasks.done.result, json.all_tasks.cut.error], [[1, "two"], INTERRUPTED]);
    assertEquals(json.cursor.split(":")[0], cursor.split(":")[0]);
    const since = await call("GET", `${server.url}/tasks/c?after=${cursor}`);
    assertEquals(since.json.tasks.map(({ id }: { id: string }) => id), ["cut"]);
    assertEquals((await call("POST", `${server.url}/tasks/c/cut/retry`)).status, 202);
    assertEquals(server.errors, []);
  });
});

Deno.test("Monitor with a file stores starts and ends even if it is disposed of at once", async () => {
  await withFile(async (data) => {
    const monitor = await opened({ data });
    const quick = monitor.monitored((task) => task.log("a line"), { client: "c", id: "t" });
    const done = quick();
    await done;
    await monitor[Symbol.asyncDispose]();
    await using after = await opened({ data });
    const { state, log_count } = after.registry.task("c", "t")!;
    assertEquals([state, log_count], ["FINISHED", 1]);
  });
});

Deno.test("createMonitor() leaves no file locked and nothing open if it fails", async () => {
  await withFile(async (data) => {
    const channel = freshChannel();
    await using _taken = await opened({ channel });
    const wrong: readonly (readonly [MonitorOptions, abstract new (message: string) => Error])[] = [
      [{ channel }, ChannelConflictError],
      [{ tasks: { "": () => 1 } }, ConfigError],
      [{ tasks: { text: "no function" as never } }, ConfigError],
      [{ durability: "extreme" as never }, ConfigError],
    ];
    for (const [options, error] of wrong) {
      assertThrows(() => createMonitor({ data, channel: freshChannel(), ...options }), error);
      const next = await opened({ data });
      await next[Symbol.asyncDispose]();
    }
  });
});

Deno.test("createMonitor() names the file that cannot be used, and the reason", async () => {
  await withFile(async (data) => {
    const missing = `${data}/no/such/folder.db`;
    const error = assertThrows(() => createMonitor({ data: missing, channel: freshChannel() }), StorageError);
    assert(error.message.includes(missing), error.message);
    assert(!error.reason.includes(missing), "the reason is published, so it must not contain the path");
    await Deno.writeTextFile(data, "This is no database, but a letter. ".repeat(100));
    const letter = assertThrows(() => createMonitor({ data, channel: freshChannel() }), StorageError);
    assert(letter.message.includes(data) && !letter.reason.includes(data), letter.message);
    assertMatch(await Deno.readTextFile(data), /^This is no database/);
  });
});
