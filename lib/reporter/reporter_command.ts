/**
 * What is told to the side that runs a task, over the channel of a process and between processes alike.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { object, parseKey } from "../task/protocol.ts";

/** What is told to the side that runs a task. */
export type ReporterCommand =
  /** Somebody asks it to stop; the process is about to end; nothing is known of it, so all has to be said again. */
  | { readonly type: "cancel" | "interrupt" | "unknown"; readonly client: string; readonly id: string }
  /** Its reports are not taken. */
  | {
    readonly type: "refused";
    readonly client: string;
    readonly id: string;
    /** Why, for people; `null` where somebody else has ended it. */
    readonly reason: string | null;
  };

/**
 * Reads what is told to the side that runs a task.
 *
 * @param value what `JSON.parse` gave
 * @returns the command
 * @throws {ProtocolError} where it is none
 */
export function parseCommand(value: unknown): ReporterCommand {
  const { type, client, id, reason } = object(value, "command");
  const key = parseKey(client, id);
  if (type === "cancel" || type === "interrupt" || type === "unknown") return { type, ...key };
  if (type === "refused") return { type, ...key, reason: typeof reason === "string" ? reason : null };
  throw new ProtocolError(`Cannot read command: wanted a known type, received ${String(type)}`);
}
