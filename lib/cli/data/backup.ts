/**
 * `taskscope backup`: copies the file that tasks are kept in.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { backupDatabase } from "../../store/sqlite/copies.ts";
import { EXIT } from "../command.ts";
import { copyFrom, DATA_FLAGS, dataFileFrom, withFile } from "./data_file.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { commandHelp, helpOf } from "../help.ts";
import { writeLine } from "../terminal.ts";

const FLAGS = {
  ...DATA_FLAGS,
  force: { kind: "switch", help: "replace a copy that is there already" },
} as const satisfies FlagTable;

const HELP =
  "Copies the file of tasks as it is at one moment, also while its server writes; whole, or not at all.";

/**
 * Copies the file.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong
 * @throws {CommandError} where the file can't be read, or the copy not be written
 */
export async function backupCommand(args: readonly string[]): Promise<number> {
  const given = readFlags(FLAGS, args, readVariable);
  if (given.wantsHelp) {
    writeLine(commandHelp("backup <copy> [flags]", HELP, helpOf(FLAGS), [
      "taskscope backup tasks-copy.db",
      "taskscope backup --data /var/lib/taskscope/tasks.db --force /backup/tasks.db",
    ]));
    return EXIT.ok;
  }
  const copy = copyFrom(given.operands, "backup");
  const file = dataFileFrom(given, readVariable);
  const force = given.flags.get("force")!.length > 0;
  await withFile(() => backupDatabase(file, copy, { force }));
  writeLine(`${file} is copied to ${copy}`);
  return EXIT.ok;
}
