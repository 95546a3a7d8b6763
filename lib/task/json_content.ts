/**
 * Reads a value of any type as what JSON can express: a primitive, an array or an object.
 *
 * @module
 */

import { truncate } from "./truncate.ts";

/** Stands for a value that JSON cannot express. */
export class Marker {
  readonly #text: string | null;
  /** What the value is, such as `"function"` or `"BigInt"`. */
  readonly kind: string;

  /**
   * @param kind what the value is
   * @param text the text to write instead of the value; `null` to write `null`
   */
  constructor(kind: string, text: string | null) {
    this.kind = kind;
    this.#text = text;
  }

  get text(): string | null {
    return this.#text;
  }

  /** Returns whether a value is a marker. Unlike `instanceof`, this does not run code of the value. */
  static is(value: unknown): value is Marker {
    return typeof value === "object" && value !== null && #text in value;
  }
}

/** The content of an array or object, whose entries are read one at a time. */
export interface Content {
  /** The type of the object; `null` if it is a plain array or object. */
  readonly kind: string | null;
  /** Whether the content becomes an array; otherwise, it becomes an object. */
  readonly isList: boolean;
  /** The number of entries. */
  readonly size: number;
  /** Reads an entry; called once per entry, in order. The key of a list's entry is its index. */
  entry(index: number): readonly [key: string, value: unknown];
}

/** The maximum length of the names and messages in markers, in UTF-16 code units. */
const MAX_QUOTED = 100;
/** A `BigInt` of at least this size is not written in digits, because the conversion takes too long. */
const MAX_BIGINT = 10n ** 1_000n;

/**
 * Runs code that may be hostile, such as a getter or a trap of a proxy.
 *
 * @returns what the code returns; a marker if it throws
 */
export function attempt<Value>(read: () => Value): Value | Marker {
  try {
    return read();
  } catch (error) {
    return new Marker("value that throws", `[Threw ${quoteError(error)}]`);
  }
}

function quoteError(error: unknown): string {
  try {
    return truncate(String(error), MAX_QUOTED);
  } catch {
    return "a value";
  }
}

/**
 * Returns the primitive or object that JSON has for a value, like `JSON.stringify`: the result of `toJSON()`
 * if there is one, and the value of a wrapper object.
 *
 * @param value the value, whose code may throw
 * @param key the value's key, which `toJSON()` is given
 * @returns the value for JSON, or a marker
 */
export function jsonValueOf(value: unknown, key: string): unknown {
  const json = hasMethods(value) && typeof value.toJSON === "function" ? value.toJSON(key) : value;
  switch (typeof json) {
    case "number":
      return Number.isFinite(json) ? json : new Marker(String(json), null);
    case "bigint":
      return new Marker("BigInt", json < MAX_BIGINT && json > -MAX_BIGINT ? String(json) : "[BigInt]");
    case "symbol":
      return new Marker("symbol", truncate(String(json), MAX_QUOTED));
    case "function":
      return new Marker("function", describeFunction(json));
    case "object":
      if (json === null) return value instanceof Date ? new Marker("invalid Date", null) : null;
      return isWrapper(json) ? jsonValueOf(json.valueOf(), key) : json;
    default:
      return json;
  }
}

function isWrapper(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean ||
    value instanceof BigInt;
}

/**
 * Whether to call a value's method `toJSON()`, if there is one. Binary data is excluded, because the method of Node's
 * `Buffer` would copy all bytes.
 */
function hasMethods(value: unknown): value is { readonly toJSON?: unknown } {
  if (typeof value === "bigint" || typeof value === "function") return true;
  return typeof value === "object" && value !== null && !isBytes(value);
}

function isBytes(value: object): value is ArrayBufferView | ArrayBufferLike {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer);
}

function describeFunction(value: object): string {
  const name = "name" in value && typeof value.name === "string" ? value.name : "";
  return name === "" ? "[Function]" : `[Function: ${truncate(name, MAX_QUOTED)}]`;
}

/**
 * Returns the content of an object.
 *
 * @param value the object, whose code may throw
 * @returns the content, or a marker
 */
export function contentOf(value: object): Content | Marker {
  const kind = kindOf(value);
  if (Array.isArray(value)) {
    return listOf(
      Object.getPrototypeOf(value) === Array.prototype || kind === "Array" ? null : kind,
      Number(value.length),
      (index) => index in value ? value[index] : new Marker("empty item", null),
    );
  }
  if (isBytes(value)) {
    const items = bytesOf(value);
    return listOf(kind, items.length, (index) => items[index]);
  }
  if (value instanceof Map) {
    const pairs = Map.prototype.entries.call(value);
    return listOf(kind, value.size, () => pairs.next().value);
  }
  if (value instanceof Set) {
    const items = Set.prototype.values.call(value);
    return listOf(kind, value.size, () => items.next().value);
  }
  if (value instanceof RegExp) return new Marker("RegExp", String(value));
  const keys = Object.keys(value);
  return fieldsOf(kind, value, value instanceof Error ? [...errorKeys(value), ...keys] : keys);
}

/** Returns the name of an object's class; `null` if the object is plain. */
function kindOf(value: object): string | null {
  const prototype = Object.getPrototypeOf(value);
  // Objects of other realms, such as frames, have another `Object.prototype`.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return null;
  const name: unknown = prototype.constructor?.name;
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return truncate(typeof name === "string" && name !== "" ? name : tag, MAX_QUOTED);
}

function listOf(kind: string | null, size: number, item: (index: number) => unknown): Content {
  return { kind, isList: true, size, entry: (index) => [String(index), item(index)] };
}

function fieldsOf(kind: string | null, value: object, keys: readonly string[]): Content {
  return {
    kind,
    isList: false,
    size: keys.length,
    entry: (index) => [keys[index]!, attempt(() => value[keys[index] as keyof typeof value])],
  };
}

/** Returns the fields of an error that are worth showing, although they are not enumerable. */
function errorKeys(error: Error): string[] {
  const isShown = (key: string) => key in error && !Object.prototype.propertyIsEnumerable.call(error, key);
  return ["name", "message", "cause", "errors"].filter(isShown);
}

function bytesOf(value: ArrayBufferView | ArrayBufferLike): ArrayLike<unknown> {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value);
  if (value instanceof DataView) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value as unknown as ArrayLike<unknown>;
}
