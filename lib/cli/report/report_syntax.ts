/**
 * The syntax of `taskscope report` and of the commands below it.
 *
 * @module
 */

import type { CommandSyntax } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import {
  CANCELLED_FLAGS,
  FAIL_FLAGS,
  FINISH_FLAGS,
  LOG_FLAGS,
  START_FLAGS,
  UPDATE_FLAGS,
} from "./report_flags.ts";

const REFUSED = "the report was refused, as the task has already ended or another reporter runs it";
const MISSING = "no such task, or the server cannot be reached or refused the request";

const EXIT_STATUSES: Readonly<Record<string, string>> = {
  [EXIT.ok]: "the server has stored the report",
  [EXIT.failed]: REFUSED,
  [EXIT.usage]: "invalid command line",
  [EXIT.cancelled]:
    "the task was cancelled, or was requested to stop; the report was stored if the task had not ended",
  [EXIT.missing]: MISSING,
};

const END_EXIT_STATUSES: Readonly<Record<string, string>> = {
  ...EXIT_STATUSES,
  [EXIT.cancelled]: "the task had already ended as cancelled",
};

/** The syntax of `report`. */
export const REPORT = {
  usage: "report <command>",
  description: [
    "Reports a task from a script. A report is resent while the server restarts. Reports are numbered, so a report that " +
    "arrives late or twice changes nothing, unless another process reports the same task before the retry: then the " +
    "report may be stored twice, and a message says so.",
    "The exit status is 3 once someone has cancelled the task, so that a script can stop: " +
    'taskscope report update "$id" --current 3 || exit',
  ].join("\n\n"),
  flags: {},
  exitStatuses: EXIT_STATUSES,
  examples: [
    "id=$(taskscope report start backup --total 10 --unit files)",
    'taskscope report update "$id" --current 3 --status="Copying a.txt"',
    'taskscope report log "$id" -- "a line"',
    'taskscope report finish "$id" --result=\'{"files": 10}\'',
    'taskscope report fail "$id" --message="disk full"',
  ],
  subcommands: {
    start: {
      help: "Create a task, and print its id",
      syntax: {
        usage: "report start <name> [flags]",
        description:
          "Creates a task that is running, and prints its id. With --best-effort, the id is printed even if " +
          "the server cannot be reached.",
        flags: START_FLAGS,
        exitStatuses: {
          ...EXIT_STATUSES,
          [EXIT.failed]: "the id belongs to another task, or the task has already ended",
        },
        examples: [
          "id=$(taskscope report start backup --total 10 --unit files)",
          "id=$(taskscope report start deploy --id deploy-42 --stale-after 600)",
        ],
      },
    },
    update: {
      help: "Report progress",
      syntax: {
        usage: "report update <id> [flags]",
        description: "Reports progress; fields that are not given stay as they are.",
        flags: UPDATE_FLAGS,
        exitStatuses: EXIT_STATUSES,
        examples: [
          'taskscope report update "$id" --current 3 --status="Copying a.txt" || exit',
          'taskscope report update "$id" --progress 42 --best-effort',
          'taskscope report update "$id" --value loss=0.12 --value accuracy=0.9',
        ],
      },
    },
    log: {
      help: "Add lines to the log",
      syntax: {
        usage: "report log <id> <line>… [flags]",
        description:
          "Adds lines to the log of a task. With - in place of the lines, reads them from standard input, and sends " +
          "them as they arrive. If a line may be or begin with a hyphen, write -- before the lines.",
        flags: LOG_FLAGS,
        exitStatuses: EXIT_STATUSES,
        examples: [
          'taskscope report log "$id" -- "$line"',
          'make all 2>&1 | tee build.log | taskscope report log "$id" -',
        ],
      },
    },
    finish: {
      help: "Report that the task has finished",
      syntax: {
        usage: "report finish <id> [flags]",
        description: "Reports that a task has finished. A repeated report changes nothing.",
        flags: FINISH_FLAGS,
        exitStatuses: END_EXIT_STATUSES,
        examples: ['taskscope report finish "$id" --result=\'{"files": 10}\''],
      },
    },
    fail: {
      help: "Report that the task has failed",
      syntax: {
        usage: "report fail <id> [flags]",
        description: "Reports that a task has failed. A repeated report changes nothing.",
        flags: FAIL_FLAGS,
        exitStatuses: END_EXIT_STATUSES,
        examples: ['taskscope report fail "$id" --message="disk full" --type NoSpace'],
      },
    },
    cancelled: {
      help: "Report that the task has stopped, as was requested",
      syntax: {
        usage: "report cancelled <id> [flags]",
        description:
          "Reports that a task has stopped because it was cancelled. A repeated report changes nothing.",
        flags: CANCELLED_FLAGS,
        exitStatuses: EXIT_STATUSES,
        examples: ['taskscope report update "$id" || { taskscope report cancelled "$id"; exit 3; }'],
      },
    },
  },
} as const satisfies CommandSyntax;
