/**
 * Writes any value as JSON of limited size.
 *
 * @module
 */

import { attempt, type Content, contentOf, jsonValueOf, Marker } from "./json_content.ts";
import { byteLength } from "./byte_length.ts";

/** The limits of the JSON that {@linkcode writeJson} writes. */
export interface JsonLimits {
  /** The maximum length of the text, in bytes of UTF-8. */
  readonly bytes: number;
  /** The maximum number of levels of nested arrays and objects. */
  readonly depth: number;
}

/** A value as JSON, and which parts of it were lost. */
export interface WrittenJson {
  /** The JSON text; `undefined` if the value is `undefined`. */
  readonly text: string | undefined;
  /** Whether part of the value was left out because of the limit of bytes. */
  readonly isCut: boolean;
  /** Whether part of the value was left out because of the limit of levels. */
  readonly isFlattened: boolean;
  /** How many values of each type were converted, because JSON cannot express the type. */
  readonly converted: ReadonlyMap<string, number>;
}

/**
 * Writes a value as JSON. Unlike `JSON.stringify`, this function never throws, converts what JSON cannot
 * express, and stops at its limits, so that time and memory do not grow with the size of the value.
 *
 * - `toJSON()` is called, such as that of `Date` and `URL`; properties that are `undefined` are left out.
 * - A `Map` becomes an array of pairs; a `Set`, a typed array or an `ArrayBuffer` becomes an array.
 * - An error becomes an object with its name, message, cause and errors; an instance of another class becomes
 *   an object of its own properties.
 * - A `BigInt` or `RegExp` becomes text; `NaN`, `Infinity` and an empty item of an array become `null`.
 * - Other values become text such as `"[Function: load]"`, `"[Circular]"` or `"[Threw Error: no]"`.
 * - An array that is too large ends with `"… 12 more"`, an object with a field `"…"` of this value, and a text with
 *   `…`; an array or object that is nested too deeply becomes `"[Array]"` or `"[Object]"`.
 *
 * @param value the value, of any type
 * @param limits the limits of the text
 * @returns the text, and what was lost
 */
export function writeJson(value: unknown, limits: JsonLimits): WrittenJson {
  try {
    return new JsonWriter(limits, 0).writeAll(value);
  } catch (error) {
    if (error !== TOO_LARGE) throw error;
    // Space for the markers of omitted entries is reserved only in this second attempt, because a value that fits may
    // need all of the space.
    return new JsonWriter(limits, MARKER_BYTES).writeAll(value);
  }
}

/** Thrown to end the attempt to write the whole value. */
const TOO_LARGE = Symbol("too large");
/** The bytes of the longest marker at the end of an array or object, such as `,"…":"… 12 more"`. */
const MARKER_BYTES = 40;
/** The ellipsis and the quotes around a text that was cut, in bytes. */
const CUT_TEXT_BYTES = 5;

/**
 * The outcome of writing one value: `absent` if the value is `undefined`, `full` if the text had no space left for it.
 */
type Outcome = "written" | "absent" | "full";

class JsonWriter {
  readonly #limits: JsonLimits;
  readonly #markerBytes: number;
  readonly #converted: Map<string, number> = new Map();
  readonly #ancestors: object[] = [];
  #text = "";
  #bytesLeft: number;
  /** How many values may still be visited. This limits the time, because values that are `undefined` take no bytes. */
  #valuesLeft: number;
  #isCut = false;
  #isFlattened = false;

  constructor(limits: JsonLimits, markerBytes: number) {
    this.#limits = limits;
    this.#markerBytes = markerBytes;
    this.#bytesLeft = limits.bytes;
    this.#valuesLeft = limits.bytes;
  }

  writeAll(value: unknown): WrittenJson {
    const outcome = this.#write("", "", value);
    return {
      text: outcome === "absent" ? undefined : outcome === "full" ? "null" : this.#text,
      isCut: this.#isCut,
      isFlattened: this.#isFlattened,
      converted: this.#converted,
    };
  }

  /** Writes a value, after the text that comes before it in an array or object. */
  #write(prefix: string, key: string, given: unknown): Outcome {
    if (this.#valuesLeft-- <= 0) return this.#full();
    const value = Marker.is(given) ? given : attempt(() => jsonValueOf(given, key));
    if (Marker.is(value)) return this.#writeMarker(prefix, value);
    switch (typeof value) {
      case "undefined":
        return "absent";
      case "string":
        return this.#writeString(prefix, value);
      case "object":
        return value === null ? this.#put(prefix, "null") : this.#writeObject(prefix, value);
      default:
        return this.#put(prefix, JSON.stringify(value));
    }
  }

  #writeMarker(prefix: string, { kind, text }: Marker): Outcome {
    this.#count(kind);
    return text === null ? this.#put(prefix, "null") : this.#writeString(prefix, text);
  }

  #writeString(prefix: string, value: string): Outcome {
    const most = this.#bytesLeft - utf8Bytes(prefix) - CUT_TEXT_BYTES;
    // Every character takes at least one byte.
    if (value.length <= most + CUT_TEXT_BYTES) {
      const json = JSON.stringify(value);
      if (utf8Bytes(json) <= most + CUT_TEXT_BYTES) return this.#put(prefix, json);
    }
    const outcome = this.#full();
    const json = most > 0 ? jsonOfStart(value, most) : '""';
    return json === '""' ? outcome : this.#put(prefix, `${json.slice(0, -1)}…"`);
  }

  #writeObject(prefix: string, value: object): Outcome {
    if (this.#ancestors.includes(value)) {
      return this.#writeMarker(prefix, new Marker("circular reference", "[Circular]"));
    }
    const content = attempt(() => contentOf(value));
    if (Marker.is(content)) return this.#writeMarker(prefix, content);
    const [open, close] = content.isList ? "[]" : "{}";
    if (this.#ancestors.length >= this.#limits.depth) {
      this.#isFlattened = true;
      return this.#put(prefix, content.isList ? '"[Array]"' : '"[Object]"');
    }
    const reserved = this.#markerBytes + 1;
    if (utf8Bytes(prefix) + 1 + reserved > this.#bytesLeft) return this.#full();
    this.#put(prefix, open!);
    if (content.kind !== null) this.#count(content.kind);
    this.#bytesLeft -= reserved;
    this.#ancestors.push(value);
    const marker = this.#writeContent(content);
    this.#ancestors.pop();
    this.#bytesLeft += reserved;
    return this.#put(marker, close!);
  }

  /** Writes the entries of an array or object; returns the marker for the entries that did not fit, if any. */
  #writeContent({ isList, size, entry }: Content): string {
    let comma = "";
    for (let index = 0; index < size; index++) {
      const read = attempt(() => entry(index));
      const [key, value] = Marker.is(read) ? [String(index), read] : read;
      let outcome = this.#write(isList ? comma : this.#prefixOf(comma, key), key, value);
      if (isList && outcome === "absent") outcome = this.#put(comma, "null");
      if (outcome === "full") return `${comma}${isList ? "" : '"…":'}"… ${size - index} more"`;
      if (outcome === "written") comma = ",";
    }
    return "";
  }

  #prefixOf(comma: string, key: string): string {
    // A key that is too long is not written: its first characters are enough to exceed the limit.
    return `${comma}${JSON.stringify(key.slice(0, this.#limits.bytes))}:`;
  }

  #count(kind: string): void {
    this.#converted.set(kind, (this.#converted.get(kind) ?? 0) + 1);
  }

  #put(prefix: string, json: string): Outcome {
    const bytes = utf8Bytes(prefix) + utf8Bytes(json);
    if (bytes > this.#bytesLeft) return this.#full();
    this.#bytesLeft -= bytes;
    this.#text += prefix + json;
    return "written";
  }

  #full(): Outcome {
    if (this.#markerBytes === 0) throw TOO_LARGE;
    this.#isCut = true;
    return "full";
  }
}

/** Like {@linkcode byteLength}, but several times as fast for the short texts that most JSON consists of. */
function utf8Bytes(text: string): number {
  if (text.length > 64) return byteLength(text);
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return byteLength(text);
  }
  return text.length;
}

/** Returns the JSON of as many characters of a text as fit into a number of bytes, without the quotes. */
function jsonOfStart(text: string, mostBytes: number): string {
  let start = text.slice(0, mostBytes);
  for (;;) {
    // A surrogate pair is not separated.
    start = start.replace(/[\ud800-\udbff]$/, "");
    const json = JSON.stringify(start);
    const bytes = utf8Bytes(json) - 2;
    if (bytes <= mostBytes) return json;
    start = start.slice(0, Math.min(start.length - 1, Math.floor(start.length * mostBytes / bytes)));
  }
}
