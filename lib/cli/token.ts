/**
 * `taskscope token`: makes a token of the key, without a server.
 *
 * @module
 */

import { checkKey, Keyring } from "../access/keyring.ts";
import type { Scope } from "../access/grant.ts";
import { readVariable } from "../environment.ts";
import { ConfigError } from "../errors.ts";
import { isClientToken, isTaskId } from "../task/grammar.ts";
import { EXIT } from "./command.ts";
import { type FlagTable, readFlags } from "./flags.ts";
import { commandHelp, helpOf } from "./help.ts";
import { KEY_FLAGS, KEY_VARIABLE, keyFrom } from "./key.ts";
import { writeLine } from "./terminal.ts";

const FLAGS = {
  may: {
    kind: "value",
    placeholder: "<read|write>",
    help: "what its holder may do: look, or report and see nothing",
  },
  client: { kind: "value", placeholder: "<token>", help: "client token of the tasks that it is for" },
  task: { kind: "value", placeholder: "<id>", help: "the only task that it is for" },
  expires: {
    kind: "value",
    placeholder: "<time>",
    fallback: "30d",
    help: "how long it is good for, such as 12h or 30d; never means until the key changes",
  },
  ...KEY_FLAGS,
} as const satisfies FlagTable;

const HELP =
  "Prints a token that is used in the place of the key, and does less. Another key ends every token.";

const EXAMPLES = [
  "taskscope token --key-file key --may read --client ci --expires 7d",
  "taskscope token --key-file key --may write --client ci --expires never",
];

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/**
 * Makes a token.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong, or there is no key
 */
export async function tokenCommand(args: readonly string[]): Promise<number> {
  const given = readFlags(FLAGS, args, readVariable);
  if (given.wantsHelp) {
    writeLine(
      commandHelp("token --may <read|write> --client <token> [flags]", HELP, helpOf(FLAGS), EXAMPLES),
    );
    return EXIT.ok;
  }
  const [operand] = given.operands;
  if (operand !== undefined) throw new ConfigError(`token takes no "${operand}"; --help lists what it takes`);
  const one = (name: keyof typeof FLAGS) => given.flags.get(name)?.[0];
  const may = scopeFrom(one("may"), given.nameOf("may"));
  const client = one("client");
  if (client === undefined || !isClientToken(client)) {
    throw new ConfigError(
      `${given.nameOf("client")} must be the client token that it is for, received ${shown(client)}`,
    );
  }
  const taskId = one("task") ?? null;
  if (taskId !== null && !isTaskId(taskId)) {
    throw new ConfigError(`${given.nameOf("task")} must be the id of a task, received ${shown(taskId)}`);
  }
  const seconds = secondsFrom(one("expires")!, given.nameOf("expires"));
  const key = keyFrom(given, readVariable);
  if (key === null) throw new ConfigError(`token needs the key, by --key-file or ${KEY_VARIABLE}`);
  const keyring = new Keyring(checkKey(key.key, key.name));
  const expiresAt = seconds === null ? null : Math.floor(Date.now() / 1_000 + seconds);
  writeLine(await keyring.sign({ may, client, taskId, expiresAt }));
  return EXIT.ok;
}

function scopeFrom(text: string | undefined, name: string): Scope {
  if (text === "read" || text === "write") return text;
  throw new ConfigError(`${name} must be read or write, received ${shown(text)}`);
}

function secondsFrom(text: string, name: string): number | null {
  if (text === "never") return null;
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined && Number(count) > 0) {
    return Number(count) * UNIT_SECONDS[unit]!;
  }
  throw new ConfigError(
    `${name} must be a time such as 90s, 45m, 12h or 30d, or never, received ${shown(text)}`,
  );
}

function shown(text: string | undefined): string {
  return text === undefined ? "nothing" : JSON.stringify(text.slice(0, 200));
}
