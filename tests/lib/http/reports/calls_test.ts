/** Tests reports over HTTP: the responses of each call to valid, late and invalid reports. */

import fc from "fast-check";
import { Keyring } from "../../../../lib/access/keyring.ts";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertMatch,
  assertStringIncludes,
} from "../../../support/assert.ts";
import { type Answer, assertProblem, call, HeldTask } from "../../../support/calls.ts";
import { startServer } from "../../../support/server.ts";
import { type AskOptions, DirectMonitor } from "../../../support/direct_monitor.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const T = "/tasks/c/t";

/** Creates a monitor with a task "t" that is reported over HTTP. */
async function start(create: Record<string, unknown> = {}): Promise<DirectMonitor> {
  const direct = new DirectMonitor();
  const { status } = await direct.ask("POST", "/tasks/c", { json: { id: "t", ...create } });
  assertEquals(status, 201);
  return direct;
}

/** Checks the response to a report that was refused because it was late. */
function assertRefused(answer: Answer, code: string, task: unknown): void {
  assertProblem(answer, 409, code, ["task"]);
  assertEquals(answer.json.task, task);
}

Deno.test("ReportCalls.create() creates a task that has not started, and returns its location", async () => {
  await using direct = new DirectMonitor({ basePath: "/monitor" });
  const answer = await direct.ask("POST", "/monitor/tasks/c");
  assertEquals([answer.status, answer.headers.get("cache-control")], [201, "no-store"]);
  const task = answer.json;
  assertMatch(task.id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assertEquals(answer.headers.get("location"), `/monitor/tasks/c/${task.id}`);
  assertEquals([task.name, task.state, task.progress, task.active], ["task", "NOT_STARTED", null, false]);
  assertEquals([task.reporter, task.report_seq, task.retryable], ["http", null, false]);
  assertEquals((await direct.ask("GET", `/monitor/tasks/c/${task.id}`)).json, task);
});

Deno.test("ReportCalls.create() accepts every field, as JSON and as a form", async () => {
  await using direct = new DirectMonitor();
  const given = {
    name: "copy & check",
    tags: ["a", "b", "c"],
    metadata: { host: "db1", "a.b": "é" },
    parent_id: "whole",
    weight: 2.5,
    share: 0.25,
    stale_after: 30,
    expected_weight: 4.5,
    progress: 12.5,
    status: "Copying 50%",
    current: 3,
    total: 24,
    unit: "files",
    seq: 7,
  };
  const form = "name=copy+%26+check&tags=a,b&tags=c&metadata.host=db1&metadata.a.b=%C3%A9&parent_id=whole" +
    "&weight=2.5&share=.25&expected_weight=4.5&stale_after=30&progress=12.5&status=Copying+50%&current=3&total=24&unit=files&seq=7";
  const sent: AskOptions[] = [{ json: { id: "json", ...given } }, { form: `id=form&${form}` }];
  for (const options of sent) {
    const { status, json } = await direct.ask("POST", "/tasks/c", options);
    const { seq, ...fields } = given;
    assertEquals([status, json.state, json.report_seq], [201, "PROCESSING", seq], JSON.stringify(json));
    for (const [name, value] of Object.entries(fields)) assertEquals(json[name], value, name);
  }
});

Deno.test("ReportCalls.create() starts the task if the body has started: true or fields of an update", async () => {
  await using direct = new DirectMonitor();
  const table: [AskOptions, string, string][] = [
    [{ json: {} }, "NOT_STARTED", "Not started"],
    [{ json: { started: false } }, "NOT_STARTED", "Not started"],
    [{ json: { started: true } }, "STARTING", "Starting"],
    [{ form: "started=true" }, "STARTING", "Starting"],
    [{ json: { progress: null } }, "PROCESSING", "Processing"],
    [{ form: "message=Hello" }, "PROCESSING", "Hello"],
    [{ json: { started: false, total: 5 } }, "PROCESSING", "Processing"],
    [{ json: { metadata: { a: 1 } } }, "NOT_STARTED", "Not started"],
    [{ json: { tags: null, metadata: null, weight: null, stale_after: null } }, "NOT_STARTED", "Not started"],
  ];
  for (const [options, state, status] of table) {
    const { json } = await direct.ask("POST", "/tasks/c", options);
    assertEquals([json.state, json.status], [state, status], JSON.stringify(options));
  }
});

Deno.test("ReportCalls.create() responds with 200 if the task exists with the same name, and 409 if it has another name", async () => {
  await using direct = await start({ name: "copy", progress: 10 });
  const { json: task } = await direct.ask("GET", T);
  const { cursor } = direct.monitor.registry;
  const again = await direct.ask("POST", "/tasks/c", { json: { id: "t", name: "copy", progress: 50 } });
  assertEquals([again.status, again.json, again.headers.get("location")], [200, task, T]);
  const other = await direct.ask("POST", "/tasks/c", { json: { id: "t", name: "move" } });
  assertProblem(other, 409, "task_exists");
  assertStringIncludes(other.json.detail, "copy");
  assertProblem(await direct.ask("POST", "/tasks/c", { json: { id: "t" } }), 409, "task_exists");
  assertEquals(direct.monitor.registry.cursor, cursor, "nothing has changed");
  assertEquals((await direct.ask("POST", "/tasks/other", { json: { id: "t" } })).status, 201);

  const { json: ended } = await direct.ask("POST", `${T}/finish`);
  const late = await direct.ask("POST", "/tasks/c", { json: { id: "t", name: "copy" } });
  assertEquals([late.status, late.json], [200, ended]);
  assertEquals((await direct.ask("DELETE", T)).status, 204);
  const next = await direct.ask("POST", "/tasks/c", { json: { id: "t", name: "move" } });
  assertEquals([next.status, next.json.state], [201, "NOT_STARTED"]);
});

Deno.test("ReportCalls returns to a reporter that may only write just the fields of a task that it needs to continue", async () => {
  const key = "the-key-of-this-very-server";
  await using server = startServer({ key });
  const sign = (may: "read" | "write") =>
    new Keyring(key).sign({ may, client: "c", taskId: null, expiresAt: null });
  const headers = (token: string) => ({ authorization: `Bearer ${token}` });
  const tasks = `${server.url}/tasks/c`;
  const body = {
    id: "t",
    name: "secret name",
    status: "secret status",
    metadata: { secret: 1 },
    tags: ["secret"],
  };
  assertEquals((await call("POST", tasks, { body, headers: headers(key) })).json.name, "secret name");
  await call("POST", `${tasks}/t/cancel`, { headers: headers(key) });
  const write = headers(await sign("write"));
  const receipt = { id: "t", state: "PROCESSING", cancel_requested: true, log_count: 0, report_seq: null };
  const ask = (method: string, path: string, body: unknown = {}) =>
    call(method, path, { body, headers: write });
  assertEquals((await ask("POST", tasks, { id: "t", name: "secret name" })).json, receipt);
  assertEquals((await ask("PATCH", `${tasks}/t`, { progress: 5 })).json, receipt);
  const refusals = [
    await ask("POST", tasks, { id: "t", name: "other" }),
    await ask("POST", `${tasks}/t/logs`, { lines: ["x"], first: 7 }),
  ];
  await ask("PATCH", `${tasks}/t`, { progress: 6, seq: 9 });
  refusals.push(await ask("PATCH", `${tasks}/t`, { progress: 5, seq: 3 }));
  assertEquals((await ask("POST", `${tasks}/t/fail`, { message: "no" })).json, {
    ...receipt,
    state: "ERROR",
    report_seq: 9,
  });
  refusals.push(await ask("PATCH", `${tasks}/t`, { progress: 7 }));
  for (const refusal of refusals) {
    assertEquals(refusal.status, 409);
    assert(!refusal.text.includes("secret"), refusal.text);
  }
  // With a credential that may also read, the response contains the record.
  assertEquals(
    (await call("POST", tasks, { body: { id: "t", name: "secret name" }, headers: headers(key) })).json.tags,
    ["secret"],
  );
  assertEquals(server.errors, []);
});

Deno.test("ReportCalls refuses reports about tasks of other reporters", async () => {
  const held = new HeldTask();
  await using direct = new DirectMonitor({ tasks: { held: held.fn } });
  await direct.ask("POST", "/tasks/c/start/held", { json: { id: "t" } });
  const name = (await direct.ask("GET", T)).json.name;
  for (const hasEnded of [false, true]) {
    if (hasEnded) {
      held.release();
      assertEquals((await direct.ask("GET", `${T}?wait=ended`)).json.state, "FINISHED");
    }
    const { cursor } = direct.monitor.registry;
    assertProblem(await direct.ask("POST", "/tasks/c", { json: { id: "t", name } }), 409, "task_exists");
    for (const part of ["", "/finish", "/fail", "/cancelled", "/logs"]) {
      const answer = await direct.ask("POST", T + part);
      assertProblem(answer, 409, "other_reporter");
      assertEquals(answer.json.detail, 'Cannot report task "t": another reporter runs it');
    }
    assertEquals(direct.monitor.registry.cursor, cursor, "nothing has changed");
  }
  assertEquals(direct.errors, []);
});

Deno.test("ReportCalls.create() responds with 503 if a limit is reached, and while the server shuts down", async () => {
  await using direct = new DirectMonitor({ limits: { liveTasksPerClient: 1, clients: 2 } });
  const create = (client: string, id: string) => direct.ask("POST", `/tasks/${client}`, { json: { id } });
  assertEquals((await create("a", "1")).status, 201);
  for (const [client, id] of [["a", "2"], ["b", "1"], ["c", "1"]] as const) {
    const answer = await create(client, id);
    if (client === "b") assertEquals(answer.status, 201);
    else {
      assertProblem(answer, 503, "limit_reached");
      assertMatch(answer.headers.get("retry-after") ?? "", /^\d+$/);
    }
  }
  assertEquals((await create("a", "1")).status, 200, "the task already exists");
  await direct.ask("POST", "/tasks/a/1/finish");
  assertEquals((await create("a", "2")).status, 201);
  const shutdown = direct.monitor.shutdown({ graceMs: 0 });
  assertProblem(await create("a", "3"), 503, "closing");
  assertProblem(await direct.ask("PATCH", "/tasks/a/2"), 503, "closing");
  await shutdown;
});

Deno.test("ReportCalls.report() accepts progress by PATCH and POST, as JSON and as a form", async () => {
  const table: [AskOptions, Record<string, unknown>][] = [
    [{ json: { progress: 50, status: "Half" } }, { progress: 50, status: "Half" }],
    [{ form: "progress=50&status=Half" }, { progress: 50, status: "Half" }],
    [{ form: "message=Half" }, { status: "Half" }],
    [{ json: { message: "Half" } }, { status: "Half" }],
    [{ form: "status=" }, { status: "" }],
    [{ form: "status=null" }, { status: "null" }],
    [{ json: { progress: 140 } }, { progress: 100 }],
    [{ form: "progress=-1e3" }, { progress: 0 }],
    [{ form: "progress=+.5" }, { progress: 0 }],
    [{ form: "progress=%2B.5" }, { progress: 0.5 }],
    [{ json: { progress: null } }, { progress: null }],
    [{ form: "progress=null" }, { progress: null }],
    [{ form: "progress=&current=&unit=" }, { progress: null, current: null, unit: null }],
    [{ json: { current: 3, total: 4, unit: "B" } }, { progress: 75, current: 3, total: 4, unit: "B" }],
    [{ form: "current=3&total=4&unit=B" }, { progress: 75, current: 3, total: 4, unit: "B" }],
    [{ json: { metadata: { a: null, b: [1] } } }, { metadata: { b: [1] } }],
    [{ form: "metadata.b=1&metadata.c=" }, { metadata: { a: 1, b: "1", c: "" } }],
    [{ form: "metadata.__proto__=1" }, { metadata: JSON.parse('{"a":1,"__proto__":"1"}') }],
    [{}, {}],
    [{ json: {} }, {}],
    [{ form: "" }, {}],
  ];
  for (const [options, wanted] of table) {
    for (const method of ["PATCH", "POST"]) {
      await using direct = await start({ metadata: { a: 1 } });
      // In a form, a plus sign means a space, so this value is not a number.
      const isSpaced = options.form === "progress=+.5";
      const answer = await direct.ask(method, T, options);
      if (isSpaced) {
        assertProblem(answer, 400, "bad_body");
        continue;
      }
      assertEquals([answer.status, answer.json.state], [200, "PROCESSING"], JSON.stringify(options));
      for (const [field, value] of Object.entries(wanted)) {
        assertEquals(answer.json[field], value, `${field} of ${JSON.stringify(options)}`);
      }
      assertEquals((await direct.ask("GET", T)).json, answer.json);
    }
  }
});

Deno.test("ReportCalls.report() treats any report as a sign of life, even an empty one", async () => {
  using clock = new FakeClock();
  const limits = { sweepIntervalMs: 1_000, lostAfterMs: 60_000 };
  const direct = new DirectMonitor({ limits });
  try {
    await direct.ask("POST", "/tasks/c", { json: { id: "t", started: true, stale_after: 5 } });
    const state = () => {
      const task = direct.monitor.registry.task("c", "t");
      return [task?.state, task?.stale];
    };
    clock.pass(7_000);
    assertEquals(state(), ["STARTING", true]);
    const alive = await direct.ask("PATCH", T);
    assertEquals([alive.json.stale, ...state()], [false, "PROCESSING", false]);
    clock.pass(7_000);
    assertEquals((await direct.ask("POST", `${T}/logs`, { form: "lines=a" })).json.stale, false);
    clock.pass(80_000);
    assertEquals(state(), ["ERROR", false]);
    const late = await direct.ask("POST", `${T}/finish`);
    assertRefused(late, "task_ended", direct.monitor.registry.task("c", "t"));
    assertEquals(late.json.task.error.type, "lost");
  } finally {
    const disposed = direct[Symbol.asyncDispose]();
    await clock.passAsync(1_000);
    await disposed;
  }
});

/** A JSON text with more levels than the server accepts. */
const DEEP = "[".repeat(5_000) + "]".repeat(5_000);

Deno.test("ReportCalls.report() ends a task in each final state, and accepts the same end again", async () => {
  const table: [string, AskOptions, Record<string, unknown>][] = [
    ["finish", {}, { state: "FINISHED", status: "Finished", progress: 100, result: null }],
    ["finish", { json: { result: { n: [1, null] }, status: "Copied" } }, {
      state: "FINISHED",
      status: "Copied",
      result: { n: [1, null] },
    }],
    ["finish", { json: { message: "Copied" } }, { status: "Copied" }],
    ["finish", { form: "result=12 files" }, { result: "12 files" }],
    ["finish", { form: "result=12" }, { result: 12 }],
    ["finish", { form: 'result="12"' }, { result: "12" }],
    ["finish", { form: 'result={"n":[1]}' }, { result: { n: [1] } }],
    ["finish", { form: `result=${DEEP}` }, { result: DEEP }],
    ["fail", {}, {
      state: "ERROR",
      progress: 10,
      error: { message: "Failed without a message", type: "Error" },
    }],
    ["fail", { form: "message=no such file" }, {
      status: "Error: no such file",
      error: { message: "no such file", type: "Error" },
    }],
    ["fail", { json: { message: "no", status: "Gave up" } }, {
      status: "Gave up",
      error: { message: "no", type: "Error" },
    }],
    ["fail", { json: { error: { message: "no", type: "OSError", stack: "at x" } } }, {
      error: { message: "no", type: "OSError", stack: "at x" },
    }],
    ["fail", { form: "error.message=no&error.type=OSError" }, { error: { message: "no", type: "OSError" } }],
    ["cancelled", {}, { state: "CANCELLED", cancel_requested: true, progress: 10 }],
    ["cancelled", { form: "status=Stopped" }, { state: "CANCELLED", status: "Stopped" }],
  ];
  for (const [part, options, wanted] of table) {
    await using direct = await start({ progress: 10 });
    const answer = await direct.ask("POST", `${T}/${part}`, options);
    const what = `${part} ${JSON.stringify(options)}`;
    assertEquals([answer.status, answer.json.active, answer.json.eta], [200, false, null], what);
    for (const [field, value] of Object.entries(wanted)) {
      assertEquals(answer.json[field], value, `${field} of ${what}`);
    }
    const { cursor } = direct.monitor.registry;
    for (const again of [options, {}, { json: { status: "Another", seq: 1 } }]) {
      const twice = await direct.ask("POST", `${T}/${part}`, again);
      assertEquals([twice.status, twice.json], [200, answer.json], what);
    }
    const others = ["", "/logs", "/finish", "/fail", "/cancelled"].filter((other) => other !== `/${part}`);
    for (const other of others) {
      assertRefused(await direct.ask("POST", T + other), "task_ended", answer.json);
    }
    assertRefused(await direct.ask("PATCH", T, { json: { seq: 1 } }), "task_ended", answer.json);
    assertEquals(direct.monitor.registry.cursor, cursor, "a final state does not change");
  }
});

Deno.test("ReportCalls.report() truncates a result that is too large, and adds a log line that says so", async () => {
  const nested = (levels: number): unknown => levels === 0 ? 1 : [nested(levels - 1)];
  const text = "x".repeat(70_000);
  const table: [AskOptions, (result: unknown) => unknown, string][] = [
    [{ json: { result: text, status: "Copied" } }, () => `${text.slice(0, 65_531)}…`, "65536 bytes"],
    [{ form: `result=${text}` }, () => `${text.slice(0, 65_531)}…`, "65536 bytes"],
    [{ json: { result: Array(40_000).fill(1) } }, (result) => [
      ...Array((result as unknown[]).length - 1).fill(1),
      `… ${40_001 - (result as unknown[]).length} more`,
    ], "65536 bytes"],
    [{ json: { result: nested(60) } }, (result) => result, "56 levels"],
  ];
  for (const [options, wanted, limit] of table) {
    await using direct = await start({ progress: 10 });
    const answer = await direct.ask("POST", `${T}/finish`, options);
    assertEquals([answer.status, answer.json.state, answer.json.log_count], [200, "FINISHED", 1]);
    const { result } = answer.json;
    assertEquals(result, wanted(result));
    assertLessOrEqual(new TextEncoder().encode(JSON.stringify(result)).length, 65_536);
    const { json } = await direct.ask("GET", `${T}/logs`);
    assertEquals(json.lines[0].text, `The result was changed to fit JSON: cut to ${limit}`);
    const twice = await direct.ask("POST", `${T}/finish`, options);
    assertEquals([twice.status, twice.json], [200, answer.json], "the line is not added again");
  }
});

Deno.test("ReportCalls.report() truncates the last status if it is too long", async () => {
  const long = "x".repeat(2_000);
  for (
    const [part, json] of [["finish", { status: long }], ["fail", { status: long }], ["cancelled", {
      message: long,
    }]]
  ) {
    await using direct = await start();
    const { status, json: task } = await direct.ask("POST", `${T}/${part}`, { json });
    assertEquals([status, task.active, task.status], [200, false, `${long.slice(0, 999)}…`]);
  }
});

Deno.test("ReportCalls.report() truncates the texts of an error that are too long", async () => {
  const long = "x".repeat(20_000);
  for (const json of [{ message: long }, { error: { message: long, type: long, stack: long } }]) {
    await using direct = await start();
    const { status, json: task } = await direct.ask("POST", `${T}/fail`, { json });
    assertEquals([status, task.state, task.error.message], [200, "ERROR", `${long.slice(0, 4_095)}…`]);
    const isWhole = "error" in json;
    assertEquals(task.error.type, isWhole ? `${long.slice(0, 127)}…` : "Error");
    assertEquals(task.error.stack, isWhole ? `${long.slice(0, 16_383)}…` : undefined);
  }
});

Deno.test("ReportCalls.report() appends lines to the log, and skips lines whose numbers it already has", async () => {
  await using direct = await start();
  const texts = async () => {
    const { json } = await direct.ask("GET", `${T}/logs`);
    return json.lines.map(({ text }: { text: string }) => text);
  };
  const post = async (options: AskOptions, query = "") => {
    const answer = await direct.ask("POST", `${T}/logs${query}`, options);
    assertEquals(answer.status, 200, answer.text);
    return answer.json;
  };
  await post({ json: { lines: ["a", { at: 12.5, text: "b" }] } });
  await post({ form: "lines=c&lines=d" });
  await post({ text: "e\r\n\n  f" });
  assertEquals(await texts(), ["a", "b", "c", "d", "e", "", "  f"]);
  assertEquals((await direct.ask("GET", `${T}/logs?after=1&limit=1`)).json.lines[0].at, 12.5);

  for (const _ of "twice") await post({ json: { lines: ["  f", "g"], first: 6 } });
  for (const _ of "twice") await post({ form: "lines=g&lines=h&first=7" });
  for (const _ of "twice") await post({ text: "h\ni\n" }, "?first=8&other=1");
  assertEquals((await texts()).slice(6), ["  f", "g", "h", "i"]);
  assertEquals((await post({ text: "j\n" }, "?seq=5")).report_seq, 5);
  assertRefused(
    await direct.ask("POST", `${T}/logs?seq=5`, { text: "j\n" }),
    "late_report",
    (await direct.ask("GET", T)).json,
  );
  for (const options of [{}, { json: {} }, { json: { lines: [] } }, { text: "" }]) {
    assertEquals((await post(options)).log_count, 11, JSON.stringify(options));
  }
  assertEquals((await post({})).state, "NOT_STARTED", "a log does not change the progress");
});

Deno.test("ReportCalls.report() accepts a long log as text, truncates long lines, and skips lines that it already has", async () => {
  await using direct = await start();
  const lines = Array.from({ length: 2_500 }, (_, n) => `line ${n}`);
  lines[1_700] = "x".repeat(10_000);
  const log = (first: number) =>
    direct.ask("POST", `${T}/logs?first=${first}`, { text: lines.slice(first).join("\n") });
  assertEquals((await log(0)).json.log_count, 2_500);
  for (const first of [0, 1_001, 2_499]) assertEquals((await log(first)).json.log_count, 2_500);
  const { json } = await direct.ask("GET", `${T}/logs?after=1690&limit=1000`);
  assertEquals(json.lines.at(-1).text, "line 2499");
  const long = json.lines[1_700 - json.first].text;
  assertEquals([long.length, long.at(-1)], [8_192, "…"]);
});

Deno.test("ReportCalls.report() refuses a late sequence number, and returns the task's current record", async () => {
  await using direct = await start({ seq: 2 });
  const { json: task } = await direct.ask("PATCH", T, { json: { seq: 5, progress: 50 } });
  assertEquals([task.report_seq, task.progress], [5, 50]);
  const { cursor } = direct.monitor.registry;
  for (const seq of [5, 4, 1]) {
    const late: [string, AskOptions][] = [
      ["", { json: { seq, progress: 10 } }],
      ["", { form: `seq=${seq}` }],
      ["/finish", { json: { seq, status: "Done" } }],
      ["/fail", { json: { seq, status: "Bad" } }],
      ["/cancelled", { json: { seq, status: "Stopped" } }],
      ["/logs", { json: { seq, lines: ["late"] } }],
    ];
    for (const [part, options] of late) {
      assertRefused(await direct.ask("POST", T + part, options), "late_report", task);
    }
  }
  assertEquals(direct.monitor.registry.cursor, cursor, "nothing has changed");
  const unnumbered = await direct.ask("PATCH", T, { json: { progress: 60 } });
  assertEquals([unnumbered.json.progress, unnumbered.json.report_seq], [60, 5]);
  const end = await direct.ask("POST", `${T}/finish`, { json: { seq: 6, status: "Done" } });
  assertEquals([end.status, end.json.report_seq, end.json.status], [200, 6, "Done"]);
  assertEquals((await direct.ask("POST", `${T}/finish`, { json: { seq: 6 } })).json, end.json);
  assertRefused(await direct.ask("PATCH", T, { json: { seq: 6 } }), "late_report", end.json);
  assertRefused(await direct.ask("PATCH", T, { json: { seq: 7 } }), "task_ended", end.json);
});

Deno.test("ReportCalls reaches the state of the newest reports in spite of repeated, late and lost reports", async () => {
  const report = fc.record({
    progress: fc.integer({ min: 0, max: 100 }),
    lines: fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(report, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(5), { maxLength: 20 }),
      async (reports, deliveries) => {
        await using direct = await start();
        // At the end, each report arrives once more and in order, because a sender retries until the report
        // is acknowledged.
        const order = [...deliveries.map((n) => n % reports.length), ...reports.keys()];
        let newest = -1;
        for (const n of order) {
          const { progress, lines } = reports[n]!;
          const first = reports.slice(0, n).flatMap((before) => before.lines).length;
          const { status, json } = await direct.ask("PATCH", T, { json: { seq: n + 1, progress } });
          assertEquals(status, n > newest ? 200 : 409);
          newest = Math.max(newest, n);
          assertEquals((json.task ?? json).progress, reports[newest]!.progress);
          const { log_count } = (await direct.ask("GET", T)).json;
          // Log lines are numbered separately. The lines are not sent before the lines that precede them,
          // because that would leave a gap.
          if (first <= log_count) await direct.ask("POST", `${T}/logs`, { json: { first, lines } });
        }
        const { json } = await direct.ask("GET", `${T}/logs`);
        assertEquals(json.lines.map(({ text }: { text: string }) => text), reports.flatMap((r) => r.lines));
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("ReportCalls.report() returns whether cancellation was requested", async () => {
  await using direct = await start();
  assertEquals((await direct.ask("PATCH", T)).json.cancel_requested, false);
  const asked = await direct.ask("POST", `${T}/cancel`);
  assertEquals([asked.status, asked.json.state], [202, "PROCESSING"]);
  for (const part of ["", "/logs"]) {
    assertEquals((await direct.ask("POST", T + part)).json.cancel_requested, true, part);
  }
  assertEquals((await direct.ask("POST", `${T}/cancelled`)).json.state, "CANCELLED");
  assertEquals((await direct.ask("POST", `${T}/cancel`)).status, 202);
});

Deno.test("ReportCalls.report() refuses reports about a task that was cancelled by force or before its start", async () => {
  await using direct = await start({ progress: 5 });
  await direct.ask("POST", "/tasks/c", { json: { id: "unborn" } });
  const forced = await direct.ask("POST", `${T}/cancel?force=true`);
  const unborn = await direct.ask("POST", "/tasks/c/unborn/cancel");
  for (const [id, { status, json }] of [["t", forced], ["unborn", unborn]] as const) {
    assertEquals([status, json.state], [202, "CANCELLED"]);
    const { json: task } = await direct.ask("GET", `/tasks/c/${id}`);
    assertRefused(await direct.ask("PATCH", `/tasks/c/${id}`, { json: { progress: 9 } }), "task_ended", task);
    assertRefused(await direct.ask("POST", `/tasks/c/${id}/finish`), "task_ended", task);
    const agreed = await direct.ask("POST", `/tasks/c/${id}/cancelled`);
    assertEquals([agreed.status, agreed.json], [200, task]);
  }
});

Deno.test("ReportCalls responds with 404 to an unknown task, and with 400 to an invalid path", async () => {
  await using direct = await start();
  for (const part of ["", "/finish", "/fail", "/cancelled", "/logs"]) {
    assertProblem(await direct.ask("POST", `/tasks/c/unknown${part}`), 404, "task_not_found");
    assertProblem(await direct.ask("POST", `/tasks/other/t${part}`), 404, "task_not_found");
    assertProblem(await direct.ask("POST", `/tasks/c/__proto__${part}`), 400, "bad_task_id");
    assertProblem(await direct.ask("POST", `/tasks/a:b/t${part}`), 400, "bad_client");
  }
  assertProblem(await direct.ask("POST", "/tasks/a:b"), 400, "bad_client");
  assert(!direct.monitor.registry.clients().includes("other"));
  assertEquals((await direct.ask("GET", `${T}/finish`)).headers.get("allow"), "POST");
});

Deno.test("ReportCalls.report() refuses lines that would leave a gap", async () => {
  await using direct = await start();
  const say = (lines: string[], first: number) => direct.ask("POST", `${T}/logs`, { json: { lines, first } });
  const task = (await direct.ask("GET", T)).json;
  assertRefused(await say(["a"], 1), "log_gap", task);
  assertEquals((await say(["a", "b"], 0)).status, 200);
  assertEquals((await say(["b", "c"], 1)).json.log_count, 3);
});
