import { assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { startTaskServer } from "../../../support/task_server.ts";

/** Sends the request that the form on the list page sends, or that the page's script sends. */
function send(url: string, ids: readonly string[], headers: Readonly<Record<string, string>> = {}) {
  const body = new URLSearchParams(ids.map((id) => ["id", id])).toString();
  return call("POST", url, {
    body,
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
  });
}

const JSON_WANTED = { accept: "application/json" };

async function startSome() {
  const server = startTaskServer();
  for (const id of ["ended", "runs"]) await call("POST", `${server.url}/tasks/c`, { body: { id, name: id } });
  await call("POST", `${server.url}/tasks/c/ended/finish`, { body: { result: 7 } });
  return server;
}

Deno.test("changeMany() changes as many tasks as possible, and returns a reason for each of the others", async () => {
  await using server = await startSome();
  const url = `${server.url}/t/c`;
  const removed = await send(`${url}?do=remove`, ["ended", "runs", "unknown", "ended"], JSON_WANTED);
  assertEquals(removed.json, {
    done: ["ended"],
    failed: [
      { id: "runs", detail: "The task has not ended" },
      { id: "unknown", detail: 'Task "unknown" does not exist' },
    ],
  });
  assertEquals((await call("GET", `${server.url}/tasks/c/ended`)).status, 404);
  const restored = await send(`${url}?do=restore`, ["ended"], JSON_WANTED);
  assertEquals(restored.json.done, ["ended"]);
  assertEquals((await call("GET", `${server.url}/tasks/c/ended`)).json.result, 7);
  const cancelled = await send(`${url}?do=cancel`, ["ended", "runs"], JSON_WANTED);
  assertEquals(cancelled.json, {
    done: ["runs"],
    failed: [{ id: "ended", detail: "The task has already ended" }],
  });
  const retried = await send(`${url}?do=retry`, ["ended"], JSON_WANTED);
  assertStringIncludes(retried.json.failed[0].detail, "the server did not start it");
});

Deno.test("changeMany() redirects a submitted form to its list, or shows a page with the reasons for failures", async () => {
  await using server = await startSome();
  const done = await send(`${server.url}/t/c?do=remove&q=e&state=FINISHED`, ["ended"]);
  assertEquals([done.status, done.headers.get("location")], [303, "/t/c?q=e&state=FINISHED"]);
  const refused = await send(`${server.url}/t/c?do=remove&q=r`, ["runs"]);
  assertEquals([refused.status, refused.headers.get("content-type")], [409, "text/html; charset=utf-8"]);
  assertStringIncludes(refused.text, "The task has not ended.");
});

Deno.test("changeMany() refuses a form of another origin, an unknown action, and too many tasks", async () => {
  await using server = await startSome();
  const url = `${server.url}/t/c?do=remove`;
  const foreign = await send(url, ["ended"], {
    origin: "https://example.org",
    "sec-fetch-site": "cross-site",
  });
  assertEquals(foreign.status, 403);
  assertEquals((await call("GET", `${server.url}/tasks/c/ended`)).status, 200);
  for (const action of ["?do=explode", ""]) {
    const unknown = await send(`${server.url}/t/c${action}`, ["ended"], JSON_WANTED);
    assertEquals([unknown.status, unknown.json.code], [400, "bad_action"]);
  }
  const many = await send(url, Array.from({ length: 1_001 }, (_, index) => `t${index}`), JSON_WANTED);
  assertEquals([many.status, many.json.code], [400, "too_many"]);
});

Deno.test("bulkAccess() returns the access that each action requires", async () => {
  const asked: string[] = [];
  await using server = startTaskServer({
    authorize: (_request, access) => {
      asked.push(`${access.action} ${access.client} ${access.taskId}`);
      return false;
    },
  });
  for (const action of ["cancel", "retry", "remove", "restore"]) {
    assertEquals((await send(`${server.url}/t/c?do=${action}`, ["a"])).status, 403);
  }
  assertEquals(asked, ["cancel c null", "start c null", "remove c null", "remove c null"]);
});

Deno.test("Pages.list() sends slices to the page's script, and redirects a submitted form to a URL without default values", async () => {
  await using server = await startSome();
  const get = (search: string, headers = {}) => call("GET", `${server.url}/t/c${search}`, { headers });
  const part = await get("?state=FINISHED&from=0&limit=10", JSON_WANTED);
  // A long response is compressed, so its Vary header also lists Accept-Encoding.
  assertMatch(part.headers.get("vary") ?? "", /(^|, )Accept(,|$)/);
  assertEquals(part.json.tasks.map((task: { id: string }) => task.id), ["ended"]);
  assertEquals([part.json.matching, part.json.activeTotal, part.json.endedTotal], [1, 1, 1]);
  const bad = await get("?from=-1&limit=10", JSON_WANTED);
  assertEquals([bad.status, bad.json.code], [400, "bad_filter"]);
  const form = await get("?q=&view=split&sort=&state=ERROR&state=FINISHED");
  assertEquals([form.status, form.headers.get("location")], [303, "/t/c?state=ERROR,FINISHED"]);
});

Deno.test("Pages.names() shows at most 100 names, and links to the next page", async () => {
  await using server = await startSome();
  for (let index = 0; index < 150; index++) {
    await call("POST", `${server.url}/tasks/many`, { body: { name: `${1_000 + index} & more?` } });
  }
  const counts: number[] = [];
  for (let path: string | undefined = "/stats/many"; path !== undefined;) {
    const { text } = await call("GET", server.url + path);
    counts.push(text.match(/href="\/stats\/many\//g)!.length);
    [, path] = /href="([^"]+)">More names/.exec(text) ?? [];
  }
  assertEquals(counts, [100, 50]);
});

Deno.test("Pages.names() shows the statistics of each name, and escapes names", async () => {
  await using server = await startSome();
  const name = "a/b <b>?";
  await call("POST", `${server.url}/tasks/c`, { body: { id: "odd", name } });
  const all = await call("GET", `${server.url}/stats/c`);
  assertEquals(all.status, 200);
  const [link] = /\/stats\/c\/a%2F[^"]+/.exec(all.text) ?? [];
  const one = await call("GET", `${server.url}${link}`);
  assertStringIncludes(one.text, "<h1>a/b &lt;b>?</h1>");
  assertStringIncludes(one.text, "No run has ended yet");
  const unknown = await call("GET", `${server.url}/stats/c/unknown`);
  assertEquals([unknown.status, unknown.headers.get("content-type")], [404, "text/html; charset=utf-8"]);
});
