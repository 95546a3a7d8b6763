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

/** Reads a command line with some variables set; the texts of each flag. */
function read(args: string[], variables: Record<string, string> = {}): Record<string, unknown> {
  const { flags, operands, wantsHelp } = readFlags(TABLE, args, (name) => variables[name]);
  return { ...Object.fromEntries(flags), operands, wantsHelp };
}

const NOTHING = {
  port: ["8000"],
  "base-path": [],
  tag: [],
  hook: [],
  "no-demo": [],
  operands: [],
  wantsHelp: false,
};

Deno.test("readFlags() reads flags, variables and fallbacks, in this order", () => {
  const table: [string[], Record<string, string>, object][] = [
    [[], {}, {}],
    [["--port", "5"], {}, { port: ["5"] }],
    [["--port=5"], { TASKSCOPE_PORT: "6" }, { port: ["5"] }],
    [[], { TASKSCOPE_PORT: "6" }, { port: ["6"] }],
    [[], { TASKSCOPE_PORT: "", TASKSCOPE_TAG: "", TASKSCOPE_NO_DEMO: "" }, {}],
    [["--port=007"], {}, { port: ["007"] }],
    [["--port", "0x10"], {}, { port: ["0x10"] }],
    [["--base-path=/a=b"], {}, { "base-path": ["/a=b"] }],
    [[], { TASKSCOPE_BASE_PATH: "/a,b" }, { "base-path": ["/a,b"] }],
    [["--tag", "a", "--tag=b,c"], {}, { tag: ["a", "b,c"] }],
    [[], { TASKSCOPE_TAG: "a, b" }, { tag: ["a", "b"] }],
    [["--tag=c"], { TASKSCOPE_TAG: "a,b" }, { tag: ["c"] }],
    [["--hook=a,b,a"], {}, { hook: ["a,b,a"] }],
    [[], { TASKSCOPE_HOOK: "a,b,a,,b , a" }, { hook: ["a,b", "a,,b , a"] }],
    [["--no-demo"], {}, { "no-demo": ["true"] }],
    [[], { TASKSCOPE_NO_DEMO: "1" }, { "no-demo": ["true"] }],
    [[], { TASKSCOPE_NO_DEMO: "true" }, { "no-demo": ["true"] }],
    [[], { TASKSCOPE_NO_DEMO: "0" }, {}],
    [[], { TASKSCOPE_NO_DEMO: "false" }, {}],
    [["a", "--port", "5", "b"], {}, { port: ["5"], operands: ["a", "b"] }],
    [["--no-demo", "a"], {}, { "no-demo": ["true"], operands: ["a"] }],
    [["--", "--port", "x"], {}, { operands: ["--port", "x"] }],
    [["--help"], {}, { wantsHelp: true }],
    [["-h", "--port=5"], {}, { wantsHelp: true, port: ["5"] }],
  ];
  for (const [args, variables, expected] of table) {
    assertEquals(
      read(args, variables),
      { ...NOTHING, ...expected },
      `${args.join(" ")} ${JSON.stringify(variables)}`,
    );
  }
});

Deno.test("readFlags() leaves operands as they are, also those that look like numbers", () => {
  assertEquals(read(["007", "1e3", "0x10", "5"]), { ...NOTHING, operands: ["007", "1e3", "0x10", "5"] });
});

Deno.test("readFlags() refuses what it does not know, with one clear line", () => {
  const table: [string[], Record<string, string>, string][] = [
    [["--prot", "5"], {}, "There is no flag --prot; --help lists them"],
    [["--prot=5"], {}, "There is no flag --prot; --help lists them"],
    [["-p", "5"], {}, "There is no flag -p; --help lists them"],
    [["--demo"], {}, "There is no flag --demo; --help lists them"],
    [["--no-port"], {}, "There is no flag --no-port; --help lists them"],
    [["--__proto__=5"], {}, "There is no flag --__proto__; --help lists them"],
    [["--port"], {}, "--port needs a value"],
    [["--port="], {}, "--port needs a value"],
    [["--tag", "a", "--tag="], {}, "--tag needs a value"],
    [["--port", "--no-demo"], {}, "--port needs a value"],
    [["--port=1", "--port=2"], {}, "--port may be given once"],
    [[], { TASKSCOPE_NO_DEMO: "yes" }, 'TASKSCOPE_NO_DEMO must be 1 or 0, received "yes"'],
  ];
  for (const [args, variables, message] of table) {
    assertEquals(assertThrows(() => read(args, variables), ConfigError).message, message);
  }
});

Deno.test("readFlags() drops what is empty between the commas of a variable", () => {
  assertEquals(read([], { TASKSCOPE_TAG: "a,,b," }), { ...NOTHING, tag: ["a", "b"] });
});

Deno.test("variableOf() names the variable of a flag", () => {
  assertEquals([variableOf("port"), variableOf("base-path")], ["TASKSCOPE_PORT", "TASKSCOPE_BASE_PATH"]);
});
