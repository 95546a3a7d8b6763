/**
 * `taskscope watch`: shows tasks live in the terminal.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { hasEnded } from "../../task/task_view.ts";
import { noTask } from "./api.ts";
import { EXIT, statusOfTask } from "../command.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { allTasks, follow, oneTask } from "./follow.ts";
import { commandHelp, helpOf } from "../help.ts";
import { isInteractive, terminalSize, wantsColor, write, writeLine } from "../terminal.ts";
import { TARGET_FLAGS, targetFrom, taskIdFrom } from "./target.ts";
import { LineView, TerminalView, type WatchView } from "./watch_view.ts";
import { WatchedTasks } from "./watched_tasks.ts";

const FLAGS: FlagTable = TARGET_FLAGS;

const HELP =
  "Shows a task live until it has ended; without an id, all tasks that have not ended, until Ctrl-C. A server that is " +
  "restarted meanwhile is waited for. Where the output is no terminal, prints a line for each state and each quarter." +
  "\n\n" +
  "Ends with 0 where the task has finished, 1 where it has failed, 3 where it was cancelled, 4 where there is no such " +
  "task, or no server to begin with.";

const EXAMPLES = [
  "taskscope watch",
  "taskscope watch backup-1 --client ci --server https://ci.example.org/monitor",
];

/** The signals that end it, and the statuses that shells make of them. */
const SIGNALS = [["SIGINT", EXIT.interrupted], ["SIGTERM", 143], ["SIGHUP", 129]] as const;

/**
 * Shows tasks live.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong
 * @throws {CommandError} where there is no such task, or no server
 */
export async function watchCommand(args: readonly string[]): Promise<number> {
  const given = readFlags(FLAGS, args, readVariable);
  if (given.wantsHelp) {
    writeLine(commandHelp("watch [<id>] [flags]", HELP, helpOf(FLAGS), EXAMPLES));
    return EXIT.ok;
  }
  const target = targetFrom(given, readVariable);
  const id = given.operands.length === 0 ? null : taskIdFrom(given.operands, "watch");
  const ending = new AbortController();
  let status: number = EXIT.interrupted;
  endOnSignals((signalStatus) => {
    status = signalStatus;
    ending.abort();
  });

  const tasks = new WatchedTasks(id !== null);
  using view = createView();
  const followed = id === null ? allTasks(target) : oneTask(target, id);
  for await (const news of follow(followed, { signal: ending.signal })) {
    if (news.type === "lost") {
      view.lost(news.reason);
      continue;
    }
    view.show(tasks.apply(news), tasks.live);
    if (id === null) continue;
    const task = tasks.get(id);
    if (task === undefined) throw noTask(target, id);
    if (hasEnded(task)) return statusOfTask(task);
  }
  return status;
}

function createView(): WatchView {
  if (!isInteractive()) return new LineView();
  return new TerminalView({ write, size: terminalSize, color: wantsColor() });
}

function endOnSignals(end: (status: number) => void): void {
  for (const [signal, status] of SIGNALS) {
    // Windows knows the first one only.
    if (signal === "SIGINT" || Deno.build.os !== "windows") Deno.addSignalListener(signal, () => end(status));
  }
}
