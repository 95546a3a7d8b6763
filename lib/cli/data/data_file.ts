/**
 * The flags, the operand and the errors of commands that work on a database file.
 *
 * @module
 */

import { ConfigError, StorageError } from "../../errors.ts";
import type { Copied } from "../../store/sqlite/copies.ts";
import { countNoun } from "../../text/format.ts";
import { CommandError } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { isPostgresUrl } from "../../store/postgres_url.ts";
import { defaultDataFile } from "../default_data_file.ts";
import { portFrom, quoteValue } from "../flag_values.ts";
import type { CommandLine, FlagTable } from "../flags.ts";
import { note } from "../terminal.ts";

/** The flags of every command that works on a server's database file. */
export const DATA_FLAGS = {
  data: {
    kind: "value",
    placeholder: "<file>",
    help: "the server's database file; by default the default file of the server on --port",
  },
  port: {
    kind: "value",
    placeholder: "<port>",
    fallback: "8000",
    help: "port of the server, if it uses the default database file",
  },
} as const satisfies FlagTable;

/** The exit statuses of the commands that work on a database file, for their help texts. */
export const DATA_EXIT_STATUSES: Readonly<Record<string, string>> = {
  [EXIT.ok]: "success",
  [EXIT.failed]:
    "a file cannot be read or written, is damaged, or is in use; its copy has damaged records; or a crash had lost " +
    "changes",
  [EXIT.usage]: "invalid command line",
};

/**
 * Determines the path of the database file from the values of {@linkcode DATA_FLAGS}.
 *
 * @param commandLine the parsed command line
 * @param readVariable reads an environment variable
 * @returns the path of the file
 * @throws {ConfigError} if the flags name no file (`:memory:` or port 0), or there is no home folder
 */
export function dataFileFrom(
  { values: { data, port }, sourceOf }: Pick<CommandLine<typeof DATA_FLAGS>, "values" | "sourceOf">,
  readVariable: (name: string) => string | undefined,
): string {
  // The port is checked only if the default path depends on it: a server with `--data` may set TASKSCOPE_PORT
  // to 0.
  const file = data ?? defaultDataFile(portFrom(1)(port, sourceOf("port")), Deno.build.os, readVariable);
  if (isPostgresUrl(file)) {
    throw new ConfigError(
      `${
        sourceOf("data")
      } must be a file: copy a PostgreSQL database with pg_dump --schema=taskscope, restore it with ` +
        'pg_restore, and then run "taskscope check --new-epoch --data <url>", so that watchers start over; ' +
        'or stop the server and copy everything to a file with "taskscope move --from <url> --to <file>"',
    );
  }
  if (file !== ":memory:") return file;
  throw new ConfigError(`${sourceOf("data")} must be a file: a server with :memory: stores nothing`);
}

/**
 * Runs an operation on a database file, and converts its storage errors.
 *
 * @throws {CommandError} if the operation throws a {@linkcode StorageError}, so that the command exits with
 * the right status
 */
export async function withFile<Result>(operation: () => Promise<Result>): Promise<Result> {
  try {
    return await operation();
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    throw new CommandError(EXIT.failed, `Cannot use "${cause.file}": ${cause.reason}`, { cause });
  }
}

/**
 * Prints what is wrong with a copy: which changes its original had lost, and which records were copied although they
 * are damaged.
 *
 * @param copied what is wrong
 * @param file the path of the file that was copied
 * @returns the exit status
 */
export function noteDefects({ damaged: { count, first }, loss }: Copied, file: string): number {
  if (loss !== null) note(loss);
  if (count > 0) {
    const which = count === 1 ? first : `${countNoun(count, "record")}, such as ${first}`;
    note(`Damaged in ${file}, and copied as found: ${which}. Keep your earlier backups`);
  }
  return loss === null && count === 0 ? EXIT.ok : EXIT.failed;
}

/** Reads the only operand of a command: the path of a copy. */
export function copyFrom(operands: readonly string[], command: string): string {
  const [copy, other] = operands;
  if (copy === undefined) throw new ConfigError(`${command} needs the path of the copy`);
  if (other !== undefined) {
    throw new ConfigError(`${command} takes one path, received a second argument ${quoteValue(other)}`);
  }
  return copy;
}
