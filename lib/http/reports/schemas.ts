/**
 * What may be in the bodies of reports over plain HTTP. The description of each field says what is wanted, in messages
 * as in documents made from the schemas.
 *
 * @module
 */

import { z } from "zod";
import { byteLength } from "../../task/protocol.ts";
import { isTaskId, LIMITS } from "../../task/grammar.ts";
import type { UpdateChange } from "../../task/task.ts";
import {
  UPDATE_FIELD_NAMES,
  UPDATE_FIELDS,
  type UpdateField,
  type UpdateFieldName,
} from "../../task/update_fields.ts";
import { Problem } from "../problem.ts";

/** A value that is longer is not repeated in a message. */
const MESSAGE_CHARACTERS = 64;

const text = (most: number, least = 0) =>
  z.string().min(least).max(most).describe(`a text of ${least} to ${most} characters`);
const taskId = z.string().refine(isTaskId);
const lines = LIMITS.reportLines;

/** Any JSON of a bounded size. Not copied: what it is made of has been parsed already. */
function json(mostBytes: number, fits: (value: unknown) => boolean = () => true) {
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
    case "text":
      return field.isNullable
        ? z.string().max(field.maxLength).nullable()
          .describe(`a text of at most ${field.maxLength} characters, or null`)
        : text(field.maxLength);
    case "object":
      return json(field.maxBytes, isObject)
        .meta({ type: "object", description: `an object of at most ${field.maxBytes} bytes of JSON` });
  }
}

const { metadata, ...UPDATED } = Object.fromEntries(
  UPDATE_FIELD_NAMES.map((name) => [name, updateSchema(UPDATE_FIELDS[name]).optional()]),
) as UpdateShape;

/** In every body. */
const NUMBERED = {
  seq: z.int().min(1).describe("a whole number from 1, higher with each report of the task").optional(),
};

const STATUS = {
  status: text(LIMITS.statusLength).optional(),
  message: text(LIMITS.statusLength).optional(),
};

const PROGRESS = { ...UPDATED, ...STATUS };

/** `POST /tasks/{client}` */
export const CREATE_BODY = z.strictObject({
  id: taskId.describe("1 to 128 of A-Z a-z 0-9 . _ : - and no reserved word").optional(),
  name: text(LIMITS.nameLength, 1).optional(),
  tags: z.array(z.string().min(1).max(LIMITS.tagLength)).max(LIMITS.tags).nullable()
    .describe(`at most ${LIMITS.tags} texts of 1 to ${LIMITS.tagLength} characters`).optional(),
  metadata: json(LIMITS.metadataBytes, (value) => value === null || isObject(value))
    .meta(metadata.unwrap().meta()!).optional(),
  parent_id: taskId.nullable().describe("the id of a task, or null").optional(),
  weight: z.number().min(0).nullable().describe("a number of at least 0").optional(),
  stale_after: z.number().positive().nullable().describe("a number of seconds above 0, or null").optional(),
  started: z.boolean().describe("true or false").optional(),
  ...PROGRESS,
  ...NUMBERED,
}).describe("an object");

/** `PATCH /tasks/{client}/{id}` */
export const UPDATE_BODY = z.strictObject({
  ...PROGRESS,
  metadata,
  ...NUMBERED,
}).describe("an object");

/** `POST …/finish` */
export const FINISH_BODY = z.strictObject({
  result: json(LIMITS.resultBytes).describe(`at most ${LIMITS.resultBytes} bytes of JSON`).optional(),
  ...STATUS,
  ...NUMBERED,
}).describe("an object");

/** `POST …/fail` */
export const FAIL_BODY = z.strictObject({
  message: text(LIMITS.errorMessageLength).optional(),
  error: z.strictObject({
    message: text(LIMITS.errorMessageLength),
    type: text(LIMITS.errorTypeLength).optional(),
    stack: text(LIMITS.errorStackLength).optional(),
  }).describe("an object").optional(),
  status: STATUS.status,
  ...NUMBERED,
}).describe("an object");

/** `POST …/cancelled` */
export const CANCELLED_BODY = z.strictObject({ ...STATUS, ...NUMBERED }).describe("an object");

const logLine = text(LIMITS.logLineLength);

/** `POST …/logs` */
export const LOGS_BODY = z.strictObject({
  lines: z.array(
    z.union([logLine, z.strictObject({ at: z.number(), text: logLine })])
      .describe(`a text of at most ${LIMITS.logLineLength} characters, or {"at": number, "text": text}`),
  ).max(lines).describe(`an array of at most ${lines} lines`).optional(),
  first: z.int().min(0).describe("the number of the first line, from 0").optional(),
  ...NUMBERED,
}).describe("an object");

/**
 * Holds a body against its schema.
 *
 * @param schema what is wanted
 * @param value what came, as JSON gave it
 * @returns the body
 * @throws {Problem} 400 that names the field, what was wanted and what came
 */
export function parseBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  let part: z.ZodType = schema;
  let wanted = schema.description ?? "something else";
  let received = value;
  for (const key of issue.path) {
    part = partOf(part, key);
    wanted = descriptionOf(part) ?? wanted;
    received = (received as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  if (issue.code === "unrecognized_keys") {
    const whole = unwrapped(part);
    const known = whole instanceof z.ZodObject ? Object.keys(whole.shape) : [];
    const field = [...issue.path, issue.keys[0]].join(".").slice(0, 100);
    throw badBody(`There is no field "${field}"; there are ${known.join(", ")}`);
  }
  throw badField(issue.path.join(".") || "body", wanted, received);
}

/** Refuses a body because of one of its fields. */
export function badField(field: string, wanted: string, received: unknown): Problem {
  return badBody(`Cannot read "${field}": wanted ${wanted}, received ${briefly(received)}`);
}

function briefly(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  const json = JSON.stringify(value);
  return json.length <= MESSAGE_CHARACTERS ? json : `${byteLength(json)} bytes of JSON`;
}

/** Refuses a body. */
export function badBody(detail: string): Problem {
  return new Problem("bad_body", detail);
}

function partOf(schema: z.ZodType, key: PropertyKey): z.ZodType {
  const whole = unwrapped(schema);
  if (whole instanceof z.ZodObject) return whole.shape[key as string] ?? z.unknown();
  return whole instanceof z.ZodArray ? whole.element as z.ZodType : z.unknown();
}

function descriptionOf(schema: z.ZodType): string | undefined {
  if (schema.description !== undefined || !(schema instanceof z.ZodOptional)) return schema.description;
  return descriptionOf(schema.unwrap() as z.ZodType);
}

/** A schema without what makes it optional, or allows `null`. */
function unwrapped(schema: z.ZodType): z.ZodType {
  const isWrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
  return isWrapped ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}
