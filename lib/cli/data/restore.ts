/**
 * `taskscope restore`: replaces the database file with a backup.
 *
 * @module
 */

import { randomId } from "../../random_id.ts";
import { readVariable } from "../../environment.ts";
import { restoreDatabase } from "../../store/sqlite/copies.ts";
import type { SetAside } from "../../store/sqlite/set_aside.ts";
import type { CommandSyntax } from "../command.ts";
import {
  copyFrom,
  DATA_EXIT_STATUSES,
  DATA_FLAGS,
  dataFileFrom,
  noteDefects,
  withFile,
} from "./data_file.ts";
import { readFlags } from "../flags.ts";
import { showHelp } from "../help.ts";
import { writeLine } from "../terminal.ts";

/** The syntax of `restore`. */
export const RESTORE: CommandSyntax = {
  usage: "restore <copy> [flags]",
  description: [
    "Replaces the database file with a copy that backup made. Stop the server first. The replaced file is kept in " +
    "the same folder, and so is a log without its file.",
    "Tasks that were running when the copy was made are marked as interrupted. Connected watchers reload all tasks.",
  ].join("\n\n"),
  flags: DATA_FLAGS,
  operands: "files",
  exitStatuses: DATA_EXIT_STATUSES,
  examples: ["taskscope restore tasks-copy.db"],
};

/**
 * Restores the database file.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the copy is damaged, or a server uses the file
 */
export async function restoreCommand(args: readonly string[]): Promise<number> {
  const commandLine = readFlags(DATA_FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(RESTORE);
  const copy = copyFrom(commandLine.operands, "restore");
  const file = dataFileFrom(commandLine, readVariable);
  const restored = await withFile(() => restoreDatabase(copy, file, randomId().slice(0, 12)));
  writeLine(`Restored ${file} from ${copy}${describeFormer(restored.former)}`);
  return noteDefects(restored, copy);
}

function describeFormer(former: SetAside | null): string {
  if (former?.hasFile) return `; the replaced file is ${former.path}`;
  if (former === null || former.logs.length === 0) return "";
  return `; the log of an earlier file is now ${former.logs.join(", ")}`;
}
