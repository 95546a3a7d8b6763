/** Tests the REST API for tasks, on a real server. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { rawCall, rawRequest } from "../../../support/raw_http.ts";
import { ended, startTaskServer as start } from "../../../support/task_server.ts";

const RECORD_KEYS = [
  ...["id", "name", "state", "status", "progress", "current", "total", "unit", "active"],
  ...[
    "created_at",
    "started_at",
    "updated_at",
    "finished_at",
    "eta",
    "eta_low",
    "eta_high",
    "rate",
    "eta_reason",
    "expected_duration",
  ],
  ...["stale", "stale_after", "result", "error", "metadata", "tags", "parent_id", "weight", "share"],
  ...["expected_weight", "own_progress", "attempt"],
  ...[
    "retry_of",
    "retryable",
    "cancel_requested",
    "log_count",
    "value_count",
    "reporter",
    "report_seq",
    "version",
  ],
];

Deno.test("Rest.list() returns an empty list for an unknown client, and stores nothing", async () => {
  await using server = start();
  const answer = await call("GET", `${server.url}/tasks/nobody`);
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("content-type"), "application/json");
  assertEquals(answer.headers.get("cache-control"), "no-store");
  assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
  assertEquals(Object.keys(answer.json), ["active_tasks", "all_tasks", "cursor"]);
  assertEquals([answer.json.active_tasks, answer.json.all_tasks], [[], {}]);
  assertMatch(answer.json.cursor, /^[A-Za-z0-9]+:\d+$/);
  assertEquals(server.monitor.registry.clients(), []);
});

Deno.test("Rest.list() returns all tasks, and the active ones with the newest first, as compact JSON", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  for (const id of ["a", "b", "c"]) await call("POST", `${tasks}/start/held`, { body: { id } });
  await call("POST", `${tasks}/start/echo`, { body: { id: "done" } });
  await ended(`${tasks}/done`);
  const answer = await call("GET", tasks);
  assertEquals(answer.json.active_tasks.map(({ id }: { id: string }) => id), ["c", "b", "a"]);
  assertEquals(Object.keys(answer.json.all_tasks).sort(), ["a", "b", "c", "done"]);
  assertEquals(answer.json.all_tasks.a, (await call("GET", `${tasks}/a`)).json);
  assertEquals(answer.text, JSON.stringify(answer.json));
  assertEquals((await call("GET", `${server.url}/tasks/other`)).json.all_tasks, {});
});

Deno.test("Rest.list() returns current tasks and a new cursor after each change", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  const cursors: string[] = [];
  for (const id of ["a", "b"]) {
    await call("POST", `${tasks}/start/held`, { body: { id } });
    const { json } = await call("GET", tasks);
    assert(id in json.all_tasks, "a cached list is out of date");
    cursors.push(json.cursor);
  }
  assertEquals(new Set(cursors).size, 2);
  await call("POST", `${tasks}/a/cancel`);
  await ended(`${tasks}/a`);
  await call("DELETE", `${tasks}/a`);
  assertEquals(Object.keys((await call("GET", tasks)).json.all_tasks), ["b"]);
});

Deno.test("Rest.task() returns the whole record, or 404 for an unknown task", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  await call("POST", `${tasks}/start/echo`, { body: { id: "t", args: [1, { two: [null] }] } });
  await ended(`${tasks}/t`);
  const { json } = await call("GET", `${tasks}/t`);
  assertEquals(Object.keys(json).toSorted(), RECORD_KEYS.toSorted());
  assertEquals([json.id, json.name, json.state, json.progress, json.active], [
    "t",
    "echo",
    "FINISHED",
    100,
    false,
  ]);
  assertEquals(json.result, [1, { two: [null] }]);
  const seconds = Date.now() / 1000;
  assert(Math.abs(json.created_at - seconds) < 3600, "times are in seconds");
  assertProblem(await call("GET", `${tasks}/unknown`), 404, "task_not_found");
  assertProblem(await call("GET", `${server.url}/tasks/other/t`), 404, "task_not_found");
});

Deno.test("Rest.task() returns the error of a failed task", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  await call("POST", `${tasks}/start/fails`, { body: { id: "t" } });
  await ended(`${tasks}/t`);
  const { json } = await call("GET", `${tasks}/t`);
  assertEquals([json.state, json.error.type, json.error.message], ["ERROR", "TypeError", "as it was told"]);
  assertEquals(json.status, "Error: as it was told");
  assertEquals(server.errors, [], "an error of a task is not an error of the server");
});

Deno.test("Rest.list() links each page to the next by Link and next_page, and lists each task exactly once", async () => {
  await using server = start();
  const quick = server.monitor.monitored(() => null, { name: "quick", client: "c" });
  for (let n = 0; n < 25; n++) await quick();
  assertEquals(Object.keys((await call("GET", `${server.url}/tasks/c`)).json.all_tasks).length, 25);

  let path: string | undefined = "/tasks/c?limit=10&name=quick";
  const seen: string[] = [];
  const nextPages: unknown[] = [];
  while (path !== undefined) {
    const answer = await call("GET", server.url + path);
    assertEquals(Object.keys(answer.json), ["active_tasks", "all_tasks", "total", "next_page", "cursor"]);
    assertEquals(answer.json.total, 25);
    seen.push(...Object.keys(answer.json.all_tasks));
    nextPages.push(answer.json.next_page);
    path = /^<(.*)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
  }
  assertEquals(nextPages, [2, 3, null]);
  assertEquals(seen.length, 25);
  const newestFirst = server.monitor.registry.tasks("c").map((task) => task.id);
  assertEquals(seen, newestFirst);
  assertEquals((await call("GET", `${server.url}/tasks/c?page=9`)).json.all_tasks, {});
});

Deno.test("Rest.list() refuses unknown and invalid filters", async () => {
  await using server = start();
  const wrong = [
    "stat=ERROR",
    "state=RUNNING",
    "sort=colour",
    "limit=0",
    "limit=1001",
    "limit=ten",
    "limit=1&limit=2",
    "page=0",
    "page=1.5",
    "__proto__=1",
    `name=${"x".repeat(201)}`,
  ];
  for (const query of wrong) {
    const answer = await call("GET", `${server.url}/tasks/c?${query}`);
    assertProblem(answer, 400, "bad_filter");
    assertStringIncludes(answer.json.detail, `"${query.split("=")[0]}"`);
  }
});

Deno.test("Rest.logs() returns the newest lines, or the lines after a number", async () => {
  await using server = start({ limits: { logLinesPerTask: 5 } });
  const run = server.monitor.monitored((task) => {
    for (let n = 0; n < 8; n++) task.log(`line ${n}`);
  }, { client: "c", id: "t", name: "logging" });
  await run();
  const logs = `${server.url}/tasks/c/t/logs`;
  const all = await call("GET", logs);
  assertEquals([all.json.first, all.json.next], [3, 8]);
  assertEquals(
    all.json.lines.map(({ text }: { text: string }) => text),
    [3, 4, 5, 6, 7].map((n) => `line ${n}`),
  );
  const rest = await call("GET", `${logs}?after=6`);
  assertEquals([rest.json.first, rest.json.lines.length], [6, 2]);
  assertEquals((await call("GET", `${logs}?after=8`)).json, { lines: [], first: 8, next: 8, count: 8 });
  assertEquals((await call("GET", `${logs}?after=99`)).json.lines, []);
  assertProblem(await call("GET", `${server.url}/tasks/c/unknown/logs`), 404, "task_not_found");
});

Deno.test("Rest.start() accepts arguments, an id, tags and metadata, and also an empty body", async () => {
  await using server = start();
  const url = `${server.url}/tasks/c/start/echo`;
  const given = { args: ["a", 1], id: "given", tags: ["x"], metadata: { from: "test" } };
  const answer = await call("POST", url, { body: given });
  assertEquals(answer.status, 202);
  assertEquals(answer.json, { task_id: "given" });
  assertEquals(answer.headers.get("location"), "/tasks/c/given");
  await ended(`${server.url}/tasks/c/given`);
  const { json } = await call("GET", server.url + answer.headers.get("location"));
  assertEquals([json.result, json.tags, json.metadata], [["a", 1], ["x"], { from: "test" }]);

  for (
    const options of [{}, { body: "" }, { body: {} }, { body: "", headers: { "content-type": "text/plain" } }]
  ) {
    const empty = await call("POST", url, options);
    assertEquals(empty.status, 202, JSON.stringify(options));
    assertMatch(empty.json.task_id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  }
  assertEquals(
    (await call("POST", url, { body: "{}", headers: { "content-type": "application/json; charset=utf-8" } }))
      .status,
    202,
  );
});

Deno.test("Rest.start() refuses an invalid body, and starts no task", async () => {
  await using server = start({ limits: { requestBytes: 1_000 } });
  const url = `${server.url}/tasks/c/start/echo`;
  const json = { "content-type": "application/json" };
  for (const body of ["{", "nonsense", '{"args":[1,]}']) {
    assertProblem(await call("POST", url, { body, headers: json }), 400, "bad_json");
  }
  const shapes: unknown[] = [
    [],
    null,
    1,
    { args: {} },
    { arguments: [] },
    { args: Array(33).fill(0) },
    { id: 7 },
    { tags: "x" },
    { metadata: [] },
  ];
  for (const body of shapes) {
    assertProblem(await call("POST", url, { body: JSON.stringify(body), headers: json }), 400, "bad_body");
  }
  for (const id of ["", "with space", "__proto__", "start", "..", "x".repeat(129), "ü"]) {
    const answer = await call("POST", url, { body: { id } });
    assertEquals(answer.status, 400, JSON.stringify(id));
  }
  assertEquals((await call("POST", url, { body: { tags: ["x".repeat(65)] } })).status, 400);
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
    const answer = await call("POST", url, { body: "{}", headers: { "content-type": type } });
    assertProblem(answer, 415, "wrong_content_type");
  }
  assertProblem(await call("POST", url, { body: { args: ["x".repeat(1_000)] } }), 413, "body_too_large");
  const bytes = new Uint8Array([0x22, 0xff, 0xfe, 0x22]);
  const head = `POST /tasks/c/start/echo HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n` +
    "Content-Type: application/json\r\nContent-Length: 4\r\n\r\n";
  const request = new Uint8Array([...new TextEncoder().encode(head), ...bytes]);
  assertProblem(await rawRequest(server.port, request), 400, "bad_body");
  assertEquals(server.monitor.registry.tasks("c"), []);
  assertEquals(server.errors, []);
});

Deno.test("Rest.start() refuses a body without Content-Length once it is too large", async () => {
  await using server = start({ limits: { requestBytes: 1_000 } });
  const chunk = `3e8\r\n${"x".repeat(1_000)}\r\n`;
  const answer = await rawRequest(
    server.port,
    `POST /tasks/c/start/echo HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nTransfer-Encoding: chunked\r\n\r\n` +
      chunk.repeat(5) + "0\r\n\r\n",
  );
  assertProblem(answer, 413, "body_too_large");
});

Deno.test("Rest.start() responds with 408 if the body does not arrive in time", async () => {
  await using server = start({ limits: { requestTimeoutMs: 50 } });
  const answer = await rawRequest(
    server.port,
    `POST /tasks/c/start/echo HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n` +
      `Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"args":`,
  );
  assertProblem(answer, 408, "slow_body");
});

Deno.test("Rest.start() responds with 404 to an unknown name, 409 to a taken id, and 503 if a limit is reached", async () => {
  await using server = start({ limits: { liveTasksPerClient: 2 } });
  const tasks = `${server.url}/tasks/c`;
  for (const name of ["unknown", "__proto__", "constructor", "toString", "a%2Fb", "%00"]) {
    assertProblem(await call("POST", `${tasks}/start/${name}`), 404, "unknown_task_name");
  }
  assertEquals((await call("POST", `${tasks}/start/held`, { body: { id: "t" } })).status, 202);
  assertProblem(await call("POST", `${tasks}/start/held`, { body: { id: "t" } }), 409, "task_exists");
  assertEquals(
    (await call("POST", `${server.url}/tasks/other/start/held`, { body: { id: "t" } })).status,
    202,
  );
  assertEquals((await call("POST", `${tasks}/start/held`)).status, 202);
  const full = await call("POST", `${tasks}/start/held`);
  assertProblem(full, 503, "limit_reached");
  assertMatch(full.headers.get("retry-after") ?? "", /^\d+$/);
  assertEquals(server.held.running, 3);
});

Deno.test("Rest.cancel() requests cancellation, or cancels the task at once with force", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  await call("POST", `${tasks}/start/held`, { body: { id: "polite" } });
  const asked = await call("POST", `${tasks}/polite/cancel`);
  assertEquals(asked.status, 202);
  assertEquals([asked.json.task_id, asked.json.cancel_requested], ["polite", true]);
  await ended(`${tasks}/polite`);
  assertEquals((await call("GET", `${tasks}/polite`)).json.state, "CANCELLED");
  assertEquals(
    (await call("POST", `${tasks}/polite/cancel`)).status,
    202,
    "reporting the same end twice is not a conflict",
  );
  await call("POST", `${tasks}/start/echo`, { body: { id: "done" } });
  await ended(`${tasks}/done`);
  assertProblem(await call("POST", `${tasks}/done/cancel`), 409, "task_ended");

  await call("POST", `${tasks}/start/held`, { body: { id: "deaf", args: ["deaf"] } });
  assertEquals((await call("POST", `${tasks}/deaf/cancel`)).json.state, "STARTING");
  assertEquals((await call("GET", `${tasks}/deaf`)).json.cancel_requested, true);
  assertProblem(await call("POST", `${tasks}/deaf/cancel?force=yes`), 400, "bad_filter");
  assertEquals((await call("POST", `${tasks}/deaf/cancel?force=true`)).json.state, "CANCELLED");
  server.held.release("too late");
  await call("POST", `${tasks}/start/held`, { body: { id: "after" } });
  await ended(`${tasks}/after`);
  assertEquals((await call("GET", `${tasks}/deaf`)).json.state, "CANCELLED", "the end of a task is final");
  assertProblem(await call("POST", `${tasks}/unknown/cancel`), 404, "task_not_found");
  assertEquals(server.errors, []);
});

Deno.test("Rest.remove() removes an ended task, but refuses to remove an active or an unknown one", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  await call("POST", `${tasks}/start/held`, { body: { id: "t" } });
  assertProblem(await call("DELETE", `${tasks}/t`), 409, "task_active");
  await call("POST", `${tasks}/t/cancel`);
  await ended(`${tasks}/t`);
  const removed = await call("DELETE", `${tasks}/t`);
  assertEquals([removed.status, removed.text], [204, ""]);
  assertProblem(await call("DELETE", `${tasks}/t`), 404, "task_not_found");
  assertProblem(await call("GET", `${tasks}/t`), 404, "task_not_found");
});

Deno.test("Rest.removeMany() removes the ended tasks that a query selects", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  const bodies = { echo: ["e1", "e2"], fails: ["f1"], held: ["h1"] };
  for (const [name, ids] of Object.entries(bodies)) {
    for (const id of ids) await call("POST", `${tasks}/start/${name}`, { body: { id, tags: [id] } });
  }
  for (const id of ["e1", "e2", "f1"]) await ended(`${tasks}/${id}`);
  assertProblem(await call("DELETE", tasks), 400, "bad_filter");
  assertProblem(await call("DELETE", `${tasks}?state=DONE`), 400, "bad_filter");
  assertEquals((await call("DELETE", `${tasks}?state=FINISHED&tag=e2`)).json, { removed: 1 });
  assertEquals((await call("DELETE", `${tasks}?state=PROCESSING,STARTING`)).json, { removed: 0 });
  assertEquals((await call("DELETE", `${tasks}?state=FINISHED,ERROR`)).json, { removed: 2 });
  assertEquals(Object.keys((await call("GET", tasks)).json.all_tasks), ["h1"]);
});

Deno.test("Handler.handle() responds to HEAD as to GET, without a body", async () => {
  await using server = start();
  for (const path of ["/tasks/c", "/healthz", "/t/c"]) {
    const got = await call("GET", server.url + path);
    const answer = await rawCall(server.port, "HEAD", path, [
      ["Host", `127.0.0.1:${server.port}`],
      ["Connection", "close"],
    ]);
    assertEquals([answer.status, answer.body], [got.status, ""]);
    assertEquals(answer.headers.get("content-type"), got.headers.get("content-type"));
  }
});

Deno.test("Handler.handle() responds with 405 and Allow to a wrong method, and 404 to an unknown path", async () => {
  await using server = start();
  const methods: readonly (readonly [string, string, string])[] = [
    ["PUT", "/tasks/c", "GET, HEAD, POST, DELETE"],
    ["PUT", "/tasks/c/t", "GET, HEAD, POST, PATCH, DELETE"],
    ["PATCH", "/tasks/c", "GET, HEAD, POST, DELETE"],
    ["GET", "/tasks/c/t/finish", "POST"],
    ["PATCH", "/tasks/c/t/fail", "POST"],
    ["DELETE", "/tasks/c/t/cancelled", "POST"],
    ["GET", "/tasks/c/start/echo", "POST"],
    ["GET", "/tasks/c/t/cancel", "POST"],
    ["GET", "/tasks/c/t/retry", "POST"],
    ["DELETE", "/tasks/c/t/restore", "POST"],
    ["POST", "/tasks/c/t/history", "GET, HEAD"],
    ["POST", "/tasks/c/t/progress", "GET, HEAD"],
    ["POST", "/readyz", "GET, HEAD"],
    ["OPTIONS", "/tasks/c", "GET, HEAD, POST, DELETE"],
    ["PATCH", "/tasks/c/t/logs", "GET, HEAD, POST"],
    ["DELETE", "/healthz", "GET, HEAD"],
    ["POST", "/ws/tasks/c", "GET, HEAD"],
  ];
  for (const [method, path, allow] of methods) {
    const answer = await call(method, server.url + path);
    assertProblem(answer, 405, "method_not_allowed");
    assertEquals(answer.headers.get("allow"), allow, `${method} ${path}`);
  }
  const nowhere = [
    "/x",
    "/tasks",
    "/tasks/c/t/x",
    "/tasks/c/t/logs/x",
    "/tasks/c/t/finish/x",
    "/ws",
    "/ws/x",
    "/healthz/x",
    "/readyz/x",
    "/tasks/c/t/history/x",
    "/tasks/c/t/progress/x",
    "/tasks/c/t/retry/x",
    "/assets/x",
  ];
  for (const path of nowhere) {
    assertProblem(await call("GET", server.url + path), 404, "not_found");
  }
});

Deno.test("Handler.handle() responds with 400 to an invalid client token, task id or name", async () => {
  await using server = start();
  const clients = ["", "a%20b", "a%2Fb", "%2e%2e", "%C3%BC", "x".repeat(129), "a:b", "%ff"];
  // Use a raw request, because fetch() normalizes a path with dot segments before it sends the request.
  for (const client of clients.filter((text) => text !== "%2e%2e")) {
    assertProblem(await call("GET", `${server.url}/tasks/${client}`), 400, "bad_client");
  }
  const ids = ["", "a%20b", "__proto__", "constructor", "prototype", "start", "x".repeat(129), "%C3%BC"];
  for (const id of ids) {
    assertProblem(await call("GET", `${server.url}/tasks/c/${id}`), 400, "bad_task_id");
    assertProblem(await call("GET", `${server.url}/ws/tasks/c/${id}`), 400, "bad_task_id");
  }
  for (const name of ["%", "%zz", "%ff", "%c3%28"]) {
    assertProblem(await call("POST", `${server.url}/tasks/c/start/${name}`), 400, "bad_path");
  }
  assertEquals(server.errors, []);
});

Deno.test("Handler.handle() reports an unexpected error once, and reveals it only to the operator", async () => {
  await using server = start({
    authorize: () => {
      throw new Error("a secret of the operator");
    },
  });
  const answer = await call("GET", `${server.url}/tasks/c`);
  assertProblem(answer, 500, "internal");
  assert(!answer.text.includes("secret"));
  assertEquals(server.errors.map((error) => (error as Error).message), ["a secret of the operator"]);
  const page = await call("GET", `${server.url}/t/c`);
  assertEquals([page.status, page.headers.get("content-type")], [500, "text/html; charset=utf-8"]);
  assert(!page.text.includes("secret"));
});

Deno.test("Handler.handle() responds to health and readiness checks", async () => {
  await using server = start({ authorize: () => false });
  const healthy = await call("GET", `${server.url}/healthz`);
  assertEquals([healthy.status, healthy.json], [200, { status: "ok" }]);
  const ready = await call("GET", `${server.url}/readyz`);
  assertEquals([ready.status, ready.json], [200, { status: "ready" }]);
  assertEquals(ready.headers.get("cache-control"), "no-store");
});

Deno.test("Rest.task() finds a task whose id has a colon, percent-encoded or not", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/web`;
  await call("POST", `${tasks}/start/echo`, { body: { id: "job:1" } });
  await ended(`${tasks}/job:1`);
  for (const id of ["job:1", "job%3A1", "job%3a1"]) {
    const { status, json } = await call("GET", `${tasks}/${id}`);
    assertEquals([status, json.id], [200, "job:1"], id);
    assertEquals((await call("GET", `${tasks}/${id}/logs`)).status, 200, id);
  }
});
