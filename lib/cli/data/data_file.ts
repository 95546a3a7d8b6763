/**
 * Which file of tasks a command is about.
 *
 * @module
 */

import { ConfigError, StorageError } from "../../errors.ts";
import { CommandError, EXIT } from "../command.ts";
import type { FlagTable, GivenFlags } from "../flags.ts";
import { defaultDataFile } from "../serve/serve_options.ts";

/** The flags of every command that is about a file of tasks. */
export const DATA_FLAGS = {
  data: {
    kind: "value",
    placeholder: "<file>",
    help: "file that tasks are kept in; by default that of the port",
  },
  port: {
    kind: "value",
    placeholder: "<port>",
    fallback: "8000",
    help: "port of the server whose file it is",
  },
} as const satisfies FlagTable;

/**
 * Reads the flags of {@linkcode DATA_FLAGS}.
 *
 * @param given what was given
 * @param readVariable reads an environment variable
 * @returns the path of the file
 * @throws {ConfigError} where there is none
 */
export function dataFileFrom(
  { flags, nameOf }: GivenFlags,
  readVariable: (name: string) => string | undefined,
): string {
  const named = flags.get("data")?.[0];
  const port = Number(flags.get("port")![0]);
  if (named === undefined && !(Number.isInteger(port) && port > 0 && port <= 65_535)) {
    throw new ConfigError(`${nameOf("port")} must be a number from 1 to 65535`);
  }
  const file = named ?? defaultDataFile(port, Deno.build.os, readVariable);
  if (file !== ":memory:") return file;
  throw new ConfigError(`${nameOf("data")} must be a file: what is kept in memory is gone with its server`);
}

/**
 * Does something with a file.
 *
 * @throws {CommandError} in the place of a {@linkcode StorageError}, to end with the status of what failed
 */
export async function withFile<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    throw new CommandError(EXIT.failed, `"${cause.file}" can't be used: ${cause.reason}`, { cause });
  }
}

/** The only operand of a command: the path of a copy. */
export function copyFrom(operands: readonly string[], command: string): string {
  const [copy, other] = operands;
  if (copy === undefined) throw new ConfigError(`${command} needs the path of the copy`);
  if (other !== undefined) throw new ConfigError(`${command} takes one path, received "${other}" beside it`);
  return copy;
}
