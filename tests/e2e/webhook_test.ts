/** Tests of webhooks, also while the program is killed at critical moments. */

import type { Task } from "../../lib/task/task.ts";
import { assert, assertEquals, assertGreater, assertMatch } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { type Program, runProgram, spawn, startProgram } from "../support/program.ts";
import { isSigned, type Received, TestReceiver } from "../support/receiver.ts";
import { StoreFolder } from "../support/store_folder.ts";

const SECRET = "whsec_0123456789";

/** Flags that make the retries of deliveries quick. */
const QUICK = ["--limit", "notifyRetryMs=20", "--limit", "notifyMaxRetryMs=50"];

const TASKS = `
export const quick = (_task, value) => value;
export const fails = () => Promise.reject(new RangeError("wrong"));
export const stays = (task) => new Promise((_, reject) => {
  task.signal.addEventListener("abort", () => reject(task.signal.reason));
});
`;

interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the program with a database in a folder, and with the tasks that these tests start. */
async function start(folder: StoreFolder, { args = [], env = {} }: StartOptions): Promise<Program> {
  const module = `${folder.path}/tasks.js`;
  await Deno.writeTextFile(module, TASKS);
  return await startProgram(["--no-demo", "--tasks", module, "--data", folder.file, ...QUICK, ...args], {
    env: { TASKSCOPE_NOTIFY_SECRET: SECRET, ...env },
  });
}

/** Starts a task by name. */
async function run(url: string, name: string, id: string, ...args: unknown[]): Promise<void> {
  const { status } = await call("POST", `${url}/tasks/c/start/${name}`, { body: { id, args } });
  assertEquals(status, 202);
}

/** Kills a program with SIGKILL; returns what it wrote to stderr. */
async function kill({ process }: Program): Promise<string> {
  process.kill("SIGKILL");
  return (await process.ended()).stderr;
}

/** Groups deliveries by task, and asserts that repeated deliveries of a task are identical. */
function byTask(received: readonly Received[]): Map<string, Received> {
  const told = new Map<string, Received>();
  for (const one of received) {
    const { id } = one.json.task;
    const before = told.get(id);
    if (before !== undefined) assertEquals(one.text, before.text, `two deliveries for ${id} differ`);
    told.set(id, one);
  }
  return told;
}

Deno.test("webhook: each receiver gets the events that it is configured for, with a signature", async () => {
  using folder = new StoreFolder();
  await using all = new TestReceiver();
  await using errors = new TestReceiver();
  await using program = await start(folder, {
    args: ["--notify", `${all.url}/hook?key=s3cr3t`, "--notify", `${errors.url},task.error,task.cancelled`],
  });
  await run(program.url, "quick", "well", 42);
  await run(program.url, "fails", "badly");
  await run(program.url, "stays", "stopped");
  await call("POST", `${program.url}/tasks/c/stopped/cancel`);
  await all.count(3);
  await errors.count(2);
  assertEquals(all.tasks.sort(), ["badly", "stopped", "well"]);
  assertEquals(errors.tasks.sort(), ["badly", "stopped"]);
  assertEquals(all.received[0]!.path, "/hook?key=s3cr3t");
  for (const received of [...all.received, ...errors.received]) {
    assert(isSigned(received, SECRET));
    const { json } = await call("GET", `${program.url}/tasks/c/${received.json.task.id}`);
    assertEquals(received.json.task, json);
  }
  program.process.kill("SIGTERM");
  const { code, stdout, stderr } = await program.process.ended();
  assertEquals([code, stderr, stdout.includes(SECRET)], [0, "", false]);
});

Deno.test("webhook: an event is delivered after a kill between the end of the task and the delivery", async () => {
  using folder = new StoreFolder();
  await using receiver = new TestReceiver();
  const args = ["--notify", receiver.url];
  receiver.answer = () => receiver.hold();
  {
    await using program = await start(folder, { args });
    await run(program.url, "stays", "runs");
    await run(program.url, "quick", "ended", "result");
    await receiver.count(1);
    assertEquals(await kill(program), "");
  }
  receiver.letGo();
  receiver.answer = () => new Response();
  const [before] = receiver.received.splice(0);
  await using _program = await start(folder, { args });
  await receiver.count(2);
  const told = byTask(receiver.received);
  assertEquals([...told.keys()].sort(), ["ended", "runs"]);
  assertEquals(told.get("ended")!.text, before!.text, "the delivery differs");
  assertGreater(Number(told.get("ended")!.headers.get("taskscope-timestamp")), 0);
  assert(receiver.received.every((received) => isSigned(received, SECRET)));
  assertEquals(told.get("runs")!.json.task.error.type, "interrupted");
  assertEquals(told.get("runs")!.json.event, "task.error");
});

Deno.test("webhook: whenever the program is killed, an event is delivered if and only if the end is stored", async () => {
  using folder = new StoreFolder();
  await using receiver = new TestReceiver();
  const args = ["--notify", receiver.url, "--limit", "endedTasksPerClient=100000"];
  // The receiver rejects every third request, so that some deliveries are always pending.
  receiver.answer = (_, n) => new Response(null, { status: n % 3 === 0 ? 500 : 200 });
  let started = 0;
  for (let round = 0; round < 4; round++) {
    await using program = await start(folder, { args });
    const told = receiver.received.length;
    const starting = (async () => {
      for (;;) {
        const id = `task-${started++}`;
        const name = started % 5 === 0 ? "stays" : started % 3 === 0 ? "fails" : "quick";
        // The requests fail once the program is killed.
        await call("POST", `${program.url}/tasks/c/start/${name}`, { body: { id, args: [id] } });
      }
    })().catch(() => {});
    await receiver.count(told + 30 + 25 * round);
    assertMatch(await kill(program), /^(taskscope: Webhook .*\n)*$/);
    await starting;
  }
  receiver.answer = () => new Response();
  await using program = await start(folder, { args });
  const { json } = await call("GET", `${program.url}/tasks/c`);
  const tasks: Readonly<Record<string, Task>> = json.all_tasks;
  const kept = Object.keys(tasks);
  assertGreater(kept.length, 100);
  while (byTask(receiver.received).size < kept.length) await receiver.count(receiver.received.length + 1);
  const told = byTask(receiver.received);
  assertEquals([...told.keys()].sort(), kept.sort());
  for (const [id, { json }] of told) assertEquals(json.task, tasks[id]);
  // After a restart, nothing must be delivered again.
  await using after = await (async () => {
    await program[Symbol.asyncDispose]();
    return await start(folder, { args });
  })();
  const before = receiver.received.length;
  await run(after.url, "quick", "last");
  await receiver.count(before + 1);
  assertEquals(receiver.tasks.slice(before), ["last"]);
});

Deno.test("webhook: the program logs once that a receiver fails, and once that it recovers, without secrets", async () => {
  using folder = new StoreFolder();
  await using receiver = new TestReceiver();
  receiver.answer = () => new Response("s3cr3t", { status: 500 });
  await using program = await start(folder, { args: ["--notify", `${receiver.url}/hook?key=s3cr3t`] });
  for (let n = 0; n < 5; n++) await run(program.url, "quick", `${n}`);
  await receiver.count(8);
  receiver.answer = () => new Response();
  await program.process.output(/works again/, "stderr");
  program.process.kill("SIGTERM");
  const { code, stderr } = await program.process.ended();
  assertEquals([code, stderr], [
    0,
    `taskscope: Webhook ${receiver.url}/hook fails: it responded with status 500. Its deliveries are kept and retried\n` +
    `taskscope: Webhook ${receiver.url}/hook works again\n`,
  ]);
});

Deno.test("webhook: the program stops in time although a receiver hangs, and delivers after a restart", async () => {
  using folder = new StoreFolder();
  await using receiver = new TestReceiver();
  receiver.answer = () => receiver.hold();
  const args = ["--notify", receiver.url, "--limit", "notifyTimeoutMs=1000000"];
  {
    await using program = await start(folder, { args });
    await run(program.url, "quick", "1");
    await receiver.count(1);
    program.process.kill("SIGTERM");
    const { code, stderr } = await program.process.ended();
    assertEquals([code, stderr], [0, ""], "not everything was stored in time");
  }
  receiver.letGo();
  receiver.answer = () => new Response();
  await using _program = await start(folder, { args });
  await receiver.count(2);
  assertEquals(receiver.received[0]!.text, receiver.received[1]!.text);
});

Deno.test("webhook: the program refuses invalid URLs with a one-line message without secrets", async () => {
  const table = [
    [
      "http://me:s3cr3t@host/",
      "Invalid webhook URL http://host: wanted no user name or password in it; ",
    ],
    ["host/hook?s3cr3t", 'Invalid webhook URL: wanted https://host/path, received "host/hook"'],
    ["http://host/?s3cr3t,started", "Invalid webhook http://host: wanted events of task.finished, "],
  ] as const;
  for (const [text, message] of table) {
    for (const given of [{ args: ["--notify", text] }, { args: [], env: { TASKSCOPE_NOTIFY: text } }]) {
      const { code, stdout, stderr } = await runProgram(["--port", "0", ...given.args], given);
      assertEquals([code, stdout, stderr.split("\n").length], [2, "", 2], stderr);
      assert(stderr.startsWith(`taskscope: ${message}`) && !stderr.includes("s3cr3t"), stderr);
    }
  }
});

Deno.test("examples/webhook: the receiver rejects unsigned and old requests, and skips duplicates", async () => {
  using folder = new StoreFolder();
  const cwd = new URL("../examples/webhook/", import.meta.url);
  const flags = ["--no-prompt", "--allow-net=127.0.0.1", "--allow-env=WEBHOOK_SECRET"];
  await using example = spawn(Deno.execPath(), ["run", ...flags, "main.ts", "0"], {
    cwd,
    env: { WEBHOOK_SECRET: SECRET },
  });
  const [, url] = await Promise.any(
    (["stdout", "stderr"] as const).map((where) => example.output(/(http:\/\/127\.0\.0\.1:\d+)/, where)),
  );
  await using recorder = new TestReceiver();
  await using program = await start(folder, { args: ["--notify", url!, "--notify", recorder.url] });
  await run(program.url, "fails", "1");
  await example.output(/^task\.error: c\/fails, Error: wrong$/m);
  const { text, headers } = await recorder.count(1);
  const names = ["taskscope-timestamp", "taskscope-signature"];
  const signed = Object.fromEntries(names.map((name) => [name, headers.get(name)!]));
  const tell = (changed: Record<string, string>, body = text) =>
    call("POST", url!, { headers: { ...signed, ...changed }, body });
  assertEquals((await tell({})).status, 204, "the example must accept a valid signature");
  assertEquals((await tell({}, text.replace("wrong", "right"))).status, 401);
  const later = String(Number(signed["taskscope-timestamp"]) + 1);
  assertEquals((await tell({ "taskscope-timestamp": later })).status, 401);
  assertEquals((await tell({ "taskscope-signature": "v1=" })).status, 401);
  assertEquals((await tell({ "taskscope-timestamp": "1" })).status, 401);
  assertEquals((await tell({})).status, 204);
  await run(program.url, "quick", "2");
  await example.output(/^task\.finished: c\/quick, Finished$/m);
  const told = example.stdout.match(/^task\..*$/gm);
  // The example processes a repeated delivery once; the delivery to the other receiver has another id.
  assertEquals(told?.toSorted(), [
    "task.error: c/fails, Error: wrong",
    "task.error: c/fails, Error: wrong",
    "task.finished: c/quick, Finished",
  ]);
});
