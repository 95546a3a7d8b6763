/**
 * Tests that the holders of tokens for one client can't use up the slots and the memory that other holders
 * need.
 */

import type { Scope } from "../../../lib/access/grant.ts";
import { Keyring } from "../../../lib/access/keyring.ts";
import { assertEquals } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { closeQuietly, HANDSHAKE, readResponse, send } from "../../support/raw_http.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const KEY = "the-key-of-this-very-server";
const keyring = new Keyring(KEY);
/**
 * How many of eight slots a token for `c`, a token for `d` and the key get, if each of them in turn requests
 * eight.
 */
const SHARES = [4, 2, 2];

function start() {
  return startServer({ key: KEY, limits: { watchers: 8, waitingRequests: 8, reporters: 8 } });
}

/** Returns the credentials that request slots in turn, each with the client whose tasks it requests. */
async function askers(may: Scope): Promise<readonly (readonly [client: string, token: string])[]> {
  const sign = (client: string) => keyring.sign({ may, client, taskId: null, expiresAt: null });
  return [["c", await sign("c")], ["d", await sign("d")], ["e", KEY]];
}

/** Opens eight connections, and returns how many of them the server accepted. */
async function openAll(
  { port }: TestServer,
  path: string,
  token: string,
  connections: Deno.Conn[],
): Promise<number> {
  const isSocket = path.startsWith("/ws/");
  const lines = [`Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`];
  if (isSocket) lines.push(...HANDSHAKE.map(([name, value]) => `${name}: ${value}`));
  let accepted = 0;
  for (let index = 0; index < 8; index++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connections.push(connection);
    const target = path.replace("#", `${index}`);
    await send(
      connection,
      new TextEncoder().encode(`GET ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`),
    );
    const { status } = await readResponse(connection, "head");
    assertEquals(status, status === 503 ? 503 : isSocket ? 101 : 200);
    if (status !== 503) accepted++;
  }
  return accepted;
}

for (
  const { what, may, path } of [
    { what: "event streams", may: "read", path: "/events/tasks/{client}" },
    { what: "sockets of watchers", may: "read", path: "/ws/tasks/{client}?mode=delta" },
    { what: "sockets of reporters", may: "write", path: "/ws/report?reporter=reporter-{client}-#" },
  ] as const
) {
  Deno.test(`shares: ${what} of one client's tokens leave room for others`, async () => {
    await using server = start();
    const connections: Deno.Conn[] = [];
    try {
      const accepted: number[] = [];
      for (const [client, token] of await askers(may)) {
        accepted.push(await openAll(server, path.replace("{client}", client), token, connections));
      }
      assertEquals(accepted, SHARES);
    } finally {
      connections.forEach(closeQuietly);
    }
  });
}

Deno.test("shares: each subscription of a stream counts as a watcher", async () => {
  await using server = start();
  const token = keyring.sign({ may: "read", client: "c", taskId: null, expiresAt: null });
  const answer = await server.monitor.fetch(
    new Request(`${server.url}/events/tasks?${Array(8).fill("watch=c").join("&")}`, {
      headers: { authorization: `Bearer ${token}` },
    }),
  );
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while ((text.match(/event: end/g) ?? []).length < 4) text += (await reader.read()).value;
  assertEquals(text.match(/"status":503/g)?.length, 4);
  assertEquals(server.monitor.watchers, 4);
  await reader.cancel();
});

Deno.test("shares: waiting requests of one client's tokens leave room for others", async () => {
  await using server = start();
  const held: Promise<number>[] = [];
  let refused = 0;
  for (const [index, [client, token]] of (await askers("read")).entries()) {
    const headers = { authorization: `Bearer ${token}` };
    const ask = async (query: string) =>
      await server.monitor.fetch(new Request(`${server.url}/tasks/${client}${query}`, { headers }));
    const { cursor } = await (await ask("")).json();
    for (let count = 0; count < 8; count++) {
      held.push(
        ask(`?after=${cursor}&timeout=60`).then(({ status }) => {
          if (status === 503) refused++;
          return status;
        }),
      );
    }
    const expected = SHARES.slice(0, index + 1).reduce((sum, share) => sum + 8 - share, 0);
    await until(() => refused >= expected);
  }
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  for (const client of ["c", "d", "e"]) {
    await call("POST", `${server.url}/tasks/${client}`, { headers, body: "{}" });
  }
  const statuses = await Promise.all(held);
  const served = [0, 8, 16].map((first) =>
    statuses.slice(first, first + 8).filter((one) => one === 200).length
  );
  assertEquals(served, SHARES);
});

Deno.test("shares: statistics of one client's names leave room for others", async () => {
  await using server = start();
  const credentials = await askers("read");
  const ask = (client: string, token: string, query = "") =>
    server.monitor.fetch(
      new Request(`${server.url}/names/${client}${query}`, { headers: { authorization: `Bearer ${token}` } }),
    );
  // Use each token once, because the server accepts a known token in the same turn. Then no response is sent
  // before the last request arrives.
  for (const [client, token] of credentials) assertEquals((await ask(client, token)).status, 200);
  const answers = credentials.map(([client, token]) =>
    Array.from({ length: 20 }, (_, index) => ask(client, token, `?name=${index}`))
  );
  const served = answers.map(async (each) =>
    (await Promise.all(each)).filter(({ status }) => status === 200).length
  );
  assertEquals(await Promise.all(served), [10, 5, 5]);
});

Deno.test("shares: unread lists of one client's tokens leave room for those of others", async () => {
  await using server = startServer({ key: KEY, limits: { unsentBytes: 8_000_000 } });
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  const metadata = { text: "x".repeat(15_000) };
  for (let index = 0; index < 40; index++) {
    for (const client of ["c", "d"]) {
      const body = JSON.stringify({ id: `t-${index}`, metadata });
      assertEquals((await call("POST", `${server.url}/tasks/${client}`, { headers, body })).status, 201);
    }
  }
  const [[, token] = []] = await askers("read");
  const unread: Response[] = [];
  const ask = async (client: string, token: string, query: string) => {
    const answer = await server.monitor.fetch(
      new Request(`${server.url}/tasks/${client}?${query}`, {
        headers: { authorization: `Bearer ${token}` },
      }),
    );
    unread.push(answer);
    return answer.status;
  };
  // Each response is a different text of 270 to 600 kB; each character counts as two bytes.
  const statuses: number[] = [];
  for (let limit = 18; limit <= 40; limit++) statuses.push(await ask("c", token!, `limit=${limit}`));
  assertEquals(statuses.includes(503), true);
  assertEquals(await ask("d", KEY, "limit=20"), 200);
  for (const { body } of unread) await body?.cancel();
  assertEquals(await ask("c", token!, "limit=20"), 200);
  await unread.at(-1)!.body?.cancel();
});

Deno.test("shares: unread tasks that one client's tokens poll leave room for those of others", async () => {
  await using server = startServer({ key: KEY, limits: { unsentBytes: 830_000 } });
  const { host } = new URL(server.url);
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  const served: number[] = [];
  const unread: Response[] = [];
  for (const [client, token] of await askers("read")) {
    let compressed = 0;
    for (let id = 0; id < 8; id++) {
      const task = `${server.url}/tasks/${client}/t-${id}`;
      await call("POST", `${server.url}/tasks/${client}`, { headers, body: `{"id":"t-${id}"}` });
      const body = JSON.stringify({ result: `${client}-${id}`.repeat(16_000) });
      assertEquals((await call("POST", `${task}/finish`, { headers, body })).status, 200);
      const ask = async () => {
        const headers = { host, "authorization": `Bearer ${token}`, "accept-encoding": "gzip" };
        return await server.monitor.fetch(new Request(task, { headers }));
      };
      // The second request of a URL takes the fast path.
      await (await ask()).body!.cancel();
      const answer = await ask();
      unread.push(answer);
      assertEquals(answer.status, 200);
      // Without room in its share, a response of medium length is sent uncompressed.
      if (answer.headers.get("content-encoding") === "gzip") compressed++;
    }
    served.push(compressed);
  }
  assertEquals(served, SHARES);
  for (const { body } of unread) await body?.cancel();
});

for (
  const { what, pathOf } of [
    {
      what: "the streams of tasks",
      pathOf: (client: string, id: number) => `/events/tasks/${client}/t-${id}`,
    },
    {
      what: "streams with one subscription each",
      pathOf: (client: string, id: number) => `/events/tasks?watch=${client}/t-${id}`,
    },
    {
      what: "streams with two subscriptions each",
      pathOf: (client: string, id: number) => `/events/tasks?watch=${client}/t-${id}&watch=${client}/none`,
    },
  ]
) {
  Deno.test(`shares: unread events of one client's tokens leave room for those of others: ${what}`, async () => {
    await using server = startServer({ key: KEY, limits: { unsentBytes: 135_000 } });
    const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
    const metadata = { text: "x".repeat(15_000) };
    const unread: Response[] = [];
    const served: number[] = [];
    const credentials = await askers("read");
    for (const [client] of credentials) {
      for (let id = 0; id < 8; id++) {
        const body = JSON.stringify({ id: `t-${id}`, metadata });
        assertEquals((await call("POST", `${server.url}/tasks/${client}`, { headers, body })).status, 201);
      }
    }
    for (const [client, token] of credentials) {
      const before = server.monitor.watchers;
      for (let id = 0; id < 8; id++) {
        const headers = { authorization: `Bearer ${token}` };
        unread.push(await server.monitor.fetch(new Request(server.url + pathOf(client, id), { headers })));
      }
      served.push(server.monitor.watchers - before);
    }
    assertEquals(served, SHARES);
    for (const { body } of unread) await body?.cancel();
  });
}

Deno.test("shares: without a session, only short forms are accepted", async () => {
  await using server = startServer({ key: KEY });
  const signIn = async (length: number) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return (await call("POST", `${server.url}/sign-in`, { headers, body: `key=${"x".repeat(length)}` }))
      .status;
  };
  assertEquals(await signIn(40_000), 413);
});
