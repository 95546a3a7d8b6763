/**
 * `taskscope cancel`: requests that a task stop.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { readProblem } from "../../task/wire.ts";
import { fieldOf, isTaskNotFound, noTaskError, request, unexpectedResponse } from "./api.ts";
import { CommandError, type CommandSyntax } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { showHelp } from "../help.ts";
import { writeLine } from "../terminal.ts";
import { TARGET_FLAGS, targetFrom, taskIdFrom } from "./target.ts";

const FLAGS = {
  force: { kind: "switch", help: "mark the task as cancelled at once, even if its code keeps running" },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

/** The syntax of `cancel`. */
export const CANCEL: CommandSyntax = {
  usage: "cancel <id> [flags]",
  description: 'Requests that a task stop, and exits at once; "taskscope wait <id>" waits until it has.',
  flags: FLAGS,
  exitStatuses: {
    [EXIT.ok]: "the request was accepted",
    [EXIT.failed]: "the request was refused, as the task has already ended",
    [EXIT.usage]: "invalid command line",
    [EXIT.missing]: "no such task, or the server cannot be reached or refused the request",
  },
  examples: ["taskscope cancel backup-1", "taskscope cancel backup-1 --force"],
};

/**
 * Requests that a task stop.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the task does not exist or has ended, or the server cannot be reached or refuses the request
 */
export async function cancelCommand(args: readonly string[]): Promise<number> {
  const commandLine = readFlags(FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(CANCEL);
  const target = targetFrom(commandLine, readVariable);
  const id = taskIdFrom(commandLine.operands, "cancel");
  const query = commandLine.values.force ? "?force=true" : "";
  const response = await request(target, `/${id}/cancel${query}`, { method: "POST" });
  if (response.status === 202) {
    const hasStopped = fieldOf(response.body, "state") === "CANCELLED";
    writeLine(hasStopped ? `Cancelled task ${id}` : `Requested that task ${id} stop`);
    return EXIT.ok;
  }
  if (response.status === 409) {
    throw new CommandError(EXIT.failed, readProblem(response.body, response.status));
  }
  if (isTaskNotFound(response)) throw noTaskError(target, id);
  throw unexpectedResponse(target, response);
}
