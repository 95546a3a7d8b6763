import fc from "fast-check";
import { ProtocolError } from "../../../lib/errors.ts";
import { parseChange, parseReport, type Report } from "../../../lib/task/protocol.ts";
import { byteLength } from "../../../lib/task/byte_length.ts";
import { formatCursor, parseCursor } from "../../../lib/task/cursor.ts";
import { isClientToken, isTaskId, LIMITS } from "../../../lib/task/grammar.ts";
import { startRun } from "../../../lib/reporter/start_run.ts";
import { isTaskState, type JsonObject, TASK_STATES } from "../../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "../../support/assert.ts";
import { turn } from "../../support/local_monitor.ts";
import { RecordingSink } from "../../support/recording_sink.ts";

/** Returns a value as another process would receive it. */
function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const CREATE = {
  type: "create",
  name: "task",
  metadata: {},
  tags: ["a"],
  parent_id: "p",
  weight: 1,
  share: 0.25,
  attempt: 1,
  retry_of: "r",
  retryable: false,
  stale_after: 5,
};
const UPDATE = {
  type: "update",
  progress: 5,
  status: "s",
  current: 1,
  total: 2,
  unit: "B",
  metadata: { a: null },
  values: { loss: 0.5, "val/acc": [[1, 2]] },
  from_output: true,
};
const LOG = { type: "log", first: 3, lines: [{ at: 1, text: "a" }] };
/** The types of changes that only the server makes. */
const OTHERS = ["stale", "roll_up", "estimate", "interrupt", "restore"];
const FAIL = { type: "fail", error: { message: "m", type: "Error", stack: "at x" } };

Deno.test("parseReport() accepts every report that TaskReporter makes from arbitrary user values", async () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const longText = fc.tuple(text, fc.integer({ min: 0, max: 1_500 })).map(([text, n]) => text.repeat(n));
  const amount = fc.oneof(
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
  );
  const update = fc.record(
    {
      progress: amount,
      current: amount,
      total: amount,
      status: longText,
      unit: text,
      metadata: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<null>),
      values: fc.dictionary(fc.oneof(text, fc.constantFrom("loss", "val/acc")), fc.double()),
    },
    { requiredKeys: [] },
  );
  const outcome = fc.oneof(
    fc.record({ returned: fc.oneof(fc.anything({ withBigInt: true }), longText) }),
    fc.record({ thrown: fc.oneof(fc.anything(), longText.map((text) => new TypeError(text))) }),
  );
  let reports = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(update, { maxLength: 5 }),
      fc.array(longText, { maxLength: 3 }),
      longText.filter((name) => name !== ""),
      outcome,
      async (updates, lines, name, outcome) => {
        const sink = new RecordingSink();
        const run = startRun(
          (task) => {
            for (const update of updates) void task.update(update);
            for (const line of lines) task.log(line);
            using child = task.child(name);
            void child.update(updates[0] ?? {});
            if ("thrown" in outcome) throw outcome.thrown;
            return outcome.returned;
          },
          sink,
          { name, client: "c", id: undefined, tags: [], metadata: {}, staleAfterMs: 50, signal: undefined },
        );
        await run.done.catch(() => {});
        for (const report of sink.reports) assertEquals(parseReport(sent(report)), sent(report) as Report);
        reports += sink.reports.length;
      },
    ),
    { numRuns: 300 },
  );
  assertGreater(reports, 1_000);
  // Updates that were not awaited may still be waiting for a turn of the event loop.
  await turn();
});

/** Runs a short monitored function and returns its reports. */
async function reportsOf(fn: Parameters<typeof startRun>[0]): Promise<Report[]> {
  const sink = new RecordingSink();
  const settings = { name: "f", client: "c", id: undefined, tags: [], metadata: {} };
  await startRun(fn, sink, { ...settings, staleAfterMs: undefined, signal: undefined }).done;
  // Updates that were not awaited may still be waiting for a turn of the event loop.
  await turn();
  return sink.reports;
}

Deno.test("parseReport() accepts all metadata that TaskReporter accepts, even with multi-byte characters", async () => {
  const reports = await reportsOf((task) => void task.update({ metadata: { title: "é".repeat(10_000) } }));
  for (const report of reports) parseReport(sent(report));
});

Deno.test("parseReport() accepts a subtask that was created without a name", async () => {
  const reports = await reportsOf((task) => task.child("").finish());
  for (const report of reports) parseReport(sent(report));
});

Deno.test("parseReport() accepts a thousand log lines, and a line that reports how many were dropped", () => {
  const lines = Array.from({ length: 1_001 }, (_, i) => ({ at: i, text: "" }));
  assertEquals(parseChange({ type: "log", lines }), { type: "log", lines });
});

Deno.test("parseReport() names each invalid field", () => {
  const report = { client: "c", id: "t", at: 1, change: { type: "start" } };
  const table: Record<string, unknown[]> = {
    client: [undefined, null, 5, "", ".", "..", "a/b", "ä", "c".repeat(129), {}],
    id: [undefined, null, 5, "", ".", "..", "start", "__proto__", "a b", "i".repeat(129)],
    at: [undefined, null, "1", NaN, Infinity, {}],
    change: [undefined, null, 5, "start", []],
  };
  for (const [field, values] of Object.entries(table)) {
    for (const value of values) {
      const error = assertThrows(() => parseReport({ ...report, [field]: value }), ProtocolError);
      assertStringIncludes(error.message, `Cannot read "${field}": wanted `);
    }
  }
  for (const value of [undefined, null, 5, "x", [], [report]]) {
    assertThrows(
      () => parseReport(value),
      ProtocolError,
      'Cannot read "report": wanted an object, received ',
    );
  }
  assertEquals(parseReport({ ...report, more: 1 }), report as Report);
});

Deno.test("parseChange() names each invalid field", () => {
  const big = { text: "x".repeat(LIMITS.metadataBytes) };
  const numbers = ["1", NaN, Infinity, -Infinity, true, {}, []];
  const table: [Record<string, unknown>, Record<string, unknown[]>][] = [
    [{ type: "start" }, {
      type: [undefined, null, 5, ...OTHERS, "__proto__", "toString"],
    }],
    [CREATE, {
      name: [undefined, null, 5, "", "n".repeat(201)],
      metadata: [5, "x", [], big],
      tags: ["x", {}, [5], [""], ["t".repeat(65)], Array(33).fill("t")],
      parent_id: [5, "", "..", "a b", {}],
      weight: [...numbers, -1],
      share: [...numbers, -0.1, 1.1],
      attempt: [...numbers, 0, 1.5, -1],
      retry_of: [5, "", "..", "a b", {}],
      stale_after: [...numbers, 0, -1],
    }],
    [UPDATE, {
      progress: numbers,
      current: numbers,
      total: numbers,
      status: [null, 5, {}, "s".repeat(1_001)],
      unit: [5, {}, "u".repeat(33)],
      metadata: [null, 5, "x", [], big],
    }],
    [LOG, {
      first: [...numbers, null, -1, 1.5],
      lines: [undefined, null, "x", {}, Array(1_002).fill(LOG.lines[0]), [5], [null]],
    }],
    [{ type: "finish", result: 1 }, { result: ["x".repeat(LIMITS.resultBytes)] }],
    [FAIL, { error: [undefined, null, "x", []] }],
  ];
  for (const [change, fields] of table) {
    parseChange(change);
    for (const [field, values] of Object.entries(fields)) {
      for (const value of values) {
        const error = assertThrows(() => parseChange({ ...change, [field]: value }), ProtocolError);
        assertStringIncludes(error.message, `Cannot read "${field}": wanted `);
      }
    }
  }
});

Deno.test("parseChange() names each invalid field of a log line and of an error", () => {
  const wrongLines = [[{ text: "a" }, "at"], [{ at: 1 }, "text"], [
    { at: 1, text: "x".repeat(8_193) },
    "text",
  ]];
  for (const [line, field] of wrongLines) {
    const error = assertThrows(() => parseChange({ type: "log", lines: [line] }), ProtocolError);
    assertStringIncludes(error.message, `Cannot read "${field}"`);
  }
  const wrongErrors: [object, string][] = [
    [{ type: "Error" }, "error.message"],
    [{ message: "m".repeat(4_097), type: "Error" }, "error.message"],
    [{ message: "m" }, "error.type"],
    [{ message: "m", type: "t".repeat(129) }, "error.type"],
    [{ message: "m", type: "Error", stack: 5 }, "error.stack"],
    [{ message: "m", type: "Error", stack: "s".repeat(16_385) }, "error.stack"],
  ];
  for (const [wrong, field] of wrongErrors) {
    const error = assertThrows(() => parseChange({ type: "fail", error: wrong }), ProtocolError);
    assertStringIncludes(error.message, `Cannot read "${field}"`);
  }
});

Deno.test("parseChange() accepts values of maximum length, and fills in defaults", () => {
  assertEquals(parseChange({ type: "create", name: "n".repeat(200) }), {
    ...CREATE,
    name: "n".repeat(200),
    tags: [],
    parent_id: null,
    share: null,
    retry_of: null,
    stale_after: null,
  } as never);
  assertEquals(parseChange({ ...CREATE, retryable: true }), { ...CREATE, retryable: true } as never);
  assertEquals(parseChange({ ...CREATE, retryable: "yes" }), CREATE as never);
  const metadata = { a: "é".repeat((LIMITS.metadataBytes - 8) / 2) };
  assertEquals(byteLength(JSON.stringify(metadata)), LIMITS.metadataBytes);
  assertEquals(parseChange({ type: "update", metadata }), { type: "update", metadata });
  assertEquals(parseChange({ type: "finish" }), { type: "finish", result: null });
  const result = "x".repeat(LIMITS.resultBytes - 2);
  assertEquals(parseChange({ type: "finish", result }), { type: "finish", result });
  assertEquals(parseChange({ ...FAIL, more: 5 }), FAIL as never);
});

Deno.test("parseChange() does not copy keys that could change a prototype", () => {
  const change = parseChange(
    JSON.parse(`{"type":"update","__proto__":{"progress":5},"metadata":{"__proto__":{"a":1}}}`),
  );
  assertEquals(Object.getPrototypeOf(change), Object.prototype);
  assertEquals("progress" in change, false);
});

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
});

/** Checks that a parser returns a value or throws a `ProtocolError`, and throws no other error. */
function assertNothingElseThrown(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    assertInstanceOf(error, ProtocolError, `threw ${error} instead`);
  }
}

Deno.test("parseReport() and parseChange() throw only ProtocolError on arbitrary values", () => {
  const shapes = [CREATE, UPDATE, LOG, FAIL, { type: "finish", result: null }];
  const mixed = fc.tuple(fc.constantFrom(...shapes), fc.nat(), anything).map(([shape, i, value]) => {
    const keys = Object.keys(shape);
    return { ...shape, [keys[i % keys.length]!]: value };
  });
  fc.assert(
    fc.property(fc.oneof(anything, mixed), (value) => {
      assertNothingElseThrown(() => parseChange(value));
      assertNothingElseThrown(() => parseReport(value));
      assertNothingElseThrown(() => parseReport({ client: "c", id: "t", at: 1, change: value }));
      assertNothingElseThrown(() => parseReport({ client: value, id: "t", at: 1, change: FAIL }));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("parseReport() and parseChange() throw only ProtocolError on arbitrary and deeply nested JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      assertNothingElseThrown(() => parseChange(value));
      for (const shape of [CREATE, UPDATE, LOG, FAIL]) {
        for (const key of Object.keys(shape)) {
          assertNothingElseThrown(() =>
            parseReport({ client: "c", id: "t", at: 1, change: { ...shape, [key]: value } })
          );
        }
      }
    }),
    { numRuns: 1_000 },
  );
  const deep: JsonObject = JSON.parse(`${'{"a":['.repeat(100_000)}${"]}".repeat(100_000)}`);
  for (const field of ["metadata", "status", "progress"]) {
    assertThrows(() => parseChange({ ...UPDATE, [field]: deep }), ProtocolError, `"${field}"`);
  }
  assertThrows(() => parseChange({ type: "finish", result: deep }), ProtocolError, '"result"');
  assertThrows(() => parseReport(deep), ProtocolError, '"client"');
});

Deno.test("isClientToken() and isTaskId() follow their grammars", () => {
  const both = ["a", "0", "A-b_c.d", "...", ".a", "a".repeat(128), "-", "START", "Constructor", "__proto"];
  const neither = ["", ".", "..", "a".repeat(129), "a b", "a/b", "ä", "a\n", "\n", "a\0", "%2e", "a?b", "１"];
  for (const text of both) assertEquals([isClientToken(text), isTaskId(text)], [true, true], text);
  for (const text of neither) assertEquals([isClientToken(text), isTaskId(text)], [false, false], text);
  // Only task ids become keys of an object in a browser, so these names are harmless as client tokens.
  for (const text of ["start", "__proto__", "constructor", "prototype"]) {
    assertEquals([isClientToken(text), isTaskId(text)], [true, false], text);
  }
  assertEquals([isClientToken("a:b"), isTaskId("a:b")], [false, true]);
});

Deno.test("isTaskState() returns true only for names of states", () => {
  for (const state of TASK_STATES) assert(isTaskState(state));
  for (const text of ["", "finished", "DONE", "__proto__", "toString", "0", "FINISHED "]) {
    assertEquals(isTaskState(text), false, text);
  }
});

Deno.test("parseCursor() parses what formatCursor() returns, and rejects other texts", () => {
  const epoch = fc.stringMatching(/^[A-Za-z0-9]{1,32}$/);
  fc.assert(fc.property(epoch, fc.integer({ min: 0, max: 999_999_999_999_999 }), (epoch, seq) => {
    assertEquals(parseCursor(formatCursor({ epoch, seq })), { epoch, seq });
  }));
  const bad = [
    "",
    ":",
    "a",
    "a:",
    ":1",
    "a:1:2",
    "a:-1",
    "a:1.5",
    "a:1e3",
    " a:1",
    "a:1\n",
    "a b:1",
    "a:1234567890123456",
  ];
  for (const text of [...bad, `${"a".repeat(33)}:1`]) {
    assertThrows(
      () => parseCursor(text),
      ProtocolError,
      "Cannot read cursor: wanted <epoch>:<number>, received ",
    );
  }
});

Deno.test("byteLength() counts the bytes of UTF-8", () => {
  assertEquals(["", "a", "é", "€", "😀", "\ud800"].map(byteLength), [0, 1, 2, 3, 4, 3]);
});
