/**
 * Checks the access table in SECURITY.md: every route, with every kind of key, against a real server.
 */

import { Keyring } from "../../../lib/access/keyring.ts";
import type { Scope } from "../../../lib/access/grant.ts";
import { ROUTES } from "../../../lib/http/routes.ts";
import { VERSION } from "../../../lib/version.ts";
import { pageAssets } from "../../../ui/server/assets.ts";
import { ACCESS_KEY as KEY, prepare, readTable, SETUPS } from "../../support/access_table.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { call, HeldTask } from "../../support/calls.ts";
import { createChange } from "../../support/changes.ts";
import { HANDSHAKE, readResponse, send } from "../../support/raw_http.ts";
import { startServer } from "../../support/server.ts";

/** The id of the reporter of the run to which the run tokens are bound. */
const RUN_REPORTER = "run-reporter-1";
const FORM = "content-type: application/x-www-form-urlencoded";

const IDS = {
  client: "c",
  id: "t",
  name: "held",
  version: VERSION,
  reporter: "reporter-1",
  file: [...pageAssets.keys()][0]!,
};

/**
 * Returns the response status of a call. Each call has its own server, so that calls do not affect each
 * other.
 */
async function statusOf(call: string, column: string): Promise<number> {
  const held = new HeldTask();
  await using server = startServer({
    key: KEY,
    tasks: { held: held.fn, quick: () => null },
    limits: { restoreWindowMs: 60_000 },
  });
  const { task = "none", body } = SETUPS[call] ?? {};
  await prepare(server.url, task);
  const keyring = new Keyring(KEY);
  if (column === "run token" || column === "ended run") await reportRun(server.url, column === "ended run");
  const run = { taskId: "run", reporter: RUN_REPORTER, signedAt: Date.now() / 1_000 };
  const runToken = keyring.sign({ may: "write", client: "c", taskId: null, expiresAt: null, run });
  const sign = (may: Scope, client: string, expiresAt: number | null = null) =>
    keyring.sign({ may, client, taskId: null, expiresAt });
  const credentials: Readonly<Record<string, string | null>> = {
    "no key": null,
    "wrong key": "a-key-of-some-other-server",
    "expired token": await sign("read", "c", Date.now() / 1_000 - 60),
    "ended run": runToken,
    "other client": await sign("read", "other"),
    "read token": await sign("read", "c"),
    "write token": await sign("write", "c"),
    "run token": runToken,
    "the key": KEY,
    "foreign origin": KEY,
    "foreign host": KEY,
  };
  assert(column in credentials, column);
  const token = await sign("read", "c");
  const [method = "", template = ""] = call.split(" ");
  const path = template.replace(
    /\{(\w+)\}/g,
    (_, name) => name === "token" ? token : IDS[name as keyof typeof IDS],
  );
  const isSocket = method === "WS";
  const lines = [
    `${isSocket ? "GET" : method} ${path} HTTP/1.1`,
    `Host: ${column === "foreign host" ? "evil.example" : `127.0.0.1:${server.port}`}`,
    ...column === "foreign origin" ? ["Origin: https://evil.example"] : [],
    ...credentials[column] === null ? [] : [`Authorization: Bearer ${credentials[column]}`],
    ...isSocket ? HANDSHAKE.map(([name, value]) => `${name}: ${value}`) : [],
    ...body === undefined ? [] : [
      body.startsWith("{") ? "content-type: application/json" : FORM,
      `content-length: ${body.length}`,
    ],
  ];
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await send(connection, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`));
  const { status } = await readResponse(connection, "head");
  held.release();
  assertEquals(server.errors, []);
  return status;
}

/** Reports the task `run`, which began three hours ago and, if `hasEnded`, finished two hours ago. */
async function reportRun(url: string, hasEnded: boolean): Promise<void> {
  const sentAt = Date.now() / 1_000;
  const report = (hoursAgo: number, change: unknown) => ({
    ...{ client: "c", id: "run", at: sentAt - hoursAgo * 3_600, change },
  });
  const reports = [
    report(3, createChange()),
    ...hasEnded ? [report(2, { type: "finish", result: null })] : [],
  ];
  const { status } = await call("POST", `${url}/report?reporter=${RUN_REPORTER}`, {
    headers: { authorization: `Bearer ${KEY}` },
    body: { batch: 1, sent_at: sentAt, reports },
  });
  assertEquals(status, 200);
}

Deno.test("SECURITY.md: every route responds to each kind of visitor with the status in the table", async () => {
  const table = await readTable();
  assert(table.length > 40, "the table has rows");
  const wrong: string[] = [];
  for (const { call, statuses } of table) {
    for (const [column, expected] of statuses) {
      const status = await statusOf(call, column);
      if (status !== expected) wrong.push(`${call}, ${column}: ${status} in the place of ${expected}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("SECURITY.md: the table has exactly one row for each route", async () => {
  const calls = (await readTable()).map(({ call }) => call);
  const rows = calls.map((call) => call.replace(/^WS /, "GET ").replace(/\?.*/, ""));
  const routes = ROUTES.map(({ method, path }) => `${method} ${path}`);
  assertEquals(new Set(routes).size, routes.length, "no route is listed twice");
  assertEquals(rows.toSorted(), routes.toSorted());
  const sockets = ROUTES.filter(({ isSocket }) => isSocket).map(({ path }) => path);
  assertEquals(calls.filter((call) => call.startsWith("WS ")).length, sockets.length);
  assertEquals(Object.keys(SETUPS).filter((call) => !calls.includes(call)), []);
});
