/** Tests that nothing stays open after the token or session that opened it has expired. */

import { Keyring } from "../../../lib/access/keyring.ts";
import { keyProtocols } from "../../../lib/remote/credentials.ts";
import { assertEquals } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";
import { passFor, passUntil } from "../../support/pass_until.ts";
import { creation } from "../../support/report_socket.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";

const KEY = "the-key-of-this-very-server";
const BY_KEY = { authorization: `Bearer ${KEY}` };
const EXPIRED = { code: 1008, reason: "The key or token has expired" };
const keyring = new Keyring(KEY);

/** The time of the fake clock at which the token or session of a test expires, in epoch seconds. */
const EXPIRES_AT = CLOCK_START + 10;

/** Starts a server with the task `t` of the client `c`. */
async function start(): Promise<TestServer> {
  const server = startServer({ key: KEY });
  await call("POST", `${server.url}/tasks/c`, { body: { id: "t" }, headers: BY_KEY });
  return server;
}

/**
 * Advances the clock to the expiry of the token or session, and checks that the promise resolves then, and
 * not before; returns its value.
 */
async function atExpiry<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isResolved = false;
  promise.then(() => isResolved = true);
  await passFor(clock, EXPIRES_AT * 1_000 - 500 - Date.now());
  assertEquals(isResolved, false, "not before it expires");
  await clock.passAsync(500);
  await passUntil(clock, () => isResolved, 0, 0);
  return await promise;
}

Deno.test("Events: streams end when the token, link or session expires, but not those of the key", async () => {
  await using server = await start();
  using clock = new FakeClock();
  const token = keyring.sign({ may: "read", client: "c", taskId: null, expiresAt: EXPIRES_AT });
  const visitors: Readonly<Record<string, string>>[] = [
    { authorization: `Bearer ${token}` },
    { cookie: `__Host-taskscope-share=${token}` },
    { cookie: `__Host-taskscope=${keyring.signSession(EXPIRES_AT)}` },
  ];
  const streams: Promise<string>[] = [];
  for (const headers of visitors) {
    for (const path of ["/events/tasks/c", "/events/tasks/c/t", "/events/tasks?watch=c&watch=c/t"]) {
      const response = await fetch(`${server.url}${path}`, { headers });
      assertEquals(response.status, 200, path);
      streams.push(response.text());
    }
  }
  const kept = await fetch(`${server.url}/events/tasks/c`, { headers: BY_KEY });
  await atExpiry(clock, Promise.all(streams));
  await passUntil(clock, () => server.monitor.watchers === 1, 0, 0);
  await kept.body?.cancel();
});

Deno.test("Sockets: sockets of watchers are closed when the token expires", async () => {
  await using server = await start();
  using clock = new FakeClock();
  const token = keyring.sign({ may: "read", client: "c", taskId: null, expiresAt: EXPIRES_AT });
  const sockets = ["/ws/tasks/c", "/ws/tasks/c?mode=delta", "/ws/tasks/c/t"]
    .map((path) => new TestSocket(`${server.url}${path}`, keyProtocols(token)));
  for (const socket of sockets) await socket.count(1);
  const closed = await atExpiry(clock, Promise.all(sockets.map((socket) => socket.closed())));
  assertEquals(closed, [EXPIRED, EXPIRED, EXPIRED]);
  await passUntil(clock, () => server.monitor.watchers === 0, 0, 0);
});

Deno.test("ReportBatches: the socket of a reporter is closed when its token expires", async () => {
  await using server = await start();
  using clock = new FakeClock();
  const token = keyring.sign({ may: "write", client: "c", taskId: null, expiresAt: EXPIRES_AT });
  const socket = new TestSocket(`${server.url}/ws/report?reporter=reporter-0001`, keyProtocols(token));
  await socket.opened();
  socket.send(JSON.stringify({ batch: 1, reports: [creation("before", 1)] }));
  // The commit takes a few milliseconds of real time.
  await passUntil(clock, () => socket.messages.some(({ type }) => type === "taken"), 5_000, 1);
  assertEquals(await atExpiry(clock, socket.closed()), EXPIRED);
});

Deno.test("Waits: a waiting request does not outlast its token", async () => {
  await using server = await start();
  const { json } = await call("GET", `${server.url}/tasks/c`, { headers: BY_KEY });
  using clock = new FakeClock();
  const token = keyring.sign({ may: "read", client: "c", taskId: null, expiresAt: EXPIRES_AT });
  const answers = Promise.all(
    ["/t?wait=ended&timeout=60", `?after=${json.cursor}&timeout=60`].map((rest) =>
      call("GET", `${server.url}/tasks/c${rest}`, { headers: { authorization: `Bearer ${token}` } })
    ),
  );
  const figures = () => call("GET", `${server.url}/metrics`, { headers: BY_KEY });
  while (!(await figures()).text.includes("taskscope_waiting_requests 2\n"));
  assertEquals((await atExpiry(clock, answers)).map(({ status }) => status), [408, 200]);
});
