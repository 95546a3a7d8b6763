/**
 * Schemas of the bodies of reports over HTTP. A field's description says which values the field takes and,
 * after a semicolon, what it means. Error messages quote the first part, and the API reference quotes both.
 *
 * @module
 */

import { z } from "zod";
import { byteLength } from "../../task/protocol.ts";
import { isTaskId, LIMITS, TASK_ID_RULE } from "../../task/grammar.ts";
import { truncate } from "../../task/truncate.ts";
import { LOG_LEVELS, LOG_STREAMS, type UpdateChange } from "../../task/task.ts";
import {
  UPDATE_FIELD_NAMES,
  UPDATE_FIELDS,
  type UpdateField,
  type UpdateFieldName,
} from "../../task/update_fields.ts";
import { Problem } from "../problem.ts";

/** The maximum length of a received value that an error message quotes, in characters. */
const MESSAGE_CHARACTERS = 64;

const text = (most: number, least = 0) =>
  z.string().min(least).max(most).describe(
    least === 0 ? `a string of at most ${most} characters` : `a string of ${least} to ${most} characters`,
  );
/** A text that is truncated, because a report that ends a task must not be refused for the length of a text. */
const truncated = (most: number) =>
  z.string().overwrite((given) => truncate(given, most)).describe(
    `a string, truncated to ${most} characters`,
  );
/** Adds the meaning of a field to the description of its schema. */
const meaning = <Schema extends z.ZodType>(schema: Schema, words: string): Schema =>
  schema.describe(`${schema.description}; ${words}`);
const taskId = z.string().refine(isTaskId);
const lines = LIMITS.reportLines;

/** Creates a schema for any JSON value up to a size. The value is not copied, because it was just parsed. */
function json(mostBytes: number, fits: (value: unknown) => boolean) {
  return z.unknown().refine((value) => fits(value) && byteLength(JSON.stringify(value)) <= mostBytes);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Schemas of the fields of an update. */
type UpdateShape = {
  readonly [Name in UpdateFieldName]: z.ZodOptional<z.ZodType<Required<UpdateChange>[Name]>>;
};

function updateSchema(field: UpdateField): z.ZodType {
  switch (field.kind) {
    case "amount":
      return z.number().nullable().describe("a number, or null if it is unknown");
    case "weight":
      return z.number().min(0).nullable().describe("a number of at least 0, or null if it is unknown");
    case "text":
      return field.isNullable
        ? z.string().max(field.maxLength).nullable()
          .describe(`a string of at most ${field.maxLength} characters, or null`)
        : text(field.maxLength);
    case "object":
      return json(field.maxBytes, isObject)
        .meta({
          type: "object",
          additionalProperties: true,
          description: `an object of at most ${field.maxBytes} bytes of JSON`,
        });
  }
}

const { metadata, ...UPDATED } = Object.fromEntries(
  UPDATE_FIELD_NAMES.map((name) => {
    const field = UPDATE_FIELDS[name];
    return [name, meaning(updateSchema(field), field.about).optional()];
  }),
) as UpdateShape;

/** The field `seq`, which every body may have. */
const NUMBERED = {
  seq: z.int().min(1).describe("a whole number from 1; higher with each report of the task").optional(),
};

const STATUS = {
  status: meaning(text(LIMITS.statusLength), UPDATE_FIELDS.status.about).optional(),
  message: meaning(text(LIMITS.statusLength), "another name for `status`").optional(),
};

const PROGRESS = { ...UPDATED, ...STATUS };

/** `POST /tasks/{client}` */
export const CREATE_BODY = z.strictObject({
  id: taskId.describe(
    `${TASK_ID_RULE}; made up by the server if absent`,
  )
    .optional(),
  name: meaning(text(LIMITS.nameLength, 1), '"task" if absent; runs of the same name share statistics')
    .optional(),
  tags: z.array(z.string().min(1).max(LIMITS.tagLength)).max(LIMITS.tags).nullable()
    .describe(`at most ${LIMITS.tags} strings of 1 to ${LIMITS.tagLength} characters; labels to filter by`)
    .optional(),
  metadata: json(LIMITS.metadataBytes, (value) => value === null || isObject(value))
    .meta(metadata.unwrap().meta()!).optional(),
  parent_id: taskId.nullable().describe("a task id, or null; makes this task a subtask of that one")
    .optional(),
  weight: z.number().min(0).nullable().describe(
    "a number of at least 0; a subtask's weight relative to its siblings, 1 if absent",
  ).optional(),
  share: z.number().min(0).max(1).nullable().describe(
    "a number from 0 to 1, or null; the share of its parent's work that a subtask does, instead of a weight",
  ).optional(),
  stale_after: z.number().positive().nullable().describe(
    "a number of seconds above 0, or null; without a report for that long, the task counts as stale",
  ).optional(),
  started: z.boolean().describe("true or false; true moves the task to STARTING at once").optional(),
  ...PROGRESS,
  ...NUMBERED,
}).describe("an object");

/** `PATCH /tasks/{client}/{id}` */
export const UPDATE_BODY = z.strictObject({
  ...PROGRESS,
  metadata,
  ...NUMBERED,
}).describe("an object");

/** The status in a report that ends a task. */
const LAST_STATUS = {
  status: meaning(truncated(LIMITS.statusLength), UPDATE_FIELDS.status.about).optional(),
  message: meaning(truncated(LIMITS.statusLength), "another name for `status`").optional(),
};

/** `POST …/finish` */
export const FINISH_BODY = z.strictObject({
  result: z.unknown()
    .describe(`any JSON, cut to ${LIMITS.resultBytes} bytes; what the task returns, null if absent`)
    .optional(),
  ...LAST_STATUS,
  ...NUMBERED,
}).describe("an object");

/** `POST …/fail` */
export const FAIL_BODY = z.strictObject({
  message: meaning(truncated(LIMITS.errorMessageLength), "what went wrong, short for `error.message`")
    .optional(),
  error: z.strictObject({
    message: meaning(truncated(LIMITS.errorMessageLength), "what went wrong"),
    type: meaning(truncated(LIMITS.errorTypeLength), 'the class or kind of the error, "Error" if absent')
      .optional(),
    stack: meaning(truncated(LIMITS.errorStackLength), "the stack trace").optional(),
  }).describe("an object; `message` and, optionally, `type` and `stack`").optional(),
  status: LAST_STATUS.status,
  ...NUMBERED,
}).describe("an object");

/** `POST …/cancelled` */
export const CANCELLED_BODY = z.strictObject({ ...LAST_STATUS, ...NUMBERED }).describe("an object");

const logLine = text(LIMITS.logLineLength);

/** `POST …/logs` */
export const LOGS_BODY = z.strictObject({
  lines: z.array(
    z.union([
      logLine,
      z.strictObject({
        at: z.number().describe("when it was written, in epoch seconds; now if absent").optional(),
        text: logLine,
        stream: z.enum(LOG_STREAMS).describe("the output that it was written to").optional(),
        level: z.enum(LOG_LEVELS).describe("its severity").optional(),
      }),
    ]).describe(`a string of at most ${LIMITS.logLineLength} characters, or {"text": string, …}`),
  ).max(lines).describe(
    `an array of at most ${lines} lines; each a string, or {"text"} with its "at", "stream" and "level"`,
  ).optional(),
  first: z.int().min(0).describe("a whole number from 0; the number of the first line").optional(),
  ...NUMBERED,
}).describe("an object");

/**
 * Validates a body against its schema.
 *
 * @param schema the schema
 * @param value the parsed JSON
 * @returns the body
 * @throws {Problem} 400 that names the field, the wanted type and the received value
 */
export function parseBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  let part: z.ZodType = schema;
  let wanted = wantedBy(schema) ?? "something else";
  let received = value;
  for (const key of issue.path) {
    part = partOf(part, key);
    wanted = wantedBy(part) ?? wanted;
    received = (received as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  if (issue.code === "unrecognized_keys") {
    const whole = unwrapped(part);
    const known = whole instanceof z.ZodObject ? Object.keys(whole.shape) : [];
    const field = [...issue.path, issue.keys[0]].join(".").slice(0, 100);
    throw badBody(`There is no field "${field}"; use ${known.join(", ")}`);
  }
  throw badField(issue.path.join(".") || "body", wanted, received);
}

/** Creates the problem for a body with an invalid field. */
export function badField(field: string, wanted: string, received: unknown): Problem {
  return badBody(`Cannot read "${field}": wanted ${wanted}, received ${briefly(received)}`);
}

function briefly(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  const json = JSON.stringify(value);
  return json.length <= MESSAGE_CHARACTERS ? json : `${byteLength(json)} bytes of JSON`;
}

/** Creates the problem for an invalid body. */
export function badBody(detail: string): Problem {
  return new Problem("bad_body", detail);
}

function partOf(schema: z.ZodType, key: PropertyKey): z.ZodType {
  const whole = unwrapped(schema);
  if (whole instanceof z.ZodObject) return whole.shape[key as string] ?? z.unknown();
  return whole instanceof z.ZodArray ? whole.element as z.ZodType : z.unknown();
}

/** Returns the part of a schema's description that says which values the field takes. */
function wantedBy(schema: z.ZodType): string | undefined {
  if (schema.description !== undefined || !(schema instanceof z.ZodOptional)) {
    return schema.description?.split("; ")[0];
  }
  return wantedBy(schema.unwrap() as z.ZodType);
}

/** Returns the schema inside `optional()` and `nullable()`. */
function unwrapped(schema: z.ZodType): z.ZodType {
  const isWrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
  return isWrapped ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}
