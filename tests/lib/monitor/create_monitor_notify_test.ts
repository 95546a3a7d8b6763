/** Tests a monitor that delivers webhooks to real servers. */

import { ConfigError, createMonitor, type NotifyOptions } from "../../../lib/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { call, HeldTask } from "../../support/calls.ts";
import { freshChannel } from "../../support/channel_monitor.ts";
import { freePort } from "../../support/free_port.ts";
import { isSigned, TestReceiver } from "../../support/receiver.ts";
import { startServer } from "../../support/server.ts";
import { StoreFolder } from "../../support/store_folder.ts";
import { until } from "../../support/until.ts";

Deno.test("createMonitor() with the option notify delivers the ends of tasks to the receivers", async () => {
  await using receiver = new TestReceiver();
  await using other = new TestReceiver();
  await using server = startServer({
    notify: [{ url: `${receiver.url}/hook` }, { url: other.url, events: ["task.error"] }],
    notifySecret: "whsec",
  });
  const { monitor } = server;
  const double = monitor.monitored((_task, n: number) => n * 2, { client: "c", name: "double" });
  const fails = monitor.monitored(() => Promise.reject(new TypeError("wrong")), {
    client: "c",
    name: "fails",
  });
  assertEquals(await double(21), 42);
  await fails().catch(() => {});
  await receiver.count(2);
  await other.count(1);
  const told = receiver.received.map(({ json }) => [json.event, json.task.name, json.task.result]);
  assertEquals(told.sort(), [["task.error", "fails", null], ["task.finished", "double", 42]]);
  assert([...receiver.received, ...other.received].every((received) => isSigned(received, "whsec")));
  await until(() => monitor.deliveries.waiting === 0);
  assertEquals(monitor.deliveries, { waiting: 0, delivered: 3, refused: 0, dropped: 0, expired: 0 });
  assertEquals(server.errors, []);
});

Deno.test("createMonitor() signs no requests without a secret, and sends no requests without a receiver", async () => {
  await using receiver = new TestReceiver();
  for (const notifySecret of [undefined, ""]) {
    await using server = startServer({
      notify: [{ url: receiver.url }],
      ...notifySecret !== undefined && { notifySecret },
    });
    await server.monitor.monitored(() => 1)();
    await receiver.count(1);
    assertEquals(receiver.received.pop()?.headers.get("taskscope-signature"), null);
  }
  await using server = startServer();
  await server.monitor.monitored(() => 1)();
  assertEquals(server.monitor.deliveries.waiting, 0);
});

Deno.test("Monitor delivers the end of a task from another process once, even if the end is reported repeatedly", async () => {
  using folder = new StoreFolder();
  await using receiver = new TestReceiver();
  const options = { data: folder.file, notify: [{ url: receiver.url }] };
  {
    await using server = startServer(options);
    const tasks = `${server.url}/tasks/c`;
    for (const id of ["ends", "goes-on"]) {
      assertEquals((await call("POST", tasks, { body: { id, name: "outside" } })).status, 201);
    }
    for (let n = 0; n < 3; n++) {
      assertEquals((await call("POST", `${tasks}/ends/finish`, { body: { result: 5 } })).status, 200);
    }
    await receiver.count(1);
    await until(() => server.monitor.deliveries.delivered === 1);
  }
  await using server = startServer(options);
  assertEquals((await call("POST", `${server.url}/tasks/c/goes-on/finish`)).status, 200);
  await receiver.count(2);
  assertEquals(receiver.received.map(({ json }) => [json.event, json.task.id]), [
    ["task.finished", "ends"],
    ["task.finished", "goes-on"],
  ]);
});

Deno.test("Monitor with an unreachable receiver runs tasks normally, and warns only the operator", async () => {
  const notices: string[] = [];
  const url = `http://127.0.0.1:${freePort()}/hook?key=s3cr3t`;
  await using server = startServer({
    notify: [{ url }],
    notifySecret: "whsec",
    limits: { notifyRetryMs: 1, notifyMaxRetryMs: 1 },
    onNotice: (text) => notices.push(text),
  });
  const square = server.monitor.monitored((_task, n: number) => n * n, { client: "c" });
  for (let n = 0; n < 5; n++) assertEquals(await square(n), n * n);
  await until(() => notices.length > 0);
  const states = server.monitor.registry.tasks("c").map(({ state }) => state);
  assertEquals([new Set(states), states.length, server.errors], [new Set(["FINISHED"]), 5, []]);
  await using receiver = new TestReceiver(Number(new URL(url).port));
  await receiver.count(5);
  await until(() => notices.length > 1);
  assertEquals(notices.length, 2);
  assert(notices.every((text) => !/key|s3cr3t|whsec/.test(text)), notices.join("\n"));
});

Deno.test("Monitor.shutdown() delivers the ends of the last tasks", async () => {
  await using receiver = new TestReceiver();
  const held = new HeldTask();
  await using server = startServer({ notify: [{ url: receiver.url }], tasks: { held: held.fn } });
  for (const [id, ...args] of [["polite"], ["deaf", "deaf"]]) {
    await call("POST", `${server.url}/tasks/c/start/held`, { body: { id, args } });
  }
  await server.monitor.shutdown({ graceMs: 50 });
  assertEquals(receiver.tasks.sort(), ["deaf", "polite"]);
  assert(receiver.received.every(({ json }) => json.task.error.type === "interrupted"));
  held.release();
});

Deno.test("Monitor.shutdown() does not wait for a receiver that does not respond; the next monitor delivers the webhook", async () => {
  using folder = new StoreFolder();
  await using receiver = new TestReceiver();
  receiver.answer = () => receiver.hold();
  // The timeout of the request is longer than that of any test.
  const limits = { notifyTimeoutMs: 1_000_000 };
  const options = { data: folder.file, notify: [{ url: receiver.url }], limits };
  {
    await using server = startServer(options);
    await server.monitor.monitored(() => 1, { client: "c", id: "1" })();
    await receiver.count(1);
    await server.monitor.monitored(() => 2, { client: "c", id: "2" })();
    await server.monitor.shutdown();
    assertEquals(server.monitor.deliveries.waiting, 2);
  }
  receiver.letGo();
  receiver.answer = () => new Response();
  const { json: first } = receiver.received[0]!;
  receiver.received.length = 0;
  await using server = startServer(options);
  await receiver.count(2);
  const again = receiver.received.find(({ json }) => json.task.id === "1")!.json;
  assertEquals(again, first, "the same delivery with the same record");
  await until(() => server.monitor.deliveries.delivered === 2);
  assertEquals(server.errors, []);
});

Deno.test("createMonitor() rejects invalid receivers, and leaves the data file unlocked", async () => {
  using folder = new StoreFolder();
  const wrong: readonly (readonly [message: string, ...notify: NotifyOptions[]])[] = [
    ["Invalid webhook URL: wanted", { url: "hook" }],
    ["Invalid webhook URL: wanted", { url: "ftp://host/" }],
    ["Invalid webhook URL http://host: wanted", { url: "http://me:secret@host/" }],
    ["Invalid webhook http://host: wanted", {
      url: "http://host/",
      events: ["task.started" as "task.error"],
    }],
    ["Too many webhooks", ...Array.from({ length: 33 }, (_, n) => ({ url: `http://host-${n}/` }))],
  ];
  for (const [message, ...notify] of wrong) {
    const options = { data: folder.file, channel: freshChannel(), notify };
    assertThrows(() => createMonitor(options), ConfigError, message);
  }
  await using server = startServer({ data: folder.file });
  assertEquals(server.monitor.deliveries.waiting, 0);
});
