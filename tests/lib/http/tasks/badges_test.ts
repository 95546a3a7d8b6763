/** Tests the badges of tasks, on a real server. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { HeldServer } from "../../../support/held_server.ts";
import { TestNode } from "../../../support/node_gate.ts";
import { run, startTaskServer as start } from "../../../support/task_server.ts";
import { until } from "../../../support/until.ts";

Deno.test("Badges.badge() shows the current state of a task, and can be embedded anywhere", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  await call("POST", tasks, { body: { id: "t", name: "<import>" } });
  await call("PATCH", `${tasks}/t`, { body: { progress: 42 } });
  const { status, headers, text } = await call("GET", `${server.url}/badge/c/t.svg`);
  assertEquals([status, headers.get("content-type")], [200, "image/svg+xml; charset=utf-8"]);
  assertEquals(headers.get("cache-control"), "no-cache");
  assertEquals(headers.get("cross-origin-resource-policy"), "cross-origin");
  assertEquals(headers.get("content-security-policy"), "default-src 'none'");
  assertEquals(headers.get("x-content-type-options"), "nosniff");
  assertMatch(text, /^<svg .*&lt;import&gt;<\/text>.*>42%<\/text><\/g><\/svg>$/);
  await call("POST", `${tasks}/t/fail`, { body: { error: { message: "no" } } });
  assertStringIncludes((await call("GET", `${server.url}/badge/c/t.svg`)).text, ">failed</text>");
});

Deno.test("Badges.badge() responds with 304 if the badge has not changed", async () => {
  await using server = start();
  const url = `${server.url}/badge/c/t.svg`;
  await call("POST", `${server.url}/tasks/c`, { body: { id: "t", name: "job" } });
  const etagOf = async () => (await call("GET", url)).headers.get("etag")!;
  const etag = await etagOf();
  const again = (etag: string) => call("GET", url, { headers: { "if-none-match": etag } });
  const same = await again(etag);
  assertEquals([same.status, same.text, same.headers.get("etag")?.replace("W/", "")], [
    304,
    "",
    etag.replace("W/", ""),
  ]);
  assertEquals((await again(`"other"`)).status, 200);
  await call("POST", `${server.url}/tasks/c/t/logs`, { body: { lines: ["a line changes nothing of it"] } });
  assertEquals((await again(etag)).status, 304);
  await call("PATCH", `${server.url}/tasks/c/t`, { body: { progress: 1 } });
  const changed = await again(etag);
  assertEquals(changed.status, 200);
  assert(changed.headers.get("etag") !== etag);
});

Deno.test("Badges.badge() accepts a label, and ids with dots", async () => {
  await using server = start();
  for (const id of ["a.svg", "a"]) await run(`${server.url}/tasks/c`, "echo", { id });
  await call("DELETE", `${server.url}/tasks/c/a`);
  const answer = await call(
    "GET",
    `${server.url}/badge/c/a.svg.svg?label=${encodeURIComponent("Nächtlich & <b>")}`,
  );
  assertEquals(answer.status, 200);
  assertStringIncludes(answer.text, ">Nächtlich &amp; &lt;b&gt;</text>");
  assertEquals((await call("GET", `${server.url}/badge/c/a.svg`)).status, 404);
});

Deno.test("Badges.badge() responds with 404 and a badge that says so if the task is unknown", async () => {
  await using server = start();
  const { status, headers, text } = await call("GET", `${server.url}/badge/nobody/t.svg`);
  assertEquals([status, headers.get("content-type")], [404, "image/svg+xml; charset=utf-8"]);
  assertStringIncludes(text, ">unknown</text>");
  for (const path of ["/badge", "/badge/c", "/badge/c/t", "/badge/c/t.png", "/badge/c/t.svg/x"]) {
    const answer = await call("GET", server.url + path);
    assertEquals([answer.status, answer.json.code], [404, "not_found"], path);
  }
  for (const path of ["/badge/a%20b/t.svg", "/badge/c/.svg", "/badge/c/start.svg"]) {
    assertEquals((await call("GET", server.url + path)).status, 400, path);
  }
});

Deno.test("Badges.badge() shows a final state only after its commit", async () => {
  await using server = new HeldServer();
  server.test.begin("c", "t");
  server.store.hold();
  server.test.finish("c", "t");
  let isAnswered = false;
  const badge = call("GET", `${server.url}/badge/c/t.svg`).then((answer) => {
    isAnswered = true;
    return answer;
  });
  await until(() => server.store.waiting > 0);
  await call("GET", `${server.url}/healthz`);
  assertEquals(isAnswered, false);
  await server.store.release();
  assertStringIncludes((await badge).text, ">finished</text>");
});

Deno.test("Badges.badge() responds with 503 on a node that cannot commit, as other reads do", async () => {
  await using node = new TestNode();
  node.test.begin("c", "t");
  node.store.hold();
  node.test.finish("c", "t");
  await node.store.fail();
  for (const path of ["/tasks/c/t", "/badge/c/t.svg"]) {
    assertProblem(await call("GET", `${node.url}${path}`), 503, "storage_unavailable");
  }
  await node.store.recover();
  assertStringIncludes((await call("GET", `${node.url}/badge/c/t.svg`)).text, ">finished</text>");
  assertEquals(node.errors, []);
});
