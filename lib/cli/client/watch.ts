/**
 * `taskscope watch`: shows tasks live in the terminal.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { hasEnded } from "../../task/task_view.ts";
import { noTaskError } from "./api.ts";
import type { CommandSyntax } from "../command.ts";
import { EXIT, exitStatusOf } from "../exit_status.ts";
import { readFlags } from "../flags.ts";
import { allTasks, follow, oneTask } from "./follow.ts";
import { showHelp } from "../help.ts";
import { isInteractive, terminalSize, wantsColor, write } from "../terminal.ts";
import { TARGET_FLAGS, targetFrom, taskIdFrom } from "./target.ts";
import { LineView, TerminalView, type WatchView } from "./watch_view.ts";
import { WatchedTasks } from "./watched_tasks.ts";

/** The syntax of `watch`. */
export const WATCH: CommandSyntax = {
  usage: "watch [<id>] [flags]",
  description: [
    "Shows a task live until it has ended; without an id, shows all tasks that have not ended, until Ctrl-C. " +
    "Reconnects if the server restarts meanwhile.",
    "If the output is not a terminal, prints a line whenever a task changes its state or completes another 25 %, with the task's id if all tasks are watched.",
  ].join("\n\n"),
  flags: TARGET_FLAGS,
  exitStatuses: {
    [EXIT.ok]: "the task finished",
    [EXIT.failed]: "the task failed",
    [EXIT.usage]: "invalid command line",
    [EXIT.cancelled]: "the task was cancelled",
    [EXIT.missing]: "no such task, or the server cannot be reached or refused the request",
    [EXIT.interrupted]: "stopped by Ctrl-C",
  },
  examples: [
    "taskscope watch",
    "taskscope watch backup-1",
    "taskscope watch --client ci --server https://ci.example.org/monitor",
  ],
};

/** The signals that stop the command, with the exit statuses that shells use for them: 128 + the signal's number. */
const SIGNALS = [["SIGINT", EXIT.interrupted], ["SIGTERM", 143], ["SIGHUP", 129]] as const;

/**
 * Shows tasks live.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the task does not exist, or the server cannot be reached or refuses the request
 */
export async function watchCommand(args: readonly string[]): Promise<number> {
  const commandLine = readFlags(TARGET_FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(WATCH);
  const { operands } = commandLine;
  const target = targetFrom(commandLine, readVariable);
  const id = operands.length === 0 ? null : taskIdFrom(operands, "watch");
  const stopping = new AbortController();
  let status: number = EXIT.interrupted;
  stopOnSignals((signalStatus) => {
    status = signalStatus;
    stopping.abort();
  });

  const tasks = new WatchedTasks(id !== null);
  using view = createView(id === null);
  const subscription = id === null ? allTasks(target) : oneTask(target, id);
  for await (const event of follow(subscription, { signal: stopping.signal })) {
    if (event.type === "lost") {
      view.lost(event.reason);
      continue;
    }
    view.clockOffset = event.clockOffset ?? view.clockOffset;
    view.show(tasks.apply(event), tasks.live);
    if (id === null) continue;
    const task = tasks.get(id);
    if (task === undefined) throw noTaskError(target, id);
    if (hasEnded(task)) return exitStatusOf(task);
  }
  return status;
}

function createView(isOfAll: boolean): WatchView {
  if (!isInteractive()) return new LineView(isOfAll);
  return new TerminalView({ write, size: terminalSize, color: wantsColor() });
}

function stopOnSignals(stop: (status: number) => void): void {
  for (const [signal, status] of SIGNALS) {
    // On Windows, SIGINT is the only one of these signals that Deno can listen for.
    if (signal === "SIGINT" || Deno.build.os !== "windows") {
      Deno.addSignalListener(signal, () => stop(status));
    }
  }
}
