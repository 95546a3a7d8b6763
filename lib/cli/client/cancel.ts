/**
 * `taskscope cancel`: asks a task to stop.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { readProblem } from "../../task/wire.ts";
import { ask, fieldOf, isNoTask, noTask, refusal } from "./api.ts";
import { CommandError, EXIT } from "../command.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { commandHelp, helpOf } from "../help.ts";
import { writeLine } from "../terminal.ts";
import { TARGET_FLAGS, targetFrom, taskIdFrom } from "./target.ts";

const FLAGS = {
  force: { kind: "switch", help: "end it at once, whatever its code does" },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

const HELP = 'Asks a task to stop; "taskscope wait <id>" waits until it has.\n\n' +
  "Ends with 0 where that was taken on, 1 where it was refused, as the task has ended, 4 where there is no such task, " +
  "or no server.";

const EXAMPLES = ["taskscope cancel backup-1", "taskscope cancel backup-1 --force"];

/**
 * Asks a task to stop.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong
 * @throws {CommandError} where the task, or the server, does not do it
 */
export async function cancelCommand(args: readonly string[]): Promise<number> {
  const given = readFlags(FLAGS, args, readVariable);
  if (given.wantsHelp) {
    writeLine(commandHelp("cancel <id> [flags]", HELP, helpOf(FLAGS), EXAMPLES));
    return EXIT.ok;
  }
  const target = targetFrom(given, readVariable);
  const id = taskIdFrom(given.operands, "cancel");
  const isForced = given.flags.get("force")!.length > 0;
  const answer = await ask(target, `/${id}/cancel${isForced ? "?force=true" : ""}`, { method: "POST" });
  if (answer.status === 202) {
    const hasStopped = fieldOf(answer.body, "state") === "CANCELLED";
    writeLine(hasStopped ? `Task ${id} is cancelled` : `Task ${id} is asked to stop`);
    return EXIT.ok;
  }
  if (answer.status === 409) throw new CommandError(EXIT.failed, readProblem(answer.body, answer.status));
  if (isNoTask(answer)) throw noTask(target, id);
  throw refusal(target, answer);
}
