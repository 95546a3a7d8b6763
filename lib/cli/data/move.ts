/**
 * `taskscope move`: moves all tasks from one database to another.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { ConfigError } from "../../errors.ts";
import {
  type MoveProgress,
  type MoveSource,
  type MoveTarget,
  moveTasks,
} from "../../store/database/move_tasks.ts";
import { isPostgresUrl } from "../../store/postgres_url.ts";
import { countNoun, formatCount } from "../../text/format.ts";
import { LiveRegion } from "../client/live_region.ts";
import type { CommandSyntax } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { refuseOperands } from "../flag_values.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { showHelp } from "../help.ts";
import { isInteractive, note, terminalSize, write, writeLine } from "../terminal.ts";
import { withFile } from "./data_file.ts";

const FLAGS = {
  from: {
    kind: "value",
    placeholder: "<data>",
    help: "the database to move from: a file or postgres://user@host/database",
  },
  to: {
    kind: "value",
    placeholder: "<data>",
    help: "the database to move to: a new file or an empty database",
  },
} as const satisfies FlagTable;

/** The syntax of `move`. */
export const MOVE: CommandSyntax = {
  usage: "move --from <data> --to <data>",
  description: [
    "Moves all tasks with their logs, histories and values, past runs and undelivered webhook events from a file to " +
    "PostgreSQL or back, from file to file, or between PostgreSQL databases. Stop the server first. The source is not " +
    "changed.",
    "The target can be used only once everything is moved. If the move is interrupted, run it again: it " +
    "continues where it was. Connected watchers reload all tasks afterwards.",
  ].join("\n\n"),
  flags: FLAGS,
  exitStatuses: {
    [EXIT.ok]: "everything is moved",
    [EXIT.failed]:
      "a database cannot be read or written, is in use, or is not empty; tasks with damaged records were left out; " +
      "or a crash had lost changes",
    [EXIT.usage]: "invalid command line",
  },
  examples: [
    "taskscope move --from tasks.db --to postgres://taskscope@db.example/taskscope",
    "taskscope move --from postgres://taskscope@db.example/taskscope --to tasks.db",
  ],
};

/** The minimum time between two updates of the progress line, in milliseconds. */
const SHOW_MS = 100;

/** The maximum number of damaged tasks that the message names. */
const NAMED = 10;

/**
 * Moves all tasks.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if a database cannot be used
 */
export async function moveCommand(args: readonly string[]): Promise<number> {
  const commandLine = readFlags(FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(MOVE);
  refuseOperands(commandLine.operands, "move", "pass databases with --from and --to");
  const { from, to } = commandLine.values;
  if (from === undefined || to === undefined) throw new ConfigError("move needs --from and --to");
  for (const [flag, data] of [["from", from], ["to", to]] as const) {
    if (data !== ":memory:") continue;
    throw new ConfigError(`${commandLine.sourceOf(flag)} must be a file or postgres://user@host/database`);
  }
  return await withFile(async () => {
    await using source = await openSource(from);
    // The loss is said at once, because it is not known any more when an interrupted move is run again.
    if (source.loss !== null) note(source.loss);
    await using target = await openTarget(to, source);
    const progress = isInteractive() ? new ProgressLine() : null;
    const counts = await moveTasks(source, target, (state) => progress?.show(state));
    progress?.clear();
    const [tasks, lines] = [counts.get("tasks")!, counts.get("log_lines")!];
    const what = `${countNoun(tasks, "task")} with ${countNoun(lines, "log line")}`;
    writeLine(`Moved ${what} from ${source.name} to ${target.name}`);
    noteLeftOut(source.damaged);
    return source.damaged.length === 0 && source.loss === null ? EXIT.ok : EXIT.failed;
  });
}

async function openSource(from: string): Promise<MoveSource> {
  if (isPostgresUrl(from)) {
    const { PostgresMoveSource } = await import("../../store/postgres/postgres_move_source.ts");
    return await PostgresMoveSource.open(from);
  }
  const { SqliteMoveSource } = await import("../../store/sqlite/sqlite_move_source.ts");
  return new SqliteMoveSource(from);
}

async function openTarget(to: string, source: MoveSource): Promise<MoveTarget> {
  if (isPostgresUrl(to)) {
    const { PostgresMoveTarget } = await import("../../store/postgres/postgres_move_target.ts");
    return await PostgresMoveTarget.open(to, source);
  }
  const { SqliteMoveTarget } = await import("../../store/sqlite/sqlite_move_target.ts");
  return new SqliteMoveTarget(to, source);
}

/** A line of the terminal that shows the progress of a move. */
class ProgressLine {
  readonly #region = new LiveRegion(write, terminalSize);
  #shownAt = -Infinity;

  show({ table, moved, total }: MoveProgress): void {
    if (moved < total && performance.now() - this.#shownAt < SHOW_MS) return;
    this.#shownAt = performance.now();
    this.#region.draw([`Moving ${table.noun}: ${formatCount(moved)} of ${formatCount(total)}`]);
  }

  clear(): void {
    this.#region.draw([]);
  }
}

function noteLeftOut(damaged: readonly string[]): void {
  if (damaged.length === 0) return;
  const named = damaged.slice(0, NAMED).join(", ") + (damaged.length > NAMED ? ", and others" : "");
  note(`Left out, because their records are damaged: ${countNoun(damaged.length, "task")} (${named})`);
}
