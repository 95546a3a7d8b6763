/**
 * `taskscope check`: tests a server's health, or a database file's integrity.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { countNoun, formatBytes } from "../../text/format.ts";
import { inspectDatabase } from "../../store/sqlite/copies.ts";
import { isPostgresUrl } from "../../store/postgres_url.ts";
import { ConfigError } from "../../errors.ts";
import { readTaskList } from "../../task/wire.ts";
import { fieldOf, request, unexpectedResponse } from "../client/api.ts";
import { CommandError, type CommandSyntax } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { withFile } from "./data_file.ts";
import { refuseOperands } from "../flag_values.ts";
import { type FlagTable, readFlags } from "../flags.ts";
import { showHelp } from "../help.ts";
import { note, writeLine } from "../terminal.ts";
import { keyHeaders } from "../../remote/credentials.ts";
import { type Target, TARGET_FLAGS, targetFrom } from "../client/target.ts";

const FLAGS = {
  data: {
    kind: "value",
    placeholder: "<file>",
    help:
      "check this database file or postgres://user@host/database instead of a server; TASKSCOPE_DATA is ignored",
  },
  "new-epoch": {
    kind: "switch",
    help: "make watchers start over; needed after a backup of PostgreSQL was restored",
  },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

/** The syntax of `check`. */
export const CHECK: CommandSyntax = {
  usage: "check [flags]",
  description:
    "Checks that a server is ready, or that a database is intact. A server may use the database meanwhile.",
  flags: FLAGS,
  exitStatuses: {
    [EXIT.ok]: "the server is ready, or the database is intact",
    [EXIT.failed]:
      "the server is not ready; or the database is damaged or not usable, or a crash had lost changes",
    [EXIT.usage]: "invalid command line",
    [EXIT.missing]: "the server cannot be reached or refused the request",
  },
  examples: [
    "taskscope check",
    "taskscope check --data /var/lib/taskscope/tasks.db",
    "taskscope check --data postgres://taskscope@db.example/taskscope",
  ],
};

/** Request timeout, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Checks a server or a database file.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {CommandError} if the server cannot be reached or refuses the request, or the file is damaged
 */
export async function checkCommand(args: readonly string[]): Promise<number> {
  // TASKSCOPE_DATA is not read here: it configures a server on this machine, and must not turn a check of
  // that server into a check of its file.
  const commandLine = readFlags(
    FLAGS,
    args,
    (name) => name === "TASKSCOPE_DATA" ? undefined : readVariable(name),
  );
  if (commandLine === null) return showHelp(CHECK);
  refuseOperands(commandLine.operands, "check", "pass a file with --data");
  const { data, "new-epoch": isNewEpoch } = commandLine.values;
  if (data !== undefined && isPostgresUrl(data)) return await checkPostgres(data, isNewEpoch);
  if (isNewEpoch) throw new ConfigError("--new-epoch needs --data postgres://user@host/database");
  return data === undefined
    ? await checkServer(targetFrom(commandLine, readVariable))
    : await checkFile(data);
}

async function checkFile(file: string): Promise<number> {
  const { version, unfinished, ended, clients, bytes, loss } = await withFile(() => inspectDatabase(file));
  const tasks = `${countNoun(ended, "ended task")} and ${unfinished} unfinished`;
  const size = `${formatBytes(bytes)}, schema version ${version}`;
  const what = loss === null ? file : `The rest of ${file}`;
  writeLine(`${what} is intact: ${tasks} of ${countNoun(clients, "client")}; ${size}`);
  if (loss === null) return EXIT.ok;
  note(loss);
  return EXIT.failed;
}

async function checkPostgres(url: string, isNewEpoch: boolean): Promise<number> {
  const { inspectPostgres } = await import("../../store/postgres/inspect_postgres.ts");
  const { name, version, unfinished, ended, clients, bytes } = await withFile(() =>
    inspectPostgres(url, isNewEpoch)
  );
  const tasks = `${countNoun(ended, "ended task")} and ${unfinished} unfinished`;
  const size = `${formatBytes(bytes)}, schema version ${version}`;
  writeLine(`${name} is intact: ${tasks} of ${countNoun(clients, "client")}; ${size}`);
  if (isNewEpoch) writeLine("Watchers start over once the server is started");
  return EXIT.ok;
}

async function checkServer(target: Target): Promise<number> {
  const { server, client } = target;
  // This request also detects a server that is not Taskscope.
  const list = await request(target, "?limit=1");
  if (list.status !== 200 || readTaskList(list.body).cursor === null) throw unexpectedResponse(target, list);
  const response = await fetch(`${server}/readyz`, {
    headers: keyHeaders(target.key),
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause) => {
    throw new CommandError(EXIT.missing, `Cannot reach ${server}/readyz`, { cause });
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) {
    writeLine(`${server} is ready and serves the tasks of client "${client}"`);
    const damaged = Number(fieldOf(body, "damaged_records") ?? 0);
    if (damaged > 0) {
      note(
        `The server leaves out ${countNoun(damaged, "task")} whose records are damaged; its log names them`,
      );
    }
    return EXIT.ok;
  }
  const reason = fieldOf(body, "detail") ?? `/readyz responded with status ${response.status}`;
  note(`${server} is not ready: ${String(reason)}`);
  return EXIT.failed;
}
