import type { MonitorOptions } from "../../../lib/mod.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { assertProblem, call } from "../../support/calls.ts";
import { startServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";

function start(options: MonitorOptions = {}) {
  return startServer({ limits: { clients: 8 }, trustedProxies: ["127.0.0.1"], ...options });
}

/** Creates a task of a client, as a proxy that forwards the request of an IP address. */
async function create(url: string, client: string, address: string, headers: Record<string, string> = {}) {
  const options = { body: { id: "t" }, headers: { "x-forwarded-for": address, ...headers } };
  return await call("POST", `${url}/tasks/${client}`, options);
}

async function statusesOf(url: string, prefix: string, address: string, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index++) {
    statuses.push((await create(url, `${prefix}${index}`, address)).status);
  }
  return statuses;
}

Deno.test("ClientShares leaves room for other networks, however many clients one network creates", async () => {
  await using server = start();
  const { url } = server;
  assertEquals(await statusesOf(url, "a", "1.1.1.1", 6), [201, 201, 201, 201, 503, 503]);
  assertProblem(await create(url, "new", "1.1.1.1"), 503, "limit_reached");
  assertEquals(await statusesOf(url, "b", "2.2.2.2", 3), [201, 201, 503]);
  assertEquals(await statusesOf(url, "c", "2001:db8::1", 2), [201, 503]);
  // Addresses of the same IPv6 network have one share, and a second task of a client does not count.
  assertEquals((await create(url, "d", "2001:db8::2")).status, 503);
  const again = { body: { id: "u" }, headers: { "x-forwarded-for": "1.1.1.1" } };
  assertEquals((await call("POST", `${url}/tasks/a0`, again)).status, 201);
  // A client without tasks no longer counts.
  await call("POST", `${url}/tasks/b0/t/finish`, { body: {} });
  await call("DELETE", `${url}/tasks/b0/t`);
  assertEquals((await create(url, "b2", "2.2.2.2")).status, 201);
});

Deno.test("ClientShares does not limit this machine, nor servers with a key", async () => {
  const key = "the-key-of-this-very-server";
  await using open = start({ trustedProxies: [] });
  await using keyed = start({ key });
  for (let index = 0; index < 8; index++) {
    assertEquals((await create(open.url, `c${index}`, "1.1.1.1")).status, 201);
    const auth = { authorization: `Bearer ${key}` };
    assertEquals((await create(keyed.url, `c${index}`, "1.1.1.1", auth)).status, 201);
  }
  assertEquals((await create(open.url, "c8", "1.1.1.1")).status, 503);
});

Deno.test("ClientShares counts the clients of reporters in other processes, too", async () => {
  await using server = start();
  const { url } = server;
  const headers = { "x-forwarded-for": "1.1.1.1" };
  const report = (client: string) => ({ client, id: "t", at: 1, change: { type: "create", name: "t" } });
  const reports = Array.from({ length: 6 }, (_, index) => report(`a${index}`));
  const { json } = await call("POST", `${url}/report?reporter=reporter-1`, {
    body: { batch: 1, reports },
    headers,
  });
  const refused = json.replies.filter(({ type }: { readonly type: string }) => type === "refused");
  assertEquals(refused.map(({ client }: { readonly client: string }) => client), ["a4", "a5"]);
  assertStringIncludes(refused[0].reason, "Your network has created 4 clients");
  // The socket is opened from the loopback address, which has no limit.
  await using socket = new TestSocket(`${url}/ws/report?reporter=reporter-2`);
  await socket.opened();
  socket.send(JSON.stringify({ batch: 1, reports: [report("b")] }));
  await socket.find(({ type }) => type === "taken");
  assertEquals(server.monitor.registry.task("b", "t")?.id, "t");
});
