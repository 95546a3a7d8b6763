/**
 * Parses the flags of a command, or the environment variables that replace them, by one table.
 *
 * @module
 */

// @ts-types="./parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import { ConfigError } from "../errors.ts";
import { closestWord } from "./suggestion.ts";

/** Everything about a flag of a command, so that a new flag is one row of a {@linkcode FlagTable}. */
export interface Flag {
  /** The kind of the flag: a `switch` takes no value, a `value` takes one, and a `list` may be repeated. */
  readonly kind: "switch" | "value" | "list";
  /** The heading that help lists the flag under. @default {"Flags"} */
  readonly group?: string;
  /** The letter of the short form: `f` for `-f`. */
  readonly short?: string;
  /** The value's name in help: `<port>`. */
  readonly placeholder?: string;
  /** What the flag does, in one line of help. */
  readonly help: string;
  /** The value of the flag if none is given; help shows it. */
  readonly fallback?: string;
  /** All values that the flag takes, if they are a closed set; shells complete them. */
  readonly values?: readonly string[];
  /** Separates the values of a list in its environment variable. @default {","} */
  readonly separator?: RegExp;
  /**
   * Whether scripts compute the value, so that it may be an empty text, and so that a missing number or one that is not
   * finite is not always an error of the command line ({@linkcode CommandLine.invalid}). @default {false}
   */
  readonly isData?: boolean;
  /**
   * Converts the text that the user passed to the flag's value; by default, the value is that text.
   *
   * @param source where the text came from, for error messages: `--port` or `TASKSCOPE_PORT`
   * @throws {ConfigError} if the text is not a valid value
   */
  readonly parse?: (text: string, source: string) => unknown;
}

/** Matches a value, or the part behind `=`, that is empty or a number that is not finite. */
const NO_NUMBER = /(?:^|=)(?:[+-]?(?:nan|inf|infinity))?$/i;

/** The flags of a command by name, in the order of its help. */
export type FlagTable = Readonly<Record<string, Flag>>;

type Parsed<F extends Flag> = F extends { readonly parse: (text: string, source: string) => infer Value }
  ? Value
  : string;

type ValueOf<F extends Flag> = F["kind"] extends "switch" ? boolean
  : F["kind"] extends "list" ? readonly Parsed<F>[]
  : F extends { readonly fallback: string } ? Parsed<F>
  : Parsed<F> | undefined;

/** The parsed value of each flag in a table; `undefined` if the flag was not given and has no fallback. */
export type FlagValues<Table extends FlagTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/** A parsed command line. */
export interface CommandLine<Table extends FlagTable = FlagTable> {
  readonly values: FlagValues<Table>;
  /** Returns where a flag's value came from, for error messages: `--port` or `TASKSCOPE_PORT`. */
  readonly sourceOf: (flag: string) => string;
  /** The arguments that are not flags. */
  readonly operands: readonly string[];
  /** The errors of values of flags with `isData` that are no finite numbers, and are left out. */
  readonly invalid: readonly ConfigError[];
}

/**
 * Parses a command line. If a flag is not given, its environment variable is used; lists in variables are separated
 * by commas, unless the flag has a `separator`.
 *
 * @param table the command's flags
 * @param args the arguments after the command's name
 * @param readVariable reads an environment variable
 * @returns the parsed command line; `null` if it asks for help, even if its values are invalid
 * @throws {ConfigError} if a flag is unknown, lacks its value, or has an invalid one
 */
export function readFlags<const Table extends FlagTable>(
  table: Table,
  args: readonly string[],
  readVariable: (name: string) => string | undefined,
): CommandLine<Table> | null {
  const names = Object.keys(table);
  const withValue = names.filter((name) => table[name]!.kind !== "switch");
  const joined = joinEmptyValues(args, withValue);
  const parsed = parseArgs(joined, {
    // "_" stops parseArgs from converting operands that look like numbers.
    string: [...withValue, "_"],
    collect: withValue,
    boolean: [...names.filter((name) => table[name]!.kind === "switch"), "help"],
    alias: {
      h: "help",
      ...Object.fromEntries(
        names.flatMap((name) => {
          const { short } = table[name]!;
          return short === undefined ? [] : [[short, name]];
        }),
      ),
    },
    unknown: (arg, key) => {
      if (key === undefined) return true;
      throw unknownFlag(arg.split("=")[0]!, names);
    },
  });
  if (parsed.help === true) return null;
  const sourceOf = (flag: string) =>
    isGiven(parsed[flag]) || !readVariable(variableOf(flag)) ? `--${flag}` : variableOf(flag);
  const invalid: ConfigError[] = [];
  const values = Object.entries(table).map(([name, flag]) => {
    const isEmptyValid = flag.isData === true && joined.includes(`--${name}=`);
    const texts = textsOf(name, flag, parsed[name], readVariable, isEmptyValid);
    return [name, valueOf(flag, texts, sourceOf(name), invalid)];
  });
  return {
    values: Object.fromEntries(values) as FlagValues<Table>,
    sourceOf,
    operands: parsed._.map(String),
    invalid,
  };
}

/** Returns the name of the environment variable that is used if a flag is not given. */
export function variableOf(flag: string): string {
  return `TASKSCOPE_${flag.toUpperCase().replaceAll("-", "_")}`;
}

function unknownFlag(flag: string, names: readonly string[]): ConfigError {
  const meant = flag.startsWith("--") ? closestWord(flag.slice(2), [...names, "help"]) : null;
  const hint = meant === null ? "--help lists the flags" : `did you mean --${meant}?`;
  return new ConfigError(`Unknown flag ${flag}; ${hint}`);
}

function isGiven(parsed: unknown): boolean {
  return Array.isArray(parsed) ? parsed.length > 0 : parsed === true;
}

/** Writes `--flag ""` as `--flag=`, because `parseArgs()` would take the empty text for an operand. */
function joinEmptyValues(args: readonly string[], withValue: readonly string[]): string[] {
  const end = args.indexOf("--");
  const joined: string[] = [];
  for (const [index, arg] of args.entries()) {
    const before = joined.at(-1);
    const isValue = arg === "" && (end === -1 || index < end) &&
      withValue.some((name) => before === `--${name}` && args[index - 1] === before);
    if (isValue) joined[joined.length - 1] += "=";
    else joined.push(arg);
  }
  return joined;
}

function valueOf(
  { kind, parse, isData = false }: Flag,
  texts: readonly string[],
  source: string,
  invalid: ConfigError[],
): unknown {
  if (kind === "switch") return texts.length > 0;
  const values = parse === undefined ? texts : texts.flatMap((text) => {
    try {
      return [parse(text, source)];
    } catch (error) {
      if (!isData || !NO_NUMBER.test(text) || !(error instanceof ConfigError)) throw error;
      invalid.push(error);
      return [];
    }
  });
  return kind === "list" ? values : values[0];
}

function textsOf(
  name: string,
  flag: Flag,
  given: unknown,
  readVariable: (name: string) => string | undefined,
  isEmptyValid: boolean,
): readonly string[] {
  const variable = readVariable(variableOf(name));
  if (flag.kind === "switch") {
    if (given === true) return ["true"];
    if (variable === undefined || variable === "" || variable === "0" || variable === "false") return [];
    if (variable === "1" || variable === "true") return ["true"];
    throw new ConfigError(`${variableOf(name)} must be 1 or 0, received "${variable}"`);
  }
  const texts = Array.isArray(given) ? given.map(String) : [];
  if (!isEmptyValid && texts.some((text) => text === "")) throw new ConfigError(`--${name} needs a value`);
  if (flag.kind === "value" && texts.length > 1) throw new ConfigError(`--${name} may be given only once`);
  if (texts.length > 0) return texts;
  if (variable !== undefined && variable !== "") {
    return flag.kind === "list"
      ? variable.split(flag.separator ?? ",").map((text) => text.trim()).filter((text) => text !== "")
      : [variable];
  }
  return flag.fallback === undefined ? [] : [flag.fallback];
}
