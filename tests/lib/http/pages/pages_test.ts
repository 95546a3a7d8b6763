/** Tests pages without a browser: their headers, forms and base path. */

import { Keyring } from "../../../../lib/access/keyring.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { call, HeldTask } from "../../../support/calls.ts";
import { rawCall } from "../../../support/raw_http.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { storedTask } from "../../../support/store_model.ts";
import { startServer, type TestServer } from "../../../support/server.ts";
import { until } from "../../../support/until.ts";
import type { Authorize } from "../../../../lib/http/gate.ts";
import type { MonitorOptions } from "../../../../lib/mod.ts";

function start(options: MonitorOptions = {}): TestServer & { readonly held: HeldTask } {
  const held = new HeldTask();
  const input = { type: "object", properties: { count: { type: "integer", minimum: 1, maximum: 9 } } };
  const tasks = {
    held: held.fn,
    counted: { fn: (_task: unknown, given: unknown) => given as null, input },
  };
  return Object.assign(startServer({ tasks, ...options }), { held });
}

function post(url: string, fields: Readonly<Record<string, string>> = {}) {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return call("POST", url, { headers, body: new URLSearchParams(fields).toString() });
}

/** Returns every URL on a page that points to the same server. */
function addressesOf(html: string): string[] {
  return [...html.matchAll(/ (?:href|src|action)="([^"#][^"]*)"/g)].map(([, address]) => address!)
    .filter((address) => !address.startsWith("data:"));
}

Deno.test("Pages.home() redirects to the list of the default client", async () => {
  await using server = start();
  const answer = await call("GET", `${server.url}/`);
  assertEquals([answer.status, answer.headers.get("location")], [303, "/t/default"]);
  assertEquals(answer.headers.get("set-cookie"), null);
  assertEquals(server.monitor.registry.clients(), []);
  const before = Deno.env.get("TASKSCOPE_CLIENT");
  try {
    for (const [client, shown] of [["nightly", "nightly"], ["a/b", "default"], ["", "default"]] as const) {
      Deno.env.set("TASKSCOPE_CLIENT", client);
      assertEquals((await call("GET", `${server.url}/`)).headers.get("location"), `/t/${shown}`, client);
    }
  } finally {
    if (before === undefined) Deno.env.delete("TASKSCOPE_CLIENT");
    else Deno.env.set("TASKSCOPE_CLIENT", before);
  }
});

Deno.test("Pages.home() redirects a visitor with a token to the tasks that it gives access to", async () => {
  const key = "the-key-of-this-very-server";
  await using server = start({ key });
  const keyring = new Keyring(key);
  for (const [taskId, shown] of [[null, "/t/shop"], ["t", "/t/shop/t"]] as const) {
    const token = keyring.sign({ may: "read", client: "shop", taskId, expiresAt: null });
    const headers = { authorization: `Bearer ${token}` };
    assertEquals((await call("GET", `${server.url}/`, { headers })).headers.get("location"), shown);
  }
});

Deno.test("Pages: the task that the first curl of the README reports is on the page at /", async () => {
  await using server = start();
  const readme = await Deno.readTextFile(new URL("../../../../README.md", import.meta.url));
  const path = /^T=http:\/\/127\.0\.0\.1:8000(\/\S+)$/m.exec(readme)?.[1] ?? "";
  assertEquals((await post(`${server.url}${path}`, { id: "backup-1", name: "backup" })).status, 201);
  const page = await call(
    "GET",
    `${server.url}${(await call("GET", `${server.url}/`)).headers.get("location")}`,
  );
  assertStringIncludes(page.text, "/t/default/backup-1");
});

Deno.test("Pages: every page has a strict content security policy", async () => {
  await using server = start();
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  for (
    const [path, status] of [["/t/c", 200], ["/t/c/t", 200], ["/t/c/unknown", 404], [
      "/t/a%20b",
      400,
    ]] as const
  ) {
    const { headers, status: got, text } = await call("GET", server.url + path);
    assertEquals(got, status);
    assertEquals(headers.get("content-type"), "text/html; charset=utf-8");
    assertEquals(headers.get("cache-control"), "no-store");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("referrer-policy"), "same-origin");
    const policy = headers.get("content-security-policy") ?? "";
    for (
      const directive of [
        "default-src 'none'",
        "script-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ]
    ) {
      assertStringIncludes(policy, directive);
    }
    assert(!policy.includes("unsafe"));
    assertMatch(text, /^<!DOCTYPE html><html lang="en">/);
    assert(!/ on[a-z]+="| style="|<style|javascript:/i.test(text), `inline script or style on ${path}`);
  }
});

Deno.test("Pages.asset() serves only the files of pages, which caches may keep forever", async () => {
  await using server = start();
  const { text } = await call("GET", `${server.url}/t/c`);
  const assets = addressesOf(text).filter((address) => address.startsWith("/assets/"));
  assertEquals(assets.length, 3, "the styles, the script, and the controls, which it loads later");
  for (const asset of assets) {
    const answer = await call("GET", server.url + asset);
    assertEquals(answer.status, 200);
    assertMatch(answer.headers.get("content-type") ?? "", /^text\/(css|javascript); charset=utf-8$/);
    assertStringIncludes(answer.headers.get("cache-control") ?? "", "immutable");
    assert(answer.text.length > 1_000, `${asset} is empty`);
  }
  for (const name of ["", "page.js", "..%2f..%2fdeno.json", "constructor", "__proto__"]) {
    assertEquals((await call("GET", `${server.url}/assets/${name}`)).status, 404, name);
  }
});

Deno.test("Pages.start() starts a task from a form, and redirects to the list", async () => {
  await using server = start();
  const sent = await post(`${server.url}/t/c/start/counted`, { "arg.count": "3" });
  assertEquals([sent.status, sent.headers.get("location")], [303, "/t/c"]);
  const [task] = server.monitor.registry.tasks("c");
  assertEquals([task?.state, task?.result], ["FINISHED", { count: 3 }]);
  assertEquals((await post(`${server.url}/t/c/start/held`)).status, 303);
  assertEquals((await post(`${server.url}/t/c/start/held`, { args: '["deaf"]' })).status, 303);
  assertEquals(server.held.running, 2);
});

Deno.test("Pages.start() shows an invalid field on the page", async () => {
  await using server = start({ limits: { liveTasksPerClient: 1 } });
  const forms: readonly (readonly [string, Record<string, string>, number])[] = [
    ["counted", { "arg.count": "many" }, 400],
    ["counted", { "arg.count": "10" }, 400],
    ["counted", { "arg.count": "1.5" }, 400],
    ["held", { args: "{" }, 400],
    ["held", { args: "{}" }, 400],
    ["unknown", {}, 404],
  ];
  for (const [name, fields, status] of forms) {
    const answer = await post(`${server.url}/t/c/start/${name}`, fields);
    assertEquals(answer.status, status, `${name} ${JSON.stringify(fields)}`);
    assertEquals(answer.headers.get("content-type"), "text/html; charset=utf-8");
    assertMatch(answer.text, /class="notice notice-error" role="alert"/);
  }
  assertEquals(server.monitor.registry.tasks("c"), []);
  assertEquals((await post(`${server.url}/t/c/start/held`)).status, 303);
  const full = await post(`${server.url}/t/c/start/held`);
  assertEquals(full.status, 503);
  assertStringIncludes(full.text, "which is the limit");
  const wrongType = await call("POST", `${server.url}/t/c/start/held`, { body: { a: 1 } });
  assertEquals(wrongType.status, 415);
  assertEquals(server.errors, []);
});

Deno.test("Pages.change() cancels and removes tasks, or shows a page with the reason why it cannot", async () => {
  await using server = start();
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  const tooEarly = await post(`${server.url}/t/c/t/remove`);
  assertEquals(tooEarly.status, 409);
  assertStringIncludes(tooEarly.text, "it has not ended");
  const cancelled = await post(`${server.url}/t/c/t/cancel`);
  assertEquals([cancelled.status, cancelled.headers.get("location")], [303, "/t/c"]);
  while (server.held.running > 0) await call("GET", `${server.url}/healthz`);
  assertEquals((await post(`${server.url}/t/c/t/remove`)).status, 303);
  for (const change of ["cancel", "remove"]) {
    const unknown = await post(`${server.url}/t/c/t/${change}`);
    assertEquals(unknown.status, 404);
    assertEquals(unknown.headers.get("content-type"), "text/html; charset=utf-8");
  }
  assertEquals((await call("GET", `${server.url}/t/c/t/cancel`)).status, 405);
});

Deno.test("Pages.change() redirects to the task's page if the form was on that page, and after a retry to the new attempt", async () => {
  await using server = start();
  await call("POST", `${server.url}/tasks/c/start/counted`, { body: { id: "t", args: [{ count: 3 }] } });
  const to = async (change: string) => {
    const { status, headers } = await post(`${server.url}/t/c/t/${change}?from=task`);
    return [status, headers.get("location")];
  };
  assertEquals(await to("remove"), [303, "/t/c/t"]);
  const removed = await call("GET", `${server.url}/t/c/t`);
  assertEquals(removed.status, 410);
  assertStringIncludes(removed.text, "This task was removed");
  assertStringIncludes(removed.text, 'action="/t/c/t/restore?from=task"');
  assertEquals(await to("restore"), [303, "/t/c/t"]);
  const restored = await call("GET", `${server.url}/t/c/t`);
  assertEquals(restored.status, 200);
  assert(!restored.text.includes("This task was removed"));
  const again = await post(`${server.url}/t/c/t/retry?from=task`);
  const location = again.headers.get("location") ?? "";
  assertMatch(location, /^\/t\/c\/[0-9A-Z]{26}$/);
  const attempt = await call("GET", server.url + location);
  assertStringIncludes(attempt.text, 'href="/t/c/t">Attempt 1</a>');
  assertStringIncludes((await call("GET", `${server.url}/t/c/t`)).text, `href="${location}">Attempt 2</a>`);
});

Deno.test("Pages.change() shows an error on the task's page if the form was on that page", async () => {
  await using server = start();
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  const early = await post(`${server.url}/t/c/t/remove?from=task`);
  assertEquals(early.status, 409);
  assertStringIncludes(early.text, 'id="task-title"');
  assertMatch(early.text, /role="alert"[^>]*>Cannot remove task &quot;t&quot;: it has not ended/);
  const unknown = await post(`${server.url}/t/c/unknown/restore?from=task`);
  assertEquals([unknown.status, unknown.headers.get("content-type")], [404, "text/html; charset=utf-8"]);
});

Deno.test("Pages.task() shows only what authorize() lets the visitor read", async () => {
  const authorize: Authorize = ({ headers }, { action, client, taskId }) =>
    headers.get("x-user") === "admin" || (action === "read" && client === "c" && taskId === "t");
  const headers = { "x-user": "admin" };
  for (
    const decide of [authorize, (...asked: Parameters<Authorize>) => Promise.resolve(authorize(...asked))]
  ) {
    await using server = start({ authorize: decide });
    const body = { id: "t", args: [{ count: 3, password: "in-the-arguments" }] };
    await call("POST", `${server.url}/tasks/c/start/counted`, { headers, body });
    await call("POST", `${server.url}/tasks/c`, { headers, body: { id: "other-run", name: "counted" } });
    const child = { id: "child", name: "child", parent_id: "other-run" };
    await call("POST", `${server.url}/tasks/c`, { headers, body: child });
    await call("POST", `${server.url}/tasks/c/t/retry`, { headers });
    const attempt = server.monitor.registry.tasks("c").find(({ retry_of }) => retry_of === "t")?.id ?? "";
    const seen = async (id: string, visitor: Readonly<Record<string, string>>) => {
      const { status, text } = await call("GET", `${server.url}/t/c/${id}`, { headers: visitor });
      assertEquals(status, 200);
      return ["other-run", attempt, 'value="3"', 'href="/t/c"'].map((part) => text.includes(part));
    };
    assertEquals(await seen("t", headers), [true, true, true, true]);
    assertEquals(await seen("t", {}), [false, false, false, false]);
    assertStringIncludes((await call("GET", `${server.url}/t/c/other-run`, { headers })).text, "/t/c/child");
  }
});

Deno.test("Pages.task() says that the previous attempt was removed only if it was, not if the visitor may not see it", async () => {
  const headers = { "x-user": "admin" };
  let shared = "";
  await using server = start({
    authorize: ({ headers }, { action, taskId }) =>
      headers.get("x-user") === "admin" || (action === "read" && taskId === shared),
  });
  await call("POST", `${server.url}/tasks/c/start/counted`, {
    headers,
    body: { id: "t", args: [{ count: 3 }] },
  });
  await until(() => server.monitor.registry.tasks("c")[0]?.state === "FINISHED");
  shared = (await call("POST", `${server.url}/tasks/c/t/retry`, { headers })).json.task_id;
  const isSaid = async (visitor: Readonly<Record<string, string>>) => {
    const { status, text } = await call("GET", `${server.url}/t/c/${shared}`, { headers: visitor });
    assertEquals(status, 200);
    return text.includes("The previous attempt was removed");
  };
  assertEquals([await isSaid(headers), await isSaid({})], [false, false]);
  await call("DELETE", `${server.url}/tasks/c/t`, { headers });
  assertEquals([await isSaid(headers), await isSaid({})], [true, false]);
});

Deno.test("Pages: a form that fails shows no task to a visitor who may change tasks but not read them", async () => {
  await using server = start({
    authorize: (_request, { action }) => action !== "read" && action !== "operate",
  });
  const secret = server.monitor.monitored(() => null, { client: "c", id: "t", name: "secret" });
  await secret();
  for (
    const [path, status] of [
      ["start/counted", 400],
      ["t/cancel", 409],
      ["t/cancel?from=task", 409],
      ["t/retry?from=task", 409],
      ["unknown/remove?from=task", 404],
    ] as const
  ) {
    const { text, ...answer } = await post(`${server.url}/t/c/${path}`, { "arg.count": "many" });
    assertEquals([answer.status, text.includes("secret")], [status, false], path);
  }
  const { status, text } = await post(`${server.url}/t/c?do=remove`, { id: "unknown" });
  assertEquals([status, text], [303, ""]);
});

Deno.test("Pages.task() shows the newest lines of a long log, and the number of older ones", async () => {
  await using server = start({ limits: { logLinesPerTask: 800 } });
  const write = server.monitor.monitored((task) => {
    for (let n = 0; n < 2_000; n++) task.log(`line ${n}.`);
  }, { client: "c", id: "t" });
  await write();
  const { text } = await call("GET", `${server.url}/t/c/t`);
  assertStringIncludes(text, "1,200 older lines no longer kept");
  assertStringIncludes(text, 'href="/t/c/t?before=1500#log-title">300 older lines</a>');
  assert(text.includes("line 1500.") && !text.includes("line 1499."));
  assertStringIncludes(text, 'href="/tasks/c/t/logs?format=text" download');
});

Deno.test("Pages.list() shows the nearest existing page for any page number", async () => {
  await using server = start();
  for (const page of ["0", "-1", "2", "x", "1e9", "NaN", "", "1&page=2"]) {
    assertEquals((await call("GET", `${server.url}/t/c?page=${page}`)).status, 200, page);
  }
});

Deno.test("Pages: every URL on a page is below the base path", async () => {
  await using server = start({ basePath: "/team/monitor" });
  const base = `${server.url}/team/monitor`;
  const home = await call("GET", `${base}/`);
  assertEquals(home.headers.get("location"), "/team/monitor/t/default");
  assertEquals((await call("GET", base)).status, 303);

  const started = await call("POST", `${base}/tasks/c/start/held`, { body: { id: "t" } });
  assertEquals(started.headers.get("location"), "/team/monitor/tasks/c/t");
  assertEquals((await post(`${base}/t/c/start/counted`)).headers.get("location"), "/team/monitor/t/c");
  const pages = await Promise.all(["/t/c", "/t/c/t", "/t/c/unknown"].map((path) => call("GET", base + path)));
  const addresses = new Set(pages.flatMap(({ text }) => addressesOf(text)));
  assert(addresses.size > 5);
  for (const address of addresses) {
    assert(address.startsWith("/team/monitor/"), `${address} is not below the base path`);
    const { status } = await call("GET", server.url + address);
    assert([200, 405].includes(status), `${address} responds with ${status}`);
  }
  for (
    const path of ["/", "/t/c", "/tasks/c", "/healthz", "/team", "/team/monitorx/tasks/c", "/team/monitor2"]
  ) {
    assertEquals((await call("GET", server.url + path)).status, 404, path);
  }
  const next = await call("GET", `${base}/tasks/c?limit=1`);
  assertMatch(next.headers.get("link") ?? "", /^<\/team\/monitor\/tasks\/c\?/);
});

Deno.test("Pages: a path that begins with two slashes does not redirect to another host", async () => {
  await using server = start();
  for (const path of ["//evil.example/", "//evil.example/a/", "///evil.example/"]) {
    const answer = await call("GET", `${server.url}${path}`);
    assertEquals([answer.status, answer.headers.get("location")], [404, null], path);
  }
});

Deno.test("Pages: a path that ends with a slash redirects to the path without it", async () => {
  await using server = start({ basePath: "/monitor" });
  for (const [path, meant] of [["t/c", "t/c"], ["t/c/held-1", "t/c/held-1"], ["stats/c", "stats/c"]]) {
    const { status, headers } = await call("GET", `${server.url}/monitor/${path}/?q=a%2Fb`);
    assertEquals([status, headers.get("location")], [303, `/monitor/${meant}?q=a%2Fb`]);
  }
});

Deno.test("Pages: every URL on a page leads to an existing page or file", async () => {
  await using server = start();
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  for (const path of ["/t/c", "/t/c/t"]) {
    for (const address of addressesOf((await call("GET", server.url + path)).text)) {
      const { status } = await call("GET", server.url + address);
      assert([200, 405].includes(status), `${address} on ${path} responds with ${status}`);
    }
  }
});

Deno.test("Pages: the shell commands on a page use the server's public URL", async () => {
  await using server = start({ publicUrls: ["https://ci.example/monitor"] });
  const answer = await rawCall(server.port, "GET", "/monitor/t/c", [["Host", "ci.example"]]);
  assertEquals(answer.status, 200);
  assertStringIncludes(answer.body, "https://ci.example/monitor/tasks/c");
  assertStringIncludes(answer.body, "wss://ci.example/monitor/ws/tasks/c");
  assert(!answer.body.includes("127.0.0.1"));
});

Deno.test("Pages: a page reads only the records of the ended tasks that it shows", async () => {
  using folder = new StoreFolder();
  {
    await using store = folder.open();
    const put = (id: string, parent_id: string | null = null) =>
      store.put("c", storedTask(id, store.takeSeq(), "FINISHED", { parent_id }));
    for (let index = 1; index <= 30; index++) put(`old-${index}`);
    put("parent");
    for (let index = 1; index <= 99; index++) put(`new-${index}`, "parent");
  }
  await using server = startServer({ data: folder.file });
  folder.execute("UPDATE records SET record = 'damaged' WHERE record LIKE '%\"id\":\"old-%'");
  const list = await call("GET", `${server.url}/t/c?name=task`);
  assertEquals(list.status, 200);
  assert(
    ["parent", "new-1", "new-99"].every((id) => list.text.includes(`/t/c/${id}"`)),
    "all tasks are shown",
  );
  assertStringIncludes(list.text, "130");
  const task = await call("GET", `${server.url}/t/c/parent`);
  assertEquals([task.status, task.text.includes("new-99")], [200, true]);
  const answer = await call(
    "GET",
    `${server.url}/tasks/c?name=task&state=FINISHED&sort=-finished_at&limit=100`,
  );
  assertEquals([answer.status, answer.json.total], [200, 130]);
  const damaged = async () => {
    const { text } = await call("GET", `${server.url}/metrics`);
    return Number(/^taskscope_storage_damaged_records (\d+)$/m.exec(text)?.[1]);
  };
  assertEquals(await damaged(), 0);
  assertEquals((await call("GET", `${server.url}/t/c?name=task&page=2`)).status, 200);
  assertEquals(await damaged(), 30, "there are damaged records, which no earlier request has read");
});
