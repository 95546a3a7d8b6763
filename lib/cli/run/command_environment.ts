/**
 * Sets the environment variables of a command: the mark of its processes, where its tasks are reported, and a token
 * instead of the server's key.
 *
 * @module
 */

import { now } from "../../clock.ts";
import type { RunBinding } from "../../access/grant.ts";
import { variableOf } from "../flags.ts";
import { KEY_VARIABLE } from "../key.ts";
import type { Target } from "../client/target.ts";
import { MARK_VARIABLE } from "./processes.ts";
import { PARENT_VARIABLE } from "../../reporter/surrounding_task.ts";

/** The variables that a command does not inherit: the key, and variables that apply to one task only. */
const HIDDEN_VARIABLES = [
  KEY_VARIABLE,
  PARENT_VARIABLE,
  ...["key-file", "id", "name", "expect"].map(variableOf),
];
/** The longest lifetime of a command's token in seconds, even if the run takes longer: 30 days. */
const MAX_TOKEN_SECONDS = 30 * 24 * 60 * 60;

/** Options of {@linkcode commandEnvironment}. */
export interface CommandEnvironmentOptions extends Pick<Target, "server" | "client"> {
  /** The text in the environment of the command's processes by which they are recognised. */
  readonly mark: string;
  /** The token for the command; `null` if there is none. */
  readonly token: string | null;
  /** The id of the task whose subtasks the command's tasks become; `null` if they become no subtasks. */
  readonly parentId: string | null;
  /** Reads a variable of this process. */
  readonly readVariable: (name: string) => string | undefined;
}

/** Returns the variables whose value for a command differs from the value in this process. */
export function commandEnvironment(
  { mark, token, server, client, parentId, readVariable }: CommandEnvironmentOptions,
): Readonly<Record<string, string>> {
  const outer = readVariable(MARK_VARIABLE) ?? "";
  // A variable can be replaced but not removed; an empty one counts as missing.
  const hidden = HIDDEN_VARIABLES.filter((name) => readVariable(name) !== undefined);
  return {
    ...Object.fromEntries(hidden.map((name) => [name, ""])),
    [variableOf("server")]: server,
    [variableOf("client")]: client,
    ...(token !== null && { [KEY_VARIABLE]: token }),
    ...(parentId !== null && { [PARENT_VARIABLE]: parentId }),
    [MARK_VARIABLE]: outer === "" ? mark : `${outer},${mark}`,
  };
}

/**
 * Returns a token with which a command can report tasks. The command does not get the server's key, because it may
 * print its environment.
 *
 * @param target the key or token of this process, and the client
 * @param run the run of the command
 * @returns a token that may write the client's tasks until an hour after the end of the run; the token of this
 * process if it has only a token; `null` if it has neither a key nor a token
 */
export async function tokenFor(
  { key, client }: Pick<Target, "key" | "client">,
  run: Omit<RunBinding, "signedAt">,
): Promise<string | null> {
  if (key === null || isToken(key)) return key;
  const { Keyring } = await import("../../access/keyring.ts");
  const signedAt = now();
  const expiresAt = signedAt + MAX_TOKEN_SECONDS;
  const binding = { ...run, signedAt };
  return new Keyring(key).sign({ may: "write", client, taskId: null, expiresAt, run: binding });
}

/** Returns whether a text has the form of a JSON Web Token (RFC 7519): three parts, of which the first is an object. */
function isToken(text: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}
