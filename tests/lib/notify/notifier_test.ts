/**
 * Tests webhook deliveries, from the end of a task to a real receiver, with a store whose commits the test
 * controls.
 */

import { DEFAULT_LIMITS, type MonitorLimits } from "../../../lib/config/limits.ts";
import { Notifier } from "../../../lib/notify/notifier.ts";
import { type NotifyOptions, resolveNotify } from "../../../lib/notify/options.ts";
import { Registry } from "../../../lib/registry/registry.ts";
import type { Delivery, TaskStore } from "../../../lib/store/store.ts";
import { assert, assertEquals, assertGreater, assertMatch, assertNotEquals } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { HeldStore } from "../../support/held_store.ts";
import { isSigned, TestReceiver } from "../../support/receiver.ts";
import { TestReporter } from "../../support/registry.ts";
import { StoreFolder } from "../../support/store_folder.ts";
import { until } from "../../support/until.ts";

interface WorldOptions {
  readonly store?: TaskStore;
  readonly secret?: string;
  readonly limits?: Partial<MonitorLimits>;
}

/** A registry and a notifier, connected to each other as in a monitor. */
class World implements AsyncDisposable {
  readonly store: TaskStore;
  readonly notifier: Notifier;
  readonly registry: Registry;
  readonly notices: string[] = [];
  readonly #reporter = new TestReporter();

  constructor(notify: readonly NotifyOptions[], { store, secret, limits }: WorldOptions = {}) {
    const all = { ...DEFAULT_LIMITS, notifyRetryMs: 1, notifyMaxRetryMs: 20, ...limits };
    this.store = store ?? new HeldStore();
    this.notifier = new Notifier({
      store: this.store,
      receivers: resolveNotify(notify, 10),
      secret: secret ?? null,
      limits: all,
      notice: (text) => this.notices.push(text),
    });
    this.registry = new Registry({
      store: this.store,
      limits: all,
      unsavedEpoch: "unsaved",
      onEnd: (client, stored) => this.notifier.ended(client, stored),
    });
    this.notifier.start();
  }

  /** Creates and starts tasks. */
  begin(...ids: string[]): void {
    for (const id of ids) {
      this.#report(id, createChange());
      this.#report(id, { type: "start" });
    }
  }

  /** Runs tasks from start to finish. */
  run(...ids: string[]): void {
    for (const id of ids) {
      this.begin(id);
      this.#report(id, { type: "finish", result: { id } });
    }
  }

  fail(id: string): void {
    this.#report(id, { type: "fail", error: { type: "TypeError", message: "wrong" } });
  }

  cancel(id: string): void {
    this.#report(id, { type: "cancelled" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.registry[Symbol.dispose]();
    await this.notifier[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }

  #report(id: string, change: Parameters<Registry["report"]>[0]["change"]): void {
    this.registry.report({ client: "c", id, at: Date.now() / 1_000, change }, this.#reporter);
  }
}

/** Returns a delivery as a previous process has stored it. */
function oldDelivery(receiver: string, at: number): Delivery {
  return {
    id: `old ${at}`,
    receiver,
    event: "task.error",
    task: { client: "c", id: "old" },
    seq: 0,
    at,
    size: 2,
  };
}

Deno.test("Notifier delivers each final state in a signed request, with the task's record at that time", async () => {
  await using receiver = new TestReceiver();
  await using world = new World([{ url: `${receiver.url}/hook` }], { secret: "whsec" });
  const before = Date.now() / 1_000;
  world.run("finished");
  world.begin("failed", "cancelled", "runs");
  world.fail("failed");
  world.cancel("cancelled");
  await receiver.count(3);
  const told = receiver.received.toSorted((a, b) => a.json.task.id < b.json.task.id ? -1 : 1);
  assertEquals(
    told.map(({ json, headers }) => [json.event, headers.get("taskscope-event"), json.task.state]),
    [
      ["task.cancelled", "task.cancelled", "CANCELLED"],
      ["task.error", "task.error", "ERROR"],
      ["task.finished", "task.finished", "FINISHED"],
    ],
  );
  for (const received of told) {
    const { json, headers } = received;
    assertEquals(Object.keys(json).sort(), ["at", "client", "delivery_id", "event", "task"]);
    assertEquals([json.client, json.delivery_id], ["c", headers.get("taskscope-delivery")]);
    assertEquals(json.task, world.registry.task("c", json.task.id));
    assert(json.at >= before && json.at <= Date.now() / 1_000, `${json.at}`);
    assert(isSigned(received, "whsec"));
  }
  assertEquals(new Set(told.map(({ json }) => json.delivery_id)).size, 3);
  await until(() => world.notifier.counts.delivered === 3);
  assertEquals([world.store.deliveries(), world.notices], [[], []]);
});

Deno.test("Notifier delivers to each receiver the events that it subscribed to, with separate deliveries", async () => {
  await using one = new TestReceiver();
  await using other = new TestReceiver();
  await using world = new World([
    { url: one.url },
    { url: other.url, events: ["task.error", "task.cancelled"] },
  ]);
  world.run("finished");
  world.begin("failed");
  world.fail("failed");
  await one.count(2);
  await other.count(1);
  await world.notifier.whenSettled();
  assertEquals([one.tasks.sort(), other.tasks], [["failed", "finished"], ["failed"]]);
  const ids = [...one.received, ...other.received].map(({ json }) => json.delivery_id);
  assertEquals(new Set(ids).size, 3);
});

Deno.test("Notifier delivers no event before its commit, and every event afterwards", async () => {
  await using receiver = new TestReceiver();
  const store = new HeldStore();
  await using world = new World([{ url: receiver.url }], { store });
  world.run("before");
  await receiver.count(1);
  store.hold();
  world.run("held");
  // No event is sent before its commit, however much time passes.
  await until(() => store.waiting > 0);
  assertEquals(store.deliveries().map(({ task }) => task.id).slice(-1), ["held"]);
  await store.commit();
  world.run("later");
  await receiver.count(2);
  assertEquals(receiver.tasks, ["before", "held"]);
  await store.release();
  await receiver.count(3);
  assertEquals(receiver.tasks[2], "later");
});

Deno.test("Notifier delivers nothing while the store is degraded, and every event after it has recovered", async () => {
  await using receiver = new TestReceiver();
  const store = new HeldStore();
  await using world = new World([{ url: receiver.url }], { store });
  store.hold();
  world.run("1");
  await until(() => store.waiting > 0);
  await store.fail();
  world.run("2", "3");
  await world.registry.committed().catch(() => {});
  assertEquals(receiver.received, []);
  await store.recover();
  await receiver.count(3);
  assertEquals(receiver.tasks.sort(), ["1", "2", "3"]);
  assertEquals(world.notices, [], "a storage error is not a failure of the receiver");
});

Deno.test("Notifier does not deliver again for a task that was removed and restored", async () => {
  await using receiver = new TestReceiver();
  await using world = new World([{ url: receiver.url }]);
  world.run("1");
  await receiver.count(1);
  world.registry.remove("c", "1");
  world.registry.restore("c", "1");
  world.run("2");
  await receiver.count(2);
  await world.notifier.whenSettled();
  assertEquals(receiver.tasks, ["1", "2"]);
});

Deno.test("Notifier delivers the end of a removed task, and the ends of two tasks with the same id in order", async () => {
  await using receiver = new TestReceiver();
  receiver.answer = (_, n) => n === 1 ? receiver.hold() : new Response();
  await using world = new World([{ url: receiver.url }], { limits: { endedTasksPerClient: 0 } });
  world.run("1");
  assertEquals(world.registry.task("c", "1"), undefined);
  await receiver.count(1);
  world.begin("1");
  world.fail("1");
  world.run("other");
  await receiver.count(2);
  assertEquals(receiver.tasks, ["1", "other"], "the second delivery for the id waits for the first");
  receiver.letGo(500);
  await receiver.count(4);
  const ends = receiver.received.filter(({ json }) => json.task.id === "1");
  assertEquals(ends.map(({ json }) => json.event), ["task.finished", "task.finished", "task.error"]);
});

Deno.test("Notifier retries a failed delivery, with the same id and a new signature", async () => {
  await using receiver = new TestReceiver();
  receiver.answer = (_, n) => new Response(null, { status: [500, 404, 302][n - 1] ?? 200 });
  await using world = new World([{ url: `${receiver.url}/hook?key=s3cr3t` }], { secret: "whsec" });
  world.run("1");
  await receiver.count(4);
  await until(() => world.notifier.counts.delivered === 1);
  assertEquals(new Set(receiver.received.map(({ text }) => text)).size, 1);
  assert(receiver.received.every((received) => isSigned(received, "whsec")));
  assertEquals(world.notices, [
    `Webhook ${receiver.url}/hook fails: it responded with status 500. Its deliveries are kept and retried`,
    `Webhook ${receiver.url}/hook works again`,
  ]);
});

Deno.test("Notifier does not retry a delivery after a response with status 410, and continues with other deliveries", async () => {
  await using receiver = new TestReceiver();
  receiver.answer = ({ json }) => new Response(null, { status: json.task.id === "unwanted" ? 410 : 200 });
  await using world = new World([{ url: receiver.url }]);
  world.run("unwanted", "wanted");
  await until(() => world.notifier.counts.waiting === 0);
  assertEquals(world.notifier.counts, { waiting: 0, delivered: 1, refused: 1, dropped: 0, expired: 0 });
  assertEquals(receiver.received.length, 2);
});

Deno.test("Notifier does not delay other receivers or tasks because of a slow receiver", async () => {
  await using slow = new TestReceiver();
  await using quick = new TestReceiver();
  slow.answer = () => slow.hold();
  await using world = new World([{ url: slow.url }, { url: quick.url }], { limits: { notifyQueue: 50 } });
  const ids = Array.from({ length: 200 }, (_, i) => `${i}`);
  for (const [index, id] of ids.entries()) {
    world.run(id);
    await quick.count(index + 1);
  }
  assertEquals(quick.tasks.toSorted(), ids.toSorted());
  await slow.count(DEFAULT_LIMITS.notifyConcurrency);
  assertEquals(slow.received.length, DEFAULT_LIMITS.notifyConcurrency, "this many requests are in flight");
  await until(() => world.notifier.counts.delivered === 200);
  const { waiting, dropped } = world.notifier.counts;
  assertEquals([waiting, dropped], [54, 146]);
  assertEquals(world.store.deliveries().length, 54, "dropped deliveries are deleted from the store, too");
  assertEquals(world.notices, [
    `Webhook ${slow.url} loses deliveries: its queue is full, so the oldest are dropped`,
  ]);
});

Deno.test("Notifier resumes failed and interrupted deliveries after a restart", async () => {
  using folder = new StoreFolder();
  let port = 0;
  {
    await using receiver = new TestReceiver();
    port = receiver.port;
    receiver.answer = () => new Response(null, { status: 503 });
    await using world = new World([{ url: receiver.url }], { store: folder.open() });
    world.begin("runs");
    world.run("1", "2");
    await receiver.count(3);
    await world.registry.committed();
  }
  await using receiver = new TestReceiver(port);
  await using world = new World([{ url: receiver.url }], { store: folder.open() });
  await receiver.count(3);
  const told = new Map(receiver.received.map(({ json }) => [json.task.id, json]));
  assertEquals([...told.keys()].sort(), ["1", "2", "runs"]);
  assertEquals([told.get("runs").event, told.get("runs").task.error.type], ["task.error", "interrupted"]);
  await world.notifier.whenSettled();
  assertEquals(world.store.deliveries(), []);
});

Deno.test("Notifier keeps deliveries for a URL that is no longer configured, until they expire", async () => {
  using folder = new StoreFolder();
  const now = Date.now() / 1_000;
  await using receiver = new TestReceiver();
  const { key } = resolveNotify([{ url: receiver.url }], 1)[0]!;
  {
    await using store = folder.open();
    for (const [name, at] of [["elsewhere", now], ["elsewhere", 1], [key, now - 1], [key, 2]] as const) {
      store.putDelivery(oldDelivery(name, at), "{}");
    }
  }
  {
    await using world = new World([], { store: folder.open() });
    assertEquals(world.store.deliveries().map(({ at }) => at), [now, now - 1]);
    assertEquals(world.notifier.counts.waiting, 0);
  }
  await using world = new World([{ url: receiver.url }], { store: folder.open() });
  assertEquals((await receiver.count(1)).text, "{}");
  await until(() => world.notifier.counts.delivered === 1);
  assertEquals(world.store.deliveries().map(({ receiver }) => receiver), ["elsewhere"]);
});

Deno.test("Notifier reports a stored delivery that cannot be read, and delivers the others", async () => {
  await using receiver = new TestReceiver();
  const store = new HeldStore();
  let isBroken = true;
  const { deliveryText } = store;
  store.deliveryText = (id) => {
    const isFirst = store.deliveries()[0]?.id === id;
    if (isBroken && isFirst) throw new Error("disk I/O error");
    return deliveryText.call(store, id);
  };
  await using world = new World([{ url: receiver.url }], { store });
  world.run("unreadable", "readable");
  await receiver.count(1);
  assertEquals(receiver.tasks, ["readable"]);
  assertMatch(world.notices[0] ?? "", /fails: the delivery can't be read \(disk I\/O error\)/);
  isBroken = false;
  await receiver.count(2);
});

Deno.test("Notifier aborts requests when it is disposed of, and keeps their deliveries", async () => {
  await using receiver = new TestReceiver();
  receiver.answer = () => receiver.hold();
  const world = new World([{ url: receiver.url }]);
  world.run("1");
  await receiver.count(1);
  const { id } = world.store.deliveries()[0]!;
  await world.notifier[Symbol.asyncDispose]();
  await world.notifier[Symbol.asyncDispose]();
  assertEquals(world.store.deliveries().map((delivery) => delivery.id), [id]);
  assertEquals(world.notices, []);
  await world[Symbol.asyncDispose]();
});

Deno.test("Notifier limits its connections, and delivers each of thousands of final states once", async () => {
  await using receiver = new TestReceiver();
  let busy = 0;
  let most = 0;
  receiver.answer = async () => {
    most = Math.max(most, ++busy);
    await new Promise((resolve) => setTimeout(resolve, 0));
    busy--;
    return new Response();
  };
  await using world = new World([{ url: receiver.url }], { limits: { endedTasksPerClient: 5_000 } });
  const ids = Array.from({ length: 2_000 }, (_, i) => `${i}`);
  world.run(...ids);
  await receiver.count(2_000);
  await world.notifier.whenSettled();
  assertEquals(world.notifier.counts.delivered, 2_000);
  assertEquals(receiver.tasks.toSorted(), ids.toSorted());
  assertGreater(most, 1);
  assert(most <= DEFAULT_LIMITS.notifyConcurrency, `${most}`);
  assertNotEquals(receiver.received[0]!.json.delivery_id, receiver.received[1]!.json.delivery_id);
});
