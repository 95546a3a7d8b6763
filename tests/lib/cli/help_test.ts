import type { FlagTable } from "../../../lib/cli/flags.ts";
import { commandHelp, examplesHelp, helpOf } from "../../../lib/cli/help.ts";
import { assertEquals } from "../../support/assert.ts";

const TABLE = {
  port: { kind: "value", placeholder: "<port>", fallback: "8000", help: "port to listen on" },
  "base-path": { kind: "value", placeholder: "<path>", help: `path below which ${"all ".repeat(20)}is` },
  tag: { kind: "list", placeholder: "<tag>", help: "words" },
  "no-demo": { kind: "switch", help: "leave it out" },
} as const satisfies FlagTable;

const BASE_PATH = [
  "  --base-path <path>  path below which all all all all all all all all all all all all all",
  "                      all all all all all all all is",
];
const RULE = "What is not given is taken from the environment: --tag from TASKSCOPE_TAG, and so on.";

Deno.test("helpOf() tells of every flag, with its fallback, in lines that fit, and of variables once", () => {
  assertEquals(helpOf(TABLE).split("\n"), [
    "Flags:",
    "  --port <port>       port to listen on (default 8000)",
    ...BASE_PATH,
    "  --tag <tag>         words (repeatable)",
    "  --no-demo           leave it out",
    "",
    RULE,
  ]);
});

Deno.test("helpOf() groups flags, and those in no group come last", () => {
  assertEquals(helpOf(TABLE, { Words: ["tag"], Where: ["port", "base-path"] }).split("\n"), [
    "Words:",
    "  --tag <tag>         words (repeatable)",
    "",
    "Where:",
    "  --port <port>       port to listen on (default 8000)",
    ...BASE_PATH,
    "",
    "Others:",
    "  --no-demo           leave it out",
    "",
    RULE,
  ]);
});

Deno.test("commandHelp() keeps paragraphs apart, and ends with examples where there are any", () => {
  const about = `Says ${"much ".repeat(20)}.\n\nAnd more.`;
  const lines = [
    "Usage: taskscope say [flags]",
    "",
    "Says much much much much much much much much much much much much much much much much much",
    "much much much .",
    "",
    "And more.",
    "",
    "FLAGS",
  ];
  assertEquals(commandHelp("say [flags]", about, "FLAGS").split("\n"), lines);
  const examples = ["taskscope say a", "taskscope say b"];
  assertEquals(
    commandHelp("say [flags]", about, "FLAGS", examples).split("\n"),
    [...lines, "", ...examplesHelp(examples).split("\n")],
  );
  assertEquals(examplesHelp(examples), "Examples:\n  taskscope say a\n  taskscope say b");
});
