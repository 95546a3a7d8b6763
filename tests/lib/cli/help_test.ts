import type { FlagTable } from "../../../lib/cli/flags.ts";
import { commandHelp, examplesHelp } from "../../../lib/cli/help.ts";
import { assertEquals } from "../../support/assert.ts";

const TABLE = {
  port: { kind: "value", placeholder: "<port>", fallback: "8000", help: "port to listen on" },
  "base-path": { kind: "value", placeholder: "<path>", help: `path below which ${"all ".repeat(15)}is` },
  tag: { kind: "list", placeholder: "<tag>", help: "words" },
  "no-demo": { kind: "switch", help: "leave it out" },
} as const satisfies FlagTable;

const BASE_PATH = [
  "  --base-path <path>  path below which all all all all all all all all all all",
  "                      all all all all all is",
];
const RULE = [
  "Flags can also be set by environment variables, such as TASKSCOPE_TAG for --tag.",
  "A flag on the command line takes precedence.",
];
const EXAMPLES = ["taskscope say a", "taskscope say b"];

/** Returns the lines of a command's help. */
function help(flags: FlagTable): string[] {
  const description = `Says ${"much ".repeat(20)}.\n\nAnd more.`;
  const exitStatuses = { 0: "it was said", "128+n": "a signal ended it" };
  return commandHelp({ usage: "say [flags]", description, flags, exitStatuses, examples: EXAMPLES })
    .split("\n");
}

Deno.test("commandHelp() wraps each paragraph, lists each flag with its default value, and ends with examples", () => {
  assertEquals(help(TABLE), [
    "Usage: taskscope say [flags]",
    "",
    "Says much much much much much much much much much much much much much much much",
    "much much much much much .",
    "",
    "And more.",
    "",
    "Flags:",
    "  --port <port>       port to listen on [default: 8000]",
    ...BASE_PATH,
    "  --tag <tag>         words [repeatable]",
    "  --no-demo           leave it out",
    "",
    ...RULE,
    "",
    "Exit status:",
    "  0      it was said",
    "  128+n  a signal ended it",
    "",
    ...examplesHelp(EXAMPLES).split("\n"),
  ]);
  assertEquals(examplesHelp(EXAMPLES), "Examples:\n  taskscope say a\n  taskscope say b");
});

Deno.test("commandHelp() groups flags by their headings, in the order of the table", () => {
  const { port, tag } = TABLE;
  const lines = help({
    tag: { ...tag, group: "Words" },
    port: { ...port, group: "Where" },
    "base-path": { ...TABLE["base-path"], group: "Words" },
  });
  assertEquals(lines.slice(lines.indexOf("Words:"), lines.indexOf("Exit status:") - 3), [
    "Words:",
    "  --tag <tag>         words [repeatable]",
    ...BASE_PATH,
    "",
    "Where:",
    "  --port <port>       port to listen on [default: 8000]",
    "",
  ]);
});

Deno.test("commandHelp() lists the commands below a command, and the letters of flags", () => {
  const syntax = { description: "Says.", exitStatuses: { 0: "it was said" }, examples: EXAMPLES };
  const below = { ...syntax, usage: "say loudly <word> [flags]", flags: {} };
  const flags = { follow: { kind: "switch", short: "f", help: "go on" } } as const satisfies FlagTable;
  const text = commandHelp({
    ...syntax,
    usage: "say <command>",
    flags,
    subcommands: { loudly: { help: "Say it loudly", syntax: below } },
  });
  assertEquals(text.split("\n").slice(2, 10), [
    "Says.",
    "",
    "Commands:",
    "  loudly <word>  Say it loudly",
    "",
    "Flags:",
    "  -f, --follow  go on",
    "",
  ]);
});

Deno.test("commandHelp() shows the notes after the flags", () => {
  const syntax = { usage: "say [flags]", description: "Says.", exitStatuses: { 0: "" }, examples: EXAMPLES };
  const lines = commandHelp({ ...syntax, flags: TABLE, notes: "Note this." }).split("\n");
  assertEquals(lines.slice(lines.indexOf(RULE[1]!), lines.indexOf("Exit status:")), [
    RULE[1],
    "",
    "Note this.",
    "",
  ]);
});

Deno.test("commandHelp() does not wrap a line inside a note on the default value", () => {
  const lines = help({ data: { kind: "value", fallback: "a b", help: "x".repeat(60) } });
  assertEquals(lines[lines.indexOf("Flags:") + 2], "          [default: a b]");
});
