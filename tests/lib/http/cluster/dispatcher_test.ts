/** Tests where a node of a cluster handles requests, with real servers and a gate that the test controls. */

import { Keyring } from "../../../../lib/access/keyring.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { freePort } from "../../../support/free_port.ts";
import { HeldServer } from "../../../support/held_server.ts";
import { TestNode } from "../../../support/node_gate.ts";
import { closeQuietly, HANDSHAKE, rawCall, readResponse, send } from "../../../support/raw_http.ts";
import { creation } from "../../../support/report_socket.ts";
import { until } from "../../../support/until.ts";

const KEY = "the-key-of-this-very-server";
const keyring = new Keyring(KEY);
/**
 * How many of eight slots a token for `c`, a token for `d` and the key get, if each of them in turn requests
 * eight.
 */
const SHARES = [4, 2, 2];
const SHORT = { ownerWaitMs: 300, forwardTimeoutMs: 2_000 };

Deno.test("Handler lets the owner make the changes that another node receives", async () => {
  await using owner = new TestNode();
  await using node = new TestNode();
  node.follow(owner.url);
  const body = { id: "t", name: "n", started: true };
  const created = await call("POST", `${node.url}/tasks/c`, { body });
  assertEquals([created.status, created.headers.get("location")], [201, "/tasks/c/t"]);
  assertMatch(created.headers.get("vary") ?? "", /\bOrigin$/);
  const seen = await call("GET", `${owner.url}/tasks/c/t`);
  assertEquals(created.json, seen.json);
  assertEquals((await call("GET", `${node.url}/tasks/c/t`)).status, 404, "the node answers reads by itself");
  const updated = await call("PATCH", `${node.url}/tasks/c/t`, { body: { progress: 0.5, status: "ü" } });
  assertEquals([updated.status, updated.json.status], [200, "ü"]);
  const again = await call("POST", `${node.url}/tasks/c/t`, {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "progress=0.75",
  });
  assertEquals([again.status, again.json.progress], [200, 0.75]);
  // The response to a form of the page redirects the browser to a path on the node that received the form,
  // not on the owner.
  const cancelled = await call("POST", `${node.url}/t/c/t/cancel?from=task`, {
    headers: { origin: node.url },
  });
  assertEquals([cancelled.status, cancelled.headers.get("location")], [303, "/t/c/t"]);
  assertEquals((await call("DELETE", `${node.url}/tasks/c/none`)).status, 404);
  assertEquals(node.gate.forwarder.counts, { answered: 5, unreachable: 0, unanswered: 0 });
  assertEquals([node.errors, owner.errors], [[], []]);
});

Deno.test("Handler asks the gate about reads and changes, but not about requests that every node can handle", async () => {
  await using node = new TestNode();
  const asked = async (method: string, path: string, body?: string) => {
    node.gate.asked.length = 0;
    await call(method, node.url + path, { ...(body !== undefined && { body }) });
    return [...node.gate.asked];
  };
  for (
    const path of ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/monitored.js", "/assets/x"]
  ) {
    assertEquals(await asked("GET", path), [], path);
  }
  for (const path of ["/", "/t/c", "/tasks/c", "/tasks/c/t", "/names/c", "/clients"]) {
    assertEquals(await asked("GET", path), [false], path);
  }
  assertEquals(await asked("POST", "/tasks/c", "{}"), [true]);
  assertEquals(await asked("POST", "/report?reporter=reporter-1", "{}"), [true]);
  // From the second request on, a polled task is found by its URL, without a search for the route.
  await call("POST", `${node.url}/tasks/c`, { body: { id: "t", name: "n" } });
  for (const _ of [1, 2, 3]) assertEquals(await asked("GET", "/tasks/c/t"), [false]);
});

Deno.test("Handler refuses a forwarded request without the signature of a node, and changes nothing", async () => {
  await using owner = new TestNode();
  const body = JSON.stringify({ id: "t", name: "n" });
  for (const value of ["", "v1.1.x", `v1.${Date.now()}.AAAAAAAAAAAAAAAA-1.e30.${"A".repeat(43)}`]) {
    const response = await call("POST", `${owner.url}/tasks/c`, {
      headers: { "taskscope-forwarded": value, "content-type": "application/json" },
      body,
    });
    assertProblem(response, 403, "bad_forwarding");
  }
  assertEquals((await call("GET", `${owner.url}/tasks/c/t`)).status, 404);
  assertEquals([owner.gate.asked, owner.test.events], [[false], []]);
  // A server that is not a node of a cluster ignores the header.
  await using alone = new HeldServer();
  const headers = { "taskscope-forwarded": "x" };
  assertEquals((await call("GET", `${alone.url}/tasks/c`, { headers })).status, 200);
});

Deno.test("Handler never forwards a request twice, and responds with an error if no owner is found", async () => {
  await using first = new TestNode(SHORT);
  await using second = new TestNode(SHORT);
  first.follow(second.url);
  second.follow(first.url);
  const response = await call("POST", `${first.url}/tasks/c`, { body: { id: "t", name: "n" } });
  assertProblem(response, 503, "no_owner");
  assertEquals(response.headers.get("retry-after"), "1");
  assertEquals(response.headers.has("taskscope-forwarded"), false);
  assert(first.gate.asked.length > 1, "the node asked again");
  assertEquals([first.test.events, second.test.events], [[], []]);
  assertEquals(second.gate.forwarder.counts, { answered: 0, unreachable: 0, unanswered: 0 });
});

Deno.test("Handler keeps the body of a request while it waits for the next owner, which may be the node itself", async () => {
  await using owner = new TestNode();
  await using closing = new TestNode();
  await using node = new TestNode({ ownerWaitMs: 60_000 });
  closing.beginClosing();
  const gone = { address: `http://127.0.0.1:${freePort()}` };
  const turns = [gone, { address: closing.url }, { address: owner.url }];
  node.gate.decide = () => turns.shift() ?? null;
  const created = await call("POST", `${node.url}/tasks/c`, { body: { id: "t", name: "n" } });
  assertEquals(created.status, 201);
  assertEquals((await call("GET", `${owner.url}/tasks/c/t`)).status, 200);
  assertEquals(node.gate.forwarder.counts, { answered: 1, unreachable: 2, unanswered: 0 });
  turns.push(gone);
  const taken = await call("POST", `${node.url}/tasks/c`, { body: { id: "own", name: "n" } });
  assertEquals([taken.status, taken.json.id], [201, "own"]);
  assertEquals(node.test.registry.task("c", "own")?.name, "n");
});

Deno.test("Handler forwards reads if necessary, but no reads that wait for changes", async () => {
  await using owner = new TestNode();
  await using node = new TestNode();
  node.gate.decide = () => ({ address: owner.url });
  await call("POST", `${owner.url}/tasks/c`, { body: { id: "t", name: "n" } });
  assertEquals((await call("GET", `${node.url}/tasks/c/t`)).json.id, "t");
  assertEquals((await call("HEAD", `${node.url}/tasks/c/t`)).status, 200);
  const page = await call("GET", `${node.url}/t/c/t`, { headers: { accept: "text/html" } });
  assert(page.text.startsWith("<!DOCTYPE html>"), page.text.slice(0, 100));
  for (const path of ["/tasks/c/t?wait=final", "/tasks/c?after=1&timeout=5", "/events/tasks/c"]) {
    assertProblem(await call("GET", node.url + path), 503, "no_owner");
  }
  const { host, port } = new URL(node.url);
  assertProblem(
    await rawCall(Number(port), "GET", "/ws/tasks/c", [["Host", host], ...HANDSHAKE]),
    503,
    "no_owner",
  );
});

Deno.test("Handler checks host, origin and key before it forwards, and the owner checks them again", async () => {
  const access = { key: KEY };
  await using owner = new TestNode({}, access);
  await using node = new TestNode({}, access);
  node.follow(owner.url);
  const body = JSON.stringify({ id: "t", name: "n" });
  const port = Number(new URL(node.url).port);
  const send = (headers: readonly (readonly [string, string])[]) =>
    rawCall(port, "POST", "/tasks/c", [
      ...headers,
      ["content-type", "application/json"],
      ["content-length", String(body.length)],
    ], body);
  const host = ["host", `127.0.0.1:${port}`] as const;
  const key = ["authorization", `Bearer ${KEY}`] as const;
  assertEquals((await send([["host", "evil.example"], key])).status, 421);
  assertEquals((await send([host, key, ["origin", "https://evil.example"]])).status, 403);
  assertEquals((await send([host])).status, 401);
  assertEquals((await send([host, ["authorization", "Bearer some-other-key-of-any"]])).status, 401);
  assertEquals(owner.gate.asked, [], "none of them reached the owner");
  assertEquals((await send([host, key, ["origin", node.url]])).status, 201, "the node's own origin");
  assertEquals(node.gate.forwarder.counts.answered, 1);
  // The node that receives a request checks Host and Origin against its own public URLs; the owner's do not
  // matter.
  await using other = new TestNode({}, { ...access, publicUrls: ["https://ci.example.org"] });
  node.follow(other.url);
  assertEquals((await send([host, key])).status, 201, "a host that only the first node has");
  assertEquals((await send([host, key, ["origin", "https://evil.example"]])).status, 403);
});

Deno.test("Handler bounds the bodies and the number of requests that it forwards", async () => {
  await using owner = new TestNode();
  await using node = new TestNode({ forwardedRequests: 1, requestBytes: 1_000, reportBytes: 2_000 });
  node.follow(owner.url);
  const tooLarge = await call("POST", `${node.url}/tasks/c`, { body: { name: "n".repeat(2_000) } });
  assertProblem(tooLarge, 413, "body_too_large");
  owner.store.hold();
  const slow = call("POST", `${node.url}/tasks/c`, { body: { id: "t", name: "n" } });
  await until(() => owner.store.waiting > 0);
  assertProblem(await call("POST", `${node.url}/tasks/c`, { body: {} }), 503, "limit_reached");
  await owner.store.release();
  assertEquals((await slow).status, 201);
  assertEquals((await call("PATCH", `${node.url}/tasks/c/t`, { body: { progress: 1 } })).status, 200);
});

Deno.test("Handler repeats a read at the next owner if the node loses the tasks during the read", async () => {
  await using owner = new TestNode();
  await using node = new TestNode();
  await call("POST", `${owner.url}/tasks/c`, { body: { id: "t", name: "of the next owner" } });
  node.store.hold();
  const change = call("POST", `${node.url}/tasks/c`, { body: { id: "t", name: "n" } });
  await until(() => node.store.waiting > 0);
  const read = call("GET", `${node.url}/tasks/c/t`);
  await until(() => node.store.waiting > 1);
  node.gate.isOwner = false;
  node.gate.decide = () => ({ address: owner.url });
  await node.store.release();
  assertEquals((await read).json.name, "of the next owner");
  assertEquals((await change).status, 201, "the change is committed");
});

Deno.test("Handler reports in /readyz whether a node can read, and whether it is shutting down", async () => {
  await using node = new TestNode();
  const ready = async () => {
    const { status, json } = await call("GET", `${node.url}/readyz`);
    return [status, json.status];
  };
  assertEquals(await ready(), [200, "ready"]);
  node.gate.isReadable = false;
  assertEquals(await ready(), [503, "loading"]);
  node.gate.isLeaving = true;
  assertEquals(await ready(), [503, "leaving"]);
  assertEquals((await call("GET", `${node.url}/healthz`)).status, 200);
});

/** Returns the clients whose slots are requested in turn, each with the headers of the requests. */
async function askers(): Promise<readonly (readonly [client: string, headers: Record<string, string>])[]> {
  const sign = (client: string) => keyring.sign({ may: "write", client, taskId: null, expiresAt: null });
  const credentials = [["c", await sign("c")], ["d", await sign("d")], ["e", KEY]] as const;
  return credentials.map(([client, token]) => [client, { authorization: `Bearer ${token}` }]);
}

for (
  const { what, requestOf } of [
    { what: "created tasks", requestOf: (client: string) => ({ path: `/tasks/${client}`, body: "{}" }) },
    {
      what: "lines of logs",
      requestOf: (client: string) => ({ path: `/tasks/${client}/t/logs`, body: '{"lines":["x"]}' }),
    },
    {
      what: "batches of reports",
      requestOf: (client: string, index: number) => ({
        path: `/report?reporter=reporter-${client}-${index}`,
        body: JSON.stringify({ batch: 1, reports: [creation(`r-${index}`, 1, client)] }),
      }),
    },
  ]
) {
  Deno.test(`Handler leaves room for forwarded requests of others while the owner is slow: ${what}`, async () => {
    await using owner = new TestNode({}, { key: KEY });
    await using node = new TestNode({ forwardedRequests: 8 }, { key: KEY });
    node.follow(owner.url);
    const asking = await askers();
    const json = { "content-type": "application/json" };
    for (const [client, headers] of asking) {
      const body = '{"id":"t"}';
      await call("POST", `${owner.url}/tasks/${client}`, { headers: { ...headers, ...json }, body });
    }
    owner.store.hold();
    let refused = 0;
    const answers: Promise<number>[][] = [];
    for (const [index, [client, headers]] of asking.entries()) {
      answers.push(Array.from({ length: 8 }, async (_, index) => {
        const { path, body } = requestOf(client, index);
        const { status } = await call("POST", node.url + path, { headers: { ...headers, ...json }, body });
        if (status === 503) refused++;
        return status;
      }));
      const expected = SHARES.slice(0, index + 1).reduce((sum, share) => sum + 8 - share, 0);
      await until(() => refused >= expected);
    }
    await owner.store.release();
    const served = answers.map(async (each) => (await Promise.all(each)).filter((one) => one < 300).length);
    assertEquals(await Promise.all(served), SHARES);
  });
}

Deno.test("Handler leaves room for bodies of others to forward, however slowly one client's bodies arrive", async () => {
  await using owner = new TestNode({}, { key: KEY });
  await using node = new TestNode({ unfinishedBodyBytes: 8_000 }, { key: KEY });
  node.follow(owner.url);
  const { port } = new URL(node.url);
  const connections: Deno.Conn[] = [];
  const refusals: number[] = [];
  try {
    for (const [client, { authorization }] of await askers()) {
      const opened = await Promise.all(Array.from({ length: 8 }, async () => {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
        connections.push(connection);
        const head = [
          `POST /tasks/${client} HTTP/1.1`,
          `Host: 127.0.0.1:${port}`,
          `Authorization: ${authorization}`,
          "Content-Type: application/json",
          "Content-Length: 2000",
        ];
        await send(connection, new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${" ".repeat(1_000)}`));
        return connection;
      }));
      const answers = opened.map((connection) => readResponse(connection, "head"));
      let refused = 0;
      for (const answer of answers) answer.then(({ status }) => status === 503 && refused++);
      const expected = 8 - SHARES[refusals.length]!;
      await until(() => refused >= expected);
      refusals.push(refused);
    }
    assertEquals(refusals, SHARES.map((share) => 8 - share));
  } finally {
    connections.forEach(closeQuietly);
  }
});
