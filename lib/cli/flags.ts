/**
 * Parses the flags of a command, or the environment variables that replace them, by one table.
 *
 * @module
 */

import { parseArgs } from "node:util";
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
  const { texts, operands, asksForHelp } = givenBy(args, table);
  if (asksForHelp) return null;
  const sourceOf = (flag: string) =>
    texts.has(flag) || !readVariable(variableOf(flag)) ? `--${flag}` : variableOf(flag);
  const invalid: ConfigError[] = [];
  const values = Object.entries(table).map(([name, flag]) => {
    const ofFlag = textsOf(name, flag, texts.get(name) ?? [], readVariable);
    return [name, valueOf(flag, ofFlag, sourceOf(name), invalid)];
  });
  return { values: Object.fromEntries(values) as FlagValues<Table>, sourceOf, operands, invalid };
}

/** The parts of a command line. */
interface Given {
  /** The texts of each flag that is given; `null` if a text is missing. */
  readonly texts: ReadonlyMap<string, readonly (string | null)[]>;
  readonly operands: readonly string[];
  readonly asksForHelp: boolean;
}

function givenBy(args: readonly string[], table: FlagTable): Given {
  const flags: FlagTable = { ...table, help: { kind: "switch", short: "h", help: "" } };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { kind, short }]) => {
      const type = kind === "switch" ? "boolean" as const : "string" as const;
      return [name, { type, ...(short !== undefined && { short }) }];
    }),
  );
  const { tokens = [] } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const texts = new Map<string, (string | null)[]>();
  const operands: string[] = [];
  let isHelpInPlaceOfValue = false;
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue: isInline } = token;
    if (!Object.hasOwn(flags, name)) throw unknownFlag(rawName, Object.keys(table));
    let text: string | null;
    if (value === undefined) {
      text = flags[name]!.kind === "switch" ? "1" : null;
    } else if (isInline) {
      text = rawName.startsWith("--") ? value : value.replace(/^=/, "");
    } else {
      // If a flag has no value, parseArgs() uses the next argument as its value, even if that is a flag.
      text = value.startsWith("-") ? null : value;
      isHelpInPlaceOfValue ||= value === "--help" || value === "-h";
    }
    texts.set(name, [...texts.get(name) ?? [], text]);
  }
  const asksForHelp = isHelpInPlaceOfValue || isOn(texts.get("help")?.at(-1) ?? "0", "--help");
  return { texts, operands, asksForHelp };
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

/** Parses the text of a switch. */
function isOn(text: string, source: string): boolean {
  if (text === "1" || text === "true") return true;
  if (text === "0" || text === "false") return false;
  throw new ConfigError(`${source} must be 1 or 0, received ${JSON.stringify(text.slice(0, 200))}`);
}

function valueOf(
  { kind, parse, isData = false }: Flag,
  texts: readonly string[],
  source: string,
  invalid: ConfigError[],
): unknown {
  if (kind === "switch") return isOn(texts.at(-1) ?? "0", source);
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
  given: readonly (string | null)[],
  readVariable: (name: string) => string | undefined,
): readonly string[] {
  const isEmptyValid = flag.kind === "switch" || flag.isData === true;
  const texts = given.filter((text) => text !== null && (text !== "" || isEmptyValid)) as string[];
  if (texts.length < given.length) throw new ConfigError(`--${name} needs a value`);
  if (flag.kind === "value" && texts.length > 1) throw new ConfigError(`--${name} may be given only once`);
  if (texts.length > 0) return texts;
  const variable = readVariable(variableOf(name));
  if (variable !== undefined && variable !== "") {
    return flag.kind === "list"
      ? variable.split(flag.separator ?? ",").map((text) => text.trim()).filter((text) => text !== "")
      : [variable];
  }
  return flag.fallback === undefined ? [] : [flag.fallback];
}
