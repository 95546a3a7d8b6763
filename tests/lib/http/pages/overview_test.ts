/** Tests the page about all clients. */

import { assert, assertEquals, assertNotMatch, assertStringIncludes } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { reportRuns } from "../../../support/past_runs.ts";
import type { Authorize } from "../../../../lib/http/gate.ts";
import { startServer, type TestServer } from "../../../support/server.ts";

/** Creates a task of a client for each given end, and ends it in this way; `null` leaves a task running. */
async function run(
  server: TestServer,
  client: string,
  ends: readonly ("finish" | "fail" | null)[],
): Promise<void> {
  for (const end of ends) {
    const created = await call("POST", `${server.url}/tasks/${client}`, { body: { name: "job" } });
    const task = `${server.url}/tasks/${client}/${created.json.id}`;
    await call("PATCH", task, { body: { progress: 5 } });
    if (end !== null) await call("POST", `${task}/${end}`, { body: {} });
  }
}

/** Returns the texts of the cells of the table, row by row. */
function rowsOf(html: string): string[][] {
  const [, body = ""] = /<tbody>(.*?)<\/tbody>/s.exec(html) ?? [];
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
    [...row!.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) => cell!.replace(/<[^>]*>/g, ""))
  );
}

Deno.test("Pages.home() lists the clients, those with the latest changes first, once a client other than the default one has tasks", async () => {
  await using server = startServer();
  await run(server, "default", ["finish"]);
  const alone = await call("GET", `${server.url}/`);
  assertEquals([alone.status, alone.headers.get("location")], [303, "/t/default"]);
  await run(server, "ci", ["fail", "fail", "finish", null]);
  await run(server, "team-b", [null, null]);
  const { status, text, headers } = await call("GET", `${server.url}/`);
  assertEquals([status, headers.get("cache-control")], [200, "no-store"]);
  assertEquals(rowsOf(text), [
    ["team-b", "2", "—", "2", "just now"],
    ["ci", "1", "2", "4", "just now"],
    ["default", "—", "—", "1", "just now"],
  ]);
  assertNotMatch(text, /<script/);
  const failed = /href="([^"]*ERROR[^"]*)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
  const list = await call("GET", `${server.url}${failed}`);
  assertEquals(list.text.match(/class="row[ "]/g)?.length, 2, "the number is a link to these tasks");
});

Deno.test("Pages.home() links the number of failures of the last day to these failures, without earlier ones", async () => {
  await using server = startServer();
  reportRuns(server.monitor, [
    { id: "old", name: "job", ago: 2 * 86_400, took: 5, state: "ERROR" },
    { id: "new", name: "job", ago: 3_600, took: 5, state: "ERROR" },
  ]);
  const { text } = await call("GET", `${server.url}/`);
  assertEquals(rowsOf(text)[0]?.slice(0, 4), ["one", "—", "1", "2"]);
  const failed = /href="([^"]*ERROR[^"]*)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
  const list = await call("GET", `${server.url}${failed}`);
  assertEquals(list.text.match(/(?<=data-task-id=")[^"]*/g), ["new"]);
});

Deno.test("Pages.home() shows a visitor with a token only the client of the token, and asks others for the key", async () => {
  const key = "a-key-for-this-test";
  await using server = startServer({ key });
  const { token } = (await call("POST", `${server.url}/tokens`, {
    headers: { authorization: `Bearer ${key}` },
    body: { may: "read", client: "ci" },
  })).json;
  await call("POST", `${server.url}/tasks/other`, { headers: { authorization: `Bearer ${key}` }, body: {} });
  const home = (authorization?: string) =>
    call("GET", `${server.url}/`, {
      headers: { accept: "text/html", ...(authorization !== undefined && { authorization }) },
    });
  const own = await home(`Bearer ${token}`);
  assertEquals([own.status, own.headers.get("location")], [303, "/t/ci"]);
  const none = await home();
  assert(none.status === 303 && none.headers.get("location")!.includes("sign-in"), `${none.status}`);
  assertStringIncludes((await home(`Bearer ${key}`)).text, ">other</a>");
  const denied = await call("GET", `${server.url}/t/other`, {
    headers: { accept: "text/html", authorization: `Bearer ${token}` },
  });
  assertEquals(denied.status, 403);
  assertStringIncludes(denied.text, 'href="/sign-in?to=%2Ft%2Fother">Sign in with the key</a>');
});

Deno.test("Pages.home() lists the clients only if authorize() lets the visitor list them", async () => {
  const authorize: Authorize = ({ headers }, { action, client }) =>
    headers.get("x-user") === "admin" || (action === "read" && client === "default");
  for (
    const decide of [authorize, (...asked: Parameters<Authorize>) => Promise.resolve(authorize(...asked))]
  ) {
    await using server = startServer({ authorize: decide });
    const headers = { "x-user": "admin" };
    await call("POST", `${server.url}/tasks/secret`, { headers, body: {} });
    const own = await call("GET", `${server.url}/`);
    assertEquals([own.status, own.headers.get("location"), own.text], [303, "/t/default", ""]);
    assertStringIncludes((await call("GET", `${server.url}/`, { headers })).text, ">secret</a>");
  }
});

Deno.test("Pages.home() shows the hundred clients with the latest changes, and the number of omitted clients", async () => {
  await using server = startServer();
  for (let index = 0; index < 103; index++) {
    await call("POST", `${server.url}/tasks/client-${index}`, { body: {} });
  }
  await call("POST", `${server.url}/tasks/client-1`, { body: {} });
  const { text } = await call("GET", `${server.url}/`);
  const clients = rowsOf(text).map(([client]) => client);
  assertEquals([clients.length, clients[0], clients[1], clients.at(-1)], [
    100,
    "client-1",
    "client-102",
    "client-4",
  ]);
  assertStringIncludes(text, "3 clients with older changes not shown");
});
