/**
 * The help of the program and its commands, as text that fits into a terminal.
 *
 * @module
 */

import { type Flag, type FlagTable, variableOf } from "./flags.ts";

/** Columns that help fits into. */
const HELP_COLUMNS = 90;

/** Flags that belong together, by the heading that they stand under in the help. */
export type FlagGroups = Readonly<Record<string, readonly string[]>>;

/**
 * The help of a command's flags.
 *
 * @param table the flags
 * @param groups how they are grouped, in this order; those in no group come last
 */
export function helpOf(table: FlagTable, groups: FlagGroups = {}): string {
  const grouped = new Set(Object.values(groups).flat());
  const others = Object.keys(table).filter((name) => !grouped.has(name));
  const rest: FlagGroups = others.length === 0 ? {} : { [grouped.size === 0 ? "Flags" : "Others"]: others };
  const indent = 4 + Math.max(...Object.entries(table).map(([name, flag]) => leftOf(name, flag).length));
  const blocks = Object.entries({ ...groups, ...rest }).map(([heading, names]) => {
    return [`${heading}:`, ...names.map((name) => rowOf(name, table[name]!, indent))].join("\n");
  });
  const [example = ""] = Object.keys(table).filter((name) => table[name]!.kind !== "switch").slice(-1);
  const rule = `What is not given is taken from the environment: --${example} from ${
    variableOf(example)
  }, and so on.`;
  return [...blocks, wrap(rule)].join("\n\n");
}

/**
 * The help of a command.
 *
 * @param usage what stands behind the program's name: `wait <id> [flags]`
 * @param about what it does; empty lines separate paragraphs
 * @param flags what {@linkcode helpOf} gives of its flags
 * @param examples command lines that show what it is used for
 */
export function commandHelp(
  usage: string,
  about: string,
  flags: string,
  examples: readonly string[] = [],
): string {
  const blocks = [`Usage: taskscope ${usage}`, ...about.split("\n\n").map((text) => wrap(text)), flags];
  if (examples.length > 0) blocks.push(examplesHelp(examples));
  return blocks.join("\n\n");
}

/** Command lines as the end of a help. */
export function examplesHelp(examples: readonly string[]): string {
  return ["Examples:", ...examples.map((line) => `  ${line}`)].join("\n");
}

function leftOf(name: string, { placeholder }: Flag): string {
  return placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
}

function rowOf(name: string, flag: Flag, indent: number): string {
  const notes = [
    ...(flag.fallback === undefined ? [] : [`default ${flag.fallback}`]),
    ...(flag.kind === "list" ? ["repeatable"] : []),
  ];
  const right = notes.length === 0 ? flag.help : `${flag.help} (${notes.join(", ")})`;
  return `  ${leftOf(name, flag)}`.padEnd(indent) + wrap(right, indent);
}

/** Breaks lines between words; those behind the first are indented. */
function wrap(text: string, indent = 0): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === undefined || indent + line.length + 1 + word.length > HELP_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}
