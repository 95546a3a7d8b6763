/**
 * `taskscope token`: signs a token with the key; no server is needed.
 *
 * @module
 */

import { checkKey, Keyring } from "../access/keyring.ts";
import type { Scope } from "../access/grant.ts";
import { readVariable } from "../environment.ts";
import { ConfigError } from "../errors.ts";
import type { CommandSyntax } from "./command.ts";
import { EXIT } from "./exit_status.ts";
import { clientToken, oneOf, quoteValue, refuseOperands, taskId } from "./flag_values.ts";
import { type FlagTable, readFlags } from "./flags.ts";
import { showHelp } from "./help.ts";
import { KEY_FLAGS, KEY_VARIABLE, keyFrom } from "./key.ts";
import { writeLine } from "./terminal.ts";

const SCOPES: readonly Scope[] = ["read", "write"];

const FLAGS = {
  may: {
    kind: "value",
    placeholder: "<read|write>",
    help: "what the token allows: to see tasks (read), or to report tasks but see none (write); required",
    ...oneOf(SCOPES),
  },
  client: {
    kind: "value",
    placeholder: "<name>",
    help: "client to whose tasks the token gives access (required)",
    parse: clientToken,
  },
  task: {
    kind: "value",
    placeholder: "<id>",
    help: "limit the token to the task with this id",
    parse: taskId,
  },
  expires: {
    kind: "value",
    placeholder: "<time>",
    fallback: "30d",
    help: "lifetime, such as 12h or 30d, or never",
    parse: lifetimeFrom,
  },
  ...KEY_FLAGS,
} as const satisfies FlagTable;

/** The syntax of `token`. */
export const TOKEN: CommandSyntax = {
  usage: "token --may <read|write> --client <name> [flags]",
  description:
    "Prints a token, which can be used in place of the key, but only for the tasks of one client, and until it " +
    "expires. Changing the server's key revokes all tokens.",
  flags: FLAGS,
  exitStatuses: {
    [EXIT.ok]: "success",
    [EXIT.usage]: "invalid command line, or no key, or a token in its place",
  },
  examples: [
    "taskscope token --key-file key --may read --client ci --expires 7d",
    "taskscope token --key-file key --may write --client ci --expires never",
  ],
};

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/**
 * Signs a token.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong, or there is no key
 */
export function tokenCommand(args: readonly string[]): number {
  const commandLine = readFlags(FLAGS, args, readVariable);
  if (commandLine === null) return showHelp(TOKEN);
  refuseOperands(commandLine.operands, "token");
  const { may, client, task = null, expires: seconds } = commandLine.values;
  if (may === undefined) throw new ConfigError("token needs --may read or --may write");
  if (client === undefined) {
    throw new ConfigError("token needs --client with the client whose tasks it gives access to");
  }
  const key = keyFrom(commandLine, readVariable);
  if (key === null) throw new ConfigError(`token needs the key: pass --key-file, or set ${KEY_VARIABLE}`);
  const keyring = new Keyring(checkKey(key.key, key.source));
  const expiresAt = seconds === null ? null : Math.floor(Date.now() / 1_000 + seconds);
  writeLine(keyring.sign({ may, client, taskId: task, expiresAt }));
  return EXIT.ok;
}

/** Parses a lifetime, and returns it in seconds; `null` for `never`. */
function lifetimeFrom(text: string, source: string): number | null {
  if (text === "never") return null;
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined && Number(count) > 0) {
    return Number(count) * UNIT_SECONDS[unit]!;
  }
  throw new ConfigError(
    `${source} must be never or a time such as 90s, 45m, 12h or 30d, received ${quoteValue(text)}`,
  );
}
