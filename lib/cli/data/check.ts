/**
 * `taskscope check`: whether a server is well, or a file of tasks.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { ConfigError } from "../../errors.ts";
import { countNoun, formatBytes } from "../../text/format.ts";
import { inspectDatabase } from "../../store/sqlite/copies.ts";
import { readTaskList } from "../../task/wire.ts";
import { ask, fieldOf, refusal } from "../client/api.ts";
import { EXIT } from "../command.ts";
import { withFile } from "./data_file.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { commandHelp, helpOf } from "../help.ts";
import { note, writeLine } from "../terminal.ts";
import { keyHeaders } from "../../remote/credentials.ts";
import { type Target, TARGET_FLAGS, targetFrom } from "../client/target.ts";

const FLAGS = {
  data: { kind: "value", placeholder: "<file>", help: "look through this file, and ask no server" },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

const HELP = [
  "Asks a server whether it is well, or looks through a file of tasks from end to end, also while its server writes.",
  "Ends with 0 where all is well, 1 where something is wrong, 4 where no server answers.",
].join(" ");

/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Checks a server or a file.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong
 * @throws {CommandError} where there is no server, or it refuses
 */
export async function checkCommand(args: readonly string[]): Promise<number> {
  // Where a server keeps its tasks is not what is asked: the variable of that name is the server's.
  const given = readFlags(FLAGS, args, (name) => name === "TASKSCOPE_DATA" ? undefined : readVariable(name));
  if (given.wantsHelp) {
    writeLine(commandHelp("check [flags]", HELP, helpOf(FLAGS), [
      "taskscope check",
      "taskscope check --data /var/lib/taskscope/tasks.db",
    ]));
    return EXIT.ok;
  }
  const [operand] = given.operands;
  if (operand !== undefined) throw new ConfigError(`check takes no "${operand}"; --data names a file`);
  const file = given.flags.get("data")![0];
  return file === undefined ? await checkServer(targetFrom(given, readVariable)) : await checkFile(file);
}

async function checkFile(file: string): Promise<number> {
  const { version, unfinished, ended, clients, bytes } = await withFile(() => inspectDatabase(file));
  const tasks = `${countNoun(ended, "ended task")}, ${unfinished} that had not ended`;
  writeLine(
    `${file} is sound: ${tasks}, of ${countNoun(clients, "client")}; ${
      formatBytes(bytes)
    }, tables of version ${version}`,
  );
  return EXIT.ok;
}

async function checkServer(target: Target): Promise<number> {
  const { server, client } = target;
  // Also tells a Taskscope from something else that listens there.
  const answer = await ask(target, "?limit=1");
  if (answer.status !== 200 || readTaskList(answer.body).cursor === null) throw refusal(target, answer);
  const response = await fetch(`${server}/readyz`, {
    headers: keyHeaders(target.key),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) {
    writeLine(`${server} is well, and answers for client ${client}`);
    return EXIT.ok;
  }
  note(`${server} is not well: ${String(fieldOf(body, "detail") ?? `/readyz answers ${response.status}`)}`);
  return EXIT.failed;
}
