/**
 * Which tasks of which server a command is about.
 *
 * @module
 */

import { ConfigError } from "../../errors.ts";
import { DEFAULT_CLIENT, isClientToken, isTaskId } from "../../task/grammar.ts";
import { DEFAULT_SERVER, parseServerAddress } from "../../reporter/server_address.ts";
import type { FlagTable, GivenFlags } from "../flags.ts";
import { KEY_FLAGS, keyFrom } from "../key.ts";

/** The flags that every command has which asks a server. */
export const TARGET_FLAGS = {
  ...KEY_FLAGS,
  client: {
    kind: "value",
    placeholder: "<token>",
    fallback: DEFAULT_CLIENT,
    help: "client token that the tasks are under",
  },
  server: {
    kind: "value",
    placeholder: "<url>",
    fallback: DEFAULT_SERVER,
    help: "address of the server, base path included",
  },
} as const satisfies FlagTable;

/** Which tasks of which server. */
export interface Target {
  /** The address, without a slash at its end. */
  readonly server: string;
  readonly client: string;
  /** The key of the server, or a token; `null` where there is none. */
  readonly key: string | null;
}

/**
 * Reads the flags of {@linkcode TARGET_FLAGS}.
 *
 * @param given what was given
 * @param readVariable reads an environment variable
 * @returns the server, the client and the key, checked
 * @throws {ConfigError} that names the flag, what was wanted and what came
 */
export function targetFrom(
  given: GivenFlags,
  readVariable: (name: string) => string | undefined,
): Target {
  const { flags, nameOf } = given;
  const client = flags.get("client")![0]!;
  if (!isClientToken(client)) {
    throw new ConfigError(
      `${nameOf("client")} must be 1 to 128 of A-Z a-z 0-9 . _ - and not . or .., received ${shown(client)}`,
    );
  }
  const address = flags.get("server")![0]!;
  const server = parseServerAddress(address);
  if (server !== null) return { server, client, key: keyFrom(given, readVariable)?.key ?? null };
  throw new ConfigError(
    `${nameOf("server")} must be http(s)://host[:port][/path], received ${shown(address)}`,
  );
}

/**
 * Reads the id of a task that stands on a command line.
 *
 * @param operands what is not a flag
 * @param command the command, for the message
 * @returns the id
 * @throws {ConfigError} where there is none, more than one, or one that no task can have
 */
export function taskIdFrom(operands: readonly string[], command: string): string {
  const [id, other] = operands;
  if (id === undefined) throw new ConfigError(`${command} needs the id of a task; "taskscope ls" lists them`);
  if (other !== undefined) {
    throw new ConfigError(`${command} takes one id, received ${shown(other)} beside it`);
  }
  if (isTaskId(id)) return id;
  throw new ConfigError(
    `A task id is 1 to 128 of A-Z a-z 0-9 . _ : - and not a reserved word, received ${shown(id)}`,
  );
}

/** On one line, and cut. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
