import { type FlagTable, readFlags, variableOf } from "../../../lib/cli/flags.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const TABLE = {
  port: { kind: "value", placeholder: "<port>", fallback: "8000", help: "port to listen on" },
  "base-path": { kind: "value", placeholder: "<path>", help: "path below which all is" },
  tag: { kind: "list", placeholder: "<tag>", help: "words" },
  hook: { kind: "list", placeholder: "<hook>", help: "addresses", separator: /,(?=a)/ },
  "no-demo": { kind: "switch", help: "leave it out" },
} as const satisfies FlagTable;

/** Reads a command line with some environment variables; returns the value of each flag, and the operands. */
function read(args: string[], variables: Record<string, string> = {}): Record<string, unknown> | null {
  const commandLine = readFlags(TABLE, args, (name) => variables[name]);
  return commandLine && { ...commandLine.values, operands: commandLine.operands };
}

const NOTHING = {
  port: "8000",
  "base-path": undefined,
  tag: [],
  hook: [],
  "no-demo": false,
  operands: [],
};

Deno.test("readFlags() prefers a flag to its environment variable, and the variable to the default value", () => {
  const table: [string[], Record<string, string>, object][] = [
    [[], {}, {}],
    [["--port", "5"], {}, { port: "5" }],
    [["--port=5"], { TASKSCOPE_PORT: "6" }, { port: "5" }],
    [[], { TASKSCOPE_PORT: "6" }, { port: "6" }],
    [[], { TASKSCOPE_PORT: "", TASKSCOPE_TAG: "", TASKSCOPE_NO_DEMO: "" }, {}],
    [["--port=007"], {}, { port: "007" }],
    [["--port", "0x10"], {}, { port: "0x10" }],
    [["--base-path=/a=b"], {}, { "base-path": "/a=b" }],
    [[], { TASKSCOPE_BASE_PATH: "/a,b" }, { "base-path": "/a,b" }],
    [["--tag", "a", "--tag=b,c"], {}, { tag: ["a", "b,c"] }],
    [[], { TASKSCOPE_TAG: "a, b" }, { tag: ["a", "b"] }],
    [["--tag=c"], { TASKSCOPE_TAG: "a,b" }, { tag: ["c"] }],
    [["--hook=a,b,a"], {}, { hook: ["a,b,a"] }],
    [[], { TASKSCOPE_HOOK: "a,b,a,,b , a" }, { hook: ["a,b", "a,,b , a"] }],
    [["--no-demo"], {}, { "no-demo": true }],
    [[], { TASKSCOPE_NO_DEMO: "1" }, { "no-demo": true }],
    [[], { TASKSCOPE_NO_DEMO: "true" }, { "no-demo": true }],
    [[], { TASKSCOPE_NO_DEMO: "0" }, {}],
    [[], { TASKSCOPE_NO_DEMO: "false" }, {}],
    [["a", "--port", "5", "b"], {}, { port: "5", operands: ["a", "b"] }],
    [["--no-demo", "a"], {}, { "no-demo": true, operands: ["a"] }],
    [["--no-demo", "false"], {}, { "no-demo": true, operands: ["false"] }],
    [["--no-demo=1"], {}, { "no-demo": true }],
    [["--no-demo=0"], { TASKSCOPE_NO_DEMO: "1" }, {}],
    [["--no-demo=false"], { TASKSCOPE_NO_DEMO: "1" }, {}],
    [["--", "--port", "x"], {}, { operands: ["--port", "x"] }],
  ];
  for (const [args, variables, expected] of table) {
    assertEquals(
      read(args, variables),
      { ...NOTHING, ...expected },
      `${args.join(" ")} ${JSON.stringify(variables)}`,
    );
  }
});

Deno.test("readFlags() returns null if the command line asks for help, even if a value is invalid", () => {
  const table = { count: { kind: "value", help: "a number", parse: refuse } } as const satisfies FlagTable;
  for (
    const args of [["--help"], ["-h", "--count=x"], ["--count=x", "--help"], ["--count", "--help"], [
      "--count",
      "-h",
    ]]
  ) {
    assertEquals(readFlags(table, args, () => undefined), null);
  }
});

function refuse(text: string, source: string): never {
  throw new ConfigError(`${source} is ${text}`);
}

Deno.test("readFlags() parses values, and its errors name the flag or the variable of a value", () => {
  const number = { help: "a number", parse: Number };
  const table = {
    count: { kind: "value", fallback: "1", ...number },
    sizes: { kind: "list", ...number },
    bad: { kind: "value", help: "", parse: refuse },
  } as const satisfies FlagTable;
  assertEquals(readFlags(table, ["--sizes=2", "--sizes=3"], () => undefined)?.values, {
    count: 1,
    sizes: [2, 3],
    bad: undefined,
  });
  const variables = (name: string) => name === "TASKSCOPE_BAD" ? "b" : undefined;
  assertEquals(readFlags(table, ["--count=5"], () => undefined)?.sourceOf("bad"), "--bad");
  assertThrows(() => readFlags(table, ["--bad=a"], variables), ConfigError, "--bad is a");
  assertThrows(() => readFlags(table, [], variables), ConfigError, "TASKSCOPE_BAD is b");
});

Deno.test("readFlags() accepts the single letter of a flag instead of its name", () => {
  const table = {
    follow: { kind: "switch", short: "f", help: "" },
    tail: { kind: "value", short: "n", help: "" },
  } as const satisfies FlagTable;
  const values = (...args: string[]) => readFlags(table, args, () => undefined)?.values;
  assertEquals(values("-f"), { follow: true, tail: undefined });
  assertEquals(values("-n", "5"), { follow: false, tail: "5" });
  assertEquals(values("-n5"), { follow: false, tail: "5" });
  assertEquals(values("-fn", "5"), { follow: true, tail: "5" });
  assertEquals(readFlags(table, ["-f", "true"], () => undefined)?.operands, ["true"]);
  assertEquals(values("-n=5"), { follow: false, tail: "5" });
  assertThrows(() => values("-f5"), ConfigError, "Unknown flag -5");
  assertThrows(() => values("-f=0"), ConfigError, "Unknown flag -=");
});

Deno.test("readFlags() keeps operands unchanged, even if they look like numbers", () => {
  assertEquals(read(["007", "1e3", "0x10", "5"]), { ...NOTHING, operands: ["007", "1e3", "0x10", "5"] });
});

Deno.test("readFlags() throws a one-line message for unknown flags and invalid values", () => {
  const table: [string[], Record<string, string>, string][] = [
    [["--prot", "5"], {}, "Unknown flag --prot; did you mean --port?"],
    [["--prot=5"], {}, "Unknown flag --prot; did you mean --port?"],
    [["-p", "5"], {}, "Unknown flag -p; --help lists the flags"],
    [["--demo"], {}, "Unknown flag --demo; --help lists the flags"],
    [["--no-port"], {}, "Unknown flag --no-port; --help lists the flags"],
    [["--HELP"], {}, "Unknown flag --HELP; did you mean --help?"],
    [["--__proto__=5"], {}, "Unknown flag --__proto__; --help lists the flags"],
    [["--port"], {}, "--port needs a value"],
    [["--port="], {}, "--port needs a value"],
    [["--tag", "a", "--tag="], {}, "--tag needs a value"],
    [["--port", "--no-demo"], {}, "--port needs a value"],
    [["--port", "--", "5"], {}, "--port needs a value"],
    [["--port=1", "--port=2"], {}, "--port may be given only once"],
    [["--no-demo=no"], {}, '--no-demo must be 1 or 0, received "no"'],
    [["--no-demo="], {}, '--no-demo must be 1 or 0, received ""'],
    [[], { TASKSCOPE_NO_DEMO: "yes" }, 'TASKSCOPE_NO_DEMO must be 1 or 0, received "yes"'],
  ];
  for (const [args, variables, message] of table) {
    assertEquals(assertThrows(() => read(args, variables), ConfigError).message, message);
  }
});

Deno.test("readFlags() accepts an empty text as data, and lists the errors of missing numbers", () => {
  const table = {
    text: { kind: "value", isData: true, help: "text" },
    number: {
      kind: "list",
      isData: true,
      help: "number",
      parse: (text, source) => {
        if (Number.isFinite(Number(text || NaN))) return Number(text);
        throw new ConfigError(`${source} is wrong`);
      },
    },
  } as const satisfies FlagTable;
  const read = (...args: string[]) => {
    const { values, invalid } = readFlags(table, args, () => undefined)!;
    return [values.text, values.number, invalid.length];
  };
  assertEquals(read("--text=", "--number=1"), ["", [1], 0]);
  assertEquals(read("--text", "", "--number=nan", "--number", "", "--number=2"), ["", [2], 2]);
  for (const args of [["--text"], ["--text", "--number=1"]]) {
    assertThrows(() => read(...args), ConfigError, "--text needs a value");
  }
  assertThrows(() => read("--number=much"), ConfigError, "--number is wrong");
});

Deno.test("readFlags() skips empty items in a variable with a list", () => {
  assertEquals(read([], { TASKSCOPE_TAG: "a,,b," }), { ...NOTHING, tag: ["a", "b"] });
});

Deno.test("variableOf() derives the name of the environment variable from the name of the flag", () => {
  assertEquals([variableOf("port"), variableOf("base-path")], ["TASKSCOPE_PORT", "TASKSCOPE_BASE_PATH"]);
});
