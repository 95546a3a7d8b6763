/**
 * `taskscope ls`: lists tasks.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { ConfigError } from "../../errors.ts";
import { isTaskState } from "../../task/grammar.ts";
import { TASK_STATES } from "../../task/task.ts";
import { MAX_PAGE_SIZE } from "../../task/task_query.ts";
import { comparePlace } from "../../task/task_view.ts";
import { textBars } from "../../text/text_bars.ts";
import { readTask } from "../../task/wire.ts";
import { ask, fieldOf, refusal } from "./api.ts";
import { EXIT } from "../command.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { commandHelp, helpOf } from "../help.ts";
import { isInteractive, note, outputWidth, wantsColor, write, writeLine } from "../terminal.ts";
import { type Target, TARGET_FLAGS, targetFrom } from "./target.ts";

const FLAGS = {
  state: {
    kind: "list",
    placeholder: "<state>",
    help: "only tasks in these states, such as PROCESSING,ERROR",
  },
  name: { kind: "value", placeholder: "<name>", help: "only tasks of this name; * stands for anything" },
  json: { kind: "switch", help: "print the records, a line of JSON each" },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

const HELP = "Lists tasks, those that have not ended first, and ends with 0; with 4 where no server answers.";

const EXAMPLES = [
  "taskscope ls --state PROCESSING,ERROR",
  "taskscope ls --client ci --name 'build *'",
  "taskscope ls --json | jq -r .id",
];

/**
 * Lists tasks.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong
 * @throws {CommandError} where there is no server
 */
export async function lsCommand(args: readonly string[]): Promise<number> {
  const given = readFlags(FLAGS, args, readVariable);
  if (given.wantsHelp) {
    writeLine(commandHelp("ls [flags]", HELP, helpOf(FLAGS), EXAMPLES));
    return EXIT.ok;
  }
  const [operand] = given.operands;
  if (operand !== undefined) {
    throw new ConfigError(`ls takes no "${operand}"; --name and --state choose tasks`);
  }
  const target = targetFrom(given, readVariable);
  const filters = new URLSearchParams();
  const states = given.flags.get("state")!.flatMap((text) => text.split(","));
  if (states.length > 0) filters.set("state", statesFrom(states, given.nameOf("state")).join());
  const [name] = given.flags.get("name")!;
  if (name !== undefined) filters.set("name", name);

  const records = await recordsOf(target, filters);
  const found = records.flatMap((record) => {
    const task = readTask(record);
    return task === null ? [] : [{ record, task }];
  }).sort((left, right) => comparePlace(left.task, right.task));
  if (given.flags.get("json")!.length > 0) {
    write(found.map(({ record }) => `${harmlessJson(record)}\n`).join(""));
  } else {
    const lines = textBars(found.map(({ task }) => task), {
      width: outputWidth(),
      now: Date.now() / 1_000,
      color: wantsColor(),
      isList: true,
    });
    write(lines.map((line) => `${line}\n`).join(""));
    if (lines.length === 0 && isInteractive()) {
      note(`no such tasks of client ${target.client} at ${target.server}`);
    }
  }
  return EXIT.ok;
}

function statesFrom(texts: readonly string[], name: string): string[] {
  return texts.map((text) => {
    const state = text.trim().toUpperCase();
    if (isTaskState(state)) return state;
    throw new ConfigError(`${name} must be of ${TASK_STATES.join(", ")}, received ${JSON.stringify(text)}`);
  });
}

/** The records as the server has them: a field that this version does not know is in the output all the same. */
async function recordsOf(target: Target, filters: URLSearchParams): Promise<readonly unknown[]> {
  if (filters.size === 0) return Object.values((await listOf(target, "")).records);
  // A task that moves to another page meanwhile is there once all the same.
  const records = new Map<string, unknown>();
  let page: number | null = 1;
  while (page !== null) {
    const query = new URLSearchParams([...filters, ["limit", String(MAX_PAGE_SIZE)], ["page", String(page)]]);
    const list = await listOf(target, `?${query}`);
    for (const [id, record] of Object.entries(list.records)) records.set(id, record);
    page = list.nextPage;
  }
  return [...records.values()];
}

interface List {
  readonly records: Readonly<Record<string, unknown>>;
  readonly nextPage: number | null;
}

async function listOf(target: Target, query: string): Promise<List> {
  const answer = await ask(target, query);
  const all = fieldOf(answer.body, "all_tasks");
  const nextPage = fieldOf(answer.body, "next_page");
  if (answer.status !== 200 || typeof all !== "object" || all === null) throw refusal(target, answer);
  return { records: { ...all }, nextPage: typeof nextPage === "number" ? nextPage : null };
}

/** JSON leaves some characters as they are that a terminal obeys. */
function harmlessJson(record: unknown): string {
  return JSON.stringify(record).replace(/[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
