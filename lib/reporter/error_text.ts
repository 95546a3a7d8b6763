/**
 * Formats an error and its causes in the way in which consoles print them.
 *
 * @module
 */

import { writeJson } from "../task/json_writer.ts";
import { truncate } from "../task/truncate.ts";

/** The maximum depth of nested causes to show. */
const MAX_LEVELS = 20;
/** The maximum nesting of arrays and objects to show of a thrown value that is not an error. */
const MAX_JSON_LEVELS = 8;
/** The space reserved for closing brackets and for the notes about omitted errors, in UTF-16 code units. */
const END_CHARACTERS = 1_000;
/** The maximum number of errors of one `AggregateError` to show; the same as in Node. */
const MAX_ERRORS = 100;

/**
 * Formats an error: its stack trace, then its `cause` and, of an `AggregateError`, its `errors`, in the form
 * in which Node and Deno print errors. Errors that do not fit are replaced by their number. Never throws.
 *
 * @param error the error; reading its properties may throw
 * @param mostCharacters the maximum length of the text, in UTF-16 code units
 * @returns the text; `undefined` if the error has neither a stack trace nor anything else to show
 */
export function errorText(error: Error, mostCharacters: number): string | undefined {
  const stack = readProperty(error, "stack");
  if (partsOf(error).length === 0) {
    return typeof stack === "string" ? truncate(stack, mostCharacters) : undefined;
  }
  return truncate(new ErrorWriter(mostCharacters - END_CHARACTERS).write(error, 0), mostCharacters);
}

/**
 * Formats a thrown value or a cause that is not an error as JSON.
 *
 * @param value the value
 * @param mostCharacters the maximum length of the text, in UTF-16 code units
 * @returns the JSON; for a value that JSON cannot express, its text, such as `undefined`
 */
export function thrownText(value: unknown, mostCharacters: number): string {
  const limits = { bytes: mostCharacters, depth: MAX_JSON_LEVELS };
  const isExpressible = typeof value === "object" || typeof value === "string";
  const text = isExpressible ? writeJson(value, limits).text : String(value);
  return truncate(text ?? "undefined", mostCharacters);
}

/** Returns whether a value is an error, even if it belongs to another realm, such as a frame. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

type Part = readonly [label: "[cause]" | "[errors]", value: unknown];

function partsOf(error: Error): readonly Part[] {
  const cause = readProperty(error, "cause");
  const errors = readProperty(error, "errors");
  const parts: Part[] = [];
  if (cause !== undefined) parts.push(["[cause]", cause]);
  if (isArray(errors)) parts.push(["[errors]", errors]);
  return parts;
}

function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    // The value is a proxy that was revoked.
    return false;
  }
}

/** Reads a property; `undefined` if that throws. */
function readProperty(error: Error, key: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

class ErrorWriter {
  #charactersLeft: number;
  readonly #ancestors: Error[] = [];
  /** The numbers that mark errors which are among their own causes, as in `[Circular *1]`. */
  readonly #references: Map<Error, number> = new Map();

  constructor(mostCharacters: number) {
    this.#charactersLeft = mostCharacters;
  }

  /** Formats any value; `indent` is the number of spaces before each line except the first line. */
  write(value: unknown, indent: number): string {
    try {
      return isError(value) ? this.#writeError(value, indent) : this.#take(thrownText(value, this.#share));
    } catch {
      return this.#take("[a value that can't be read]");
    }
  }

  /**
   * The maximum length of the next value: half of the remaining space, so that later values are shown even if
   * this value is long.
   */
  get #share(): number {
    return Math.max(1, Math.ceil(this.#charactersLeft / 2));
  }

  #writeError(error: Error, indent: number): string {
    if (this.#ancestors.includes(error)) {
      const number = this.#references.get(error) ?? this.#references.size + 1;
      this.#references.set(error, number);
      return this.#take(`[Circular *${number}]`);
    }
    const parts = partsOf(error);
    const own = truncate(stackOf(error), this.#share);
    let text = this.#take(own.replaceAll("\n", `\n${" ".repeat(indent)}`));
    if (parts.length > 0) {
      this.#ancestors.push(error);
      const lines = parts.map(([label, part]) => this.#writePart(label, part, indent + 2));
      this.#ancestors.pop();
      text += ` {\n${lines.join(",\n")}\n${" ".repeat(indent)}}`;
    }
    const number = this.#references.get(error);
    return number === undefined ? text : `<ref *${number}> ${text}`;
  }

  #writePart(label: Part[0], value: unknown, indent: number): string {
    const margin = this.#take(" ".repeat(indent));
    const isFull = this.#ancestors.length > MAX_LEVELS || this.#charactersLeft <= 0;
    if (isFull) return `${margin}${label}: …`;
    const text = label === "[cause]" ? this.write(value, indent) : this.#writeErrors(value, indent);
    return `${margin}${label}: ${text}`;
  }

  #writeErrors(value: unknown, indent: number): string {
    const errors = value as readonly unknown[];
    if (errors.length === 0) return "[]";
    const lines: string[] = [];
    while (lines.length < Math.min(errors.length, MAX_ERRORS) && this.#charactersLeft > 0) {
      lines.push(this.#take(" ".repeat(indent + 2)) + this.write(errors[lines.length], indent + 2));
    }
    const others = errors.length - lines.length;
    if (others > 0) lines.push(`${" ".repeat(indent + 2)}… ${others} more`);
    return `[\n${lines.join(",\n")}\n${" ".repeat(indent)}]`;
  }

  #take(text: string): string {
    this.#charactersLeft -= text.length;
    return text;
  }
}

function stackOf(error: Error): string {
  const stack = readProperty(error, "stack");
  const name = String(error.name);
  const message = String(error.message);
  const heading = message === "" ? name : `${name}: ${message}`;
  if (typeof stack !== "string") return heading;
  // In some browsers, a stack trace lacks the name and the message of the error.
  return stack.startsWith(name) || stack.includes(message) ? stack : `${heading}\n${stack}`;
}
