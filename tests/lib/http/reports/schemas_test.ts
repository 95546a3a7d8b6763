/** Tests the schemas of report bodies: their error messages, and that the protocol accepts the same values. */

import fc from "fast-check";
import { z } from "zod";
import { ProtocolError } from "../../../../lib/errors.ts";
import { Problem } from "../../../../lib/http/problem.ts";
import { creationOf, type ReportKind, reportOf } from "../../../../lib/http/reports/bodies.ts";
import {
  CANCELLED_BODY,
  CREATE_BODY,
  FAIL_BODY,
  FINISH_BODY,
  LOGS_BODY,
  UPDATE_BODY,
} from "../../../../lib/http/reports/schemas.ts";
import { valueOfForm } from "../../../../lib/http/reports/forms.ts";
import { parseChange } from "../../../../lib/task/protocol.ts";
import { boundResult } from "../../../../lib/task/bounded_result.ts";
import { LIMITS } from "../../../../lib/task/grammar.ts";
import type { ReportedChange } from "../../../../lib/task/task.ts";
import { truncate } from "../../../../lib/task/truncate.ts";
import { assertEquals, assertGreater, assertInstanceOf } from "../../../support/assert.ts";
import { assertProblem } from "../../../support/calls.ts";
import { type AskOptions, DirectMonitor } from "../../../support/direct_monitor.ts";

const AMOUNT = "wanted a number, or null if it is unknown";
const TEXT = "wanted a string of at most 1000 characters";
const METADATA = "wanted an object of at most 16384 bytes of JSON";
const BIG = { text: "x".repeat(LIMITS.metadataBytes) };
const KNOWN_IN_UPDATES =
  "progress, status, current, total, unit, expected_weight, values, message, metadata, seq";

/** Request bodies that are refused, with the expected messages. */
const REFUSED: readonly (readonly [path: string, options: AskOptions, detail: string])[] = [
  ["", { json: [] }, 'Cannot read "body": wanted an object, received []'],
  ["", { json: null }, 'Cannot read "body": wanted an object, received null'],
  ["", { json: "progress" }, 'Cannot read "body": wanted an object, received "progress"'],
  ["", { json: { progres: 5 } }, `There is no field "progres"; use ${KNOWN_IN_UPDATES}`],
  ["", { form: "progres=5" }, `There is no field "progres"; use ${KNOWN_IN_UPDATES}`],
  ["", { json: { name: "x" } }, `There is no field "name"; use ${KNOWN_IN_UPDATES}`],
  ["", { form: "log=x" }, `There is no field "log"; use ${KNOWN_IN_UPDATES}`],
  ["", { form: "5" }, `There is no field "5"; use ${KNOWN_IN_UPDATES}`],
  ["", { form: "__proto__=5" }, `There is no field "__proto__"; use ${KNOWN_IN_UPDATES}`],
  ["", { json: { progress: "50" } }, `Cannot read "progress": ${AMOUNT}, received "50"`],
  ["", { json: { progress: true } }, `Cannot read "progress": ${AMOUNT}, received true`],
  ["", { json: { current: [1] } }, `Cannot read "current": ${AMOUNT}, received [1]`],
  ["", { form: "progress=fifty" }, `Cannot read "progress": ${AMOUNT}, received "fifty"`],
  ["", { form: "progress=50%" }, `Cannot read "progress": ${AMOUNT}, received "50%"`],
  ["", { form: "progress=NaN" }, `Cannot read "progress": ${AMOUNT}, received "NaN"`],
  ["", { form: "progress=0x10" }, `Cannot read "progress": ${AMOUNT}, received "0x10"`],
  ["", { form: "progress=1e999" }, `Cannot read "progress": ${AMOUNT}, received Infinity`],
  ["", { form: "total= 5" }, `Cannot read "total": ${AMOUNT}, received " 5"`],
  ["", { form: "progress=1&progress=2" }, 'The field "progress" may be given only once'],
  ["", { json: { status: null } }, `Cannot read "status": ${TEXT}, received null`],
  ["", { json: { status: "x".repeat(1_001) } }, `Cannot read "status": ${TEXT}, received 1003 bytes of JSON`],
  [
    "",
    { json: { status: "a", message: "b" } },
    'Cannot read "message": it is an alias of "status", and only one of them may be given',
  ],
  [
    "",
    { json: { unit: "u".repeat(33) } },
    'Cannot read "unit": wanted a string of at most 32 characters, or ' +
    `null, received "${"u".repeat(33)}"`,
  ],
  ["", { json: { metadata: null } }, `Cannot read "metadata": ${METADATA}, received null`],
  ["", { json: { metadata: [1] } }, `Cannot read "metadata": ${METADATA}, received [1]`],
  ["", { json: { metadata: BIG } }, `Cannot read "metadata": ${METADATA}, received 16395 bytes of JSON`],
  ["", { form: "metadata=x" }, `Cannot read "metadata": ${METADATA}, received "x"`],
  [
    "",
    { form: "metadata=x&metadata.a=1" },
    'The field "metadata" may be given as one field or in parts, not both',
  ],
  [
    "",
    { json: { seq: 0 } },
    'Cannot read "seq": wanted a whole number from 1, received 0',
  ],
  [
    "",
    { form: "seq=" },
    'Cannot read "seq": wanted a whole number from 1, received ""',
  ],
  [
    "/finish",
    { json: { progress: 5 } },
    'There is no field "progress"; use result, status, message, seq',
  ],
  ["/fail", { json: { error: "no" } }, 'Cannot read "error": wanted an object, received "no"'],
  [
    "/fail",
    { json: { error: {} } },
    'Cannot read "error.message": wanted a string, truncated to 4096 characters, received nothing',
  ],
  [
    "/fail",
    { json: { error: { message: "no", code: 5 } } },
    'There is no field "error.code"; use ' +
    "message, type, stack",
  ],
  [
    "/fail",
    { form: "error.message=no&message=no" },
    'Cannot read "error": "message" is short for "error.message", and only one of them may be given',
  ],
  ["/cancelled", { json: { result: 1 } }, 'There is no field "result"; use status, message, seq'],
  ["/logs", { json: { line: "a" } }, 'There is no field "line"; use lines, first, seq'],
  [
    "/logs",
    { json: { lines: "a" } },
    'Cannot read "lines": wanted an array of at most 1001 lines, received "a"',
  ],
  [
    "/logs",
    { json: { lines: Array(1_002).fill("") } },
    'Cannot read "lines": wanted an array of at most 1001 ' +
    "lines, received 3007 bytes of JSON",
  ],
  [
    "/logs",
    { json: { lines: ["a", { at: 5 }] } },
    'Cannot read "lines.1": wanted a string of at most 8192 ' +
    'characters, or {"text": string, …}, received {"at":5}',
  ],
  [
    "/logs",
    { json: { first: -1 } },
    'Cannot read "first": wanted a whole number from 0, ' +
    "received -1",
  ],
  [
    "/logs?first=x",
    { text: "a" },
    'Cannot read "first": wanted a whole number from 0, ' +
    'received "x"',
  ],
  ["/logs?seq=1&seq=2", { text: "a" }, 'The field "seq" may be given only once'],
];

/** Request bodies that do not create a task, with the expected messages. */
const NOT_CREATED: readonly (readonly [AskOptions, string])[] = [
  [
    { json: { id: "a b" } },
    'Cannot read "id": wanted 1 to 128 characters of A-Z a-z 0-9 . _ : - and not a reserved word, ' +
    'received "a b"',
  ],
  [
    { json: { id: "__proto__" } },
    'Cannot read "id": wanted 1 to 128 characters of A-Z a-z 0-9 . _ : - and not a reserved ' +
    'word, received "__proto__"',
  ],
  [{ form: "name=" }, 'Cannot read "name": wanted a string of 1 to 200 characters, received ""'],
  [{ json: { name: null } }, 'Cannot read "name": wanted a string of 1 to 200 characters, received null'],
  [
    { json: { tags: ["a", 5] } },
    'Cannot read "tags.1": wanted at most 32 strings of 1 to 64 characters, ' +
    "received 5",
  ],
  [
    { form: `tags=${"a,".repeat(33)}` },
    'Cannot read "tags": wanted at most 32 strings of 1 to 64 characters, ' +
    "received 133 bytes of JSON",
  ],
  [{ json: { parent_id: ".." } }, 'Cannot read "parent_id": wanted a task id, or null, received ".."'],
  [{ json: { share: 1.5 } }, 'Cannot read "share": wanted a number from 0 to 1, or null, received 1.5'],
  [
    { form: "expected_weight=-1" },
    'Cannot read "expected_weight": wanted a number of at least 0, or null if it is unknown, received -1',
  ],
  [{ json: { weight: -1 } }, 'Cannot read "weight": wanted a number of at least 0, received -1'],
  [
    { form: "stale_after=0" },
    'Cannot read "stale_after": wanted a number of seconds above 0, or null, ' +
    "received 0",
  ],
  [{ form: "started=yes" }, 'Cannot read "started": wanted true or false, received "yes"'],
  [
    { json: { state: "PROCESSING" } },
    'There is no field "state"; use id, name, tags, metadata, ' +
    "parent_id, weight, share, stale_after, started, progress, status, current, total, unit, expected_weight, values, message, seq",
  ],
];

Deno.test("parseBody() names the invalid field, the wanted type and the received value", async () => {
  await using direct = new DirectMonitor();
  await direct.ask("POST", "/tasks/c", { json: { id: "t" } });
  const { cursor } = direct.monitor.registry;
  const created = NOT_CREATED.map(([options, detail]) => ["/tasks/c", options, detail] as const);
  const reported = REFUSED.map(([part, options, detail]) => [`/tasks/c/t${part}`, options, detail] as const);
  for (const [path, options, detail] of [...created, ...reported]) {
    const answer = await direct.ask("POST", path, options);
    assertProblem(answer, 400, "bad_body");
    assertEquals(answer.json.detail, detail);
  }
  assertEquals(direct.monitor.registry.cursor, cursor, "nothing has changed");
});

Deno.test("every schema converts to a JSON schema that describes each field", () => {
  const schemas = [CREATE_BODY, UPDATE_BODY, FINISH_BODY, FAIL_BODY, CANCELLED_BODY, LOGS_BODY];
  for (const schema of schemas) {
    const { properties = {}, additionalProperties } = z.toJSONSchema(schema);
    assertEquals(additionalProperties, false);
    assertEquals(Object.keys(properties), Object.keys(schema.shape));
    for (const [name, property] of Object.entries(properties)) {
      assertGreater((property as { description?: string }).description?.length ?? 0, 5, name);
    }
  }
});

Deno.test("readBody() refuses other content types, invalid JSON, and a body that is too large", async () => {
  await using direct = new DirectMonitor({ limits: { requestBytes: 1_000 } });
  await direct.ask("POST", "/tasks/c", { json: { id: "t" } });
  const { cursor } = direct.monitor.registry;
  const typed = (type: string): AskOptions => ({ form: "progress=5", headers: { "content-type": type } });
  for (const path of ["/tasks/c", "/tasks/c/t", "/tasks/c/t/finish", "/tasks/c/t/fail", "/tasks/c/t/logs"]) {
    const types = ["multipart/form-data; boundary=x", "application/xml", "text/html", "", "text/plain"];
    for (const type of types) {
      if (type === "text/plain" && path.endsWith("/logs")) continue;
      const answer = await direct.ask("POST", path, typed(type));
      assertProblem(answer, 415, "wrong_content_type");
      assertEquals(answer.json.detail.includes("application/x-www-form-urlencoded"), true);
    }
    const json = { "content-type": "application/json" };
    for (const form of ["{", "progress=5", `{"result":${"[".repeat(70)}${"]".repeat(70)}}`]) {
      assertProblem(await direct.ask("POST", path, { form, headers: json }), 400, "bad_json");
    }
    const large = await direct.ask("POST", path, { form: `status=${"x".repeat(1_000)}` });
    assertProblem(large, 413, "body_too_large");
  }
  assertEquals(direct.monitor.registry.cursor, cursor, "nothing has changed");
  for (const type of ["Application/JSON; charset=utf-8", "application/problem+json"]) {
    const options = { form: '{"progress":5}', headers: { "content-type": type } };
    assertEquals((await direct.ask("PATCH", "/tasks/c/t", options)).json.progress, 5);
  }
  const spelled = typed("Application/X-WWW-Form-UrlEncoded;charset=UTF-8");
  assertEquals((await direct.ask("PATCH", "/tasks/c/t", spelled)).status, 200);
});

/** Valid and invalid values of fields, many of them at a limit. */
const values: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -0,
    1,
    -1,
    0.5,
    1e308,
    Infinity,
    NaN,
    2 ** 53,
    "",
    "a",
    "..",
    "a b",
    "start",
  ),
  fc.constantFrom([], {}, ["a"], [""], [5], { a: null }, { message: "m" }, { message: "m", type: "T" }),
  fc.constantFrom(...[32, 33, 64, 65, 200, 201, 1_000, 1_001].map((n) => "é".repeat(n))),
  fc.constantFrom(...[32, 33, 1_001, 1_002].map((n) => Array(n).fill("t"))),
  fc.constantFrom(...[8_192, 8_193].map((n) => [{ at: 1, text: "t".repeat(n) }])),
  fc.constantFrom(...[16_376, 16_377, 65_534, 65_535].map((n) => ({ a: "m".repeat(n) }))),
  fc.constantFrom(...[65_534, 65_535].map((n) => "r".repeat(n))),
  fc.constantFrom(
    [{ at: 1, text: "t", stream: "stderr", level: "warn" }],
    [{ at: 1, text: "t", stream: "stdin" }],
    [{ text: "t", level: "fatal" }],
    [{ at: 1, text: "t", level: "WARN" }],
    [{ at: 1, text: "t", level: null }],
  ),
  fc.constantFrom([{ at: 1, text: "t" }], [{ at: "1", text: "t" }], [{ at: 1 }], [null], ["t", 5]),
  fc.record({
    message: fc.constantFrom("m", 5, "m".repeat(4_096), "m".repeat(4_097)),
    type: fc.constantFrom("T", null, "T".repeat(128), "T".repeat(129)),
    stack: fc.constantFrom("s", null, "s".repeat(16_384), "s".repeat(16_385)),
  }, { requiredKeys: ["message", "type"] }),
  fc.constantFrom(
    { loss: 0.5, "val/acc": -1 },
    { loss: [[1, 2], [3, 4]] },
    { loss: [[1, 2, 3]] },
    { loss: [] },
    { loss: "1" },
    { "<b>": 1 },
    { ["x".repeat(65)]: 1 },
    ...[16, 17].map((n) => Object.fromEntries(Array.from({ length: n }, (_, index) => [`s${index}`, 1]))),
    ...[256, 257].map((n) => ({ loss: Array(n).fill([1, 2]) })),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Values that are valid for many fields. */
const plain = fc.constantFrom<unknown>(null, 1, 0.5, "a", ["a"], { a: 1 }, { message: "m" }, [{
  at: 1,
  text: "t",
}]);

/** Generates bodies with few fields, so that some of them are valid. */
function bodies(...fields: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.subarray([...fields], { maxLength: Math.min(3, fields.length) }).chain((some) => {
    return fc.record(Object.fromEntries(some.map((field) => [field, fc.oneof(values, plain)])));
  });
}

/** Parses a value; returns the changes in it, or a mark that it was refused. */
function verdict(parse: () => readonly ReportedChange[]): readonly ReportedChange[] | "refused" {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ProtocolError)) assertInstanceOf(error, Problem);
    if (error instanceof Problem) assertEquals([error.status, error.code], [400, "bad_body"]);
    return "refused";
  }
}

Deno.test("parseBody() accepts the same values as parseChange()", () => {
  const taken = { create: 0, update: 0, finish: 0, fail: 0, cancelled: 0, logs: 0 };
  const refused = { ...taken };
  const check = (
    kind: keyof typeof taken,
    ours: readonly ReportedChange[] | "refused",
    theirs: readonly ReportedChange[] | "refused",
  ) => {
    assertEquals(ours, theirs);
    (ours === "refused" ? refused : taken)[kind]++;
  };
  const table: [
    ReportKind,
    fc.Arbitrary<Record<string, unknown>>,
    (body: Record<string, unknown>) => unknown,
  ][] = [
    [
      "update",
      bodies("progress", "status", "current", "total", "unit", "expected_weight", "metadata", "values"),
      (body) => ({
        type: "update",
        ...body,
      }),
    ],
    ["finish", bodies("result"), (body) => {
      // The server truncates a large result in a body, and adds a log line that says so.
      return { type: "finish", result: boundResult(body.result).value };
    }],
    ["fail", bodies("error").filter((body) => body.error !== undefined), (body) => {
      // In a body, the type of an error is optional, its texts are truncated, and unknown fields are refused.
      return { type: "fail", error: truncated(withType(body.error)) };
    }],
    ["cancelled", bodies(), () => ({ type: "cancelled" })],
    ["logs", bodies("first", "lines"), (body) => ({ type: "log", lines: [], ...body })],
  ];
  for (const [kind, arbitrary, changeOf] of table) {
    fc.assert(
      fc.property(arbitrary.filter(hasOnlyKnownParts), (body) => {
        const ours = verdict(() => stamped(reportOf(kind, body).changes.slice(-1)));
        check(kind, ours, verdict(() => [parseChange(withObjects(changeOf(body)))]));
      }),
      { numRuns: 2_000 },
    );
  }
  fc.assert(
    fc.property(bodies("name", "tags", "metadata", "parent_id", "weight", "share", "stale_after"), (body) => {
      const change = { type: "create", name: "task", ...body };
      check("create", verdict(() => creationOf(body).changes), verdict(() => [parseChange(change)]));
    }),
    { numRuns: 2_000 },
  );
  for (const count of Object.values(taken)) assertGreater(count, 5, JSON.stringify(taken));
  const { cancelled: _, finish, ...refusable } = refused;
  assertEquals(finish, 0, "every result is accepted");
  for (const count of Object.values(refusable)) assertGreater(count, 5, JSON.stringify(refused));
});

/** Whether a body has only known fields. Only the schemas refuse unknown fields. */
function hasOnlyKnownParts({ error, lines }: Record<string, unknown>): boolean {
  const isKnown = (value: unknown, known: readonly string[]) =>
    typeof value !== "object" || value === null || Array.isArray(value) ||
    Object.keys(value).every((key) => known.includes(key));
  return isKnown(error, ["message", "type", "stack"]) &&
    (!Array.isArray(lines) || lines.every((line) => isKnown(line, ["at", "text", "stream", "level"])));
}

function withType(error: unknown): unknown {
  if (typeof error !== "object" || error === null || Array.isArray(error) || "type" in error) return error;
  return { ...error, type: "Error" };
}

/** Truncates the texts of an error to their limits. */
function truncated(error: unknown): unknown {
  if (typeof error !== "object" || error === null || Array.isArray(error)) return error;
  const limits: Readonly<Record<string, number>> = {
    message: LIMITS.errorMessageLength,
    type: LIMITS.errorTypeLength,
    stack: LIMITS.errorStackLength,
  };
  return Object.fromEntries(
    Object.entries(error).map(([key, text]) => [
      key,
      typeof text === "string" ? truncate(text, limits[key]!) : text,
    ]),
  );
}

/** Converts log lines from texts to objects, and adds missing times. */
function withObjects(change: unknown): unknown {
  const { lines, ...rest } = change as { readonly lines?: unknown };
  if (!Array.isArray(lines)) return change;
  return { ...rest, lines: lines.map(withTime) };
}

function withTime(line: unknown): unknown {
  if (typeof line === "string") return { at: 1, text: line };
  return typeof line === "object" && line !== null && !Array.isArray(line) ? { at: 1, ...line } : line;
}

/** Removes the times of log lines from changes. */
function stamped(changes: readonly ReportedChange[]): ReportedChange[] {
  return changes.map((change) =>
    change.type !== "log" ? change : {
      ...change,
      lines: change.lines.map((line) => line.at > 1e9 && line.at < 1e11 ? { ...line, at: 1 } : line),
    }
  );
}

Deno.test("valueOfForm() and parseBody() throw only problems", () => {
  const kinds: readonly ReportKind[] = ["update", "finish", "fail", "cancelled", "logs"];
  const names = fc.oneof(
    fc.constantFrom(
      "progress",
      "status",
      "result",
      "tags",
      "lines",
      "seq",
      "first",
      "error.message",
      "error",
    ),
    fc.constantFrom(
      "metadata.a",
      "metadata.",
      "metadata",
      "metadata.__proto__",
      "__proto__",
      "constructor",
      "",
    ),
    fc.string(),
  );
  const texts = fc.oneof(fc.constantFrom("", "null", "5", "1e999", "[", "{}", "[[[", "true"), fc.string());
  const all = (value: unknown) => {
    for (const kind of kinds) verdict(() => reportOf(kind, value).changes);
    verdict(() => creationOf(value).changes);
  };
  fc.assert(
    fc.property(fc.array(fc.tuple(names, texts), { maxLength: 6 }), (fields) => {
      let value: unknown;
      verdict(() => (value = valueOfForm(new URLSearchParams(fields)), []));
      if (value !== undefined) all(value);
    }),
    { numRuns: 1_000 },
  );
  const known = bodies(
    "progress",
    "status",
    "message",
    "result",
    "error",
    "lines",
    "first",
    "seq",
    "id",
    "name",
  );
  fc.assert(fc.property(fc.oneof(known, fc.jsonValue()), all), { numRuns: 1_000 });
});
