/** Tests requests that wait for changes (long polling), on a real server. */

import { atHand } from "../../../support/at_hand.ts";
import { assertEquals, assertLess, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { HeldServer } from "../../../support/held_server.ts";
import { send } from "../../../support/raw_http.ts";
import { ended, run, startTaskServer } from "../../../support/task_server.ts";

/** Returns whether a promise is settled by the time the server has responded to other requests. */
async function isSettled(promise: Promise<unknown>, url: string): Promise<boolean> {
  let settled = false;
  promise.finally(() => settled = true).catch(() => {});
  for (let calls = 0; calls < 5; calls++) await call("GET", `${url}/healthz`);
  return settled;
}

Deno.test("Waits.changes() responds at once if there are changes, or if no timeout is given", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  const { cursor } = (await call("GET", tasks)).json;
  for (const timeout of ["", "&timeout=0", "&timeout=0.0"]) {
    const nothing = await call("GET", `${tasks}?after=${cursor}${timeout}`);
    assertEquals([nothing.status, nothing.json], [200, { cursor, tasks: [], removed: [] }]);
  }
  await run(tasks, "echo", { id: "a" });
  const plain = await call("GET", `${tasks}?after=${cursor}`);
  const polled = await call("GET", `${tasks}?after=${cursor}&timeout=60`);
  assertEquals(polled.text, plain.text);
  assertEquals(polled.json.tasks.map(({ id }: { id: string }) => id), ["a"]);
});

Deno.test("Waits.changes() responds once any task of the client changes", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "a" });
  let { cursor } = (await call("GET", tasks)).json;
  const steps: readonly (readonly [() => Promise<unknown>, string, readonly string[], readonly string[]])[] =
    [
      [() => call("POST", `${tasks}/start/held`, { body: { id: "b" } }), "begin", ["b"], []],
      [() => call("POST", `${tasks}/b/cancel`), "end", ["b"], []],
      [() => call("DELETE", `${tasks}/a`), "removal", [], ["a"]],
    ];
  for (const [step, what, changed, removed] of steps) {
    const polling = call("GET", `${tasks}?after=${cursor}&timeout=60`);
    assertEquals(await isSettled(polling, server.url), false, what);
    await run(`${server.url}/tasks/other`, "echo", { id: `foreign ${what}`.replace(" ", "-") });
    assertEquals(await isSettled(polling, server.url), false, what);
    await step();
    const answer = await polling;
    assertEquals([answer.status, Object.keys(answer.json)], [200, ["cursor", "tasks", "removed"]]);
    assertEquals([answer.json.tasks.map(({ id }: { id: string }) => id), answer.json.removed], [
      changed,
      removed,
    ]);
    if (what === "end") await ended(`${tasks}/b`);
    ({ cursor } = (await call("GET", tasks)).json);
  }
});

Deno.test("Waits.changes() misses no change between two requests", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  let { cursor } = (await call("GET", tasks)).json;
  const known = new Map<string, string>();
  const follow = async () => {
    for (let answers = 0; known.get("last") !== "FINISHED"; answers++) {
      assertLess(answers, 500);
      const { json } = await call("GET", `${tasks}?after=${cursor}&timeout=60`);
      for (const id of json.removed) known.delete(id);
      for (const { id, state } of json.tasks) known.set(id, state);
      cursor = json.cursor;
    }
  };
  const following = follow();
  for (let index = 0; index < 30; index++) {
    await run(tasks, "echo", { id: `t-${index}` });
    if (index % 3 === 0) await call("DELETE", `${tasks}/t-${index}`);
  }
  await run(tasks, "echo", { id: "last" });
  await following;
  const { json } = await call("GET", tasks);
  assertEquals([...known.keys()].toSorted(), Object.keys(json.all_tasks).toSorted());
});

Deno.test("Waits.changes() responds with no changes after the timeout", async () => {
  await using server = startTaskServer();
  using clock = new FakeClock();
  const tasks = `${server.url}/tasks/c`;
  const { cursor } = (await call("GET", tasks)).json;
  const polling = call("GET", `${tasks}?after=${cursor}&timeout=60`);
  assertEquals(await isSettled(polling, server.url), false);
  await clock.passAsync(59_999);
  assertEquals(await isSettled(polling, server.url), false);
  await clock.passAsync(1);
  const { status, json } = await polling;
  assertEquals([status, json], [200, { cursor, tasks: [], removed: [] }]);
});

Deno.test("Waits.changes() refuses invalid parameters before it waits", async () => {
  await using server = startTaskServer({ limits: { removalsPerClient: 1 } });
  const tasks = `${server.url}/tasks/c`;
  const { cursor } = (await call("GET", tasks)).json;
  for (const timeout of ["", "-1", "61", "60.001", "100", "1e1", "x", "NaN", "1s", "0x1", "1.0001", "%20"]) {
    const answer = await call("GET", `${tasks}?after=${cursor}&timeout=${timeout}`);
    assertProblem(answer, 400, "bad_filter");
    assertStringIncludes(answer.json.detail, '"timeout"');
  }
  for (const query of [`timeout=5`, `after=${cursor}&timeout=1&timeout=1`, `after=x&timeout=5`]) {
    assertEquals((await call("GET", `${tasks}?${query}`)).status, 400, query);
  }
  const gone = await call("GET", `${tasks}?after=elsewhere:5&timeout=60`);
  assertProblem(gone, 410, "cursor_gone");
});

Deno.test("Waits.changes() responds with a new task only after its commit", async () => {
  await using server = new HeldServer();
  const tasks = `${server.url}/tasks/c`;
  server.test.begin("c", "1");
  const { cursor } = (await call("GET", tasks)).json;
  server.store.hold();
  const polling = call("GET", `${tasks}?after=${cursor}&timeout=60`);
  assertEquals(await isSettled(polling, server.url), false);
  server.test.begin("c", "2");
  assertEquals(await isSettled(polling, server.url), false);
  await server.store.commit();
  const { json } = await polling;
  assertEquals(json.tasks.map(({ id }: { id: string }) => id), ["2"]);
});

Deno.test("Waits.task() responds with the record once the task is in one of the states", async () => {
  await using server = new HeldServer();
  const task = `${server.url}/tasks/c/1`;
  server.test.begin("c", "1");
  const waiting = {
    processing: call("GET", `${task}?wait=processing`),
    ended: call("GET", `${task}?wait=ended&timeout=60`),
    finished: call("GET", `${task}?wait=FINISHED,ERROR`),
    now: call("GET", `${task}?wait=starting,Processing`),
  };
  assertEquals((await waiting.now).json.state, "STARTING");
  for (const name of ["processing", "ended", "finished"] as const) {
    assertEquals(await isSettled(waiting[name], server.url), false, name);
  }
  // Both changes happen in the same turn of the event loop, so that no response is sent between them.
  server.test.progress("c", "1", 5);
  server.test.finish("c", "1");
  const [processing, ended, finished] = await Promise.all([
    waiting.processing,
    waiting.ended,
    waiting.finished,
  ]);
  assertEquals([processing.status, processing.json.state], [200, "PROCESSING"]);
  for (const { status, text } of [ended, finished]) {
    assertEquals([status, text], [200, atHand(server.test.registry.stored("c", "1")).json]);
  }
  assertEquals((await call("GET", `${task}?wait=ended`)).text, ended.text);
});

Deno.test("Waits.task() responds with a final state only after its commit", async () => {
  await using server = new HeldServer();
  server.test.begin("c", "1");
  server.store.hold();
  const waiting = call("GET", `${server.url}/tasks/c/1?wait=ended`);
  assertEquals(await isSettled(waiting, server.url), false);
  server.test.finish("c", "1");
  assertEquals(await isSettled(waiting, server.url), false);
  await server.store.commit();
  assertEquals((await waiting).json.state, "FINISHED");
});

Deno.test("Waits.task() responds with the record and 408 after the timeout, or 409 once the task can reach none of the states", async () => {
  await using server = new HeldServer();
  using clock = new FakeClock();
  const task = `${server.url}/tasks/c/1`;
  server.test.begin("c", "1");
  const atOnce = await call("GET", `${task}?wait=ended&timeout=0`);
  assertEquals([atOnce.status, atOnce.json.state], [408, "STARTING"]);
  assertEquals(atOnce.headers.get("content-type"), "application/json");
  const [short, long] = [call("GET", `${task}?wait=ended&timeout=2.5`), call("GET", `${task}?wait=ended`)];
  assertEquals(await isSettled(Promise.race([short, long]), server.url), false);
  await clock.passAsync(2_500);
  assertEquals([(await short).status, await isSettled(long, server.url)], [408, false]);
  server.test.progress("c", "1", 40);
  await clock.passAsync(57_500);
  const { status, json } = await long;
  assertEquals([status, json.progress], [408, 40]);

  for (const past of ["NOT_STARTED", "STARTING", "not_started,starting"]) {
    const answer = await call("GET", `${task}?wait=${past}`);
    assertEquals([answer.status, answer.json.state], [409, "PROCESSING"], past);
  }
  const finished = call("GET", `${task}?wait=finished`);
  assertEquals(await isSettled(finished, server.url), false);
  server.test.report("c", "1", { type: "fail", error: { type: "Error", message: "no" } });
  const answer = await finished;
  assertEquals([answer.status, answer.json.state, answer.json.error.message], [409, "ERROR", "no"]);
  assertEquals((await call("GET", `${task}?wait=finished,cancelled`)).status, 409);
  assertEquals((await call("GET", `${task}?wait=error`)).status, 200);
});

Deno.test("Waits.task() responds with a line of text if the client prefers text", async () => {
  await using server = startTaskServer();
  const task = `${server.url}/tasks/c/a`;
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "a" } });
  const headers = { accept: "text/plain" };
  const early = await call("GET", `${task}?wait=ended&timeout=0`, { headers });
  assertEquals([early.status, early.headers.get("content-type")], [408, "text/plain; charset=utf-8"]);
  server.held.release();
  const late = await call("GET", `${task}?wait=ended`, { headers });
  assertEquals(late.status, 200);
  assertEquals(late.text, (await call("GET", task, { headers })).text);
  // Older versions of Deno compress responses, and therefore add Accept-Encoding to Vary.
  const vary = (await call("GET", `${task}?wait=ended`)).headers.get("vary") ?? "";
  assertEquals(vary.split(", ").at(-1), "Accept");
});

Deno.test("Waits.task() responds with 404 at once if the task does not exist, and refuses invalid parameters at once", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  assertProblem(await call("GET", `${tasks}/unknown?wait=ended`), 404, "task_not_found");
  await run(tasks, "echo", { id: "a" });
  for (const query of ["wait=", "wait=done", "wait=ended,", "wait=FINISHED;ERROR", "wait=__proto__"]) {
    const answer = await call("GET", `${tasks}/a?${query}`);
    assertProblem(answer, 400, "bad_filter");
    assertStringIncludes(answer.json.detail, '"wait"');
  }
  for (const query of ["wait=ended&timeout=61", "wait=ended&x=1", "wait=ended&wait=error"]) {
    assertProblem(await call("GET", `${tasks}/a?${query}`), 400, "bad_filter");
  }
});

Deno.test("Waits ends a wait at once if its client disconnects", async () => {
  await using server = new HeldServer({ waitingRequests: 1 });
  server.test.begin("c", "1");
  const { cursor } = (await call("GET", `${server.url}/tasks/c`)).json;
  const other = `${server.url}/tasks/c/1?wait=ended&timeout=0.001`;
  for (const path of ["/tasks/c/1?wait=ended", `/tasks/c?after=${cursor}&timeout=60`]) {
    for (let round = 0; round < 5; round++) {
      // The limit permits one waiting request. If `other` took its place, the server has refused this one, so
      // send it again.
      let connection = await ask(server.url, path);
      let refused = await call("GET", other);
      for (let tries = 0; refused.status !== 503; tries++) {
        assertLess(tries, 100);
        connection.close();
        connection = await ask(server.url, path);
        refused = await call("GET", other);
      }
      assertProblem(refused, 503, "limit_reached");
      assertEquals(refused.headers.get("retry-after"), "5");
      assertEquals(
        (await call("GET", `${server.url}/tasks/c/1`)).status,
        200,
        "a request that does not wait is not limited",
      );
      connection.close();
      for (let tries = 0; (await call("GET", other)).status !== 408; tries++) assertLess(tries, 1_000);
    }
  }
  assertEquals(server.errors, []);
});

Deno.test("Waits responds to every waiting request with 503 if the server shuts down", async () => {
  await using server = startTaskServer();
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "a" } });
  const { cursor } = (await call("GET", `${server.url}/tasks/c`)).json;
  const waiting = ["/tasks/c/a?wait=ended", `/tasks/c?after=${cursor}&timeout=60`]
    .map((path) => call("GET", server.url + path));
  for (const one of waiting) assertEquals(await isSettled(one, server.url), false);
  const down = server.monitor.shutdown();
  for (const one of waiting) assertProblem(await one, 503, "closing");
  await down;
});

/** Sends a request over a raw connection, and waits until the server has read it. */
async function ask(url: string, path: string): Promise<Deno.TcpConn> {
  const { hostname, port, host } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await send(connection, new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
  for (let calls = 0; calls < 5; calls++) await call("GET", `${url}/healthz`);
  return connection;
}

Deno.test("Waits refuses waiting requests of pages of other origins, as streams do", async () => {
  await using server = startTaskServer({ allowedOrigins: ["https://allowed.example"] });
  const tasks = `${server.url}/tasks/c`;
  await call("POST", `${tasks}/start/held`, { body: { id: "t" } });
  const { json: { cursor } } = await call("GET", tasks);
  const held = [
    `${tasks}?after=${cursor}&timeout=0.05`,
    `${tasks}?after=${cursor}&timeout=0`,
    `${tasks}/t?wait=ended&timeout=0.05`,
    `${tasks}/t?wait=ended`,
    `${tasks}/t?timeout=60&wait=ended`,
  ];
  const foreign: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
  ];
  for (const url of held) {
    for (const headers of foreign) {
      assertProblem(await call("GET", url, { headers }), 403, "foreign_origin");
    }
  }
  const own: Record<string, string>[] = [
    {},
    { origin: server.url },
    { origin: "https://allowed.example" },
    { "sec-fetch-site": "same-origin" },
  ];
  for (const headers of own) {
    assertEquals((await call("GET", held[0]!, { headers })).status, 200);
    assertEquals((await call("GET", held[2]!, { headers })).status, 408);
  }
  // The server accepts a read that does not wait, because the page of another origin can't read the response.
  for (const url of [tasks, `${tasks}/t`]) {
    assertEquals((await call("GET", url, { headers: foreign[0]! })).status, 200);
  }
  server.held.release();
});
