/** Tests the values that Python programs report, with real processes and a real server. */

import { assertEquals, assertStringIncludes } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { runPython, tasksAt, testPython } from "../../../support/python.ts";
import { startServer } from "../../../support/server.ts";

const PROGRAM = `
import taskscope
with taskscope.task("train") as task:
    for step in range(2000):
        task.update(values={"loss": 5 if step == 1000 else 1 / (step + 1), "val/acc": step})
    task.update(values={"<b>": 1})
    task.update(values={"loss": float("nan")})
    task.update(values={"loss": "high"})
    task.update(50, values={"loss": -1})
`;

testPython(
  "python update: reports values without losing extremes, and ignores invalid values",
  async () => {
    await using server = startServer();
    const { code, stderr } = await runPython(PROGRAM, { server: server.url });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "Ignored values");
    const [task] = await tasksAt(server.url);
    const { series, ignored } = (await call("GET", `${server.url}/tasks/py/${task!.id}/values`)).json;
    assertEquals(ignored, 0);
    assertEquals(series.map(({ name }: { name: string }) => name), ["loss", "val/acc"]);
    const [loss, accuracy] = series;
    assertEquals([loss.min, loss.max, loss.last, loss.points[0][1]], [-1, 5, -1, 1]);
    assertEquals([accuracy.min, accuracy.max, accuracy.last], [0, 1999, 1999]);
  },
);
