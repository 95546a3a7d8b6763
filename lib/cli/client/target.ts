/**
 * The flags of commands that talk to a server: its URL, the client that the tasks belong to, and the key.
 *
 * @module
 */

import { ConfigError } from "../../errors.ts";
import { DEFAULT_CLIENT } from "../../task/grammar.ts";
import { DEFAULT_SERVER, parseServerAddress } from "../../reporter/server_address.ts";
import { PARENT_VARIABLE } from "../../reporter/surrounding_task.ts";
import { clientToken, quoteValue, taskId } from "../flag_values.ts";
import { type CommandLine, type FlagTable, variableOf } from "../flags.ts";
import { KEY_FLAGS, keyFrom } from "../key.ts";

const GROUP = "Server";

/** The flags of every command that talks to a server. */
export const TARGET_FLAGS = {
  "key-file": { ...KEY_FLAGS["key-file"], group: GROUP },
  client: {
    kind: "value",
    group: GROUP,
    placeholder: "<name>",
    fallback: DEFAULT_CLIENT,
    help: "client that the tasks belong to",
    parse: clientToken,
  },
  server: {
    kind: "value",
    group: GROUP,
    placeholder: "<url>",
    fallback: DEFAULT_SERVER,
    help: "URL of the server, including its base path",
    parse: serverUrl,
  },
} as const satisfies FlagTable;

/** The tasks of one client on one server. */
export interface Target {
  /** The server's URL without a trailing slash. */
  readonly server: string;
  readonly client: string;
  /** The server's key, or a token; `null` if there is none. */
  readonly key: string | null;
}

/**
 * Converts the values of {@linkcode TARGET_FLAGS} to a target.
 *
 * @param commandLine the parsed command line
 * @param readVariable reads an environment variable
 * @returns the server, the client and the key
 * @throws {ConfigError} if the key is invalid
 */
export function targetFrom(
  commandLine: Pick<CommandLine<typeof TARGET_FLAGS>, "values">,
  readVariable: (name: string) => string | undefined,
): Target {
  const { server, client } = commandLine.values;
  return { server, client, key: keyFrom(commandLine, readVariable)?.key ?? null };
}

/**
 * Returns the id of the surrounding task, as whose subtasks new tasks are created.
 *
 * @param target the server and the client of the new tasks
 * @param readVariable reads an environment variable
 * @returns the id; `null` if there is no such task, or it belongs to another server or client
 * @throws {ConfigError} if the id in the environment is invalid
 */
export function parentFrom(
  { server, client }: Target,
  readVariable: (name: string) => string | undefined,
): string | null {
  const id = readVariable(PARENT_VARIABLE) || null;
  const isOfTarget = client === (readVariable(variableOf("client")) || DEFAULT_CLIENT) &&
    server === parseServerAddress(readVariable(variableOf("server")) || DEFAULT_SERVER);
  return id === null || !isOfTarget ? null : taskId(id, PARENT_VARIABLE);
}

/**
 * Reads the only operand of a command: the id of a task.
 *
 * @param operands the arguments that are not flags
 * @param command the command's name, for error messages
 * @returns the id
 * @throws {ConfigError} if there is not exactly one operand, or the operand is not a valid id
 */
export function taskIdFrom(operands: readonly string[], command: string): string {
  const [id, other] = operands;
  if (id === undefined) {
    throw new ConfigError(`${command} needs a task id; "taskscope ls" lists the tasks with their ids`);
  }
  if (other !== undefined) {
    throw new ConfigError(`${command} takes one task id, received a second argument ${quoteValue(other)}`);
  }
  return taskId(id, "The task id");
}

function serverUrl(text: string, source: string): string {
  const server = parseServerAddress(text);
  if (server !== null) return server;
  throw new ConfigError(`${source} must be http(s)://host[:port][/path], received ${quoteValue(text)}`);
}
