/**
 * `taskscope backup`: copies the database file, even while a server uses it.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { backupDatabase } from "../../store/sqlite/copies.ts";
import type { CommandSyntax } from "../command.ts";
import {
  copyFrom,
  DATA_EXIT_STATUSES,
  DATA_FLAGS,
  dataFileFrom,
  noteDefects,
  withFile,
} from "./data_file.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { showHelp } from "../help.ts";
import { writeLine } from "../terminal.ts";

const FLAGS = {
  ...DATA_FLAGS,
  force: { kind: "switch", help: "overwrite an existing copy" },
} as const satisfies FlagTable;

/** The syntax of `backup`. */
export const BACKUP: CommandSyntax = {
  usage: "backup <copy> [flags]",
  description:
    "Copies the database file as a consistent snapshot, even while a server uses it. An interrupted backup " +
    "leaves no partial copy. The copy is verified: if the file is damaged, no copy is made; if only records are " +
    "damaged, they are copied as they are, and the exit status is 1.",
  flags: FLAGS,
  operands: "files",
  exitStatuses: DATA_EXIT_STATUSES,
  examples: [
    "taskscope backup tasks-copy.db",
    "taskscope backup --data /var/lib/taskscope/tasks.db --force /backup/tasks.db",
  ],
};

/**
 * Copies the database file.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the file cannot be read, or the copy cannot be written
 */
export async function backupCommand(args: readonly string[]): Promise<number> {
  const commandLine = readFlags(FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(BACKUP);
  const copy = copyFrom(commandLine.operands, "backup");
  const file = dataFileFrom(commandLine, readVariable);
  const { force } = commandLine.values;
  const copied = await withFile(() => backupDatabase(file, copy, { force }));
  writeLine(`Copied ${file} to ${copy}`);
  return noteDefects(copied, file);
}
