/** Tests batches of reports from other processes, and the replies to those batches. */

import type { MonitorOptions } from "../../../../lib/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { HeldServer } from "../../../support/held_server.ts";
import { passFor, passUntil } from "../../../support/pass_until.ts";
import { startProgram } from "../../../support/program.ts";
import { HANDSHAKE, rawCall, readResponse, send, socketFrame } from "../../../support/raw_http.ts";
import { creation, REPORTER, reportOf, ReportSocket } from "../../../support/report_socket.ts";
import { startServer } from "../../../support/server.ts";
import { randomNumbers } from "../../../support/simulated_wire.ts";
import { until } from "../../../support/until.ts";

const encoder = new TextEncoder();

function post(url: string, reports: readonly unknown[], headers: Readonly<Record<string, string>> = {}) {
  return call("POST", `${url}/report?reporter=${REPORTER}`, { body: { batch: 7, reports }, headers });
}

/** Sends a WebSocket handshake and returns the response. */
function handshake(port: number, target: string, headers: readonly (readonly [string, string])[] = []) {
  const host = headers.some(([name]) => name === "Host") ? [] : [["Host", `127.0.0.1:${port}`] as const];
  return rawCall(port, "GET", target, [...host, ...HANDSHAKE, ...headers]);
}

Deno.test("ReportBatches.upgrade() receives batches, and acknowledges them after the commit", async () => {
  await using server = startServer();
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  socket.report(creation("1", 1), reportOf("1", { type: "start" }, 2));
  await socket.taken(socket.report(reportOf("1", { type: "update", progress: 5 }, 3)));
  const task = server.monitor.registry.task("c", "1");
  assertEquals([task?.state, task?.progress, task?.reporter, task?.report_seq], [
    "PROCESSING",
    5,
    REPORTER,
    3,
  ]);
  assertEquals(socket.told, []);
  assertEquals(socket.acknowledged.at(-1), 2);
  // The server also replies to a batch without reports, which is a sign of life.
  socket.report();
  await socket.find(({ type }) => type === "alive");
  assertEquals(server.errors, []);
});

Deno.test("ReportBatches.post() receives a batch, and responds with the replies to its reports", async () => {
  await using server = startServer();
  const first = await post(server.url, [creation("1", 1), reportOf("2", { type: "update" }, 2)]);
  assertEquals([first.status, first.headers.get("cache-control")], [200, "no-store"]);
  assertEquals(first.json, {
    replies: [{ type: "unknown", client: "c", id: "2" }, { type: "taken", batch: 7 }],
  });
  assertEquals(server.monitor.registry.task("c", "1")?.reporter, REPORTER);
  await post(server.url, [reportOf("1", { type: "start" }, 3)]);
  await call("POST", `${server.url}/tasks/c/1/cancel`);
  const asked = await post(server.url, []);
  assertEquals(asked.json.replies, [{ type: "cancel", client: "c", id: "1" }, { type: "taken", batch: 7 }]);
});

Deno.test("ReportBatches.upgrade() refuses an invalid reporter id before the upgrade", async () => {
  await using server = startServer();
  for (
    const id of ["", "?reporter=", "?reporter=short", `?reporter=${"x".repeat(65)}`, "?reporter=a/b/c/d/e"]
  ) {
    assertProblem(await handshake(server.port, `/ws/report${id}`), 400, "bad_reporter");
    assertProblem(
      await call("POST", `${server.url}/report${id}`, { body: { batch: 1, reports: [] } }),
      400,
      "bad_reporter",
    );
  }
});

Deno.test("ReportBatches responds only to its own paths and methods", async () => {
  await using server = startServer();
  const url = `${server.url}/report?reporter=${REPORTER}`;
  for (const method of ["GET", "PUT", "DELETE", "PATCH"]) {
    const answer = await call(method, url);
    assertProblem(answer, 405, "method_not_allowed");
    assertEquals(answer.headers.get("allow"), "POST");
  }
  assertProblem(
    await call("POST", url, { body: "{}", headers: { "content-type": "text/plain" } }),
    415,
    "wrong_content_type",
  );
  const type = { "content-type": "application/json" };
  assertProblem(await call("POST", url, { body: "{", headers: type }), 400, "bad_json");
  for (const body of [{}, { batch: -1, reports: [] }, { batch: 1 }, { batch: 1, reports: {} }, []]) {
    assertProblem(await call("POST", url, { body }), 400, "bad_request");
  }
  for (const reports of [[5], [null], [{}], [{ client: "c", id: ".." }], [[creation("1")]]]) {
    assertProblem(await call("POST", url, { body: { batch: 1, reports } }), 400, "bad_request");
  }
  for (const path of [`/report/x?reporter=${REPORTER}`, `/ws/report/x?reporter=${REPORTER}`]) {
    assertProblem(await call("POST", `${server.url}${path}`, { body: {} }), 404, "not_found");
  }
  assertProblem(await call("GET", `${server.url}/ws/report?reporter=${REPORTER}`), 426, "upgrade_needed");
  assertEquals(server.errors, []);
});

Deno.test("ReportBatches closes the socket after a message that is invalid or too large", async () => {
  await using server = startServer({ limits: { reportBytes: 1_000 } });
  const table: readonly (readonly [data: string | Uint8Array<ArrayBuffer>, code: number, reason: string])[] =
    [
      ["x".repeat(1_001), 1009, "Messages must have at most 1000 bytes"],
      ["é".repeat(501), 1009, "Messages must have at most 1000 bytes"],
      [new Uint8Array(1_001), 1009, "Messages must have at most 1000 bytes"],
      ["", 1008, "Cannot read message: it is not JSON"],
      ["{", 1008, "Cannot read message: it is not JSON"],
      ["[]", 1008, 'Cannot read "batch": wanted an object, received []'],
      ['{"batch":1}', 1008, 'Cannot read "reports": wanted an array'],
      ['{"batch":"1","reports":[]}', 1008, 'Cannot read "batch": wanted a whole number from 0'],
      ['{"batch":1,"reports":[5]}', 1008, "Cannot read message: wanted a client token and a task id"],
      [
        '{"batch":1,"reports":[{"client":"c","id":"é"}]}',
        1008,
        "Cannot read message: wanted a client token and a task id",
      ],
      [new Uint8Array(10), 1008, "Cannot read message: it is not JSON"],
    ];
  for (const [data, code, reason] of table) {
    await using socket = new ReportSocket(server.url);
    await socket.opened();
    socket.send(data);
    assertEquals(await socket.closed(), { code, reason });
  }
  const body = { batch: 1, reports: ["x".repeat(1_000)] };
  assertProblem(
    await call("POST", `${server.url}/report?reporter=${REPORTER}`, { body }),
    413,
    "body_too_large",
  );
  assertEquals(server.errors, []);
});

Deno.test("ReportBatches refuses an invalid report, and applies the others of its batch", async () => {
  await using server = startServer();
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  const bad = [
    { client: "c", id: "bad", at: 1, change: { type: "from the future" } },
    { client: "c", id: "worse", at: "yesterday", change: { type: "start" } },
  ];
  await socket.taken(
    socket.report(creation("1", 1), ...bad, reportOf("1", { type: "update", progress: 7 }, 2)),
  );
  assertEquals(server.monitor.registry.task("c", "1")?.progress, 7);
  assertEquals(socket.told, [
    {
      type: "refused",
      client: "c",
      id: "bad",
      reason: 'Cannot read "type": wanted the type of a change, received "from the future"',
    },
    {
      type: "refused",
      client: "c",
      id: "worse",
      reason: 'Cannot read "at": wanted a finite number, received "yesterday"',
    },
  ]);
});

Deno.test("ReportBatches refuses foreign hosts, and pages of origins that are not allowed", async () => {
  await using server = startServer({ allowedOrigins: ["https://friend.example"] });
  const socketPath = `/ws/report?reporter=${REPORTER}`;
  const postPath = `/report?reporter=${REPORTER}`;
  const body = '{"batch":1,"reports":[]}';
  const headersOf = (host: string, origin: string | null) => [
    ["Host", host] as const,
    ...(origin === null ? [] : [["Origin", origin] as const]),
  ];
  const here = `127.0.0.1:${server.port}`;
  const table: readonly (readonly [host: string, origin: string | null, status: number])[] = [
    [here, null, 200],
    [here, `http://${here}`, 200],
    [here, "https://friend.example", 200],
    [here, "https://evil.example", 403],
    [here, "http://localhost:1", 403],
    [here, "null", 403],
    ["evil.example", null, 421],
    [`evil.example:${server.port}`, "https://friend.example", 421],
  ];
  for (const [host, origin, status] of table) {
    const headers = headersOf(host, origin);
    const socket = await handshake(server.port, socketPath, headers);
    assertEquals(socket.status, status === 200 ? 101 : status, `${host} ${origin}`);
    const posted = await rawCall(server.port, "POST", postPath, [
      ...headers,
      ["Content-Type", "application/json"],
      ["Content-Length", `${body.length}`],
      ["Connection", "close"],
    ], body);
    assertEquals(posted.status, status, `${host} ${origin}`);
  }
});

Deno.test("ReportBatches limits the number of reporters", async () => {
  await using server = startServer({ limits: { reporters: 2 } });
  await using one = new ReportSocket(server.url, "reporter-one");
  {
    await using two = new ReportSocket(server.url, "reporter-two");
    await Promise.all([one.opened(), two.opened()]);
    const refused = await handshake(server.port, `/ws/report?reporter=${REPORTER}`);
    assertProblem(refused, 503, "limit_reached");
    assertEquals(refused.headers.get("retry-after"), "5");
    // The limit does not apply to reports over HTTP.
    assertEquals((await post(server.url, [])).status, 200);
  }
  await using three = new ReportSocket(server.url, "reporter-three");
  await three.opened();
});

/** Starts a server with an `authorize` function. */
function decided(authorize: MonitorOptions["authorize"]) {
  return startServer({ authorize: authorize!, limits: { logLinesPerTask: 10_000 } });
}

Deno.test("ReportBatches calls authorize once per client, and refuses reports without access", async () => {
  const asked: unknown[] = [];
  await using server = decided((request, access) => {
    asked.push({ path: new URL(request.url).pathname, ...access });
    return access.client !== "theirs";
  });
  const told = [];
  {
    await using socket = new ReportSocket(server.url);
    await socket.opened();
    await socket.taken(socket.report(creation("1"), creation("2", 1, "theirs"), creation("3")));
    await socket.taken(socket.report(creation("4"), creation("5", 2, "theirs")));
    told.push(...socket.told);
  }
  assertEquals(
    asked,
    ["c", "theirs"].map((client) => {
      return { path: "/ws/report", action: "report", client, taskId: null };
    }),
  );
  const reason = "no access to this task";
  assertEquals(told, ["2", "5"].map((id) => ({ type: "refused", client: "theirs", id, reason })));
  const { json } = await post(server.url, [creation("6", 1, "theirs")]);
  assertEquals(json.replies[0], { type: "refused", client: "theirs", id: "6", reason });
  assertEquals(server.monitor.registry.clients(), ["c"]);
  assertEquals(server.monitor.registry.tasks("c").map(({ id }) => id).sort(), ["1", "3", "4"]);
});

Deno.test("ReportBatches keeps the order of reports while access decisions are pending", async () => {
  const random = randomNumbers(3);
  await using server = decided(async () => {
    await new Promise((resolve) => setTimeout(resolve, random() * 5));
    return true;
  });
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  let seq = 0;
  const clients = Array.from({ length: 10 }, (_, n) => `client${n}`);
  let last = 0;
  for (let round = 0; round < 30; round++) {
    last = socket.report(
      ...clients.map((client) =>
        round === 0
          ? creation("1", ++seq, client)
          : reportOf("1", { type: "log", lines: [{ at: 1, text: `${round}` }] }, ++seq, client)
      ),
    );
  }
  await socket.taken(last);
  for (const client of clients) {
    const { json } = await call("GET", `${server.url}/tasks/${client}/1/logs`);
    assertEquals(
      json.lines.map(({ text }: { text: string }) => Number(text)),
      Array.from({ length: 29 }, (_, n) => n + 1),
    );
  }
  assertEquals(socket.told, []);
  assertEquals(socket.acknowledged, socket.acknowledged.toSorted((a, b) => a - b));
});

Deno.test("ReportBatches limits the reports that wait for an access decision, and drops those of a closed socket", async () => {
  const decision = Promise.withResolvers<boolean>();
  await using server = decided(() => decision.promise);
  {
    await using socket = new ReportSocket(server.url);
    await socket.opened();
    const lines = [{ at: 1, text: "x".repeat(8_000) }];
    const reports = Array.from({ length: 100 }, (_, n) => reportOf("1", { type: "log", lines }, n + 1));
    for (let batch = 0; batch < 22; batch++) socket.report(...reports);
    assertEquals(await socket.closed(), {
      code: 1013,
      reason: "Too many reports wait for an access decision",
    });
  }
  {
    await using socket = new ReportSocket(server.url);
    await socket.opened();
    socket.report(creation("late"));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  decision.resolve(true);
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  await socket.taken(socket.report(creation("1")));
  assertEquals(server.monitor.registry.tasks("c").map(({ id }) => id), ["1"]);
  assertEquals(server.errors, []);
});

Deno.test("ReportBatches closes the socket with 1013 if authorize fails", async () => {
  const failure = new Error("the directory is down");
  await using server = decided(() => Promise.reject(failure));
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  socket.report(creation("1"));
  assertEquals(await socket.closed(), { code: 1013, reason: "The server cannot store reports now" });
  assertEquals((await post(server.url, [creation("1")])).status, 500);
  assertEquals(server.errors, [failure, failure]);
});

Deno.test("ReportBatches acknowledges batches only after their commit", async () => {
  await using server = new HeldServer();
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  server.store.hold();
  for (let n = 1; n <= 20; n++) {
    socket.report(n === 1 ? creation("1", n) : reportOf("1", { type: "update", progress: n }, n));
  }
  await until(() => server.test.registry.task("c", "1")?.progress === 20);
  socket.report();
  await socket.find(({ type }) => type === "alive");
  assertEquals(socket.acknowledged, []);
  await server.store.commit();
  await socket.taken(1);
  await server.store.release();
  await socket.taken(20);
  assert(socket.acknowledged.length <= 3, "one acknowledgement covers many batches");
  const posting = post(server.url, [reportOf("1", { type: "update", progress: 30 }, 30)]);
  assertEquals((await posting).status, 200);
  assertEquals(server.errors, []);
});

Deno.test("ReportBatches acknowledges batches that arrive while the store is degraded only after it has recovered", async () => {
  await using server = new HeldServer();
  await using stays = new ReportSocket(server.url, "reporter-stays");
  await stays.opened();
  await server.store.fail();
  const batch = stays.report(creation("1", 1));
  for (let n = 0; n < 5; n++) {
    await using goes = new ReportSocket(server.url, `reporter-goes-${n}`);
    await goes.opened();
    goes.report(creation(`goes${n}`, 1));
    await until(() => server.test.registry.task("c", `goes${n}`) !== undefined);
  }
  assertProblem(await post(server.url, [creation("2", 1)]), 503, "storage_unavailable");
  assertEquals(stays.acknowledged, []);
  await server.store.recover();
  await stays.taken(batch);
  assertEquals(server.errors, []);
});

Deno.test("ReportBatches closes the socket with 1013 if a task's record cannot be read", async () => {
  await using server = new HeldServer();
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  await socket.taken(socket.report(creation("1", 1), reportOf("1", { type: "finish", result: null }, 2)));
  server.store.isBroken = true;
  socket.report(reportOf("1", { type: "update" }, 3));
  assertEquals(await socket.closed(), { code: 1013, reason: "The server cannot store reports now" });
  assertProblem(await post(server.url, [reportOf("1", { type: "update" }, 3)]), 503, "storage_unavailable");
  assertEquals(server.errors, []);
});

Deno.test("ReportBatches marks tasks as stale while their reporter is disconnected", async () => {
  await using server = startServer({ limits: { reporterAwayMs: 3_000, sweepIntervalMs: 500 } });
  using clock = new FakeClock();
  const task = () => server.monitor.registry.task("c", "1");
  {
    await using socket = new ReportSocket(server.url);
    await socket.opened();
    await socket.taken(socket.report(creation("1", 1), reportOf("1", { type: "start" }, 2)));
    await passFor(clock, 10_000);
    assertEquals(task()?.stale, false);
  }
  await passUntil(clock, () => task()?.stale === true);
  await call("POST", `${server.url}/tasks/c/1/cancel`);
  {
    await using back = new ReportSocket(server.url);
    await back.opened();
    await back.find(({ type }) => type === "cancel");
    assertEquals(task()?.stale, false);
  }
  await passUntil(clock, () => task()?.stale === true);
  const { json } = await post(server.url, []);
  assertEquals([json.replies[0].type, task()?.stale], ["cancel", false]);
  // An invalid request must not keep the task from becoming stale.
  assertProblem(await post(server.url, [reportOf("1", { type: "update" }, 3), 5]), 400, "bad_request");
  await passUntil(clock, () => task()?.stale === true);
});

Deno.test("ReportBatches keeps a reporter connected over its socket when one of its requests over HTTP ends", async () => {
  await using server = startServer();
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  await socket.taken(socket.report(creation("1", 1), reportOf("1", { type: "start" }, 2)));
  // For example, a request that was sent before the reporter replaced HTTP with the socket.
  assertEquals((await post(server.url, [])).status, 200);
  assertEquals((await call("POST", `${server.url}/tasks/c/1/cancel`)).status, 202);
  await socket.find(({ type }) => type === "cancel");
  assertEquals(socket.told, [{ type: "cancel", client: "c", id: "1" }]);
  // A request also gets the requests to cancel, in case the socket is no longer alive.
  const { json } = await post(server.url, []);
  assertEquals(json.replies[0], { type: "cancel", client: "c", id: "1" });
});

Deno.test("ReportBatches announces the shutdown, and refuses new reporters", async () => {
  await using server = startServer();
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  const batch = socket.report(creation("1", 1), reportOf("1", { type: "start" }, 2));
  await socket.taken(batch);
  const shutdown = server.monitor.shutdown();
  assertEquals((await socket.find(({ type }) => type === "closing")).type, "closing");
  assertEquals(await socket.closed(), { code: 1001, reason: "The server is shutting down" });
  assertProblem(await post(server.url, []), 503, "closing");
  await shutdown;
  assertEquals(server.errors, []);
});

Deno.test("ReportBatches disconnects a reporter that does not read its replies", async () => {
  // The reporter runs in another process, because Deno releases such a socket only when the peer does.
  await using program = await startProgram(["--no-demo", "--limit", "reporters=1"]);
  const { port } = program;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [["Host", `127.0.0.1:${port}`] as const, ...HANDSHAKE]
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await send(connection, encoder.encode(`GET /ws/report?reporter=${REPORTER} HTTP/1.1\r\n${lines}\r\n`));
  assertEquals((await readResponse(connection, "head")).status, 101);
  const bad = Array.from({ length: 5_000 }, (_, n) => ({ client: "c", id: `${n}`, at: "x".repeat(60) }));
  const frame = socketFrame(1, encoder.encode(JSON.stringify({ batch: 1, reports: bad })));
  let status = 503;
  for (let n = 0; n < 100 && status === 503; n++) {
    await send(connection, frame).catch(() => {});
    ({ status } = await handshake(port, `/ws/report?reporter=${REPORTER}`));
  }
  assertEquals(status, 101);
  assertEquals(program.process.stderr, "");
});

Deno.test("ReportBatches passes authorize the headers of the handshake with every report", async () => {
  const versions: (string | null)[] = [];
  await using server = decided(({ headers }) => {
    versions.push(headers.get("sec-websocket-version"));
    return true;
  });
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  await socket.taken(socket.report(creation("1"), creation("2", 1, "d")));
  await socket.taken(socket.report(creation("3", 2, "e")));
  assertEquals([versions, server.errors], [["13", "13", "13"], []]);
});
