import { readFlags } from "../../../../lib/cli/flags.ts";
import {
  FAIL_FLAGS,
  failBody,
  FINISH_FLAGS,
  finishBody,
  progressBody,
  START_FLAGS,
  startBody,
  UPDATE_FLAGS,
} from "../../../../lib/cli/report/report_flags.ts";
import { creationOf, reportOf } from "../../../../lib/http/reports/bodies.ts";
import type { TaskError } from "../../../../lib/task/task.ts";
import { assertEquals } from "../../../support/assert.ts";

const NO_VARIABLES = () => undefined;

Deno.test("startBody() and progressBody() make bodies that the server accepts, from all flags", () => {
  const progress = [
    ...["--progress", "5", "--current=1", "--total", "null", "--unit=B", "--status=s", "--expected-weight=4"],
    ...["--metadata", "a=1", "--metadata", "b=2,c=3"],
  ];
  const update = progressBody(readFlags(UPDATE_FLAGS, progress, NO_VARIABLES)!.values);
  assertEquals(update, {
    progress: 5,
    current: 1,
    total: null,
    unit: "B",
    status: "s",
    expected_weight: 4,
    metadata: { a: "1", b: "2,c=3" },
  });
  assertEquals(reportOf("update", update).changes, [{ type: "update", ...update }]);
  const own = ["--tag=x", "--stale-after=9", "--weight=2", "--share=0.5"];
  const { values } = readFlags(START_FLAGS, [...progress, ...own], NO_VARIABLES)!;
  const creation = creationOf(startBody(values, { id: "t", name: "n", parent: "p" }));
  const [create, first] = creation.changes;
  assertEquals([creation.id, creation.name, first?.type], ["t", "n", "update"]);
  assertEquals(create, {
    ...{ type: "create", name: "n", metadata: { a: "1", b: "2,c=3" }, tags: ["x"], parent_id: "p" },
    ...{ weight: 2, share: 0.5, attempt: 1, retry_of: null, retryable: false, stale_after: 9 },
  });
  const least = startBody(readFlags(START_FLAGS, [], NO_VARIABLES)!.values, {
    id: "t",
    name: "n",
    parent: undefined,
  });
  assertEquals(creationOf(least).changes.at(-1), { type: "start" });
});

Deno.test("finishBody() parses a result as JSON if it is valid JSON, and takes it as text otherwise", () => {
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const table: [string, unknown][] = [['{"a": [1]}', { a: [1] }], ["7", 7], ["x: y", "x: y"], [deep, deep]];
  for (const [text, result] of table) {
    assertEquals(finishBody(readFlags(FINISH_FLAGS, ["--result", text], NO_VARIABLES)!.values), { result });
  }
  assertEquals(finishBody(readFlags(FINISH_FLAGS, [], NO_VARIABLES)!.values), {});
});

Deno.test("failBody() makes a body that the server accepts", () => {
  const table: [string[], TaskError][] = [
    [[], { type: "Error", message: "Failed without a message" }],
    [["--message=m"], { type: "Error", message: "m" }],
    [["--message=m", "--type=T"], { type: "T", message: "m" }],
    [["--type=T"], { type: "T", message: "T" }],
  ];
  for (const [args, error] of table) {
    const body = failBody(readFlags(FAIL_FLAGS, args, NO_VARIABLES)!.values);
    assertEquals(reportOf("fail", body).changes, [{ type: "fail", error }], args.join(" "));
  }
});
