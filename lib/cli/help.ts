/**
 * Formats the help of commands for a terminal of 80 columns.
 *
 * @module
 */

import type { CommandSyntax, Subcommand } from "./command.ts";
import { EXIT } from "./exit_status.ts";
import { type Flag, type FlagTable, variableOf } from "./flags.ts";
import { writeLine } from "./terminal.ts";

/** The maximum width of help, in columns, except for longer examples. */
const HELP_COLUMNS = 80;

/** A space at which {@linkcode wrap} does not break a line. */
const NO_BREAK = "\u00a0";

/** The heading of flags without a group. */
const DEFAULT_GROUP = "Flags";

/** Writes a command's help to the output, and returns the exit status. */
export function showHelp(syntax: CommandSyntax): number {
  writeLine(commandHelp(syntax));
  return EXIT.ok;
}

/** Formats the help of a command. */
export function commandHelp(syntax: CommandSyntax): string {
  const { usage, description, flags, notes, exitStatuses, examples, subcommands } = syntax;
  return [
    `Usage: taskscope ${usage}`,
    ...description.split("\n\n").map((paragraph) => wrap(paragraph)),
    ...(subcommands === undefined ? [] : [commandsHelp(subcommandRows(subcommands))]),
    ...(Object.keys(flags).length === 0 ? [] : [flagsHelp(flags)]),
    ...(notes === undefined ? [] : [wrap(notes)]),
    exitStatusHelp(exitStatuses),
    examplesHelp(examples),
  ].join("\n\n");
}

function subcommandRows(
  subcommands: Readonly<Record<string, Subcommand>>,
): (readonly [usage: string, help: string])[] {
  // The name of the parent command is left out, as it is the same in every row.
  return Object.values(subcommands).map(({ help, syntax: { usage } }) => {
    return [usage.replace(/^\S+ /, "").replace(" [flags]", ""), help];
  });
}

/** Formats a list of commands: the usage of each, and what it does. */
export function commandsHelp(rows: readonly (readonly [usage: string, help: string])[]): string {
  const indent = 4 + Math.max(...rows.map(([usage]) => usage.length));
  return ["Commands:", ...rows.map(([usage, help]) => `  ${usage}`.padEnd(indent) + wrap(help, indent))]
    .join("\n");
}

/** Formats the help of flags: a block for each group, then the rule for environment variables. */
function flagsHelp(table: FlagTable): string {
  const indent = 4 + Math.max(...Object.entries(table).map(([name, flag]) => labelOf(name, flag).length));
  const groups = Map.groupBy(Object.entries(table), ([, { group = DEFAULT_GROUP }]) => group);
  const blocks = [...groups].map(([heading, flags]) => {
    return [`${heading}:`, ...flags.map(([name, flag]) => rowOf(name, flag, indent))].join("\n");
  });
  const example = Object.keys(table).findLast((name) => table[name]!.kind !== "switch");
  if (example === undefined) return blocks.join("\n\n");
  const rule = `Flags can also be set by environment variables, such as ${variableOf(example)} for ` +
    `--${example}. A flag on the command line takes precedence.`;
  return [...blocks, wrap(rule)].join("\n\n");
}

function exitStatusHelp(statuses: Readonly<Record<string, string>>): string {
  const indent = 4 + Math.max(...Object.keys(statuses).map((status) => status.length));
  const rows = Object.entries(statuses).map(([status, meaning]) => {
    return `  ${status}`.padEnd(indent) + wrap(meaning, indent);
  });
  return ["Exit status:", ...rows].join("\n");
}

/** Formats the examples that end a help text. */
export function examplesHelp(examples: readonly string[]): string {
  return ["Examples:", ...examples.map((line) => `  ${line}`)].join("\n");
}

function labelOf(name: string, { short, placeholder }: Flag): string {
  const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
  return placeholder === undefined ? names : `${names} ${placeholder}`;
}

function rowOf(name: string, flag: Flag, indent: number): string {
  const notes = [
    ...(flag.fallback === undefined ? [] : [`[default:${NO_BREAK}${flag.fallback}]`]),
    ...(flag.kind === "list" ? ["[repeatable]"] : []),
  ];
  const text = [flag.help, ...notes].join(" ");
  return `  ${labelOf(name, flag)}`.padEnd(indent) + wrap(text, indent);
}

/**
 * Wraps text at spaces and newlines, but not at {@linkcode NO_BREAK}; all lines except the first are
 * indented.
 */
function wrap(text: string, indent = 0): string {
  const lines: string[] = [];
  for (const word of text.split(/[ \n]+/)) {
    const line = lines.at(-1);
    if (line === undefined || indent + line.length + 1 + word.length > HELP_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`).replaceAll(NO_BREAK, " ");
}
