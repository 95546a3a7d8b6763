/**
 * Parses the command line of `taskscope run`.
 *
 * @module
 */

import { ConfigError } from "../../errors.ts";
import { LIMITS } from "../../task/grammar.ts";
import { PARENT_VARIABLE } from "../../reporter/surrounding_task.ts";
import { parentFrom, type Target, TARGET_FLAGS, targetFrom } from "../client/target.ts";
import { quoteValue, secondsWithin, taskId } from "../flag_values.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import type { CommandSyntax } from "../command.ts";
import { commandName } from "./command_name.ts";

/** The maximum value of `--grace`, in seconds: a day. */
const MAX_GRACE = 86_400;
/** The maximum value of `--stale-after`, in seconds: a leap year. */
const MAX_STALE_AFTER = 366 * 86_400;

const RUN_FLAGS = {
  name: {
    kind: "value",
    placeholder: "<name>",
    help: "name of the task; by default the name of the program, file or script that the command runs",
  },
  id: {
    kind: "value",
    placeholder: "<id>",
    help: "id of the task; by default a new one",
    parse: taskId,
  },
  tag: { kind: "list", placeholder: "<word>", help: "tag to filter tasks by" },
  "stale-after": {
    kind: "value",
    placeholder: "<seconds>",
    help: "mark the task as stale after this many seconds without output",
    parse: secondsWithin(0, MAX_STALE_AFTER, true),
  },
  grace: {
    kind: "value",
    placeholder: "<seconds>",
    fallback: "10",
    help: "on cancellation, kill the command if it still runs this many seconds after SIGTERM",
    parse: secondsWithin(0, MAX_GRACE),
  },
  pty: {
    kind: "switch",
    help: "run the command in a pseudo-terminal (with script(1)), so that it draws progress bars",
  },
  "wait-output": {
    kind: "switch",
    help:
      "after the command's exit, pass output on until all its processes have closed it; by default until there was no output for 1.5 s",
  },
  "show-command": {
    kind: "switch",
    help:
      "show the command's arguments and folder in the task; by default only the number of arguments, as they may contain secrets",
  },
  expect: {
    kind: "value",
    placeholder: "<weight>",
    help: "sum of the weights of all subtasks that the command will report; a weight is 1 by default",
    parse: weightFrom,
  },
  "no-nest": {
    kind: "switch",
    help: "do not make the task a subtask of a surrounding task, or the command's tasks subtasks of the task",
  },
  "no-usage": {
    kind: "switch",
    help: "do not report the CPU and memory that the command uses (on Linux) as values of the task",
  },
  quiet: { kind: "switch", help: "print no messages of taskscope itself" },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

/** The syntax of `run`. */
export const RUN: CommandSyntax = {
  usage: "run [flags] [--] <command> [<argument>…]",
  description: [
    "Runs a command and reports it as a task: its output becomes the task's log, and progress is read from it. The " +
    "command runs as usual, with or without a server: its output, exit status and signals pass through unchanged.",
    "Recognises percentages, 3/17, 3 of 17, the progress bars of tqdm, rsync, wget, curl, ffmpeg, pip, git, docker, " +
    "apt, dd, tar, CMake, ninja and many others, and JSON lines such as " +
    '{"progress": 42, "status": "Reading a.txt", "values": {"loss": 0.12}}.',
    "Tasks that the command reports become subtasks: tasks of another run, of monitored(), or with the parent_id in " +
    `${PARENT_VARIABLE}. From the first subtask on, progress is calculated from the subtasks instead of the output.`,
  ].join("\n\n"),
  flags: RUN_FLAGS,
  operands: "program",
  exitStatuses: {
    125: "taskscope itself failed",
    126: "the command cannot be executed",
    127: "the command was not found",
    "128+n": "signal n ended the command",
    "other": "the command's own exit status",
  },
  examples: [
    "taskscope run -- rsync -a --info=progress2 from/ to/",
    "taskscope run --name backup --tag nightly --stale-after 600 -- ./backup.sh",
    "taskscope run --expect 3 -- ./three-runs.sh",
    "taskscope run --pty -- docker build .",
  ],
};

/** The options of `run`. */
export interface RunOptions extends Target {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly name: string;
  readonly id: string | undefined;
  /** The id of the task whose subtask the new task becomes; `null` if it becomes no subtask. */
  readonly parentId: string | null;
  /** Whether the tasks that the command reports become subtasks of the new task. */
  readonly hasSubtasks: boolean;
  /** The sum of the weights of all subtasks; `null` if it is unknown. */
  readonly expectedWeight: number | null;
  readonly tags: readonly string[];
  /** Seconds without a report after which the task becomes stale; `null` if it never does. */
  readonly staleAfter: number | null;
  readonly graceMs: number;
  /** Whether to run the command in a pseudo-terminal. */
  readonly usesPty: boolean;
  /** Whether to pass output on until all processes have closed it, instead of until there was none for 1.5 s. */
  readonly waitsForOutput: boolean;
  readonly showsCommand: boolean;
  /** Whether to report the CPU and memory that the command uses. */
  readonly measuresUsage: boolean;
  readonly isQuiet: boolean;
}

/**
 * Parses the command line of `run`.
 *
 * @param args the arguments after `run`
 * @param readVariable reads an environment variable
 * @returns the options; `null` if the command line asks for help
 * @throws {ConfigError} if a value is invalid; the message names the flag, what it accepts and what it received
 */
export function parseRun(
  args: readonly string[],
  readVariable: (name: string) => string | undefined,
): RunOptions | null {
  const { own, command } = splitCommand(args);
  const commandLine = readFlags(RUN_FLAGS, own, readVariable);
  if (commandLine === null) return null;
  const { values, sourceOf } = commandLine;
  const [program] = command;
  if (program === undefined) throw new ConfigError("run needs a command, such as: taskscope run -- make all");
  checkTags(values.tag, sourceOf("tag"));
  const target = targetFrom(commandLine, readVariable);
  return {
    command,
    name: values.name ?? commandName(command),
    ...target,
    id: values.id,
    parentId: values["no-nest"] ? null : parentFrom(target, readVariable),
    hasSubtasks: !values["no-nest"],
    expectedWeight: values.expect ?? null,
    tags: values.tag,
    staleAfter: values["stale-after"] ?? null,
    graceMs: values.grace * 1_000,
    usesPty: values.pty,
    waitsForOutput: values["wait-output"],
    showsCommand: values["show-command"],
    measuresUsage: !values["no-usage"],
    isQuiet: values.quiet,
  };
}

/**
 * Splits the flags of `taskscope run` from the command, which begins after `--` or at the first argument that
 * is not a flag.
 */
function splitCommand(
  args: readonly string[],
): { readonly own: readonly string[]; readonly command: readonly string[] } {
  let at = 0;
  while (at < args.length) {
    const arg = args[at]!;
    if (arg === "--") return { own: args.slice(0, at), command: args.slice(at + 1) };
    if (!arg.startsWith("-") || arg === "-") break;
    at += takesValue(arg) ? 2 : 1;
  }
  return { own: args.slice(0, at), command: args.slice(at) };
}

/** Returns whether the argument after a flag is the flag's value. */
function takesValue(arg: string): boolean {
  const name = arg.replace(/^--/, "");
  return Object.hasOwn(RUN_FLAGS, name) && RUN_FLAGS[name as keyof typeof RUN_FLAGS].kind !== "switch";
}

function weightFrom(text: string, source: string): number {
  const weight = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && Number.isFinite(weight)) return weight;
  throw new ConfigError(`${source} must be a number of at least 0, received ${quoteValue(text)}`);
}

function checkTags(tags: readonly string[], source: string): void {
  if (tags.length <= LIMITS.tags && tags.every((tag) => tag.length <= LIMITS.tagLength)) return;
  throw new ConfigError(
    `${source} may be given at most ${LIMITS.tags} times, with at most ${LIMITS.tagLength} characters each`,
  );
}
