/**
 * Checks the types and the sizes of the fields of a message. Each check returns the value, or throws a `ProtocolError` that
 * names the field.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { byteLength } from "./byte_length.ts";
import { isTaskId, LIMITS } from "./grammar.ts";
import { nestsDeeperThan } from "./json_depth.ts";
import type { JsonObject, JsonValue } from "./task.ts";

/** The fields of a JSON object. */
export type Fields = { readonly [key: string]: unknown };

/**
 * Checks that a value is a JSON object.
 *
 * @param value the value
 * @param field the name of the field, for the error message
 * @returns the same value
 * @throws {ProtocolError} if the value is not an object
 */
export function object(value: unknown, field: string): { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(field, "an object", value);
  }
  return value as Fields;
}

/** Checks that a value is an array of at most `most` entries. */
export function array(value: unknown, field: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(field, "an array", value);
  if (value.length > most) throw wrong(field, `at most ${most} entries`, value.length);
  return value;
}

/** Checks that a value is a string of `least` to `most` characters. */
export function string(value: unknown, field: string, most: number, least = 0): string {
  if (typeof value !== "string") throw wrong(field, "a string", value);
  if (value.length > most || value.length < least) {
    throw wrong(field, `${least} to ${most} characters`, value.length);
  }
  return value;
}

/** Checks that a value is one of the given texts. */
export function oneOf<Text extends string>(value: unknown, field: string, texts: readonly Text[]): Text {
  const text = texts.find((each) => each === value);
  if (text === undefined) throw wrong(field, `one of ${texts.join(", ")}`, value);
  return text;
}

/** Checks that a value is a finite number. */
export function number(value: unknown, field: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(field, "a finite number", value);
  return value;
}

/** Checks that a value is a number of at least 0. */
export function nonNegative(value: unknown, field: string): number {
  const amount = number(value, field);
  if (amount < 0) throw wrong(field, "a number of at least 0 or null", amount);
  return amount;
}

/** Checks that a value is a whole number of at least 0. */
export function count(value: unknown, field: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw wrong(field, "a whole number from 0", value);
}

/** Checks that a value is a task id. */
export function taskId(value: unknown, field: string): string {
  if (typeof value === "string" && isTaskId(value)) return value;
  throw wrong(field, "a task id or null", value);
}

/** Checks a value with `parse`, unless the value is `null`, which is valid. */
export function nullable<T>(
  value: unknown,
  field: string,
  parse: (value: unknown, field: string) => T,
): T | null {
  return value === null ? null : parse(value, field);
}

/** Checks that a value is JSON of at most `mostBytes` bytes, and not nested too deeply. */
export function json(value: unknown, field: string, mostBytes: number): JsonValue {
  const text = jsonText(value);
  if (text === undefined) throw wrong(field, "JSON", value);
  const bytes = byteLength(text);
  if (bytes > mostBytes) throw wrong(field, `at most ${mostBytes} bytes of JSON`, bytes);
  if (nestsDeeperThan(text, LIMITS.jsonDepth)) {
    throw wrong(field, `JSON nested at most ${LIMITS.jsonDepth} levels deep`, value);
  }
  return value as JsonValue;
}

function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Checks that a value is a JSON object of at most `mostBytes` bytes. */
export function jsonObject(value: unknown, field: string, mostBytes: number): JsonObject {
  object(value, field);
  return json(value, field, mostBytes) as JsonObject;
}

/** Creates the error for a field whose value is not the wanted one. */
export function wrong(field: string, wanted: string, received: unknown): ProtocolError {
  return new ProtocolError(`Cannot read "${field}": wanted ${wanted}, received ${shown(received)}`);
}

function shown(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 64);
  } catch {
    // The value is cyclic, nested too deeply, or a BigInt.
    return typeof value;
  }
}
