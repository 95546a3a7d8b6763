/** Checks the access table in SECURITY.md at a node that does not own the tasks. */

import { Keyring } from "../../../../lib/access/keyring.ts";
import type { Scope } from "../../../../lib/access/grant.ts";
import { readTable } from "../../../support/access_table.ts";
import { assertEquals, assertGreater } from "../../../support/assert.ts";
import { TestNode } from "../../../support/node_gate.ts";
import { HANDSHAKE, rawCall } from "../../../support/raw_http.ts";

const KEY = "the-key-of-this-very-server";
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

Deno.test("SECURITY.md: a node refuses what the table refuses, and forwards nothing of it", async () => {
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
