/**
 * From the command line of `taskscope run` to its options.
 *
 * @module
 */

import { ConfigError } from "../../errors.ts";
import { isTaskId, LIMITS } from "../../task/grammar.ts";
import { type FlagTable, type GivenFlags, readFlags } from "../flags.ts";
import { commandHelp, helpOf } from "../help.ts";
import { type Target, TARGET_FLAGS, targetFrom } from "../client/target.ts";

/** The flags of `run`. */
export const RUN_FLAGS = {
  name: { kind: "value", placeholder: "<name>", help: "what the task is called; by default as the program" },
  ...TARGET_FLAGS,
  id: { kind: "value", placeholder: "<id>", help: "id of the task; by default a new one" },
  tag: { kind: "list", placeholder: "<word>", help: "word to filter tasks by" },
  "stale-after": {
    kind: "value",
    placeholder: "<seconds>",
    help: "after so long without any output, the task is shown as stale",
  },
  grace: {
    kind: "value",
    placeholder: "<seconds>",
    fallback: "10",
    help: "how long a command that is cancelled may take to end before it is killed",
  },
  pty: { kind: "switch", help: "give the command a terminal of its own, by script(1): it draws bars then" },
  "show-command": {
    kind: "switch",
    help: "show the command with its arguments; they may hold secrets, so only their number is shown",
  },
  quiet: { kind: "switch", help: "say nothing beside what the command says" },
} as const satisfies FlagTable;

/** The options of `run`, checked. */
export interface RunOptions extends Target {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly name: string;
  readonly id: string | undefined;
  readonly tags: readonly string[];
  /** In seconds. */
  readonly staleAfter: number | null;
  readonly graceMs: number;
  /** Whether the command gets a terminal of its own. */
  readonly hasOwnTerminal: boolean;
  readonly showsCommand: boolean;
  readonly isQuiet: boolean;
}

/** Longest times, in seconds: a day to end, and a year without output. */
const LONGEST_GRACE = 86_400;
const LONGEST_SILENCE = 366 * 86_400;

/**
 * Reads the command line of `run`.
 *
 * @param args the arguments behind `run`
 * @param readVariable reads an environment variable
 * @returns the options; `null` where help is wanted
 * @throws {ConfigError} that names the flag, what was wanted and what came
 */
export function parseRun(
  args: readonly string[],
  readVariable: (name: string) => string | undefined,
): RunOptions | null {
  const { own, command } = splitCommand(args);
  const given = readFlags(RUN_FLAGS, own, readVariable);
  if (given.wantsHelp) return null;
  const [program] = command;
  if (program === undefined) throw new ConfigError("run needs a command, as in: taskscope run -- make all");
  const [name = nameOf(program)] = given.flags.get("name")!;
  return {
    command,
    name,
    ...targetFrom(given, readVariable),
    id: idOf(given),
    tags: tagsOf(given),
    staleAfter: secondsOf(given, "stale-after", Number.MIN_VALUE, LONGEST_SILENCE),
    graceMs: secondsOf(given, "grace", 0, LONGEST_GRACE)! * 1000,
    hasOwnTerminal: given.flags.get("pty")!.length > 0,
    showsCommand: given.flags.get("show-command")!.length > 0,
    isQuiet: given.flags.get("quiet")!.length > 0,
  };
}

/** The help of `run`. */
export function runHelp(): string {
  const about = [
    "Runs a command, and shows it as a task: its output as the log, progress where the output tells it. The command " +
    "does not notice: its output, its status and signals pass through, server or not.",
    "Progress is read from percentages, 3/17, 3 of 17, the bars of many programs (tqdm, rsync, wget, curl, ffmpeg, " +
    "pip, git, docker, apt, dd, tar, CMake, ninja), and from lines such as " +
    '{"progress": 42, "status": "Reading a.txt"}.',
    "Ends with the status of the command, or 128 and the number of the signal that ended it; 125 where taskscope " +
    "itself failed, 126 where the command can't be executed, 127 where there is no such command.",
  ].join("\n\n");
  return commandHelp("run [flags] [--] <command> [<argument>…]", about, helpOf(RUN_FLAGS), [
    "taskscope run -- rsync -a --info=progress2 from/ to/",
    "taskscope run --name backup --tag nightly --stale-after 600 -- ./backup.sh",
    "taskscope run --pty -- docker build .",
  ]);
}

/** Our flags end where the command begins: behind `--`, or with the first word that is no flag. */
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

/** Whether the word behind a flag is its value. */
function takesValue(arg: string): boolean {
  const name = arg.replace(/^--/, "");
  return Object.hasOwn(RUN_FLAGS, name) && RUN_FLAGS[name as keyof typeof RUN_FLAGS].kind !== "switch";
}

function nameOf(program: string): string {
  return program.replace(/[/\\]+$/, "").split(/[/\\]/).at(-1) || program;
}

function idOf({ flags, nameOf }: GivenFlags): string | undefined {
  const [id] = flags.get("id")!;
  if (id === undefined || isTaskId(id)) return id;
  throw new ConfigError(
    `${nameOf("id")} must be 1 to 128 of A-Z a-z 0-9 . _ : - and not a reserved word, received ${shown(id)}`,
  );
}

function tagsOf({ flags, nameOf }: GivenFlags): readonly string[] {
  const tags = flags.get("tag")!;
  const isGood = tags.length <= LIMITS.tags && tags.every((tag) => tag.length <= LIMITS.tagLength);
  if (isGood) return tags;
  throw new ConfigError(
    `${nameOf("tag")} takes at most ${LIMITS.tags} words of at most ${LIMITS.tagLength} characters`,
  );
}

function secondsOf(
  { flags, nameOf }: GivenFlags,
  flag: string,
  least: number,
  most: number,
): number | null {
  const [text] = flags.get(flag)!;
  if (text === undefined) return null;
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds >= least && seconds <= most) return seconds;
  const from = least === 0 ? "from 0" : "above 0";
  throw new ConfigError(
    `${nameOf(flag)} must be a number of seconds ${from} to ${most}, received ${shown(text)}`,
  );
}

/** On one line, and cut. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
