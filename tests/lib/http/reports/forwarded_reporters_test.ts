/** Tests the sockets of reporters that a node passes on to the owner of the tasks. */

import { Keyring } from "../../../../lib/access/keyring.ts";
import { keyProtocols } from "../../../../lib/remote/credentials.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { forwarderAt, TestNode } from "../../../support/node_gate.ts";
import { HANDSHAKE, rawCall } from "../../../support/raw_http.ts";
import { RawSocketServer } from "../../../support/raw_socket_server.ts";
import { creation, REPORTER, reportOf, ReportSocket } from "../../../support/report_socket.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";
import { until } from "../../../support/until.ts";

const KEY = "the-key-of-this-very-server";

/** Waits until a node has sessions of the given number of reporters. */
async function untilReporters({ url }: TestNode, count: number): Promise<void> {
  let found = -1;
  while (found !== count) {
    const { text } = await call("GET", `${url}/metrics`);
    found = Number(/^taskscope_reporters (\d+)$/m.exec(text)?.[1]);
  }
}

/** Sends a handshake, and returns the response. */
function handshake({ url }: TestNode, target: string, headers = HANDSHAKE) {
  const { host, port } = new URL(url);
  return rawCall(Number(port), "GET", target, [["Host", host], ...headers]);
}

Deno.test("ForwardedReporters passes reports to the owner, and its replies to the reporter, in order", async () => {
  await using owner = new TestNode();
  await using node = new TestNode();
  node.follow(owner.url);
  await using socket = new ReportSocket(node.url);
  await socket.opened();
  socket.report(creation("1", 1), reportOf("1", { type: "start" }, 2));
  for (let step = 1; step < 100; step++) {
    socket.report(reportOf("1", { type: "update", progress: step, status: `é${step}` }, step + 2));
  }
  await socket.taken(100);
  const task = owner.test.registry.task("c", "1");
  assertEquals([task?.progress, task?.status, task?.report_seq], [99, "é99", 101]);
  assertEquals(node.test.events, []);
  await call("POST", `${node.url}/tasks/c/1/cancel`);
  await socket.find(({ type }) => type === "cancel");
  socket.report();
  await socket.find(({ type }) => type === "alive");
  assertEquals([node.errors, owner.errors], [[], []]);
});

Deno.test("ForwardedReporters closes each side when the other one is closed, with the owner's code", async () => {
  await using owner = new TestNode({ reportBytes: 1_000 });
  await using node = new TestNode();
  await using proxy = new TcpProxy(Number(new URL(owner.url).port));
  owner.gate.forwarder = forwarderAt(proxy.url);
  node.follow(proxy.url);
  {
    await using socket = new ReportSocket(node.url);
    await socket.opened();
    await untilReporters(owner, 1);
  }
  await untilReporters(owner, 0);
  await using refused = new ReportSocket(node.url);
  await refused.opened();
  refused.send("x".repeat(1_001));
  assertEquals(await refused.closed(), { code: 1009, reason: "Messages must have at most 1000 bytes" });
  await using binary = new ReportSocket(node.url);
  await binary.opened();
  binary.send(new Uint8Array([1]));
  assertEquals((await binary.closed()).code, 1008);
  await using cut = new ReportSocket(node.url);
  await cut.opened();
  proxy.cut();
  assertEquals((await cut.closed()).code, 1001);
  await untilReporters(owner, 0);
});

Deno.test("ForwardedReporters refuses handshakes that the owner would refuse, and sockets that the owner does not open", async () => {
  await using owner = new TestNode({ reporters: 1 }, { key: KEY });
  await using node = new TestNode({ ownerWaitMs: 200, forwardTimeoutMs: 200 }, { key: KEY });
  node.follow(owner.url);
  const target = `/ws/report?reporter=${REPORTER}`;
  const key = ["Authorization", `Bearer ${KEY}`] as const;
  assertProblem(await handshake(node, target), 401, "key_needed");
  assertProblem(await handshake(node, "/ws/report?reporter=x", [...HANDSHAKE, key]), 400, "bad_reporter");
  assertProblem(await handshake(node, target, [key]), 426, "upgrade_needed");
  assertProblem(
    await handshake(node, target, [...HANDSHAKE, key, ["Origin", "https://evil.example"]]),
    403,
    "foreign_origin",
  );
  assertEquals(owner.gate.asked, []);
  // The owner has only one slot for reporters, so it refuses the second one.
  await using first = new ReportSocket(node.url, REPORTER, keyProtocols(KEY));
  await first.opened();
  assertProblem(await handshake(node, target, [...HANDSHAKE, key]), 503, "no_owner");
  using silent = new RawSocketServer();
  node.follow(silent.url);
  const peer = silent.next();
  const response = await handshake(node, target, [...HANDSHAKE, key]);
  assertProblem(response, 503, "no_owner");
  assertEquals(response.headers.get("retry-after"), "1");
  const { head } = await peer;
  assert(head.includes(`authorization: Bearer ${KEY}`));
  assert(!/sec-websocket-extensions/i.test(head));
});

for (
  const limits of [{ forwardQueueBytes: 100_000, unsentBytes: 1e9 }, {
    forwardQueueBytes: 1e9,
    unsentBytes: 100_000,
  }]
) {
  Deno.test(`ForwardedReporters disconnects a reporter that sends more than the owner reads: ${JSON.stringify(limits)}`, async () => {
    await using node = new TestNode(limits);
    using stuck = new RawSocketServer();
    node.follow(stuck.url);
    const accepted = stuck.next().then((peer) => peer.accept());
    await using socket = new ReportSocket(node.url);
    await socket.opened();
    await accepted;
    let isClosed = false;
    socket.closed().then(() => isClosed = true);
    // The kernel buffers some megabytes before any data waits in the node.
    for (let count = 0; count < 1_500 && !isClosed; count++) {
      socket.send("x".repeat(90_000));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert(isClosed);
  });
}

Deno.test("ForwardedReporters tells its reporters that the node shuts down", async () => {
  await using owner = new TestNode();
  await using node = new TestNode();
  node.follow(owner.url);
  await using socket = new ReportSocket(node.url);
  await socket.opened();
  node.beginClosing();
  await socket.find(({ type }) => type === "closing");
});

for (const next of ["another node", "this node"]) {
  Deno.test(`ForwardedReporters closes the sockets to a frozen node once ${next} owns the tasks`, async () => {
    await using owner = new TestNode();
    await using other = new TestNode();
    await using node = new TestNode();
    await using proxy = new TcpProxy(Number(new URL(owner.url).port));
    owner.gate.forwarder = forwarderAt(proxy.url);
    node.follow(proxy.url);
    await using socket = new ReportSocket(node.url);
    await socket.opened();
    // The same address in another spelling must not open a second connection.
    node.follow(`${proxy.url}/`);
    assertEquals((await call("DELETE", `${node.url}/tasks/c/none`)).status, 404);
    await socket.taken(socket.report(creation("1", 1)));
    assertEquals(node.gate.forwarder.sockets, 1);
    proxy.blackhole();
    if (next === "another node") node.follow(other.url);
    else node.gate.decide = () => null;
    assertEquals((await call("DELETE", `${node.url}/tasks/c/none`)).status, 404);
    assertEquals(await socket.closed(), { code: 1001, reason: "Another node owns the tasks now" });
    await until(() => node.gate.forwarder.sockets === 0);
  });
}

Deno.test("ForwardedReporters leaves room for the sockets of others, however many a client opens", async () => {
  await using owner = new TestNode({}, { key: KEY });
  await using node = new TestNode({ reporters: 8 }, { key: KEY });
  node.follow(owner.url);
  const keyring = new Keyring(KEY);
  const sign = (client: string) => keyring.sign({ may: "write", client, taskId: null, expiresAt: null });
  await using sockets = new AsyncDisposableStack();
  const accepted: number[] = [];
  for (const token of [await sign("c"), await sign("d"), KEY]) {
    let count = 0;
    for (let index = 0; index < 8; index++) {
      const reporter = `reporter-${accepted.length}-${index}`;
      const socket = sockets.use(new ReportSocket(node.url, reporter, keyProtocols(token)));
      await socket.opened().then(() => count++, () => {});
    }
    accepted.push(count);
  }
  assertEquals(accepted, [4, 2, 2]);
});

Deno.test("ReportBatches.post() acknowledges no batch during which the owner of tasks has changed", async () => {
  await using node = new TestNode();
  const post = (...reports: readonly unknown[]) =>
    call("POST", `${node.url}/report?reporter=${REPORTER}`, { body: { batch: 1, reports } });
  node.gate.ownsClient = () => {
    queueMicrotask(() => node.gate.version++);
    return true;
  };
  assertProblem(await post(creation("1", 1)), 503, "no_owner");
  node.gate.ownsClient = () => true;
  const again = await post(creation("1", 1));
  assertEquals([again.status, again.json.replies], [200, [{ type: "taken", batch: 1 }]]);
});

Deno.test("SocketSession of a node that leaves takes no batch after one that it ignored", async () => {
  await using node = new TestNode();
  await using socket = new ReportSocket(node.url);
  await socket.opened();
  await socket.taken(socket.report(creation("1", 1), reportOf("1", { type: "start" }, 2)));
  node.gate.isLeaving = true;
  let asked = 0;
  node.gate.ownsClient = () => ++asked > 1;
  socket.report(reportOf("1", { type: "update", progress: 1 }, 3));
  socket.report(reportOf("1", { type: "update", progress: 2 }, 4));
  // The server has read all messages before it confirms the close.
  await socket[Symbol.asyncDispose]();
  assertEquals([socket.acknowledged, node.test.registry.task("c", "1")?.report_seq], [[1], 2]);
});
