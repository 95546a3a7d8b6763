/**
 * `taskscope wait`: waits until a task has ended, and exits with a status that depends on its final state.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import type { Task } from "../../task/task.ts";
import { hasEnded } from "../../task/task_view.ts";
import { textBars } from "../../text/text_bars.ts";
import { noTaskError } from "./api.ts";
import type { CommandSyntax } from "../command.ts";
import { EXIT, exitStatusOf } from "../exit_status.ts";
import { secondsWithin } from "../flag_values.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { follow, type FollowEvent, oneTask, type Subscription } from "./follow.ts";
import { showHelp } from "../help.ts";
import { note, outputWidth, wantsColor, writeLine } from "../terminal.ts";
import { TARGET_FLAGS, targetFrom, taskIdFrom } from "./target.ts";

/** The longest timeout, in seconds; a timer with a delay of more than 2^31 - 1 milliseconds would fire at once. */
const MAX_TIMEOUT = 2_000_000;

const FLAGS = {
  timeout: {
    kind: "value",
    placeholder: "<seconds>",
    help: "stop waiting after this many seconds; 0 checks only once; by default no timeout",
    parse: secondsWithin(0, MAX_TIMEOUT),
  },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

/** The syntax of `wait`. */
export const WAIT: CommandSyntax = {
  usage: "wait <id> [flags]",
  description:
    "Waits until a task has ended, then prints its final state. Reconnects if the server restarts meanwhile.",
  flags: FLAGS,
  exitStatuses: {
    [EXIT.ok]: "the task finished",
    [EXIT.failed]: "the task failed",
    [EXIT.usage]: "invalid command line",
    [EXIT.cancelled]: "the task was cancelled",
    [EXIT.missing]: "no such task, or the server cannot be reached or refused the request",
    [EXIT.timeout]: "timed out before the task ended",
  },
  examples: ["taskscope wait backup-1 && echo done", "taskscope wait backup-1 --timeout 60"],
};

/**
 * Waits until a task has ended.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the task does not exist, or the server cannot be reached or refuses the request
 */
export async function waitCommand(args: readonly string[]): Promise<number> {
  const commandLine = readFlags(FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(WAIT);
  const target = targetFrom(commandLine, readVariable);
  const id = taskIdFrom(commandLine.operands, "wait");
  const { timeout: seconds = null } = commandLine.values;

  let isLost = false;
  for await (const event of eventsWithin(oneTask(target, id), seconds)) {
    if (event.type === "lost") {
      if (!isLost) note(`${event.reason}; retrying`);
      isLost = true;
      continue;
    }
    isLost = false;
    const [task] = event.tasks;
    if (task === undefined) throw noTaskError(target, id);
    if (hasEnded(task)) {
      writeLine(endLine(task));
      return exitStatusOf(task);
    }
  }
  note(`Task ${id} did not end within ${seconds} s`);
  return EXIT.timeout;
}

async function* eventsWithin(
  subscription: Subscription,
  seconds: number | null,
): AsyncGenerator<FollowEvent> {
  if (seconds === 0) yield await subscription.poll();
  else yield* follow(subscription, { signal: signalAfter(seconds) });
}

function signalAfter(seconds: number | null): AbortSignal {
  return seconds === null ? new AbortController().signal : AbortSignal.timeout(Math.ceil(seconds * 1_000));
}

function endLine(task: Task): string {
  const options = { width: outputWidth(), now: Date.now() / 1_000, color: wantsColor() };
  return textBars([task], options)[0]!;
}
