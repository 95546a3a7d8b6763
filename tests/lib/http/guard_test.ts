/** Tests the checks of Host and Origin on a real server, with requests that no browser would send. */

import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { assertProblem } from "../../support/calls.ts";
import { HANDSHAKE, rawCall, rawRequest, type RawResponse } from "../../support/raw_http.ts";
import { REPORTER } from "../../support/report_socket.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { type Access, ConfigError, type MonitorOptions } from "../../../lib/mod.ts";

type Headers = readonly (readonly [string, string])[];

const SECRET = "nothing that was asked with a foreign host may see this";

/** Starts a server with a task that has a secret status. */
async function start(options: MonitorOptions = {}): Promise<TestServer> {
  const server = startServer({ tasks: { noop: () => null }, ...options });
  const run = server.monitor.monitored(async (task) => await task.update({ status: SECRET }), {
    client: "c",
    id: "t",
    name: "t",
  });
  await run();
  return server;
}

/** Sends a valid request with another Host header. */
function withHost(server: TestServer, host: string, target = "/tasks/c"): Promise<RawResponse> {
  return rawCall(server.port, "GET", target, [["Host", host]]);
}

Deno.test("Guard.checkHost() accepts the names of the loopback interface with any port", async () => {
  await using server = await start();
  const { port } = server;
  const good = [
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    `LocalHost:${port}`,
    `[::1]:${port}`,
    // The public port of a server behind a tunnel or in a container differs from its own port.
    "127.0.0.1:9",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "localhost:80",
  ];
  for (const host of good) {
    const answer = await withHost(server, host);
    assertEquals(answer.status, 200, host);
    assert(answer.body.includes(SECRET));
  }
});

Deno.test("Guard.checkHost() refuses every other name, in any spelling", async () => {
  await using server = await start();
  const { port } = server;
  const bad = [
    "evil.example",
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `evil.example#127.0.0.1:${port}`,
    `localhost.evil.example:${port}`,
    `127.0.0.1:${port}@evil.example`,
    `evil.example:${port}@127.0.0.1`,
    `localhost.:${port}`,
    `127.1:${port}`,
    `2130706433:${port}`,
    `0x7f.0.0.1:${port}`,
    `127.0.0.2:${port}`,
    `0.0.0.0:${port}`,
    `[::]:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `[0:0:0:0:0:0:0:1]:${port}`,
    "[::1",
    "::1",
    "",
    " ",
    ":",
    `:${port}`,
    "127.0.0.1:",
    "127.0.0.1:x",
    "127.0.0.1:123456",
    "127.0.0.1:-1",
    `127.0.0.1:${port}/tasks/c?q=`,
    `127.0.0.1:${port}/`,
    `127.0.0.1:${port}?`,
    `127.0.0.1:${port}#`,
    `127.0.0.1:${port}\\tasks`,
    `127.0.0.1:${port},evil.example`,
    `127.0.0.1 evil.example`,
    `ev il/x?y#z`,
    "%3127.0.0.1",
    "127。0。0。1",
    "xn--nxasmq6b",
    "\t",
    "a".repeat(5_000),
  ];
  for (const host of bad) {
    for (const target of ["/tasks/c", "/", "/healthz", "/t/c"]) {
      const answer = await withHost(server, host, target);
      assert([400, 421].includes(answer.status), `${host} ${target}: ${answer.status}`);
      assert(!answer.body.includes(SECRET));
    }
  }
  assertProblem(await withHost(server, "evil.example"), 421, "wrong_host");
  assertEquals(server.errors, []);
});

Deno.test("Guard.checkHost() refuses a request whose Host is missing, repeated or contradictory", async () => {
  await using server = await start();
  const good = `127.0.0.1:${server.port}`;
  const requests: readonly (readonly [string, Headers])[] = [
    ["/tasks/c", []],
    ["/tasks/c", [["Host", good], ["Host", "evil.example"]]],
    ["/tasks/c", [["Host", "evil.example"], ["Host", good]]],
    ["http://evil.example/tasks/c", [["Host", good]]],
    [`http://evil.example:${server.port}/tasks/c`, [["Host", good]]],
    [`http://${good}@evil.example/tasks/c`, [["Host", good]]],
    ["http://evil.example/tasks/c", [["Host", "evil.example"]]],
    [`http://${good}/tasks/c`, [["Host", "evil.example"]]],
    ["http:///tasks/c", [["Host", good]]],
  ];
  for (const [target, headers] of requests) {
    const answer = await rawCall(server.port, "GET", target, headers);
    assert(
      [0, 400, 404, 421].includes(answer.status),
      `${target} ${JSON.stringify(headers)}: ${answer.status}`,
    );
    assert(!answer.body.includes(SECRET), `${target} ${JSON.stringify(headers)}`);
  }
  const absolute = await rawCall(server.port, "GET", `http://${good}/tasks/c`, [["Host", good]]);
  assertEquals(absolute.status, 200, "the absolute form of a request target is legal");
  const old = await rawRequest(server.port, "GET /tasks/c HTTP/1.0\r\n\r\n");
  assert([400, 421].includes(old.status), `HTTP/1.0: ${old.status}`);
  assertEquals(server.errors, []);
});

Deno.test("Guard.checkHost() with allowedHosts requires the exact port", async () => {
  await using server = await start({ allowedHosts: ["127.0.0.1:1234", "Tasks.Example"] });
  for (const host of ["127.0.0.1:1234", "tasks.example", "TASKS.example"]) {
    assertEquals((await withHost(server, host)).status, 200, host);
  }
  for (const host of ["127.0.0.1", `127.0.0.1:${server.port}`, "localhost:1234", "tasks.example:1"]) {
    assertEquals((await withHost(server, host)).status, 421, host);
  }
});

Deno.test("Guard.checkHost() accepts the hosts of publicUrls", async () => {
  await using server = await start({
    publicUrls: ["https://ci.example/monitor", "http://10.0.0.7:8080"],
    allowedHosts: ["127.0.0.1:1"],
  });
  for (const host of ["ci.example", "10.0.0.7:8080", "127.0.0.1:1"]) {
    assertEquals((await withHost(server, host, "/monitor/tasks/c")).status, 200, host);
  }
  for (const host of ["ci.example:443", "ci.example:80"]) {
    assertEquals(
      (await withHost(server, host, "/monitor/tasks/c")).status,
      200,
      `${host} has a default port`,
    );
  }
  for (
    const host of ["10.0.0.7", "10.0.0.7:80", "ci.example:444", "evil.example:443", "ci.example:443:443"]
  ) {
    const { status } = await withHost(server, host, "/monitor/tasks/c");
    assert([400, 421].includes(status), `${host}: ${status}`);
  }
  for (const host of ["10.0.0.7", "evil.example", `127.0.0.1:${server.port}`]) {
    assertEquals((await withHost(server, host, "/monitor/tasks/c")).status, 421, host);
  }
  assertProblem(await withHost(server, "ci.example", "/tasks/c"), 404, "not_found");
});

/** Sends one request for each kind of change, and the handshake of a reporter. */
function changes(server: TestServer, headers: Headers): Promise<RawResponse>[] {
  const form = [...headers, ["Content-Type", "application/x-www-form-urlencoded"]] as const;
  const socket = [...headers, ...HANDSHAKE];
  return [
    rawCall(server.port, "POST", "/tasks/c/start/noop", headers),
    rawCall(server.port, "POST", "/tasks/c/t/cancel", headers),
    rawCall(server.port, "POST", "/tasks/c/unknown/retry", headers),
    rawCall(server.port, "POST", "/tasks/c/unknown/restore", headers),
    rawCall(server.port, "DELETE", "/tasks/c/unknown", headers),
    rawCall(server.port, "DELETE", "/tasks/unknown?state=ERROR", headers),
    rawCall(server.port, "POST", "/tasks/reported", headers),
    rawCall(server.port, "PATCH", "/tasks/c/unknown", headers),
    rawCall(server.port, "POST", "/tasks/c/unknown", headers),
    rawCall(server.port, "POST", "/tasks/c/unknown/finish", headers),
    rawCall(server.port, "POST", "/tasks/c/unknown/fail", headers),
    rawCall(server.port, "POST", "/tasks/c/unknown/cancelled", headers),
    rawCall(server.port, "POST", "/tasks/c/unknown/logs", headers),
    rawCall(server.port, "POST", "/report", headers),
    rawCall(server.port, "POST", "/t/c/start/noop", form),
    rawCall(server.port, "POST", "/t/c/t/cancel", form),
    rawCall(server.port, "POST", "/t/c/unknown/remove", form),
    rawCall(server.port, "GET", `/ws/report?reporter=${REPORTER}`, socket),
  ];
}

/** Sends one handshake for each kind of WebSocket that watches tasks. */
function watches(server: TestServer, headers: Headers): Promise<RawResponse>[] {
  const socket = [...headers, ...HANDSHAKE];
  return ["/ws/tasks/c", "/ws/tasks/c/t"].map((path) => rawCall(server.port, "GET", path, socket));
}

Deno.test("Guard.checkOrigin() checks Origin and Sec-Fetch-Site of every change and every WebSocket handshake", async () => {
  await using server = await start({ allowedOrigins: ["https://friend.example"] });
  const host = `127.0.0.1:${server.port}`;
  const matrix: readonly (readonly [string | null, string | null, boolean])[] = [
    // Programs send neither header. Browsers send Sec-Fetch-Site, except in WebSocket handshakes.
    [null, null, true],
    [null, "same-origin", true],
    [null, "none", true],
    [null, "same-site", false],
    [null, "cross-site", false],
    [null, "nonsense", false],
    [`http://${host}`, null, true],
    [`http://${host}`, "same-origin", true],
    // The browser sends this Origin if a proxy in front of the server terminates TLS.
    [`https://${host}`, null, true],
    ["https://friend.example", "cross-site", true],
    ["https://friend.example", null, true],
    ["http://friend.example", null, false],
    ["https://friend.example.evil.example", null, false],
    ["https://evil.example", null, false],
    ["https://evil.example", "same-origin", false],
    [`http://localhost:${server.port}`, null, false],
    ["http://127.0.0.1:1", null, false],
    [`http://${host}.evil.example`, null, false],
    [`http://${host}/`, null, false],
    ["null", null, false],
    ["null", "cross-site", false],
    ["null", "same-site", false],
    ["null", "same-origin", true],
    ["", null, false],
  ];
  for (const [origin, site, isAllowed] of matrix) {
    const headers: [string, string][] = [["Host", host]];
    if (origin !== null) headers.push(["Origin", origin]);
    if (site !== null) headers.push(["Sec-Fetch-Site", site]);
    const before = server.monitor.registry.cursor.seq;
    for (const answer of await Promise.all(changes(server, headers))) {
      const wasRefused = answer.status === 403 && answer.body.includes(" origins ");
      assertEquals(
        wasRefused,
        !isAllowed,
        `${origin} ${site}: ${answer.status} ${answer.body.slice(0, 200)}`,
      );
    }
    const mayWatch = isAllowed && origin !== "https://friend.example";
    for (const { status, body } of await Promise.all(watches(server, headers))) {
      assertEquals(status, mayWatch ? 101 : 403, `${origin} ${site}: ${body.slice(0, 200)}`);
    }
    if (!isAllowed) {
      assertEquals(server.monitor.registry.cursor.seq, before, `${origin} ${site} changed something`);
    }
    const reading = await rawCall(server.port, "GET", "/tasks/c", headers);
    assertEquals(
      reading.status,
      200,
      "reading requires no Origin, because pages of other origins cannot read the response",
    );
    assertEquals(reading.headers.get("access-control-allow-origin"), null);
  }
  assertEquals(server.errors, []);
});

Deno.test("Guard.checkOrigin() accepts the origin of a public URL", async () => {
  await using server = await start({ publicUrls: ["https://ci.example"] });
  const call = (origin: string) =>
    rawCall(server.port, "POST", "/tasks/c/start/noop", [["Host", "ci.example"], ["Origin", origin]]);
  assertEquals((await call("https://ci.example")).status, 202);
  assertEquals((await call("https://ci.example:444")).status, 403);
  const headers: Headers = [["Host", "ci.example"], ["Origin", "https://ci.example"]];
  for (const { status } of await Promise.all(watches(server, headers))) assertEquals(status, 101);
});

Deno.test("Guard.checkOrigin() accepts the origin of a Host that names the default port", async () => {
  await using server = await start({ allowedHosts: ["10.0.0.5", "10.0.0.5:443"] });
  const statusOf = async (host: string, origin: string) =>
    (await rawCall(server.port, "POST", "/tasks/c/start/noop", [["Host", host], ["Origin", origin]])).status;
  for (const host of ["10.0.0.5", "10.0.0.5:443"]) {
    assertEquals(await statusOf(host, "https://10.0.0.5"), 202, host);
    assertEquals(await statusOf(host, "https://10.0.0.5:444"), 403, host);
    assertEquals(await statusOf(host, "https://10.0.0.6"), 403, host);
  }
  assertEquals(await statusOf("10.0.0.5:443", "https://10.0.0.5:443"), 202);
});

Deno.test("authorize() is called with the access of every route, and its decision is enforced", async () => {
  const asked: Access[] = [];
  let decide: () => boolean | Promise<boolean> = () => true;
  await using server = await start({
    authorize: (_request, access) => {
      asked.push(access);
      return decide();
    },
  });
  const host: Headers = [["Host", `127.0.0.1:${server.port}`]];
  const access = (action: Access["action"], taskId: string | null = null) => ({
    action,
    client: "c",
    taskId,
  });
  const routes: readonly (readonly [string, string, Access | null, Headers?])[] = [
    ["GET", "/tasks/c", access("read")],
    ["HEAD", "/tasks/c", access("read")],
    ["GET", "/tasks/c/t", access("read", "t")],
    ["GET", "/tasks/c?after=x:1", access("read")],
    ["GET", "/tasks/c/t/logs", access("read", "t")],
    ["GET", "/tasks/c/t/history", access("read", "t")],
    ["GET", "/tasks/c/t/progress", access("read", "t")],
    ["GET", "/tasks/c/t/values", access("read", "t")],
    ["GET", "/names/c", access("read")],
    ["GET", "/badge/c/t.svg", access("read", "t")],
    ["POST", "/tasks/c/t/retry", access("start", "t")],
    ["POST", "/tasks/c/t/restore", access("remove", "t")],
    ["POST", "/tasks/c/start/noop", access("start")],
    ["POST", "/tasks/c/t/cancel", access("cancel", "t")],
    ["DELETE", "/tasks/c?state=ERROR", access("remove")],
    ["POST", "/tasks/c", access("report")],
    ["PATCH", "/tasks/c/t", access("report", "t")],
    ["POST", "/tasks/c/t", access("report", "t")],
    ["POST", "/tasks/c/t/finish", access("report", "t")],
    ["POST", "/tasks/c/t/fail", access("report", "t")],
    ["POST", "/tasks/c/t/cancelled", access("report", "t")],
    ["POST", "/tasks/c/t/logs", access("report", "t")],
    ["GET", "/ws/tasks/c", access("read"), HANDSHAKE],
    ["GET", "/ws/tasks/c/t", access("read", "t"), HANDSHAKE],
    ["GET", "/events/tasks/c?after=x", access("read")],
    ["GET", "/events/tasks/c/unknown", access("read", "unknown")],
    ["GET", "/tasks/c/t?wait=NOT_STARTED&timeout=0", access("read", "t")],
    ["GET", "/t/c", access("read")],
    ["GET", "/t/c/t", access("read", "t")],
    ["POST", "/t/c/start/noop", access("start")],
    ["POST", "/t/c/t/cancel", access("cancel", "t")],
    ["POST", "/t/c/t/remove", access("remove", "t")],
    ["DELETE", "/tasks/c/t", access("remove", "t")],
    // Routes that are not about a client's tasks.
    ["GET", "/healthz", null],
    ["GET", "/readyz", null],
    ["GET", "/assets/unknown", null],
  ];
  const decisions = [
    [() => false, 403],
    [() => Promise.resolve(false), 403],
    [() => Promise.reject(new Error("async")), 500],
    [
      () => {
        throw new Error("sync");
      },
      500,
    ],
  ] as const;
  const { seq } = server.monitor.registry.cursor;
  for (const [decision, status] of decisions) {
    decide = decision;
    for (const [method, path, wanted, more = []] of routes) {
      asked.length = 0;
      const answer = await rawCall(
        server.port,
        method,
        path,
        [...host, ...more, ["Connection", more.length > 0 ? "Upgrade" : "close"]].filter(
          ([name], index, all) =>
            name !== "Connection" || all.findIndex(([other]) => other === name) === index,
        ) as Headers,
      );
      if (wanted === null) {
        assertEquals(asked, []);
        assert(answer.status < 500 && answer.status !== 403, path);
      } else {
        assertEquals(asked, [wanted], `${method} ${path}`);
        assertEquals(answer.status, status, `${method} ${path}`);
        assert(!answer.body.includes(SECRET) && !answer.body.includes("sync"), `${method} ${path}`);
      }
    }
  }
  assertEquals(server.monitor.registry.cursor.seq, seq, "refused requests change nothing");
  assertEquals(server.errors.length, 2 * routes.filter(([, , wanted]) => wanted !== null).length);

  for (const decision of [() => true, () => Promise.resolve(true)]) {
    decide = decision;
    assertEquals((await rawCall(server.port, "GET", "/tasks/c/t", host)).status, 200);
    assertEquals((await rawCall(server.port, "GET", "/ws/tasks/c", [...host, ...HANDSHAKE])).status, 101);
  }
});

Deno.test("authorize() is not called if Host or Origin is not allowed", async () => {
  let asked = 0;
  await using server = await start({ authorize: () => ++asked > 0 });
  assertEquals((await withHost(server, "evil.example")).status, 421);
  const headers: Headers = [["Host", `127.0.0.1:${server.port}`], ["Origin", "https://evil.example"]];
  for (const answer of await Promise.all([...changes(server, headers), ...watches(server, headers)])) {
    assertEquals(answer.status, 403);
  }
  assertEquals(asked, 0);
});

Deno.test("createMonitor() refuses invalid access options", () => {
  const wrong: readonly MonitorOptions[] = [
    { basePath: "monitor" },
    { basePath: "/a//b" },
    { basePath: "/a b" },
    { basePath: "/../x?" },
    { publicUrls: ["ci.example"] },
    { publicUrls: ["ftp://ci.example"] },
    { publicUrls: ["https://user:secret@ci.example"] },
    { publicUrls: ["https://ci.example/?x"] },
    { allowedOrigins: ["*"] },
    { allowedOrigins: ["null"] },
    { allowedOrigins: ["https://ci.example/path"] },
    { limits: { watchers: 0 } },
    { limits: { watchers: 1.5 } },
    { limits: { watcher: 1 } as MonitorOptions["limits"] & object },
    { channel: "" },
  ];
  for (const options of wrong) {
    assertThrows(() => startServer(options), ConfigError, "Cannot");
  }
});
