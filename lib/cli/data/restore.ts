/**
 * `taskscope restore`: puts a copy in the place of the file that tasks are kept in.
 *
 * @module
 */

import { randomId } from "../../random_id.ts";
import { readVariable } from "../../environment.ts";
import { restoreDatabase } from "../../store/sqlite/copies.ts";
import { EXIT } from "../command.ts";
import { copyFrom, DATA_FLAGS, dataFileFrom, withFile } from "./data_file.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { commandHelp, helpOf } from "../help.ts";
import { writeLine } from "../terminal.ts";

const FLAGS: FlagTable = DATA_FLAGS;

const HELP = [
  "Puts a copy that backup made in the place of the file of tasks, whose server has to be stopped. What was there stays",
  "beside it. Who watched before begins afresh; tasks that ran when the copy was made are marked as interrupted.",
].join(" ");

/**
 * Restores the file.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong
 * @throws {CommandError} where the copy is not sound, or a server uses the file
 */
export async function restoreCommand(args: readonly string[]): Promise<number> {
  const given = readFlags(FLAGS, args, readVariable);
  if (given.wantsHelp) {
    writeLine(commandHelp("restore <copy> [flags]", HELP, helpOf(FLAGS), [
      "taskscope restore tasks-copy.db",
    ]));
    return EXIT.ok;
  }
  const copy = copyFrom(given.operands, "restore");
  const file = dataFileFrom(given, readVariable);
  const former = await withFile(() => restoreDatabase(copy, file, randomId().slice(0, 12)));
  writeLine(`${file} is as ${copy} again${former === null ? "" : `; what was there is in ${former}`}`);
  return EXIT.ok;
}
