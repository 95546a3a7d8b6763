/**
 * The commands that a monitor sends to its reporters, over a channel or a network connection.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { parseKey } from "../task/protocol.ts";
import { object } from "../task/field_checks.ts";

/** A command to a reporter about one of its tasks. */
export type ReporterCommand =
  /**
   * `cancel`: a watcher requests cancellation. `interrupt`: the server's process is about to end. `unknown`:
   * the receiver does not have the task, so the reporter must report the whole task again.
   */
  | { readonly type: "cancel" | "interrupt" | "unknown"; readonly client: string; readonly id: string }
  /** The command that tells the reporter that the task's reports are rejected. */
  | {
    readonly type: "refused";
    readonly client: string;
    readonly id: string;
    /** The reason to display; `null` if the task was ended by another party. */
    readonly reason: string | null;
  };

/**
 * Parses a command.
 *
 * @param value the output of `JSON.parse`
 * @returns the command, with every field checked
 * @throws {ProtocolError} if the value is not a command
 */
export function parseCommand(value: unknown): ReporterCommand {
  const { type, client, id, reason } = object(value, "command");
  const key = parseKey(client, id);
  if (type === "cancel" || type === "interrupt" || type === "unknown") return { type, ...key };
  if (type === "refused") return { type, ...key, reason: typeof reason === "string" ? reason : null };
  throw new ProtocolError(`Cannot read command: wanted a known type, received ${String(type)}`);
}
