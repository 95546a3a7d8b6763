/**
 * Parses the flag values that several commands take.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { CLIENT_RULE, isClientToken, isTaskId, TASK_ID_RULE } from "../task/grammar.ts";
import { didYouMean } from "./suggestion.ts";

/** Parses the text of a flag's value; `source` names the flag in error messages, such as `--port`. */
export type FlagParser<Value> = (text: string, source: string) => Value;

/** Returns the fields of a {@linkcode Flag} that takes only the given words. */
export function oneOf<Word extends string>(
  values: readonly Word[],
): { readonly values: readonly Word[]; readonly parse: FlagParser<Word> } {
  const parse = (text: string, source: string) => {
    const found = values.find((word) => word === text);
    if (found !== undefined) return found;
    const list = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(values);
    throw new ConfigError(
      `${source} must be ${list}, received ${quoteValue(text)}${didYouMean(text, values, "")}`,
    );
  };
  return { values, parse };
}

/** Creates a parser for TCP ports from `least` to 65535. */
export function portFrom(least: number): FlagParser<number> {
  return (text, source) => {
    const port = Number(text);
    if (/^\d{1,5}$/.test(text) && port >= least && port <= 65_535) return port;
    throw new ConfigError(
      `${source} must be a number from ${least} to 65535, received ${quoteValue(text)}`,
    );
  };
}

/** Creates a parser for a decimal number of seconds, from `least` (exclusive if `isAbove`) to `most`. */
export function secondsWithin(least: number, most: number, isAbove = false): FlagParser<number> {
  return (text, source) => {
    const seconds = Number(text);
    const isEnough = isAbove ? seconds > least : seconds >= least;
    if (/^\d+(\.\d+)?$/.test(text) && isEnough && seconds <= most) return seconds;
    const range = `${isAbove ? "above" : "from"} ${least} to ${most}`;
    throw new ConfigError(
      `${source} must be a number of seconds ${range}, received ${quoteValue(text)}`,
    );
  };
}

/** Parses a client token. */
export function clientToken(text: string, source: string): string {
  if (isClientToken(text)) return text;
  throw new ConfigError(
    `${source} must be ${CLIENT_RULE}, received ${quoteValue(text)}`,
  );
}

/** Parses a task id. */
export function taskId(text: string, source: string): string {
  if (isTaskId(text)) return text;
  throw new ConfigError(
    `${source} must be ${TASK_ID_RULE}, received ${quoteValue(text)}`,
  );
}

/**
 * Refuses arguments of a command that takes flags only.
 *
 * @param operands the arguments that are not flags
 * @param command the command's name
 * @param hint what the user should do instead, for the error message
 * @throws {ConfigError} if there are any operands
 */
export function refuseOperands(
  [operand]: readonly string[],
  command: string,
  hint = "--help shows its usage",
): void {
  if (operand === undefined) return;
  throw new ConfigError(`Unexpected argument ${quoteValue(operand)} after "${command}"; ${hint}`);
}

/** Formats a text that the user gave for an error message: quoted, on one line and truncated. */
export function quoteValue(text: string | undefined): string {
  return text === undefined ? "nothing" : JSON.stringify(text.slice(0, 200));
}
