/**
 * Where commands have the key from.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import type { FlagTable, GivenFlags } from "./flags.ts";

/** The variable that holds the key itself. A flag would show it to everybody who may list processes. */
export const KEY_VARIABLE = "TASKSCOPE_KEY";

/** The flag of every command that needs the key, or is asked for it. */
export const KEY_FLAGS = {
  "key-file": {
    kind: "value",
    placeholder: "<file>",
    help: "file whose first line is the key; else that is in TASKSCOPE_KEY",
  },
} as const satisfies FlagTable;

/** A key, and what a user calls the place that it came from. */
export interface NamedKey {
  readonly key: string;
  readonly name: string;
}

/**
 * Finds the key.
 *
 * @param given what was given
 * @param readVariable reads an environment variable
 * @returns the key, or the token in its place; `null` where there is none
 * @throws {ConfigError} where the file can't be read, or holds nothing that could be sent; the message shows none of it
 */
export function keyFrom(
  { flags, nameOf }: GivenFlags,
  readVariable: (name: string) => string | undefined,
): NamedKey | null {
  const file = flags.get("key-file")?.[0];
  const text = file === undefined ? readVariable(KEY_VARIABLE) ?? "" : firstLineOf(file, nameOf("key-file"));
  if (file === undefined && text === "") return null;
  const name = file === undefined ? KEY_VARIABLE : `The first line of the file of ${nameOf("key-file")}`;
  // What can be sent in a header.
  if (/^[\x21-\x7e]+$/.test(text)) return { key: text, name };
  throw new ConfigError(`${name} must be a key of ASCII without spaces, received ${text.length} characters`);
}

function firstLineOf(file: string, name: string): string {
  try {
    return Deno.readTextFileSync(file).split(/\r?\n/, 1)[0]!.trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${name} can't be read: ${reason}`, { cause });
  }
}
