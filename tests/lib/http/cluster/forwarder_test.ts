/** Tests the requests that a node forwards, with a plain HTTP server in the place of the owner. */

import { Forwarder, type Owner, OwnerUnreachableError } from "../../../../lib/http/cluster/forwarder.ts";
import type { ForwardedRequest } from "../../../../lib/http/cluster/forwarded_request.ts";
import { Problem } from "../../../../lib/http/problem.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { freePort } from "../../../support/free_port.ts";
import { forwarderAt } from "../../../support/node_gate.ts";
import { RawSocketServer } from "../../../support/raw_socket_server.ts";

const NODE = "http://10.0.0.1:8000";
const ORIGIN = "https://ci.example.org";

/** A forwarded request that the owner has accepted. */
interface Received {
  readonly request: Request;
  readonly peer: string;
  readonly body: string;
}

/** The owner of the tasks, which records the requests that it accepts. */
class TestOwner implements AsyncDisposable, Owner {
  readonly received: Received[] = [];
  readonly refused: string[] = [];
  /** Creates the response to each forwarded request; a test may replace this function. */
  respond: () => Response = () => new Response("done");
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #forwarder: Forwarder;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#take(request),
    );
    this.#forwarder = forwarderAt(this.address);
  }

  get address(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async #take(arrived: Request): Promise<Response> {
    try {
      const request = this.#forwarder.accepted(arrived);
      if (request !== null) this.received.push({ request, peer: request.peer, body: await request.text() });
    } catch (error) {
      assert(error instanceof Problem);
      this.refused.push(error.code);
    }
    return this.respond();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function requestOf(method: string, target: string, headers: Record<string, string> = {}): Request {
  return new Request(ORIGIN + target, { method, headers: { host: "ci.example.org", ...headers } });
}

Deno.test("Forwarder restores at the owner the request that arrived at the node", async () => {
  await using owner = new TestOwner();
  const headers = {
    "authorization": "Bearer some-key",
    "cookie": "a=1; __Host-taskscope=x",
    "origin": ORIGIN,
    "content-type": "application/json",
    "content-length": "99",
    "x-forwarded-for": "203.0.113.9",
    "x-hop": "1",
    "connection": "keep-alive, X-Hop",
    "keep-alive": "timeout=5",
    "proxy-authorization": "Basic eA==",
    "te": "trailers",
    "transfer-encoding": "chunked",
    "expect": "100-continue",
    "accept-encoding": "br",
  };
  const target = "/tasks/c/%41%2Fb%C3%BC?x=1&y=%20+#";
  const body = new TextEncoder().encode('{"ü":1}');
  const response = await forwarderAt(NODE).forward(
    requestOf("PATCH", target, headers),
    body,
    "192.0.2.7",
    owner,
  );
  assertEquals([response.status, await response.text()], [200, "done"]);
  const [{ request, peer, body: text }] = owner.received as [Received];
  assertEquals([request.method, request.url], ["PATCH", `${ORIGIN}/tasks/c/%41%2Fb%C3%BC?x=1&y=%20+`]);
  assertEquals([peer, text], ["192.0.2.7", '{"ü":1}']);
  const passed = Object.fromEntries(request.headers);
  for (const name of ["authorization", "cookie", "origin", "content-type", "x-forwarded-for"] as const) {
    assertEquals(passed[name], headers[name], name);
  }
  assertEquals([passed.host, passed["accept-encoding"], passed["content-length"]], [
    "ci.example.org",
    "identity",
    "8",
  ]);
  for (const name of ["x-hop", "keep-alive", "proxy-authorization", "te", "expect", "taskscope-forwarded"]) {
    assertEquals(passed[name], undefined, name);
  }
});

Deno.test("Forwarder passes the response on unchanged", async () => {
  await using owner = new TestOwner();
  const forwarder = forwarderAt(NODE);
  const headers = new Headers({
    "location": "/t/c",
    "x-hop": "1",
    "connection": "x-hop",
    "retry-after": "7",
  });
  headers.append("set-cookie", "a=1");
  headers.append("set-cookie", "b=2");
  owner.respond = () => new Response(null, { status: 303, headers });
  const redirect = await forwarder.forward(requestOf("POST", "/t/c/t/cancel"), null, "", owner);
  assertEquals([redirect.status, redirect.headers.get("location")], [303, "/t/c"]);
  await redirect.body?.cancel();
  assertEquals(redirect.headers.getSetCookie(), ["a=1", "b=2"]);
  assertEquals([redirect.headers.get("x-hop"), redirect.headers.get("retry-after")], [null, "7"]);
  assertEquals(owner.received[0]?.body, "");
  // The forwarder passes on the beginning of the body while the owner still writes the rest.
  const writer = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  owner.respond = () =>
    new Response(new ReadableStream({ start: (controller) => writer.resolve(controller) }));
  const response = await forwarder.forward(requestOf("POST", "/x"), null, "", owner);
  const reader = response.body!.getReader();
  const controller = await writer.promise;
  for (const text of ["first", "second"]) {
    controller.enqueue(new TextEncoder().encode(text));
    assertEquals(new TextDecoder().decode((await reader.read()).value), text);
  }
  controller.close();
  assert((await reader.read()).done);
});

Deno.test("Forwarder.accepted() refuses requests that were replayed, sent to another address, or signed by somebody else", async () => {
  await using owner = new TestOwner();
  const request = requestOf("POST", "/tasks/c");
  const { url, headers } = forwarderAt(NODE).prepare(request, "", owner);
  const send = async (target: string, method = "POST") =>
    await (await fetch(owner.address + target, { method, headers })).body?.cancel();
  await send("/tasks/d");
  await send("/tasks/c?x");
  await send("/tasks/c", "DELETE");
  assertEquals([owner.received.length, owner.refused.length], [0, 3]);
  assertEquals(url, `${owner.address}/tasks/c`);
  await send("/tasks/c");
  await send("/tasks/c");
  assertEquals([owner.received.length, owner.refused.length], [1, 4]);
  const strangers = [
    forwarderAt(NODE, {}, "another-key-than-the-owner's"),
    new Forwarder({ node: "n", address: NODE, key: null, secret: "x", limits: { forwardTimeoutMs: 1 } }),
  ];
  for (const stranger of strangers) {
    const { headers } = stranger.prepare(request, "", owner);
    await (await fetch(url, { method: "POST", headers })).body?.cancel();
  }
  const elsewhere = forwarderAt(NODE).prepare(request, "", { address: "http://10.0.0.3:8000" });
  await (await fetch(url, { method: "POST", headers: elsewhere.headers })).body?.cancel();
  assertEquals([owner.received.length, owner.refused.length], [1, 7]);
  assert(owner.refused.every((code) => code === "bad_forwarding"));
});

Deno.test("Forwarder sends a request to no other host than the owner's, whatever its path", async () => {
  await using owner = new TestOwner();
  for (const target of ["//evil.example/x", "/\\evil.example", "/@evil.example/", "/%2e%2e//evil.example"]) {
    const response = await forwarderAt(NODE).forward(requestOf("POST", target), null, "", owner);
    assertEquals(await response.text(), "done", target);
  }
  assertEquals([owner.received.length, owner.refused], [4, []]);
});

Deno.test("Forwarder distinguishes an owner that was not reached from one that did not respond", async () => {
  const refused = { address: `http://127.0.0.1:${freePort()}` };
  const forwarder = forwarderAt(NODE, { forwardTimeoutMs: 300 });
  const forward = (owner: Owner, method = "POST") =>
    forwarder.forward(requestOf(method, "/x"), null, "", owner);
  await assertRejects(() => forward(refused), OwnerUnreachableError);
  using silent = new RawSocketServer();
  const waiting = silent.next();
  const error = await assertRejects(() => forward({ address: silent.url }), Problem);
  assertEquals([error.code, error.status, error.headers["retry-after"]], ["outcome_unknown", 503, "1"]);
  (await waiting).close();
  const read = silent.next();
  assertEquals(
    (await assertRejects(() => forward({ address: silent.url }, "GET"), Problem)).code,
    "no_owner",
  );
  (await read).close();
  const patient = forwarderAt(NODE);
  const cut = silent.next().then((peer) => peer.close());
  const lost = await assertRejects(
    () => patient.forward(requestOf("POST", "/x"), null, "", { address: silent.url }),
    Problem,
  );
  await cut;
  assertEquals(lost.code, "outcome_unknown");
  assertEquals(forwarder.counts, { answered: 0, unreachable: 1, unanswered: 2 });
});

Deno.test("Forwarder distinguishes a node's own requests from those that it forwards", async () => {
  await using owner = new TestOwner();
  const forwarder = forwarderAt(NODE);
  const { url, headers } = forwarder.own("GET", "/ws/report?reporter=node:x", owner);
  await (await fetch(url, { headers })).body?.cancel();
  await (await forwarder.forward(requestOf("GET", "/ws/report?reporter=node:x"), null, "", owner)).body
    ?.cancel();
  assertEquals(owner.received.map(({ request }) => (request as ForwardedRequest).sender), [
    "test-node",
    null,
  ]);
  // A third party that sees the header can use it neither for another request nor a second time.
  await (await fetch(url.replace("x", "y"), { headers })).body?.cancel();
  await (await fetch(url, { headers })).body?.cancel();
  assertEquals(owner.refused, ["bad_forwarding", "bad_forwarding"]);
});
