/**
 * Reads flags and their environment variables by one table, which `help.ts` makes the help of.
 *
 * @module
 */

// @ts-types="./parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import { ConfigError } from "../errors.ts";

/** A flag of a command. */
export interface Flag {
  /** A `switch` is there or not, a `value` has one text, a `list` may be given more than once. */
  readonly kind: "switch" | "value" | "list";
  /** What the value stands for, in the help: `<port>`. */
  readonly placeholder?: string;
  /** What the flag does, in one line. */
  readonly help: string;
  /** The value where none is given. */
  readonly fallback?: string;
  /** What separates the values of a list in its variable, where that is not every comma. */
  readonly separator?: RegExp;
}

/** The flags of a command, by name. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** What was given: for each flag its texts, none where it was not given. */
export interface GivenFlags {
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** What a user calls the place where a flag's texts came from: `--port` or `TASKSCOPE_PORT`. */
  readonly nameOf: (flag: string) => string;
  /** What is not a flag. */
  readonly operands: readonly string[];
  /** Whether `--help` was given. */
  readonly wantsHelp: boolean;
}

/**
 * Reads a command line. An environment variable stands in for a flag that is not given; lists in variables are
 * separated by commas.
 *
 * @param table the flags that there are
 * @param args the arguments behind the command
 * @param readVariable reads an environment variable
 * @returns what was given, with the fallbacks
 * @throws {ConfigError} on a flag that there is not, or one without its value
 */
export function readFlags(
  table: FlagTable,
  args: readonly string[],
  readVariable: (name: string) => string | undefined,
): GivenFlags {
  const names = Object.keys(table);
  const switches = names.filter((name) => table[name]!.kind === "switch");
  const parsed = parseArgs(args, {
    // "_" keeps operands from being taken for numbers.
    string: [...names.filter((name) => table[name]!.kind !== "switch"), "_"],
    collect: names.filter((name) => table[name]!.kind !== "switch"),
    boolean: [...switches, "help"],
    alias: { h: "help" },
    unknown: (arg, key) => {
      if (key === undefined) return true;
      throw new ConfigError(`There is no flag ${arg.split("=")[0]}; --help lists them`);
    },
  });
  const flags = new Map<string, readonly string[]>();
  for (const [name, flag] of Object.entries(table)) {
    flags.set(name, textsOf(name, flag, parsed[name], readVariable));
  }
  const nameOf = (flag: string) =>
    isGiven(parsed[flag]) || !readVariable(variableOf(flag)) ? `--${flag}` : variableOf(flag);
  return { flags, nameOf, operands: parsed._.map(String), wantsHelp: parsed.help === true };
}

/** The name of the environment variable that stands in for a flag. */
export function variableOf(flag: string): string {
  return `TASKSCOPE_${flag.toUpperCase().replaceAll("-", "_")}`;
}

function isGiven(parsed: unknown): boolean {
  return Array.isArray(parsed) ? parsed.length > 0 : parsed === true;
}

function textsOf(
  name: string,
  flag: Flag,
  given: unknown,
  readVariable: (name: string) => string | undefined,
): readonly string[] {
  if (flag.kind === "switch") {
    const variable = readVariable(variableOf(name));
    if (given === true) return ["true"];
    if (variable === undefined || variable === "" || variable === "0" || variable === "false") return [];
    if (variable === "1" || variable === "true") return ["true"];
    throw new ConfigError(`${variableOf(name)} must be 1 or 0, received "${variable}"`);
  }
  const texts = Array.isArray(given) ? given.map(String) : [];
  if (texts.some((text) => text === "")) throw new ConfigError(`--${name} needs a value`);
  if (flag.kind === "value" && texts.length > 1) throw new ConfigError(`--${name} may be given once`);
  if (texts.length > 0) return texts;
  const variable = readVariable(variableOf(name));
  if (variable !== undefined && variable !== "") {
    return flag.kind === "list"
      ? variable.split(flag.separator ?? ",").map((text) => text.trim()).filter((text) => text !== "")
      : [variable];
  }
  return flag.fallback === undefined ? [] : [flag.fallback];
}
