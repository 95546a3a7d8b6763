import { Keyring } from "../../../lib/access/keyring.ts";
import { createMonitor, type MonitorOptions } from "../../../lib/mod.ts";
import { keyProtocols } from "../../../lib/remote/credentials.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { assertProblem, call } from "../../support/calls.ts";
import { creation, ReportSocket } from "../../support/report_socket.ts";
import { HANDSHAKE, rawCall } from "../../support/raw_http.ts";
import { startServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";

const KEY = "the-key-of-this-very-server";
const bearer = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });

function start(options: MonitorOptions = {}) {
  return startServer({ key: KEY, ...options });
}

Deno.test("Gate distinguishes a missing key from a wrong one", async () => {
  await using server = start();
  const none = await call("GET", `${server.url}/tasks/c`);
  assertProblem(none, 401, "key_needed");
  assertEquals(none.headers.get("www-authenticate"), 'Bearer realm="taskscope"');
  assertProblem(await call("GET", `${server.url}/tasks/c`, bearer("wrong")), 401, "bad_key");
  assertEquals((await call("GET", `${server.url}/tasks/c`, bearer(KEY))).status, 200);
  for (const authorization of [`bearer ${KEY}`, `BEARER  ${KEY} `]) {
    assertEquals((await call("GET", `${server.url}/tasks/c`, { headers: { authorization } })).status, 200);
  }
  // Credentials of the scheme Basic are meant for a reverse proxy, and do not count as a wrong key.
  const basic = { headers: { authorization: "Basic dTpw" } };
  assertProblem(await call("GET", `${server.url}/tasks/c`, basic), 401, "key_needed");
  // A key in the query of the URL is ignored.
  for (const name of ["key", "token", "access_token"]) {
    assertProblem(await call("GET", `${server.url}/tasks/c?${name}=${KEY}`), 401, "key_needed");
  }
});

Deno.test("Gate ignores a malformed Cookie header", async () => {
  await using server = start();
  for (const cookie of ["=x", "a=b;", ";", "__Host-taskscope", "__Host-taskscope=x; =y"]) {
    assertProblem(await call("GET", `${server.url}/tasks/c`, { headers: { cookie } }), 401, "key_needed");
  }
  assertEquals(server.errors, []);
});

Deno.test("Gate accepts the key as a WebSocket subprotocol, and no response repeats the key", async () => {
  await using server = start();
  const token = `taskscope.bearer.${btoa(KEY).replaceAll("=", "")}`;
  const shake = (protocols: string) =>
    rawCall(server.port, "GET", "/ws/tasks/c", [
      ["Host", `127.0.0.1:${server.port}`],
      ...HANDSHAKE,
      ["Sec-WebSocket-Protocol", protocols],
    ]);
  const good = await shake(`taskscope, ${token}`);
  assertEquals([good.status, good.headers.get("sec-websocket-protocol")], [101, "taskscope"]);
  assertEquals((await shake("taskscope, taskscope.bearer.!!!")).status, 401);
  assertEquals((await shake("taskscope")).status, 401);
  await using socket = new TestSocket(`${server.url}/ws/tasks/c`, ["taskscope", token]);
  await socket.count(1);
});

Deno.test("Gate refuses every key from an address, even the right key, after too many wrong ones", async () => {
  await using server = start({ limits: { wrongKeysPerAddress: 3, wrongKeyRefillMs: 3_600_000 } });
  const url = `${server.url}/tasks/c`;
  for (let turn = 0; turn < 3; turn++) assertEquals((await call("GET", url, bearer("wrong"))).status, 401);
  const refused = await call("GET", url, bearer(KEY));
  assertProblem(refused, 429, "slow_down");
  assertEquals(refused.headers.get("retry-after"), "3600");
  assertEquals((await call("GET", `${server.url}/healthz`)).status, 200);
  assertEquals((await call("GET", url)).status, 401, "a request without a key does not count as a wrong key");
});

Deno.test("Gate counts neither expired tokens nor wrong links as wrong keys", async () => {
  await using server = start({ limits: { wrongKeysPerAddress: 1, wrongKeyRefillMs: 3_600_000 } });
  const url = `${server.url}/tasks/c`;
  const expired = new Keyring(KEY).sign({ may: "read", client: "c", taskId: null, expiresAt: 1 });
  for (let turn = 0; turn < 3; turn++) {
    assertProblem(await call("GET", url, bearer(expired)), 401, "bad_key");
  }
  const links = await Promise.all([1, 2].map((turn) => call("GET", `${server.url}/s/wrong-${turn}`)));
  assertEquals(links.map(({ status }) => status), [401, 429]);
  assertEquals((await call("GET", url, bearer(KEY))).status, 200);
});

Deno.test("Gate accepts a token that it has verified, even after too many wrong keys", async () => {
  await using server = start({ limits: { wrongKeysPerAddress: 1, wrongKeyRefillMs: 3_600_000 } });
  const url = `${server.url}/tasks/c`;
  const sign = (expiresAt: number) =>
    new Keyring(KEY).sign({ may: "read", client: "c", taskId: null, expiresAt });
  const [known, other] = [await sign(4_000_000_000), await sign(4_000_000_001)];
  const statusOf = async (token: string) => (await call("GET", url, bearer(token))).status;
  assertEquals([await statusOf(known), await statusOf("wrong")], [200, 401]);
  assertEquals([await statusOf(known), await statusOf(other), await statusOf(KEY)], [200, 429, 429]);
});

Deno.test("Gate limits wrong cookies, because a cookie signed with a guessed key would confirm the guess", async () => {
  await using server = start({ limits: { wrongKeysPerAddress: 2, wrongKeyRefillMs: 3_600_000 } });
  const statusOf = async (cookie: string) =>
    (await call("GET", `${server.url}/tasks/c`, { headers: { cookie } })).status;
  const sessionOf = (key: string) => new Keyring(key).signSession(4_000_000_000);
  const share = { may: "read", client: "c", taskId: null, expiresAt: null } as const;
  const before = `__Host-taskscope=${await sessionOf(KEY)}`;
  assertEquals(await statusOf(before), 200);
  assertEquals(await statusOf(`__Host-taskscope=${await sessionOf("the-first-guessed-key")}`), 401);
  assertEquals(
    await statusOf(`__Host-taskscope-share=${new Keyring("another-guessed-key").sign(share)}`),
    401,
  );
  const guessed = new Keyring(KEY).signSession(4_000_000_001);
  assertEquals(await statusOf(`__Host-taskscope=${guessed}`), 401, "a right guess is not confirmed");
  assertEquals(await statusOf(before), 200);
  assertEquals((await call("GET", `${server.url}/tasks/c`, bearer(KEY))).status, 200);
  const signedIn = await call("POST", `${server.url}/sign-in`, {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ key: KEY }).toString(),
  });
  assertEquals(await statusOf(signedIn.headers.get("set-cookie")!.split(";")[0]!), 200);
});

Deno.test("Gate counts wrong keys by the address that a trusted proxy reports", async () => {
  await using server = start({
    limits: { wrongKeysPerAddress: 1, wrongKeyRefillMs: 3_600_000 },
    trustedProxies: ["127.0.0.1"],
  });
  const ask = async (key: string, from: string) => {
    const headers = { authorization: `Bearer ${key}`, "x-forwarded-for": from };
    return (await call("GET", `${server.url}/tasks/c`, { headers })).status;
  };
  assertEquals(await ask("wrong", "1.1.1.1"), 401);
  assertEquals([await ask(KEY, "9.9.9.9, 1.1.1.1"), await ask(KEY, "2.2.2.2")], [429, 200]);
  assertEquals([await ask("wrong", "2001:db8::1"), await ask(KEY, "2001:db8::2")], [401, 429]);
});

Deno.test("Gate trusts a proxy that connects over IPv4 to a server that listens on all addresses", async () => {
  await using monitor = createMonitor({
    key: KEY,
    limits: { wrongKeysPerAddress: 1, wrongKeyRefillMs: 3_600_000 },
    trustedProxies: ["127.0.0.1"],
    channel: crypto.randomUUID(),
    onNotice: () => {},
  });
  await using server = Deno.serve({ hostname: "::", port: 0, onListen: () => {} }, monitor.fetch);
  const ask = async (key: string, from: string) => {
    const headers = { authorization: `Bearer ${key}`, "x-forwarded-for": from };
    return (await call("GET", `http://127.0.0.1:${server.addr.port}/tasks/c`, { headers })).status;
  };
  assertEquals([await ask("wrong", "1.1.1.1"), await ask(KEY, "1.1.1.1"), await ask(KEY, "2.2.2.2")], [
    401,
    429,
    200,
  ]);
});

Deno.test("Gate limits the rate of changes per client if the server requires a key", async () => {
  const limits = { writesPerClient: 2, writeRefillMs: 3_600_000 };
  await using server = start({ limits });
  await using open = startServer({ limits });
  const create = (url: string, client: string) =>
    call("POST", `${url}/tasks/${client}`, { body: {}, ...keyed });
  const keyed = { headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" } };
  for (let turn = 0; turn < 2; turn++) assertEquals((await create(server.url, "c")).status, 201);
  const refused = await create(server.url, "c");
  assertProblem(refused, 429, "slow_down");
  assertMatch(refused.headers.get("retry-after") ?? "", /^\d+$/);
  assertEquals((await create(server.url, "d")).status, 201);
  assertEquals((await call("GET", `${server.url}/tasks/c`, keyed)).status, 200);
  for (let turn = 0; turn < 5; turn++) assertEquals((await create(open.url, "c")).status, 201);
});

Deno.test("Gate limits the rate of changes with each token separately from that of changes with the key", async () => {
  await using server = start({ limits: { writesPerClient: 3, writeRefillMs: 3_600_000 } });
  const url = `${server.url}/tasks/c`;
  const json = (token: string) => ({ body: {}, headers: { authorization: `Bearer ${token}` } });
  const create = async (id: string) =>
    (await call("POST", url, { ...json(KEY), body: { id, started: true } })).status;
  assertEquals([await create("t"), await create("u")], [201, 201]);
  const sign = (taskId: string | null) =>
    new Keyring(KEY).sign({ may: "write", client: "c", taskId, expiresAt: null });
  const write = async (id: string, token: string) =>
    (await call("PATCH", `${url}/${id}`, json(token))).status;
  const [one, other, all] = [await sign("t"), await sign("u"), await sign(null)];
  for (const wanted of [200, 200, 200, 429]) assertEquals(await write("t", one), wanted);
  assertEquals([await write("u", other), await write("t", all)], [200, 200]);
  assertEquals((await call("POST", `${url}/t/cancel`, json(KEY))).status, 202);
});

Deno.test("Gate calls authorize only after it has verified the key", async () => {
  await using server = start({ authorize: (_request, { client }) => client === "mine" });
  assertEquals((await call("GET", `${server.url}/tasks/mine`)).status, 401);
  assertEquals((await call("GET", `${server.url}/tasks/mine`, bearer(KEY))).status, 200);
  assertProblem(await call("GET", `${server.url}/tasks/other`, bearer(KEY)), 403, "not_allowed");
});

Deno.test("Sharing.create() creates tokens for holders of the key, and names an invalid field", async () => {
  await using server = start();
  const make = (body: unknown) => call("POST", `${server.url}/tokens`, { body, ...bearerJson });
  const bearerJson = { headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" } };
  const made = await make({ may: "read", client: "c", task_id: "t", expires_in: 60 });
  assertEquals([made.status, Object.keys(made.json)], [201, ["token", "expires_at", "url"]]);
  assertEquals(made.json.url, `${server.url}/s/${made.json.token}`);
  const before = Date.now() / 1_000;
  const brief = await make({ may: "read", client: "c", expires_in: 1e-9 });
  assert(brief.status === 201 && brief.json.expires_at >= before, `${brief.json.expires_at} is past`);
  assertEquals((await make({ may: "write", client: "c", expires_in: null })).json.expires_at, null);
  for (
    const [body, detail] of [
      [{}, 'Cannot read "may": wanted "read" or "write", received nothing'],
      [{ may: "all", client: "c" }, 'wanted "read" or "write"'],
      [{ may: "read", client: "../x" }, "a client token"],
      [{ may: "read", client: "c", expires_in: -1 }, "seconds up to"],
      [{ may: "read", client: "c", admin: true }, 'There is no field "admin"'],
    ] as const
  ) {
    const refused = await make(body);
    assertProblem(refused, 400, "bad_body");
    assertStringIncludes(refused.json.detail, detail);
  }
});

Deno.test("Sharing.follow() redirects to an address without the token, and gives read access only", async () => {
  await using server = start({ tasks: { quick: () => null } });
  const run = server.monitor.monitored(() => "secret result", { client: "c", id: "t", name: "t" });
  await run();
  await server.monitor.monitored(() => null, { client: "c", id: "other", name: "t" })();
  const token = new Keyring(KEY).sign({ may: "read", client: "c", taskId: "t", expiresAt: null });
  const followed = await call("GET", `${server.url}/s/${token}`);
  assertEquals([followed.status, followed.headers.get("location")], [303, "/t/c/t"]);
  assertEquals(followed.headers.get("referrer-policy"), "no-referrer");
  const cookie = followed.headers.get("set-cookie")!;
  assertMatch(cookie, /^__Host-taskscope-share=[\w.-]+; Secure; HttpOnly; SameSite=Lax; Path=\/$/);
  const headers = { cookie: cookie.split(";")[0]! };
  const page = await call("GET", `${server.url}/t/c/t`, { headers });
  assertEquals(page.status, 200);
  assertStringIncludes(page.text, "secret result");
  for (const text of ["/t/c/other", ">Remove<", ">Share<", "curl", token]) {
    assertEquals(page.text.includes(text), false, text);
  }
  for (const path of ["/t/c", "/tasks/c", "/tasks/c/other", "/clients", "/share/c/t", "/stats/c"]) {
    assertEquals((await call("GET", `${server.url}${path}`, { headers })).status, 403, path);
  }
  assertEquals((await call("DELETE", `${server.url}/tasks/c/t`, { headers })).status, 403);
  const socket = await rawCall(server.port, "GET", "/ws/tasks/c/t", [
    ["Host", `127.0.0.1:${server.port}`],
    ["Cookie", headers.cookie],
    ...HANDSHAKE,
  ]);
  assertEquals([socket.status, JSON.parse(socket.body).code], [403, "no_socket"]);
  const write = new Keyring(KEY).sign({ may: "write", client: "c", taskId: null, expiresAt: null });
  for (const text of [write, "x", KEY]) {
    assertEquals((await call("GET", `${server.url}/s/${text}`)).status, 401);
  }
});

Deno.test("SignIn.signIn() accepts only the key, and redirects only to pages of this server", async () => {
  await using server = start({ basePath: "/m" });
  const url = `${server.url}/m/sign-in`;
  const asked = await call("GET", `${server.url}/m/t/c?q=a&state=ERROR`);
  assertEquals(
    asked.headers.get("location"),
    `/m/sign-in?to=${encodeURIComponent("/m/t/c?q=a&state=ERROR")}`,
  );
  const form = (key: string, to: string) =>
    call("POST", url, {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ key, to }).toString(),
    });
  const wrong = await form("wrong", "/m/t/c");
  assertEquals(wrong.status, 401);
  assertStringIncludes(wrong.text, "This key or token is not valid, or has expired");
  assertEquals(wrong.headers.has("set-cookie"), false);
  const token = new Keyring(KEY).sign({ may: "read", client: "c", taskId: null, expiresAt: null });
  assertStringIncludes((await form(token, "")).text, "This is a token, not the key");
  const places: [string, string][] = [
    ["/m/t/c?q=a", "/m/t/c?q=a"],
    ["", "/m/"],
    ["//evil.example/m/", "/m/"],
    ["https://evil.example/m/", "/m/"],
    ["/m/\\evil.example", "/m//evil.example"],
    ["/other", "/m/"],
    ["/m/../..//evil.example/", "/m/"],
    ["javascript:alert(1)", "/m/"],
  ];
  for (const [to, location] of places) {
    const let_in = await form(KEY, to);
    assertEquals([let_in.status, let_in.headers.get("location")], [303, location], to);
  }
  const cookie = (await form(KEY, "")).headers.get("set-cookie")!;
  assertMatch(
    cookie,
    /^__Host-taskscope!m=[\w.-]+; Secure; HttpOnly; Max-Age=604800; SameSite=Lax; Path=\/$/,
  );
  const headers = { cookie: cookie.split(";")[0]! };
  assertEquals((await call("GET", `${server.url}/m/tasks/c`, { headers })).status, 200);
  assertEquals(
    (await call("GET", `${server.url}/m/tasks/c`, { headers: { cookie: `${headers.cookie}x` } })).status,
    401,
  );
  const out = await call("POST", `${server.url}/m/sign-out`, { headers });
  assertEquals([out.status, out.headers.get("location")], [303, "/m/sign-in"]);
});

Deno.test("SignIn keeps the sessions of servers below different paths of one host apart", async () => {
  const notices: string[] = [];
  const onNotice = (text: string) => notices.push(text);
  const limits = { wrongKeysPerAddress: 1, wrongKeyRefillMs: 3_600_000 };
  await using ci = start({ basePath: "/ci", onNotice, limits });
  await using share = start({ basePath: "/ci/share", key: "the-key-of-another-server", onNotice, limits });
  const cookies: string[] = [];
  for (const [url, key] of [[`${ci.url}/ci`, KEY], [`${share.url}/ci/share`, "the-key-of-another-server"]]) {
    const { headers } = await call("POST", `${url}/sign-in`, {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ key: key! }).toString(),
    });
    cookies.push(headers.get("set-cookie")!.split(";")[0]!);
  }
  const token = new Keyring(KEY).sign({ may: "read", client: "c", taskId: null, expiresAt: null });
  const followed = await call("GET", `${ci.url}/ci/s/${token}`);
  cookies.push(followed.headers.get("set-cookie")!.split(";")[0]!);
  const names = cookies.map((cookie) => cookie.split("=")[0]);
  assertEquals(names, ["__Host-taskscope!ci", "__Host-taskscope!ci!share", "__Host-taskscope-share!ci"]);
  // A browser sends the cookies of all servers of a host to each of them.
  for (let turn = 0; turn < 3; turn++) {
    for (const url of [`${ci.url}/ci`, `${share.url}/ci/share`]) {
      const { status } = await call("GET", `${url}/tasks/c`, { headers: { cookie: cookies.join("; ") } });
      assertEquals(status, 200, url);
    }
  }
  assertEquals(notices, []);
});

Deno.test("SignIn responds with 404 on a server without a key, or if sign-in is off", async () => {
  await using open = startServer();
  await using plain = start({ signIn: false });
  for (const path of ["/sign-in", "/share/c", "/s/x"]) {
    assertEquals((await call("GET", `${open.url}${path}`)).status, 404, path);
    assertEquals((await call("GET", `${plain.url}${path}`, bearer(KEY))).status, 404, path);
  }
  assertEquals((await call("GET", `${plain.url}/t/c`)).status, 401);
});

Deno.test("Gate limits the rate of batches of reports like that of single changes", async () => {
  await using server = start({ limits: { writesPerClient: 3, writeRefillMs: 3_600_000 } });
  const token = new Keyring(KEY).sign({ may: "write", client: "c", taskId: null, expiresAt: null });
  const post = (path: string, body: unknown, key: string) =>
    call("POST", server.url + path, { body, headers: { authorization: `Bearer ${key}` } });
  const report = (id: string, client = "c") => ({ client, id, at: 1, change: { type: "create", name: id } });
  const batch = (reports: unknown[], key = token) =>
    post("/report?reporter=reporter-1", { batch: 1, reports }, key);
  assertEquals((await post("/tasks/c", { id: "single" }, token)).status, 201);
  assertEquals((await batch([report("t"), report("u")])).status, 200);
  assertEquals((await batch([report("v")])).status, 200);
  const refused = await batch([report("w")]);
  assertProblem(refused, 429, "slow_down");
  assertMatch(refused.headers.get("retry-after") ?? "", /^\d+$/);
  assertProblem(await post("/tasks/c", { id: "late" }, token), 429, "slow_down");
  assertEquals(server.monitor.registry.task("c", "w"), undefined);
  // A batch without reports is accepted, because it only asks for commands; the key and other clients have
  // separate limits.
  assertEquals((await batch([])).status, 200);
  assertEquals((await batch([report("x"), report("x", "d")], KEY)).status, 200);
  assertEquals(server.errors, []);
});

Deno.test("Gate lets batches of reports over a socket wait for the rate limit, which they share with single changes", async () => {
  for (const writeRefillMs of [3_600_000, 20]) {
    await using server = start({ limits: { writesPerClient: 3, writeRefillMs } });
    const token = new Keyring(KEY).sign({ may: "write", client: "c", taskId: null, expiresAt: null });
    await using socket = new ReportSocket(server.url, "reporter-1", keyProtocols(token));
    await socket.opened();
    for (const id of ["t", "u", "v"]) socket.report(creation(id));
    await socket.taken(3);
    const last = socket.report(creation("w"));
    if (writeRefillMs === 20) {
      for (const id of ["x", "y", "z"]) socket.report(creation(id));
      await socket.taken(7);
      assertEquals(server.monitor.registry.task("c", "z")?.id, "z");
    } else {
      const headers = { authorization: `Bearer ${token}` };
      const single = await call("POST", `${server.url}/tasks/c`, { body: { id: "late" }, headers });
      assertProblem(single, 429, "slow_down");
      // Requests with the key have a separate limit.
      await using other = new ReportSocket(server.url, "reporter-2", keyProtocols(KEY));
      await other.opened();
      await other.taken(other.report(creation("by-key")));
      assertEquals(socket.acknowledged.includes(last), false);
      assertEquals(server.monitor.registry.task("c", "w"), undefined);
    }
    assertEquals(server.errors, []);
  }
});
