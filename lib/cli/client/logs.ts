/**
 * `taskscope logs`: prints the log of a task, and follows it.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { ConfigError } from "../../errors.ts";
import type { LogLine } from "../../task/task.ts";
import { hasEnded } from "../../task/task_view.ts";
import { countNoun, machineTime } from "../../text/format.ts";
import { plainLine } from "../../text/terminal_text.ts";
import { noTaskError, ServerUnavailableError } from "./api.ts";
import type { CommandSyntax } from "../command.ts";
import { EXIT, exitStatusOf } from "../exit_status.ts";
import { quoteValue } from "../flag_values.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { follow, oneTask } from "./follow.ts";
import { showHelp } from "../help.ts";
import { LogReader } from "./log_reader.ts";
import { note, write } from "../terminal.ts";
import { type Target, TARGET_FLAGS, targetFrom, taskIdFrom } from "./target.ts";

const FLAGS = {
  follow: { kind: "switch", short: "f", help: "print new lines, too, until the task has ended" },
  tail: {
    kind: "value",
    short: "n",
    placeholder: "<lines>",
    help: "print only this many of the newest lines at first; by default all lines that are kept",
    parse: lineCount,
  },
  timestamps: { kind: "switch", short: "t", help: "print the time of each line before it, in UTC" },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

/** The syntax of `logs`. */
export const LOGS: CommandSyntax = {
  usage: "logs <id> [flags]",
  description:
    "Prints the log of a task, without control characters. With --follow, it reconnects if the server restarts " +
    "meanwhile, and neither misses nor repeats a line.",
  flags: FLAGS,
  exitStatuses: {
    [EXIT.ok]: "the log was printed; with --follow, the task finished",
    [EXIT.failed]: "with --follow, the task failed",
    [EXIT.usage]: "invalid command line",
    [EXIT.cancelled]: "with --follow, the task was cancelled",
    [EXIT.missing]: "no such task, or the server cannot be reached or refused the request",
  },
  examples: [
    "taskscope logs backup-1 | grep -i error",
    "taskscope logs -f backup-1",
    "taskscope logs --tail 20 --timestamps backup-1",
  ],
};

/**
 * Prints the log of a task.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the task does not exist, or the server cannot be reached or refuses the request
 */
export async function logsCommand(args: readonly string[]): Promise<number> {
  const commandLine = readFlags(FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(LOGS);
  const target = targetFrom(commandLine, readVariable);
  const id = taskIdFrom(commandLine.operands, "logs");
  const { follow: follows, tail, timestamps } = commandLine.values;
  const reader = new LogReader(target, id, {
    onLines: (lines) => print(lines, timestamps),
    onGap: (count) => note(`${countNoun(count, "older line")} ${count === 1 ? "is" : "are"} no longer kept`),
  });
  const end = await reader.begin(tail);
  if (follows) return await followLog(target, id, reader);
  await reader.readTo(end);
  return EXIT.ok;
}

/** Prints lines until the task has ended, and returns the exit status for its final state. */
async function followLog(target: Target, id: string, reader: LogReader): Promise<number> {
  let status: number = EXIT.ok;
  let createdAt: number | undefined;
  let isLost = false;
  const lost = (reason: string) => {
    if (!isLost) note(`${reason}; retrying`);
    isLost = true;
  };
  for await (const event of follow(oneTask(target, id), { signal: new AbortController().signal })) {
    if (event.type === "lost") {
      lost(event.reason);
      continue;
    }
    const [task] = event.tasks;
    if (task === undefined) throw noTaskError(target, id);
    // A new task has the id of the old one.
    if (createdAt !== undefined && createdAt !== task.created_at) reader.restart();
    // The server has restarted without its data, and the task's reporter has created the task again, with a new log.
    else if (event.isOpening && task.log_count < reader.next) reader.restart();
    createdAt = task.created_at;
    try {
      await reader.readTo(task.log_count);
    } catch (error) {
      if (!(error instanceof ServerUnavailableError)) throw error;
      lost(error.reason);
      continue;
    }
    isLost = false;
    if (!hasEnded(task)) continue;
    status = exitStatusOf(task);
    break;
  }
  return status;
}

function print(lines: readonly LogLine[], timestamps: boolean): void {
  write(
    lines.map(({ at, text }) => {
      const time = timestamps ? `${machineTime(at) ?? "-"} ` : "";
      return `${time}${plainLine(text)}\n`;
    }).join(""),
  );
}

function lineCount(text: string, source: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ConfigError(`${source} must be a number of lines, received ${quoteValue(text)}`);
}
