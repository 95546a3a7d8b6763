/**
 * Reads reports over HTTP: converts the body of a request to changes to a task.
 *
 * @module
 */

import type { z } from "zod";
import { boundResult } from "../../task/bounded_result.ts";
import { createChange } from "../../task/create_change.ts";
import { LIMITS } from "../../task/grammar.ts";
import { now } from "../../clock.ts";
import type {
  JsonObject,
  LogChange,
  LogLine,
  ReportedChange,
  TaskError,
  UpdateChange,
} from "../../task/task.ts";
import { updateOf, type UpdateValues } from "../../task/update_fields.ts";
import { type Body, readBody } from "../body.ts";
import type { BodyLimits } from "../raw_body.ts";
import { linesOfText, valueOfForm } from "./forms.ts";
import {
  badBody,
  CANCELLED_BODY,
  CREATE_BODY,
  FAIL_BODY,
  FINISH_BODY,
  LOGS_BODY,
  parseBody,
  UPDATE_BODY,
} from "./schemas.ts";
import { paramsOf } from "../route.ts";

/** The kind of a report of an existing task. */
export type ReportKind = "update" | "finish" | "fail" | "cancelled" | "logs";

/** The content of a report over HTTP. */
export interface HttpReport {
  /** The sequence number that the reporter assigned; `null` if it assigned none. */
  readonly seq: number | null;
  /** The changes, in order. */
  readonly changes: readonly ReportedChange[];
}

/** The content of a request that creates a task. */
export interface HttpCreation extends HttpReport {
  /** The id for the task; `null` if the server is to create one. */
  readonly id: string | null;
  readonly name: string;
}

/** The name of a task if the request that creates it has none. */
const DEFAULT_NAME = "task";
/** The message of a task's error if the request that reports it has none. */
const DEFAULT_MESSAGE = "Failed without a message";

/**
 * Reads a request to create a task.
 *
 * @param request the request
 * @param limits the maximum size and time of the body
 * @returns the task and its first changes
 * @throws {Problem} if the body is not valid
 */
export async function readCreation(request: Request, limits: BodyLimits): Promise<HttpCreation> {
  return creationOf(valueOf(await readBody(request, limits, ["json", "form"])));
}

/**
 * Reads a report of an existing task.
 *
 * @param kind the kind of report
 * @param request the request
 * @param limits the maximum size and time of the body
 * @returns the changes, at least one
 * @throws {Problem} if the body is not valid
 */
export async function readReport(
  kind: ReportKind,
  request: Request,
  limits: BodyLimits,
): Promise<HttpReport> {
  const params = paramsOf(request);
  const body = await readBody(
    request,
    limits,
    kind === "logs" ? ["json", "form", "text"] : ["json", "form"],
  );
  return body.type === "text" ? plainLogOf(body.text, params) : reportOf(kind, valueOf(body));
}

function valueOf(body: Exclude<Body, { readonly type: "text" }>): unknown {
  return body.type === "json" ? body.value : valueOfForm(body.fields);
}

/**
 * Reads a report of log lines in plain text. The report's other fields are query parameters, because the body
 * has only the lines.
 */
function plainLogOf(text: string, params: URLSearchParams): HttpReport {
  const fields = [...params].filter(([name]) => name === "first" || name === "seq");
  const { first, seq = null } = parseBody(LOGS_BODY, valueOfForm(new URLSearchParams(fields)));
  const lines = linesOfText(text);
  const changes: LogChange[] = [];
  do {
    const from = changes.length * LIMITS.reportLines;
    const part = lines.slice(from, from + LIMITS.reportLines);
    changes.push(logOf({ lines: part, first: first === undefined ? undefined : first + from }));
  } while (changes.length * LIMITS.reportLines < lines.length);
  return { seq, changes };
}

/**
 * Reads the body of a request that creates a task.
 *
 * @param value the parsed JSON
 * @returns the task and its first changes
 * @throws {Problem} 400 that names the field, the wanted type and the received value
 */
export function creationOf(value: unknown): HttpCreation {
  const body = parseBody(CREATE_BODY, value);
  const { id = null, name = DEFAULT_NAME, tags, metadata, parent_id, weight, share, stale_after } = body;
  const create = createChange({
    name,
    metadata: (metadata ?? undefined) as JsonObject | undefined,
    tags: tags ?? undefined,
    parent_id,
    weight: weight ?? undefined,
    share,
    stale_after,
  });
  const { metadata: _, ...rest } = body;
  const update = bodyUpdate(rest);
  const changes: ReportedChange[] = [create];
  if (Object.keys(update).length > 1) changes.push(update);
  else if (body.started === true) changes.push({ type: "start" });
  return { id, name, seq: body.seq ?? null, changes };
}

/**
 * Reads the body of a report.
 *
 * @param kind the kind of report
 * @param value the parsed JSON
 * @returns the changes
 * @throws {Problem} 400 that names the field, the wanted type and the received value
 */
export function reportOf(kind: ReportKind, value: unknown): HttpReport {
  switch (kind) {
    case "update": {
      const body = parseBody(UPDATE_BODY, value);
      return { seq: body.seq ?? null, changes: [bodyUpdate(body)] };
    }
    case "finish": {
      const body = parseBody(FINISH_BODY, value);
      const { value: result, warning } = boundResult(body.result);
      const note = warning === null ? [] : [logOf({ lines: [warning] })];
      return endOf(body, { type: "finish", result }, note);
    }
    case "fail": {
      const body = parseBody(FAIL_BODY, value);
      const { message: _, ...rest } = body;
      return endOf(rest, { type: "fail", error: errorOf(body) });
    }
    case "cancelled":
      return endOf(parseBody(CANCELLED_BODY, value), { type: "cancelled" });
    case "logs": {
      const body = parseBody(LOGS_BODY, value);
      return { seq: body.seq ?? null, changes: [logOf(body)] };
    }
  }
}

/** Returns the update that a body describes; `message` is another name for `status`. */
function bodyUpdate(
  { message, ...values }: UpdateValues & { readonly message?: string | undefined },
): UpdateChange {
  if (values.status !== undefined && message !== undefined) {
    throw badBody('Cannot read "message": it is an alias of "status", and only one of them may be given');
  }
  return updateOf({ ...values, status: values.status ?? message });
}

/**
 * Returns the change to a final state. Before it come an update if the body has a status, and a log line if
 * the result was cut.
 */
function endOf(
  body: z.output<typeof CANCELLED_BODY>,
  end: ReportedChange,
  note: readonly LogChange[] = [],
): HttpReport {
  const update = bodyUpdate({ status: body.status, message: body.message });
  const updates = update.status === undefined ? [] : [update];
  return { seq: body.seq ?? null, changes: [...updates, ...note, end] };
}

function errorOf({ message, error }: z.output<typeof FAIL_BODY>): TaskError {
  if (message !== undefined && error !== undefined) {
    throw badBody(
      'Cannot read "error": "message" is short for "error.message", and only one of them may be given',
    );
  }
  return {
    message: error?.message ?? message ?? DEFAULT_MESSAGE,
    type: error?.type ?? "Error",
    ...(error?.stack !== undefined && { stack: error.stack }),
  };
}

function logOf({ lines = [], first }: z.output<typeof LOGS_BODY>): LogChange {
  const at = now();
  const stamped = lines.map((line) =>
    (typeof line === "string" ? { at, text: line } : { ...line, at: line.at ?? at }) as LogLine
  );
  return { type: "log", ...(first !== undefined && { first }), lines: stamped };
}
