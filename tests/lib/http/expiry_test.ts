/** Tests that nothing stays open after the token or session that opened it has expired. */

import { Keyring } from "../../../lib/access/keyring.ts";
import { keyProtocols } from "../../../lib/remote/credentials.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { creation } from "../../support/report_socket.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";
import { until } from "../../support/until.ts";

const KEY = "the-key-of-this-very-server";
const BY_KEY = { authorization: `Bearer ${KEY}` };
const EXPIRED = { code: 1008, reason: "The key or token has expired" };
const keyring = new Keyring(KEY);

/** Returns a time soon enough to wait for, and late enough to open everything before; in epoch seconds. */
function soon(): number {
  return Math.ceil(Date.now() / 1_000) + 2;
}

/** Starts a server with the task `t` of the client `c`. */
async function start(): Promise<TestServer> {
  const server = startServer({ key: KEY });
  await call("POST", `${server.url}/tasks/c`, { body: { id: "t" }, headers: BY_KEY });
  return server;
}

Deno.test("Events: streams end when the token, link or session expires, but not those of the key", async () => {
  await using server = await start();
  const expiresAt = soon();
  const token = await keyring.sign({ may: "read", client: "c", taskId: null, expiresAt });
  const visitors: Readonly<Record<string, string>>[] = [
    { authorization: `Bearer ${token}` },
    { cookie: `__Host-taskscope-share=${token}` },
    { cookie: `__Host-taskscope=${await keyring.signSession(expiresAt)}` },
  ];
  const texts: Promise<string>[] = [];
  for (const headers of visitors) {
    for (const path of ["/events/tasks/c", "/events/tasks/c/t", "/events/tasks?watch=c&watch=c/t"]) {
      const response = await fetch(`${server.url}${path}`, { headers });
      assertEquals(response.status, 200, path);
      texts.push(response.text());
    }
  }
  const kept = await fetch(`${server.url}/events/tasks/c`, { headers: BY_KEY });
  await Promise.all(texts);
  assert(Date.now() / 1_000 >= expiresAt);
  await until(() => server.monitor.watchers === 1);
  await kept.body?.cancel();
});

Deno.test("Sockets: sockets of watchers are closed when the token expires", async () => {
  await using server = await start();
  const expiresAt = soon();
  const token = await keyring.sign({ may: "read", client: "c", taskId: null, expiresAt });
  const sockets = ["/ws/tasks/c", "/ws/tasks/c?mode=delta", "/ws/tasks/c/t"]
    .map((path) => new TestSocket(`${server.url}${path}`, keyProtocols(token)));
  for (const socket of sockets) await socket.count(1);
  for (const socket of sockets) assertEquals(await socket.closed(), EXPIRED);
  assert(Date.now() / 1_000 >= expiresAt);
  await until(() => server.monitor.watchers === 0);
});

Deno.test("ReportBatches: the socket of a reporter is closed when its token expires", async () => {
  await using server = await start();
  const expiresAt = soon();
  const token = await keyring.sign({ may: "write", client: "c", taskId: null, expiresAt });
  const socket = new TestSocket(`${server.url}/ws/report?reporter=reporter-0001`, keyProtocols(token));
  await socket.opened();
  socket.send(JSON.stringify({ batch: 1, reports: [creation("before", 1)] }));
  await socket.find(({ type }) => type === "taken");
  assertEquals(await socket.closed(), EXPIRED);
  assert(Date.now() / 1_000 >= expiresAt);
});

Deno.test("Waits: a waiting request does not outlast its token", async () => {
  await using server = await start();
  const { json } = await call("GET", `${server.url}/tasks/c`, { headers: BY_KEY });
  const expiresAt = soon();
  const token = await keyring.sign({ may: "read", client: "c", taskId: null, expiresAt });
  const answers = await Promise.all(
    ["/t?wait=ended&timeout=60", `?after=${json.cursor}&timeout=60`].map((rest) =>
      call("GET", `${server.url}/tasks/c${rest}`, { headers: { authorization: `Bearer ${token}` } })
    ),
  );
  assertEquals(answers.map(({ status }) => status), [408, 200]);
  assert(Date.now() / 1_000 < expiresAt + 30);
});
