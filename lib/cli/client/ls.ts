/**
 * `taskscope ls`: lists tasks.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { now } from "../../clock.ts";
import { ConfigError } from "../../errors.ts";
import { isTaskState, TASK_STATES, type TaskState } from "../../task/task.ts";
import { MAX_PAGE_SIZE } from "../../task/task_query.ts";
import { inTrees } from "../../task/task_tree.ts";
import { comparePlace } from "../../task/task_view.ts";
import { textBars } from "../../text/text_bars.ts";
import { readTask } from "../../task/wire.ts";
import { fieldOf, request, unexpectedResponse } from "./api.ts";
import type { CommandSyntax } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { quoteValue, refuseOperands } from "../flag_values.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { showHelp } from "../help.ts";
import { didYouMean } from "../suggestion.ts";
import { isInteractive, note, outputWidth, wantsColor, write } from "../terminal.ts";
import { type Target, TARGET_FLAGS, targetFrom } from "./target.ts";

const FLAGS = {
  state: {
    kind: "list",
    placeholder: "<state>",
    help: "only tasks in these states, such as PROCESSING,ERROR",
    values: TASK_STATES,
    parse: statesFrom,
  },
  name: {
    kind: "value",
    placeholder: "<name>",
    help: "only tasks with this name; * matches any characters",
  },
  json: { kind: "switch", help: "print each task as one line of JSON" },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

/** The syntax of `ls`. */
export const LS: CommandSyntax = {
  usage: "ls [flags]",
  description:
    "Lists tasks: first tasks that have not ended, then ended tasks, newest first; subtasks are below their parents.",
  flags: FLAGS,
  exitStatuses: {
    [EXIT.ok]: "the list was printed, even if it is empty",
    [EXIT.usage]: "invalid command line",
    [EXIT.missing]: "the server cannot be reached or refused the request",
  },
  examples: [
    "taskscope ls --state PROCESSING,ERROR",
    "taskscope ls --client ci --name 'build *'",
    "taskscope ls --json | jq -r .id",
  ],
};

/**
 * Lists tasks.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the server cannot be reached or refuses the request
 */
export async function lsCommand(args: readonly string[]): Promise<number> {
  const commandLine = readFlags(FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(LS);
  refuseOperands(commandLine.operands, "ls", "--name and --state filter the list");
  const { state: states, name, json } = commandLine.values;
  const target = targetFrom(commandLine, readVariable);
  const filters = new URLSearchParams();
  if (states.length > 0) filters.set("state", states.flat().join());
  if (name !== undefined) filters.set("name", name);

  const { records, clockOffset } = await recordsOf(target, filters);
  const found = records.flatMap((record) => {
    const task = readTask(record);
    return task === null ? [] : [{ record, task }];
  }).sort((left, right) => comparePlace(left.task, right.task));
  if (json) {
    write(found.map(({ record }) => `${terminalSafeJson(record)}\n`).join(""));
  } else {
    const trees = inTrees(found.map(({ task }) => task));
    const lines = textBars(trees.map(({ task }) => task), {
      depths: trees.map(({ depth }) => depth),
      width: outputWidth(),
      now: now() + clockOffset,
      color: wantsColor(),
      isList: true,
    });
    write(lines.map((line) => `${line}\n`).join(""));
    if (lines.length === 0 && isInteractive()) {
      note(`No matching tasks of client "${target.client}" at ${target.server}`);
    }
  }
  return EXIT.ok;
}

function statesFrom(list: string, source: string): readonly TaskState[] {
  return list.split(",").map((text) => {
    const state = text.trim().toUpperCase();
    if (isTaskState(state)) return state;
    const hint = didYouMean(state, TASK_STATES, "");
    throw new ConfigError(
      `${source} must be one of ${TASK_STATES.join(", ")}, received ${quoteValue(text)}${hint}`,
    );
  });
}

/**
 * Fetches the records exactly as the server sent them, so that `--json` also prints fields that this version does not
 * know.
 */
async function recordsOf(target: Target, filters: URLSearchParams): Promise<FoundRecords> {
  if (filters.size === 0) {
    const { records, clockOffset } = await listOf(target, "");
    return { records: Object.values(records), clockOffset };
  }
  // The map deduplicates by id, because a task may move to another page between two requests.
  const records = new Map<string, unknown>();
  let clockOffset = 0;
  let page: number | null = 1;
  while (page !== null) {
    const query = new URLSearchParams([...filters, ["limit", String(MAX_PAGE_SIZE)], ["page", String(page)]]);
    const list = await listOf(target, `?${query}`);
    for (const [id, record] of Object.entries(list.records)) records.set(id, record);
    page = list.nextPage;
    clockOffset = list.clockOffset;
  }
  return { records: [...records.values()], clockOffset };
}

interface FoundRecords {
  readonly records: readonly unknown[];
  readonly clockOffset: number;
}

interface RecordList {
  readonly records: Readonly<Record<string, unknown>>;
  readonly nextPage: number | null;
  readonly clockOffset: number;
}

async function listOf(target: Target, query: string): Promise<RecordList> {
  const response = await request(target, query);
  const all = fieldOf(response.body, "all_tasks");
  const nextPage = fieldOf(response.body, "next_page");
  if (response.status !== 200 || typeof all !== "object" || all === null) {
    throw unexpectedResponse(target, response);
  }
  return {
    records: { ...all },
    nextPage: typeof nextPage === "number" ? nextPage : null,
    clockOffset: response.clockOffset,
  };
}

/**
 * Serialises a record to JSON, and also escapes control and bidirectional characters, which JSON allows but
 * terminals interpret.
 */
function terminalSafeJson(record: unknown): string {
  return JSON.stringify(record).replace(/[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
