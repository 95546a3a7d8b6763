/** Checks the access table in SECURITY.md at a node that does not own the tasks. */

import { Keyring } from "../../../../lib/access/keyring.ts";
import type { Scope } from "../../../../lib/access/grant.ts";
import { ACCESS_KEY as KEY, prepare, readTable, SETUPS } from "../../../support/access_table.ts";
import { assertEquals, assertGreater } from "../../../support/assert.ts";
import { TestNode } from "../../../support/node_gate.ts";
import { HANDSHAKE, rawCall } from "../../../support/raw_http.ts";

const PARAMS = {
  client: "c",
  id: "t",
  name: "n",
  version: "0",
  reporter: "reporter-1",
  file: "x",
  token: "x",
};
const REFUSED = [401, 403, 421];

Deno.test("SECURITY.md: a node refuses the requests that the table forbids, and forwards none of them", async () => {
  await using owner = new TestNode({}, { key: KEY });
  await using node = new TestNode({ wrongKeysPerAddress: 1_000_000 }, { key: KEY });
  node.follow(owner.url);
  const keyring = new Keyring(KEY);
  const sign = (may: Scope, client: string, expiresAt: number | null = null) =>
    keyring.sign({ may, client, taskId: null, expiresAt });
  const credentials = new Map([
    ["no key", null],
    ["wrong key", "a-key-of-some-other-server"],
    ["expired token", await sign("read", "c", Date.now() / 1_000 - 60)],
    ["other client", await sign("read", "other")],
    ["read token", await sign("read", "c")],
    ["write token", await sign("write", "c")],
    ["foreign origin", KEY],
    ["foreign host", KEY],
  ]);
  const { host, port } = new URL(node.url);
  const wrong: string[] = [];
  let checked = 0;
  for (const { call, statuses } of await readTable()) {
    const [method = "", template = ""] = call.split(" ");
    const path = template.replace(/\{(\w+)\}/g, (_, name) => PARAMS[name as keyof typeof PARAMS]);
    for (const [column, token] of credentials) {
      const expected = statuses.get(column)!;
      if (!REFUSED.includes(expected)) continue;
      const { status } = await rawCall(Number(port), method === "WS" ? "GET" : method, path, [
        ["Host", column === "foreign host" ? "evil.example" : host],
        ...column === "foreign origin" ? [["Origin", "https://evil.example"] as const] : [],
        ...token === null ? [] : [["Authorization", `Bearer ${token}`] as const],
        ...method === "WS" ? HANDSHAKE : [["Content-Length", "0"] as const],
      ]);
      checked++;
      if (status !== expected) wrong.push(`${call}, ${column}: ${status} in the place of ${expected}`);
    }
  }
  assertEquals(wrong, []);
  assertGreater(checked, 200);
  assertEquals(owner.gate.asked, []);
  assertEquals(node.gate.forwarder.counts, { answered: 0, unreachable: 0, unanswered: 0 });
});

Deno.test("SECURITY.md: a node forwards the changes that the table permits, and the owner makes them", async () => {
  const keyring = new Keyring(KEY);
  const sign = (may: Scope) => keyring.sign({ may, client: "c", taskId: null, expiresAt: null });
  const credentials = new Map([
    ["read token", await sign("read")],
    ["write token", await sign("write")],
    ["the key", KEY],
  ]);
  const wrong: string[] = [];
  let forwarded = 0;
  for (const { call, statuses } of await readTable()) {
    const [method = "", template = ""] = call.split(" ");
    // A node responds to reads itself, so only changes are forwarded.
    if (method === "GET" || method === "WS") continue;
    const path = template.replace(
      /\{(\w+)\}/g,
      (_, name) => name === "name" ? "held" : PARAMS[name as keyof typeof PARAMS],
    );
    const { task, body = "" } = SETUPS[call] ?? {};
    for (const [column, token] of credentials) {
      const expected = statuses.get(column)!;
      if (REFUSED.includes(expected)) continue;
      const limits = { restoreWindowMs: 60_000 };
      await using owner = new TestNode(limits, { key: KEY });
      await using node = new TestNode(limits, { key: KEY });
      // Each node needs the task, because a node that is not the owner creates shared links itself.
      for (const { url } of [owner, node]) await prepare(url, task, "echo");
      node.follow(owner.url);
      const { host, port } = new URL(node.url);
      const type = body.startsWith("{") ? "application/json" : "application/x-www-form-urlencoded";
      const { status } = await rawCall(Number(port), method, path, [
        ["Host", host],
        ["Authorization", `Bearer ${token}`],
        ["Content-Length", `${body.length}`],
        ...body === "" ? [] : [["Content-Type", type] as const],
      ], body);
      if (status !== expected) wrong.push(`${call}, ${column}: ${status} in the place of ${expected}`);
      forwarded += node.gate.forwarder.counts.answered;
      assertEquals([owner.errors, node.errors], [[], []]);
    }
  }
  assertEquals(wrong, []);
  assertGreater(forwarded, 25);
});
