/** Tests `GET /tasks/{client}/{id}/values`, and the calls that report values over HTTP. */

import { assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem } from "../../../support/calls.ts";
import { DirectMonitor } from "../../../support/direct_monitor.ts";

const T = "/tasks/c/t";

async function start(): Promise<DirectMonitor> {
  const direct = new DirectMonitor();
  assertEquals((await direct.ask("POST", "/tasks/c", { json: { id: "t", started: true } })).status, 201);
  return direct;
}

/** Returns the values of each series, without their times. */
async function valuesOf(direct: DirectMonitor): Promise<Record<string, number[]>> {
  const { series } = (await direct.ask("GET", `${T}/values`)).json;
  return Object.fromEntries(
    series.map(({ name, points }: { name: string; points: [number, number][] }) => [
      name,
      points.map(([, value]) => value),
    ]),
  );
}

Deno.test("valuesAnswer() responds with the values that were reported as JSON and as form fields", async () => {
  await using direct = await start();
  assertEquals((await direct.ask("GET", `${T}/values`)).json, { series: [], count: 0, ignored: 0 });
  const before = Date.now() / 1_000 - 0.001;
  const updated = await direct.ask("PATCH", T, { json: { values: { loss: 0.5, "val/acc": 0.25 } } });
  assertEquals([updated.status, updated.json.value_count, updated.json.state], [200, 2, "PROCESSING"]);
  assertEquals((await direct.ask("POST", T, { form: "values.loss=1e-2&values.val.loss=3" })).status, 200);
  const { json } = await direct.ask("GET", `${T}/values`);
  assertEquals([json.count, json.ignored], [4, 0]);
  const [loss] = json.series;
  assertEquals([loss.name, loss.last, loss.min, loss.max], ["loss", 0.01, 0.01, 0.5]);
  for (const [at] of loss.points) assertEquals(at >= before && at <= Date.now() / 1_000, true);
  assertEquals(await valuesOf(direct), { loss: [0.5, 0.01], "val/acc": [0.25], "val.loss": [3] });
});

Deno.test("valuesAnswer() responds with points that were reported with their times, or with those after a time", async () => {
  await using direct = await start();
  const now = Math.floor(Date.now() / 1_000) - 100;
  await direct.ask("PATCH", T, { json: { values: { loss: [[now, 3], [now + 1.5, 2], [now + 2, 1]] } } });
  assertEquals((await direct.ask("GET", `${T}/values`)).json.series[0].points, [
    [now, 3],
    [now + 1.5, 2],
    [now + 2, 1],
  ]);
  const { series } = (await direct.ask("GET", `${T}/values?after=${now + 1}`)).json;
  assertEquals(series, [{ name: "loss", last: 1, min: 1, max: 3, points: [[now + 1.5, 2], [now + 2, 1]] }]);
  assertEquals((await direct.ask("GET", `${T}/values?after=${now + 2}`)).json.series[0].points, []);
});

Deno.test("valuesAnswer() keeps the values of a task that has ended, and of one that was restored", async () => {
  await using direct = await start();
  await direct.ask("PATCH", T, { json: { values: { loss: 1 } } });
  await direct.ask("POST", `${T}/finish`);
  assertEquals(await valuesOf(direct), { loss: [1] });
  assertEquals((await direct.ask("DELETE", T)).status, 204);
  assertProblem(await direct.ask("GET", `${T}/values`), 404, "task_not_found");
  assertEquals((await direct.ask("POST", `${T}/restore`)).status, 200);
  assertEquals(await valuesOf(direct), { loss: [1] });
});

Deno.test("valuesAnswer() ignores series beyond the limit, and says so", async () => {
  await using direct = await start();
  for (let index = 0; index < 18; index++) {
    assertEquals((await direct.ask("PATCH", T, { json: { values: { [`s${index}`]: index } } })).status, 200);
  }
  const { series, count, ignored } = (await direct.ask("GET", `${T}/values`)).json;
  assertEquals([series.length, count, ignored], [16, 18, 2]);
});

Deno.test("valuesAnswer() responds with CSV if the Accept header or the query asks for it", async () => {
  await using direct = await start();
  const now = Math.floor(Date.now() / 1_000) - 100;
  await direct.ask("PATCH", T, { json: { values: { loss: [[now, 3], [now + 1, -1.5e-7]] } } });
  const csv = `series,at,value\r\nloss,${now},3\r\nloss,${now + 1},-1.5e-7\r\n`;
  const accepted = await direct.ask("GET", `${T}/values`, { headers: { accept: "text/csv" } });
  assertEquals([accepted.text, accepted.headers.get("vary")], [csv, "Accept"]);
  assertMatch(accepted.headers.get("content-type") ?? "", /^text\/csv/);
  assertEquals((await direct.ask("GET", `${T}/values?format=csv`)).text, csv);
  const preferred = await direct.ask("GET", `${T}/values?format=json`, { headers: { accept: "text/csv" } });
  assertEquals(preferred.json.count, 2);
});

Deno.test("valuesAnswer() refuses parameters that are not valid", async () => {
  await using direct = await start();
  for (const query of ["after=x", "after=-1", "after=1e5", "after=", "format=xml"]) {
    assertProblem(await direct.ask("GET", `${T}/values?${query}`), 400, "bad_filter");
  }
});

Deno.test("ReportCalls.report() refuses values that are not finite numbers, and invalid names", async () => {
  await using direct = await start();
  const bodies: unknown[] = [
    { loss: "0.5" },
    { loss: null },
    { loss: [1] },
    [0.5],
    { "<img src=x onerror=alert(1)>": 1 },
    { "a\u001b[2J": 1 },
    { ["x".repeat(65)]: 1 },
    Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`s${index}`, 1])),
  ];
  for (const values of bodies) {
    const answer = await direct.ask("PATCH", T, { json: { values } });
    assertProblem(answer, 400, "bad_body");
    assertStringIncludes(
      answer.json.detail,
      'Cannot read "values": wanted an object of at most 16 finite numbers',
    );
  }
  for (
    const form of ["values.loss=NaN", "values.loss=", "values.loss=Infinity", "values.<b>=1", "values=5"]
  ) {
    assertProblem(await direct.ask("PATCH", T, { form }), 400, "bad_body");
  }
  assertEquals((await direct.ask("GET", T)).json.value_count, 0);
});
