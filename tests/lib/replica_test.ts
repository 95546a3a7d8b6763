import { connectReplica } from "../../lib/replica.ts";
import { AuthorityChannel } from "../../lib/channel/authority.ts";
import { writePage } from "../../lib/channel/replication.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { ChannelMonitor, freshChannel, PUBLISH_INTERVAL_MS } from "../support/channel_monitor.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Isolate } from "../support/isolate.ts";
import { passUntil } from "../support/pass_until.ts";
import { repetitions } from "../support/repetitions.ts";
import { randomNumbers } from "../support/simulated_wire.ts";
import { until } from "../support/until.ts";

const START = { epoch: "e", seq: 1 };
const WORKER = new URL("./replica/worker.ts", import.meta.url);
/** The number of times that the test forces a loss of messages; soak tests do so more often. */
const ROUNDS = repetitions({ gate: 20, soak: 100 });

/** Starts a worker with a replica of a monitor's tasks. */
async function connect(monitor: ChannelMonitor): Promise<Isolate> {
  const worker = new Isolate(WORKER);
  await worker.call("connect", { channel: monitor.channel });
  return worker;
}

/** Returns the contents of the replica once it is up to date with the registry. */
async function caughtUp(worker: Isolate, monitor: ChannelMonitor): Promise<string> {
  const { registry } = monitor.test;
  for (;;) {
    const { cursor } = registry;
    const copy = await worker.call<string>("dumpAt", { channel: monitor.channel, ...cursor });
    // Estimates also change while tasks make no progress, so the registry may have changed again in the
    // meantime.
    if (registry.cursor.seq === cursor.seq) return copy;
  }
}

/** Fails if a replica differs, and names only the tasks that differ, because there are too many to print. */
function assertSame(copy: string, original: string, message?: string): void {
  const [copied, originals] = [copy.split("\n"), original.split("\n")];
  const known = new Set(copied);
  const missing = originals.filter((line) => !known.has(line));
  const wanted = new Set(originals);
  const wrong = copied.filter((line) => !wanted.has(line));
  assertEquals(
    { missing: missing.slice(0, 2), wrong: wrong.slice(0, 2) },
    { missing: [], wrong: [] },
    message,
  );
}

/** Starts, updates, ends and removes random tasks. */
function change({ test }: ChannelMonitor, random: () => number, count: number): void {
  for (let i = 0; i < count; i++) {
    const client = `client-${Math.floor(random() * 3)}`;
    const id = `${Math.floor(random() * 20)}`;
    const task = test.registry.task(client, id);
    if (task === undefined) test.begin(client, id);
    else if (!task.active) test.registry.remove(client, id);
    else if (random() < 0.3) test.finish(client, id);
    else test.progress(client, id, random() * 100);
  }
}

/**
 * Resolves after the next publication was posted: the timer of the publication was set earlier than the timer
 * set here.
 */
function published(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PUBLISH_INTERVAL_MS + 1));
}

Deno.test("connectReplica() in another isolate reads the same tasks, now and later", async () => {
  using monitor = new ChannelMonitor();
  const random = randomNumbers(1);
  change(monitor, random, 200);
  using worker = await connect(monitor);
  assertSame(await worker.call("dump", monitor.channel), monitor.dump());
  for (let i = 0; i < 20; i++) {
    change(monitor, random, 50);
    assertSame(await caughtUp(worker, monitor), monitor.dump());
  }
  assertGreater(monitor.test.removed.length, 50);
  assertEquals(monitor.errors, []);
});

Deno.test("connectReplica() in the same isolate reads clients and tasks in order", async () => {
  using monitor = new ChannelMonitor();
  const { test } = monitor;
  using replica = await connectReplica({ channel: monitor.channel });
  assertEquals([replica.clients(), replica.tasks("c"), replica.task("c", "1")], [[], [], undefined]);
  test.begin("c", "1");
  test.run("c", "2");
  await until(() => replica.cursor.seq === test.registry.cursor.seq);
  assertEquals(replica.cursor, test.registry.cursor);
  assertEquals([replica.clients(), replica.task("c", "2")], [["c"], test.registry.task("c", "2")]);
  test.registry.remove("c", "2");
  test.finish("c", "1");
  test.registry.remove("c", "1");
  await until(() => replica.clients().length === 0);
  assertEquals(replica.tasks("c"), []);
});

Deno.test("Replica reaches the state of the monitor although the process loses messages", async () => {
  using monitor = new ChannelMonitor();
  using worker = await connect(monitor);
  using resources = new DisposableStack();
  const flood = resources.adopt(
    new BroadcastChannel(`${monitor.channel}-unrelated`),
    (flood) => flood.close(),
  );
  await worker.call("listen", flood.name);
  const random = randomNumbers(7);
  const flooded = 600;
  let lossy = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const seenBefore = await worker.call<number>("floodsSeen");
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const blocked = worker.call("block", flag.buffer);
    await until(() => Atomics.load(flag, 0) === 1);
    change(monitor, random, 30);
    await published();
    for (let i = 0; i < flooded; i++) flood.postMessage(i);
    Atomics.store(flag, 0, 2);
    Atomics.notify(flag, 0);
    await blocked;
    // In every fourth round, no message follows the lost ones, so that only a heartbeat reveals the loss.
    if (round % 4 !== 0) {
      change(monitor, random, 5);
      await published();
    }
    assertSame(await caughtUp(worker, monitor), monitor.dump(), `round ${round}`);
    const seen = await worker.call<number>("floodsSeen") - seenBefore;
    if (seen < flooded) lossy++;
  }
  assert(
    lossy > ROUNDS / 2,
    `${ROUNDS - lossy} of ${ROUNDS} rounds lost no messages, so they tested nothing`,
  );
  assertEquals(monitor.errors, []);
});

Deno.test("connectReplica() resolves with a complete replica of 20,000 tasks", async () => {
  using monitor = new ChannelMonitor({ liveTasksPerClient: 20_000 });
  for (let i = 0; i < 20_000; i++) monitor.test.begin(`client-${i % 7}`, `task-${i}`);
  using worker = await connect(monitor);
  assertEquals(await worker.call("size", monitor.channel), 20_000);
  assertEquals(await worker.call("cursor", monitor.channel), monitor.test.registry.cursor);
  monitor.test.finish("client-0", "task-0");
  assertSame(await caughtUp(worker, monitor), monitor.dump());
});

Deno.test("Replica that is loaded while tasks are changed and removed does not contain removed tasks", async () => {
  using monitor = new ChannelMonitor({ endedTasksPerClient: 100 });
  for (let i = 0; i < 3_000; i++) monitor.test.begin("c", `task-${i}`);
  using worker = new Isolate(WORKER);
  const connected = worker.call("connect", { channel: monitor.channel });
  // These changes are made while the pages of the replica are being transferred.
  for (let i = 0; i < 3_000; i++) {
    monitor.test.finish("c", `task-${i}`);
    if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await connected;
  assertSame(await caughtUp(worker, monitor), monitor.dump());
  assertEquals(await worker.call("size", monitor.channel), 100);
});

Deno.test("Replica follows a monitor that closes its channel and reopens it", async () => {
  using monitor = new ChannelMonitor();
  monitor.test.run("c", "1", "2");
  using worker = await connect(monitor);
  monitor.reopen();
  monitor.test.registry.remove("c", "1");
  monitor.test.begin("c", "3");
  assertSame(await caughtUp(worker, monitor), monitor.dump());
});

Deno.test("Replica follows another monitor that takes over the channel with another epoch", async () => {
  const first = new ChannelMonitor();
  change(first, randomNumbers(3), 300);
  using worker = await connect(first);
  assertSame(await worker.call("dump", first.channel), first.dump());
  first[Symbol.dispose]();
  using second = new ChannelMonitor({}, first.channel, "second");
  second.test.begin("c", "only");
  assertSame(await caughtUp(worker, second), second.dump());
  second.test.begin("c", "next");
  assertSame(await caughtUp(worker, second), second.dump());
});

Deno.test("Replica contains only the tasks of the monitor on its channel", async () => {
  using mine = new ChannelMonitor();
  using other = new ChannelMonitor();
  using replica = await connectReplica({ channel: mine.channel });
  other.test.begin("c", "foreign");
  mine.test.begin("c", "own");
  await until(() => replica.cursor.seq === mine.test.registry.cursor.seq);
  assertEquals(replica.tasks("c").map(({ id }) => id), ["own"]);
});

Deno.test("connectReplica() rejects if no monitor responds", async () => {
  const channel = freshChannel();
  const error = await assertRejects(() => connectReplica({ channel, timeoutMs: 30 }));
  assertEquals(
    error.message,
    `Cannot connect the replica: no monitor answered on channel "${channel}" within 30 ms`,
  );
});

Deno.test("connectReplica() keeps waiting while the monitor is sending further tasks", async () => {
  const channel = freshChannel();
  using clock = new FakeClock();
  const timeoutMs = 1_000;
  let [sent, parts] = [0, 5];
  using _authority = new AuthorityChannel({
    name: channel,
    epoch: "e",
    onMessage() {},
    onConflict() {},
    async onRequest() {
      await new Promise((resolve) => setTimeout(resolve, 0.8 * timeoutMs));
      return sent === parts
        ? Promise.withResolvers<string>().promise
        : writePage(null, START, [], ++sent < 5);
    },
  });
  const connect = async () => {
    const outcome = connectReplica({ channel, timeoutMs }).then(
      (replica) => replica[Symbol.dispose](),
      String,
    );
    let isOver = false;
    outcome.finally(() => isOver = true);
    await passUntil(clock, () => isOver);
    return await outcome;
  };
  assertEquals(await connect(), undefined);
  [sent, parts] = [0, 3];
  assertStringIncludes(`${await connect()}`, "no monitor answered");
});

Deno.test("Replica drops removed tasks if the monitor sends all tasks in place of further changes", async () => {
  const channel = freshChannel();
  const entry = (id: string, seq: number) => ({
    client: "c",
    seq,
    json: JSON.stringify({ id, created_at: seq }),
  });
  const pages = [
    writePage(null, START, [entry("kept", 1), entry("removed", 1)], false),
    writePage(1, { epoch: "e", seq: 3 }, [entry("kept", 3)], true),
    writePage(null, { epoch: "e", seq: 4 }, [entry("kept", 3)], false),
  ];
  using authority = new AuthorityChannel({
    name: channel,
    epoch: "e",
    onMessage() {},
    onConflict() {},
    onRequest: () => pages.shift()!,
  });
  using replica = await connectReplica({ channel });
  assertEquals(replica.tasks("c").map(({ id }) => id).sort(), ["kept", "removed"]);
  // The replica has missed the changes before this publication, and requests them.
  authority.publish(4, writePage(3, { epoch: "e", seq: 4 }, [], false));
  await until(() => replica.cursor.seq === 4);
  assertEquals(replica.tasks("c").map(({ id }) => id), ["kept"]);
});

Deno.test("Replica is empty after it is disposed of, and can be disposed of twice", async () => {
  using monitor = new ChannelMonitor();
  const replica = await connectReplica({ channel: monitor.channel });
  replica[Symbol.dispose]();
  replica[Symbol.dispose]();
  assertEquals(replica.tasks("c"), []);
});
