/**
 * Parses and validates messages from other processes and isolates. This module uses no libraries, because
 * programs that import `monitored()` by URL load it, too.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { isClientToken, isTaskId, LIMITS } from "./grammar.ts";
import {
  array,
  count,
  type Fields,
  json,
  jsonObject,
  nonNegative,
  nullable,
  number,
  object,
  oneOf,
  string,
  taskId,
  wrong,
} from "./field_checks.ts";
import {
  type CreateChange,
  type JsonValue,
  type Launch,
  LOG_LEVELS,
  LOG_STREAMS,
  type LogChange,
  type LogLine,
  type ReportedChange,
  type TaskError,
  type UpdateChange,
} from "./task.ts";
import {
  UPDATE_FIELD_NAMES,
  UPDATE_FIELDS,
  type UpdateField,
  type UpdateFieldName,
} from "./update_fields.ts";
import { areValues, VALUES_RULE } from "./values.ts";

/** A change of one task, sent by a reporter. */
export interface Report {
  readonly client: string;
  readonly id: string;
  /** The time of the change, in epoch seconds on the reporter's clock. */
  readonly at: number;
  /**
   * The reporter's sequence number, which starts at 1 and increases with each report of the task. The number
   * makes resending idempotent: a duplicate, or a report that arrives after a later one, has no effect.
   */
  readonly seq?: number;
  readonly change: ReportedChange;
  /**
   * The registered function and the arguments, if the report creates a task that a request to the server started. Only
   * servers set this field.
   */
  readonly launch?: Launch;
}

/**
 * Parses JSON.
 *
 * @throws {ProtocolError} if the text is not JSON
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError("Cannot read message: it is not JSON", { cause });
  }
}

/**
 * Validates the key of a task.
 *
 * @throws {ProtocolError} if the client token or the task id is invalid
 */
export function parseKey(client: unknown, id: unknown): { readonly client: string; readonly id: string } {
  if (typeof client === "string" && typeof id === "string" && isClientToken(client) && isTaskId(id)) {
    return { client, id };
  }
  throw new ProtocolError("Cannot read message: wanted a client token and a task id");
}

/**
 * Validates a report.
 *
 * @param value the parsed JSON
 * @returns the report
 * @throws {ProtocolError} if a field is invalid
 */
export function parseReport(value: unknown): Report {
  const fields = object(value, "report");
  const client = string(fields.client, "client", LIMITS.idLength);
  if (!isClientToken(client)) throw wrong("client", "a client token", client);
  const id = string(fields.id, "id", LIMITS.idLength);
  if (!isTaskId(id)) throw wrong("id", "a task id", id);
  const at = number(fields.at, "at");
  const change = parseChange(fields.change);
  return fields.seq === undefined
    ? { client, id, at, change }
    : { client, id, at, seq: count(fields.seq, "seq"), change };
}

/**
 * Validates a report from another node of the cluster. Unlike other reports, it may contain {@linkcode Report.launch}.
 *
 * @param value the parsed JSON
 * @returns the report
 * @throws {ProtocolError} if a field is invalid
 */
export function parseNodeReport(value: unknown): Report {
  const report = parseReport(value);
  const { launch } = value as Fields;
  if (launch === undefined) return report;
  const { name, args } = object(launch, "launch");
  return {
    ...report,
    launch: {
      name: string(name, "launch.name", LIMITS.nameLength, 1),
      args: array(args, "launch.args", Infinity) as JsonValue[],
    },
  };
}

/**
 * Validates a change that a reporter may send.
 *
 * @param value the parsed JSON
 * @returns the change
 * @throws {ProtocolError} if a field is invalid
 */
export function parseChange(value: unknown): ReportedChange {
  const fields = object(value, "change");
  switch (fields.type) {
    case "create":
      return parseCreate(fields);
    case "start":
      return { type: "start" };
    case "update":
      return parseUpdate(fields);
    case "log":
      return parseLog(fields);
    case "finish":
      return { type: "finish", result: json(fields.result ?? null, "result", LIMITS.resultBytes) };
    case "fail":
      return { type: "fail", error: parseTaskError(fields.error) };
    case "cancelled":
      return { type: "cancelled" };
    case "request_cancel":
      return { type: "request_cancel" };
    default:
      throw wrong("type", "the type of a change", fields.type);
  }
}

function parseCreate(fields: Fields): CreateChange {
  const weight = number(fields.weight ?? 1, "weight");
  if (weight < 0) throw wrong("weight", "a number of at least 0", weight);
  const share = nullable(fields.share ?? null, "share", number);
  if (share !== null && (share < 0 || share > 1)) throw wrong("share", "a number from 0 to 1 or null", share);
  const attempt = count(fields.attempt ?? 1, "attempt");
  if (attempt < 1) throw wrong("attempt", "a whole number from 1", attempt);
  const staleAfter = nullable(fields.stale_after ?? null, "stale_after", number);
  if (staleAfter !== null && staleAfter <= 0) {
    throw wrong("stale_after", "a number above 0 or null", staleAfter);
  }
  return {
    type: "create",
    name: string(fields.name, "name", LIMITS.nameLength, 1),
    metadata: jsonObject(fields.metadata ?? {}, "metadata", LIMITS.metadataBytes),
    tags: array(fields.tags ?? [], "tags", LIMITS.tags).map((tag) =>
      string(tag, "tags", LIMITS.tagLength, 1)
    ),
    parent_id: nullable(fields.parent_id ?? null, "parent_id", taskId),
    weight,
    share,
    attempt,
    retry_of: nullable(fields.retry_of ?? null, "retry_of", taskId),
    retryable: fields.retryable === true,
    stale_after: staleAfter,
  };
}

/**
 * The parsers of the fields of an update. The parsers are created only once, because updates are by far the most
 * frequent messages.
 */
const UPDATE_PARSERS: readonly (readonly [name: UpdateFieldName, parse: (value: unknown) => JsonValue])[] =
  UPDATE_FIELD_NAMES.map((name) => [name, updateParser(name, UPDATE_FIELDS[name])]);

function parseUpdate(fields: Fields): UpdateChange {
  const update: { type: "update"; from_output?: boolean } & { [name in UpdateFieldName]?: JsonValue } = {
    type: "update",
  };
  if (fields.from_output === true) update.from_output = true;
  for (const [name, parse] of UPDATE_PARSERS) {
    const value = fields[name];
    if (value !== undefined) update[name] = parse(value);
  }
  return update as UpdateChange;
}

function updateParser(name: UpdateFieldName, field: UpdateField): (value: unknown) => JsonValue {
  switch (field.kind) {
    case "amount":
      return (value) => nullable(value, name, number);
    case "weight":
      return (value) => nullable(value, name, nonNegative);
    case "text":
      return (value) => field.isNullable && value === null ? null : string(value, name, field.maxLength);
    case "object":
      return (value) => jsonObject(value, name, field.maxBytes);
    case "values":
      return (value) => {
        if (!areValues(value)) throw wrong(name, VALUES_RULE, value);
        return value;
      };
  }
}

function parseLog(fields: Fields): LogChange {
  const lines = array(fields.lines, "lines", LIMITS.reportLines).map(parseLogLine);
  return fields.first === undefined
    ? { type: "log", lines }
    : { type: "log", first: count(fields.first, "first"), lines };
}

function parseLogLine(value: unknown): LogLine {
  const fields = object(value, "lines");
  return {
    at: number(fields.at, "at"),
    text: string(fields.text, "text", LIMITS.logLineLength),
    ...(fields.stream !== undefined && { stream: oneOf(fields.stream, "stream", LOG_STREAMS) }),
    ...(fields.level !== undefined && { level: oneOf(fields.level, "level", LOG_LEVELS) }),
  };
}

function parseTaskError(value: unknown): TaskError {
  const fields = object(value, "error");
  return {
    message: string(fields.message, "error.message", LIMITS.errorMessageLength),
    type: string(fields.type, "error.type", LIMITS.errorTypeLength),
    ...(fields.stack !== undefined &&
      { stack: string(fields.stack, "error.stack", LIMITS.errorStackLength) }),
  };
}
