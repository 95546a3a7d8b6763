/**
 * `taskscope wait`: waits for the end of a task, and ends as the task did.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { ConfigError } from "../../errors.ts";
import type { Task } from "../../task/task.ts";
import { hasEnded } from "../../task/task_view.ts";
import { textBars } from "../../text/text_bars.ts";
import { noTask } from "./api.ts";
import { EXIT, statusOfTask } from "../command.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { follow, type Followed, type News, oneTask } from "./follow.ts";
import { commandHelp, helpOf } from "../help.ts";
import { note, outputWidth, wantsColor, writeLine } from "../terminal.ts";
import { TARGET_FLAGS, targetFrom, taskIdFrom } from "./target.ts";

const FLAGS = {
  timeout: {
    kind: "value",
    placeholder: "<seconds>",
    help: "how long to wait; 0 only looks; by default for ever",
  },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

const HELP =
  "Waits until a task has ended, and prints how. A server that is restarted meanwhile is waited for.\n\n" +
  "Ends with 0 where the task has finished, 1 where it has failed, 3 where it was cancelled, 4 where there is no such " +
  "task, or no server to begin with, 124 where the time was up before.";

const EXAMPLES = ["taskscope wait backup-1 && echo done", "taskscope wait backup-1 --timeout 60"];

/** Timers of more than 2^31 milliseconds run off at once. */
const MOST_SECONDS = 2_000_000;

/**
 * Waits for the end of a task.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong
 * @throws {CommandError} where there is no such task, or no server
 */
export async function waitCommand(args: readonly string[]): Promise<number> {
  const given = readFlags(FLAGS, args, readVariable);
  if (given.wantsHelp) {
    writeLine(commandHelp("wait <id> [flags]", HELP, helpOf(FLAGS), EXAMPLES));
    return EXIT.ok;
  }
  const target = targetFrom(given, readVariable);
  const id = taskIdFrom(given.operands, "wait");
  const [timeout] = given.flags.get("timeout")!;
  const seconds = timeout === undefined ? null : secondsFrom(timeout, given.nameOf("timeout"));

  let isLost = false;
  for await (const news of newsWithin(oneTask(target, id), seconds)) {
    if (news.type === "lost") {
      if (!isLost) note(`${news.reason}; trying again`);
      isLost = true;
      continue;
    }
    isLost = false;
    const [task] = news.tasks;
    if (task === undefined) throw noTask(target, id);
    if (hasEnded(task)) {
      writeLine(endLine(task));
      return statusOfTask(task);
    }
  }
  note(`task ${id} has not ended within ${seconds} s`);
  return EXIT.timeout;
}

async function* newsWithin(followed: Followed, seconds: number | null): AsyncGenerator<News> {
  if (seconds === 0) yield await followed.ask();
  else yield* follow(followed, { signal: signalAfter(seconds) });
}

function signalAfter(seconds: number | null): AbortSignal {
  return seconds === null ? new AbortController().signal : AbortSignal.timeout(Math.ceil(seconds * 1_000));
}

function endLine(task: Task): string {
  const options = { width: outputWidth(), now: Date.now() / 1_000, color: wantsColor() };
  return textBars([task], options)[0]!;
}

function secondsFrom(text: string, name: string): number {
  const seconds = Number(text);
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text) && seconds <= MOST_SECONDS) return seconds;
  throw new ConfigError(`${name} must be a number of seconds from 0 to ${MOST_SECONDS}, received "${text}"`);
}
