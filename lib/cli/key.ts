/**
 * Reads the server's key, or a token, from a file or the environment.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { messageOf } from "./command.ts";
import type { CommandLine, FlagTable } from "./flags.ts";

/**
 * The environment variable that holds the key itself. No flag takes the key itself, because any user could
 * read the key in the process list.
 */
export const KEY_VARIABLE = "TASKSCOPE_KEY";

/** The environment variable that holds the previous key while a server's key is changed. */
export const PREVIOUS_KEY_VARIABLE = "TASKSCOPE_PREVIOUS_KEY";

/** What to do if a server requires a key. */
export const KEY_HINT = `pass the key with --key-file or ${KEY_VARIABLE}`;

/** A key, or a token that is used in place of the key. */
export interface SourcedKey {
  readonly key: string;
  /** Where the key came from, for error messages. */
  readonly source: string;
}

/** The flag that names the key's file, for every command that needs the key. */
export const KEY_FLAGS = {
  "key-file": {
    kind: "value",
    placeholder: "<file>",
    help: `file with the key in its first line; by default the key is in ${KEY_VARIABLE}`,
    parse: readKeyFile,
  },
} as const satisfies FlagTable;

/** The flag that names the file of a server's previous key. */
export const PREVIOUS_KEY_FLAG = {
  kind: "value",
  placeholder: "<file>",
  help: `file with the previous key, which the server also accepts; by default in ${PREVIOUS_KEY_VARIABLE}`,
  parse: readKeyFile,
} as const;

/**
 * Reads the key from the file that `--key-file` names, or, without this flag, from the environment.
 *
 * @param commandLine the parsed command line
 * @param readVariable reads an environment variable
 * @returns the key or token; `null` if there is none
 * @throws {ConfigError} if the key has characters that a header cannot carry; the message does not contain the key
 */
export function keyFrom(
  { values }: Pick<CommandLine<typeof KEY_FLAGS>, "values">,
  readVariable: (name: string) => string | undefined,
): SourcedKey | null {
  return values["key-file"] ?? keyIn(KEY_VARIABLE, readVariable);
}

/**
 * Reads the key from an environment variable; `null` if the variable is empty or not set.
 *
 * @throws {ConfigError} if the key has characters that a header cannot carry
 */
export function keyIn(
  variable: string,
  readVariable: (name: string) => string | undefined,
): SourcedKey | null {
  const key = readVariable(variable) ?? "";
  return key === "" ? null : checkCharacters({ key, source: variable });
}

function readKeyFile(file: string, flag: string): SourcedKey {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    throw new ConfigError(`Cannot read the file named by ${flag}: ${messageOf(cause)}`, { cause });
  }
  const key = text.split(/\r?\n/, 1)[0]!.trim();
  return checkCharacters({ key, source: `The first line of the file named by ${flag}` });
}

function checkCharacters(key: SourcedKey): SourcedKey {
  // Only printable ASCII characters without spaces are safe in an Authorization header.
  if (/^[\x21-\x7e]+$/.test(key.key)) return key;
  throw new ConfigError(
    `${key.source} must be a key: printable ASCII without spaces, received ${key.key.length} characters`,
  );
}
