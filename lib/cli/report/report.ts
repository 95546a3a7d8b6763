/**
 * `taskscope report`: reports a task from a script.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { readVariable } from "../../environment.ts";
import { ConfigError } from "../../errors.ts";
import { PARENT_VARIABLE } from "../../reporter/surrounding_task.ts";
import { LIMITS } from "../../task/grammar.ts";
import { isFinal, type Task, type TaskState } from "../../task/task.ts";
import { truncate } from "../../task/truncate.ts";
import { monotonicUlid } from "../../ulid.ts";
import { parentFrom, type Target, targetFrom, taskIdFrom } from "../client/target.ts";
import { CommandError } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { quoteValue } from "../flag_values.ts";
import { type CommandLine, type FlagTable, readFlags } from "../flags.ts";
import { showHelp } from "../help.ts";
import { unknownCommand } from "../help_command.ts";
import { note, writeLine } from "../terminal.ts";
import {
  CANCELLED_FLAGS,
  cancelledBody,
  FAIL_FLAGS,
  failBody,
  FINISH_FLAGS,
  finishBody,
  LOG_FLAGS,
  progressBody,
  START_FLAGS,
  startBody,
  UPDATE_FLAGS,
} from "./report_flags.ts";
import { REPORT } from "./report_syntax.ts";
import { type Report, sendReport } from "./send_report.ts";

const { subcommands: SUBCOMMANDS } = REPORT;

const COMMANDS: Readonly<Record<keyof typeof SUBCOMMANDS, (args: readonly string[]) => Promise<number>>> = {
  start,
  update,
  log,
  finish,
  fail,
  cancelled,
};

/**
 * With `--best-effort`, how long lines of an input are dropped after a failure, in milliseconds: a server that does
 * not respond must not slow down the program that writes the lines.
 */
const PAUSE_MS = 5_000;

/** Matches a text that was probably meant to be JSON. */
const LIKE_JSON = /^\s*[[{]/;

/** The final state that each report of an end leads to. */
const END_STATES: Readonly<Record<"finish" | "fail" | "cancelled", TaskState>> = {
  finish: "FINISHED",
  fail: "ERROR",
  cancelled: "CANCELLED",
};

/**
 * Reports a task.
 *
 * @param args the arguments after the command's name, of which the first is the name of the report
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the server cannot be reached, refuses the report, or has no such task
 */
export async function reportCommand(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    throw new ConfigError(`report needs one of ${Object.keys(COMMANDS).join(", ")}; --help describes them`);
  }
  if (name === "--help" || name === "-h") return showHelp(REPORT);
  if (!isCommand(name)) {
    throw unknownCommand(
      `report ${name}`,
      Object.keys(COMMANDS).map((each) => `report ${each}`),
    );
  }
  return await COMMANDS[name](rest);
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}

async function start(args: readonly string[]): Promise<number> {
  const commandLine = readReport(START_FLAGS, args);
  if (commandLine === null) return showHelp(SUBCOMMANDS.start.syntax);
  const { values, operands: [name, other] } = commandLine;
  if (name === undefined || name === "") throw new ConfigError("report start needs the name of the task");
  if (other !== undefined) {
    throw new ConfigError(`report start takes one name, received a second argument ${quoteValue(other)}`);
  }
  const id = values.id ?? monotonicUlid();
  const isGiven = commandLine.sourceOf("parent") !== PARENT_VARIABLE;
  const parent = isGiven
    ? values.parent
    : parentFrom(targetFrom(commandLine, readVariable), readVariable) ?? undefined;
  const task = { id, name: truncate(name, LIMITS.nameLength), parent };
  const sender = new Sender(commandLine);
  const status = await sender.send({ id, method: "POST", path: "", body: startBody(values, task) }, null);
  // With --best-effort, a script continues after a failure, and needs the id for its further reports.
  if (status === EXIT.ok) writeLine(id);
  return status;
}

async function update(args: readonly string[]): Promise<number> {
  const commandLine = readReport(UPDATE_FLAGS, args);
  if (commandLine === null) return showHelp(SUBCOMMANDS.update.syntax);
  const id = taskIdFrom(commandLine.operands, "report update");
  const body = progressBody(commandLine.values);
  return await new Sender(commandLine).send({ id, method: "PATCH", path: `/${id}`, body }, null);
}

async function log(args: readonly string[]): Promise<number> {
  const commandLine = readReport(LOG_FLAGS, args);
  if (commandLine === null) return showHelp(SUBCOMMANDS.log.syntax);
  const [first, ...lines] = commandLine.operands;
  const id = taskIdFrom(first === undefined ? [] : [first], "report log");
  if (lines.length === 0) {
    throw new ConfigError("report log needs a line, or - to read lines from standard input");
  }
  const sender = new Sender(commandLine);
  const send = (lines: readonly string[]) =>
    sender.send({ id, method: "POST", path: `/${id}/logs`, body: { lines } }, null);
  // Loaded only here, because a report of a single line should start quickly.
  const { batchesOf, sendLines } = await import("./log_lines.ts");
  const isInput = lines.length === 1 && lines[0] === "-" && !args.includes("--");
  if (isInput) return await sendLines(Deno.stdin.readable, send);
  let status: number = EXIT.ok;
  for (const batch of batchesOf(lines.flatMap((line) => line.split(/\r?\n/)))) {
    status = await send(batch) || status;
    // The lines of a task whose cancellation was requested are stored.
    if (status !== EXIT.ok && status !== EXIT.cancelled) break;
  }
  return status;
}

async function finish(args: readonly string[]): Promise<number> {
  const commandLine = readReport(FINISH_FLAGS, args);
  const body = commandLine && finishBody(commandLine.values);
  if (typeof body?.result === "string" && LIKE_JSON.test(commandLine?.values.result ?? "")) {
    note("--result is not valid JSON, so it is stored as text");
  }
  return await end("finish", commandLine, body);
}

async function fail(args: readonly string[]): Promise<number> {
  const commandLine = readReport(FAIL_FLAGS, args);
  return await end("fail", commandLine, commandLine && failBody(commandLine.values));
}

async function cancelled(args: readonly string[]): Promise<number> {
  const commandLine = readReport(CANCELLED_FLAGS, args);
  return await end("cancelled", commandLine, commandLine && cancelledBody(commandLine.values));
}

async function end(
  kind: keyof typeof END_STATES,
  commandLine: SendingLine | null,
  body: Report["body"] | null,
): Promise<number> {
  if (commandLine === null || body === null) return showHelp(SUBCOMMANDS[kind].syntax);
  const id = taskIdFrom(commandLine.operands, `report ${kind}`);
  return await new Sender(commandLine).send(
    { id, method: "POST", path: `/${id}/${kind}`, body },
    END_STATES[kind],
  );
}

/**
 * Parses the command line of a report. With `--best-effort`, a number that the script has not computed, or that is not
 * finite, is left out with a message.
 */
function readReport<const Table extends typeof LOG_FLAGS & FlagTable>(
  table: Table,
  args: readonly string[],
): CommandLine<Table> | null {
  const commandLine = readFlags(table, args, readVariable);
  if (commandLine === null) return null;
  const isBestEffort = commandLine.values["best-effort"] as boolean;
  for (const error of commandLine.invalid) {
    if (!isBestEffort) throw error;
    note(`${error.message}; it is left out`);
  }
  return commandLine;
}

/** The flags and operands that every report has. */
type SendingLine = Pick<CommandLine<typeof LOG_FLAGS>, "values" | "operands">;

/** Sends reports according to the flags of a command line. */
class Sender {
  readonly #target: Target;
  readonly #timeoutMs: number;
  readonly #isBestEffort: boolean;
  /** The time until which further reports are dropped, by {@linkcode monotonicMs}. */
  #dropsUntilMs = -Infinity;
  #lastNote = "";

  constructor(commandLine: SendingLine) {
    const { timeout, "best-effort": isBestEffort } = commandLine.values;
    this.#target = targetFrom(commandLine, readVariable);
    this.#timeoutMs = timeout * 1_000;
    this.#isBestEffort = isBestEffort;
  }

  /**
   * Sends a report, and returns the exit status.
   *
   * @param report the report
   * @param final the final state that the report leads to; `null` if it does not end the task
   */
  async send(report: Report, final: TaskState | null): Promise<number> {
    if (monotonicMs() < this.#dropsUntilMs) return EXIT.ok;
    try {
      return this.#statusOf(await sendReport(this.#target, report, this.#timeoutMs), final);
    } catch (error) {
      if (!this.#isBestEffort || !(error instanceof CommandError)) throw error;
      this.#note(error.message);
      this.#dropsUntilMs = monotonicMs() + PAUSE_MS;
      return EXIT.ok;
    }
  }

  /** Returns the exit status for the task after a report. */
  #statusOf({ id, state, cancel_requested: isToStop }: Task, final: TaskState | null): number {
    if (state === final) return EXIT.ok;
    if (isFinal(state) && state !== "CANCELLED") {
      throw new CommandError(EXIT.failed, `Cannot report task "${id}": it has already ended as ${state}`);
    }
    if (state !== "CANCELLED" && !isToStop) return EXIT.ok;
    this.#note(
      state === "CANCELLED" ? `Task "${id}" was cancelled` : `Cancellation of task "${id}" was requested`,
    );
    return EXIT.cancelled;
  }

  /** Shows a message, unless it is the same as before. */
  #note(message: string): void {
    if (message !== this.#lastNote) note(message);
    this.#lastNote = message;
  }
}
