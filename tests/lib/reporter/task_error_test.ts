/** Tests the conversion of thrown values to the error of a record. */

import { isAbort, taskErrorOf } from "../../../lib/reporter/task_error.ts";
import { LIMITS } from "../../../lib/task/grammar.ts";
import { assert, assertEquals, assertLessOrEqual, assertStringIncludes } from "../../support/assert.ts";

/**
 * Replaces the stack of an error, because the real stack contains file paths, which depend on the machine.
 */
function withStack<Thrown extends Error>(error: Thrown, line = `${error.name}: ${error.message}`): Thrown {
  error.stack = `${line}\n    at here`;
  return error;
}

function stackOf(thrown: unknown): string {
  const { stack = "" } = taskErrorOf(thrown);
  assertLessOrEqual(stack.length, LIMITS.errorStackLength);
  return stack;
}

/** An error of which each cause is another error. */
class Endless extends Error {
  override get cause(): unknown {
    return new Endless("again");
  }
}

Deno.test("taskErrorOf() shows the causes of an error in its stack, as consoles do", () => {
  const inner = withStack(new TypeError("inner", { cause: { code: 5, path: "a.txt" } }));
  const outer = withStack(new Error("outer", { cause: inner }));
  assertEquals(taskErrorOf(outer), {
    message: "outer",
    type: "Error",
    stack: [
      "Error: outer",
      "    at here {",
      "  [cause]: TypeError: inner",
      "      at here {",
      '    [cause]: {"code":5,"path":"a.txt"}',
      "  }",
      "}",
    ].join("\n"),
  });
  for (const [cause, text] of [["text", '"text"'], [null, "null"], [7n, "7"], [Symbol("s"), "Symbol(s)"]]) {
    assertEquals(
      stackOf(withStack(new Error("outer", { cause }))),
      `Error: outer\n    at here {\n  [cause]: ${String(text)}\n}`,
    );
  }
});

Deno.test("taskErrorOf() formats errors as Deno prints them", () => {
  const error = new AggregateError([
    new Error("a", { cause: new RangeError("far") }),
    new AggregateError([new TypeError("c")], "nested"),
  ], "many");
  assertEquals(stackOf(error), Deno.inspect(error, { colors: false, depth: 20 }));
  const circular = new Error("outer", { cause: new Error("inner") });
  (circular.cause as Error).cause = circular;
  const printed = Deno.inspect(circular, { colors: false });
  // Deno prints the name of an enumerable property without brackets.
  assertEquals(stackOf(circular).replaceAll("[cause]", "cause"), printed.replaceAll("[cause]", "cause"));
});

Deno.test("taskErrorOf() shows the errors of an AggregateError, however they are nested", () => {
  const error = withStack(
    new AggregateError([
      withStack(new Error("a", { cause: "text" })),
      "b",
      withStack(new AggregateError([withStack(new TypeError("c")), undefined], "nested")),
      withStack(new AggregateError([], "none")),
    ], "many"),
  );
  assertEquals(
    stackOf(error),
    [
      "AggregateError: many",
      "    at here {",
      "  [errors]: [",
      "    Error: a",
      "        at here {",
      '      [cause]: "text"',
      "    },",
      '    "b",',
      "    AggregateError: nested",
      "        at here {",
      "      [errors]: [",
      "        TypeError: c",
      "            at here,",
      "        undefined",
      "      ]",
      "    },",
      "    AggregateError: none",
      "        at here {",
      "      [errors]: []",
      "    }",
      "  ]",
      "}",
    ].join("\n"),
  );
});

Deno.test("taskErrorOf() marks an error that contains itself", () => {
  const error = withStack(new AggregateError([], "all"));
  const middle = withStack(new Error("middle", { cause: error }));
  error.errors.push(middle, error);
  assertEquals(
    stackOf(error),
    [
      "<ref *1> AggregateError: all",
      "    at here {",
      "  [errors]: [",
      "    Error: middle",
      "        at here {",
      "      [cause]: [Circular *1]",
      "    },",
      "    [Circular *1]",
      "  ]",
      "}",
    ].join("\n"),
  );
});

Deno.test("taskErrorOf() limits the stack, and says how many errors are missing", () => {
  const many = new AggregateError(Array.from({ length: 100_000 }, () => withStack(new Error("e"))), "many");
  assertStringIncludes(stackOf(many), "… 99900 more\n  ]\n}");
  const long = "x".repeat(5_000);
  const few = new AggregateError(Array.from({ length: 50 }, () => withStack(new Error(long))), "few");
  assertStringIncludes(stackOf(few), "… ");
  let deep: Error = new Error("innermost");
  for (let level = 0; level < 10_000; level++) deep = new Error(`level ${level}`, { cause: deep });
  assertStringIncludes(stackOf(deep), "[cause]: Error: level 9998");
  assertStringIncludes(stackOf(new Endless("first")), "[cause]: Error: again");
  const wordy = withStack(new Error("x".repeat(1_000_000), { cause: withStack(new Error("the reason")) }));
  assertStringIncludes(stackOf(wordy), "[cause]: Error: the reason");
  const length = { length: 2 ** 32 - 1 };
  const huge = new Proxy([], { get: (_, key) => key === "length" ? length.length : "" });
  assertStringIncludes(stackOf(Object.assign(new Error("huge"), { errors: huge })), "… 4294967195 more");
});

Deno.test("taskErrorOf() shows the readable parts of an error whose getters throw", () => {
  const throwing = (key: string) =>
    Object.defineProperty(withStack(new Error("outer")), key, {
      get: () => {
        throw new Error("hostile");
      },
    });
  assertEquals(taskErrorOf(throwing("cause")), {
    message: "outer",
    type: "Error",
    stack: "Error: outer\n    at here",
  });
  assertEquals(taskErrorOf(throwing("errors")).message, "outer");
  assertEquals(taskErrorOf(throwing("stack")), { message: "outer", type: "Error" });
  const revoked = Proxy.revocable(new Error("x"), {});
  revoked.revoke();
  const around = withStack(new Error("outer", { cause: revoked.proxy }));
  assertEquals(stackOf(around), "Error: outer\n    at here {\n  [cause]: [a value that can't be read]\n}");
  assertEquals(taskErrorOf(revoked.proxy).type, "unknown");
  const errors = withStack(Object.assign(new Error("outer"), { errors: Proxy.revocable([], {}).proxy }));
  assertEquals(stackOf(errors), "Error: outer\n    at here {\n  [errors]: []\n}");
});

Deno.test("taskErrorOf() adds the message to a stack that lacks it, as in some browsers", () => {
  const cause = new Error("inner");
  cause.stack = "load@app.js:1:2";
  assertStringIncludes(
    stackOf(withStack(new Error("outer", { cause }))),
    "[cause]: Error: inner\n  load@app.js:1:2",
  );
});

Deno.test("taskErrorOf() shows thrown values that are not errors as text or JSON", () => {
  const table: [unknown, string, string][] = [
    ["text", "text", "string"],
    ["", "", "string"],
    [{ code: 5, at: new Date(0) }, '{"code":5,"at":"1970-01-01T00:00:00.000Z"}', "object"],
    [[1, undefined], "[1,null]", "object"],
    [new Map([["a", 1n]]), '[["a","1"]]', "object"],
    [null, "null", "null"],
    [undefined, "undefined", "undefined"],
    [NaN, "NaN", "number"],
    [5n, "5", "bigint"],
    [Symbol("s"), "Symbol(s)", "symbol"],
    [Object.create(null), "{}", "object"],
    [{ toString: () => "not called" }, '{"toString":"[Function: toString]"}', "object"],
  ];
  for (const [thrown, message, type] of table) assertEquals(taskErrorOf(thrown), { message, type });
  const { message } = taskErrorOf({ long: "é".repeat(10_000) });
  assert(message.length <= LIMITS.errorMessageLength && message.endsWith('…"}'), message.slice(-20));
});

Deno.test("isAbort() returns even if an error has endless causes", () => {
  assertEquals(isAbort(new Endless("first"), "reason"), false);
  const far = Array.from({ length: 50 }).reduce((cause) => new Error("outer", { cause }), "reason");
  assertEquals([isAbort(far, "reason"), isAbort(far, "another")], [true, false]);
});
