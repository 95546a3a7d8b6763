/** Tests the conversion of any value to JSON of limited size. */

import fc from "fast-check";
import { Buffer } from "node:buffer";
import { type JsonLimits, writeJson } from "../../../lib/task/json_writer.ts";
import { nestsDeeperThan } from "../../../lib/task/json_depth.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";

const WIDE: JsonLimits = { bytes: 65_536, depth: 56 };

function raise(error: unknown): never {
  throw error;
}

/** Returns the parsed JSON of a value, and the types that were converted. */
function converted(value: unknown): readonly [json: unknown, kinds: string] {
  const { text, converted, isCut, isFlattened } = writeJson(value, WIDE);
  assertEquals([isCut, isFlattened], [false, false]);
  const kinds = Array.from(converted, ([kind, count]) => count === 1 ? kind : `${kind} ${count}`);
  return [text === undefined ? undefined : JSON.parse(text), kinds.join()];
}

class Point {
  readonly x = 1;
  readonly #hidden = 2;

  get sum(): number {
    return this.x + this.#hidden;
  }
}

class Temperature {
  toJSON(key: string): unknown {
    return { key, degrees: 20 };
  }
}

class HttpError extends Error {
  readonly status = 404;
}

const revoked = Proxy.revocable([], {});
revoked.revoke();

/** Values with the expected JSON, and the types that are named as converted. */
const TABLE: readonly (readonly [name: string, value: unknown, json: unknown, kinds: string])[] = [
  [
    "a Map",
    new Map<unknown, unknown>([["a", 1], [{ b: 2 }, new Map()]]),
    [["a", 1], [{ b: 2 }, []]],
    "Map 2",
  ],
  ["a Set", { set: new Set(["a", 1]) }, { set: ["a", 1] }, "Set"],
  ["a Date", [new Date(0)], ["1970-01-01T00:00:00.000Z"], ""],
  ["an invalid Date", [new Date(NaN)], [null], "invalid Date"],
  ["a BigInt", { n: -12n }, { n: "-12" }, "BigInt"],
  ["a BigInt that takes long to convert to text", 1n << 10_000_000n, "[BigInt]", "BigInt"],
  ["a typed array", new Float32Array([0.5, NaN]), [0.5, null], "Float32Array,NaN"],
  ["a typed array of BigInts", new BigInt64Array([1n, 2n]), ["1", "2"], "BigInt64Array,BigInt 2"],
  ["an ArrayBuffer", new Uint8Array([1, 255]).buffer, [1, 255], "ArrayBuffer"],
  ["a SharedArrayBuffer", new SharedArrayBuffer(2), [0, 0], "SharedArrayBuffer"],
  ["a DataView", new DataView(new Uint8Array([1, 2, 3]).buffer, 1), [2, 3], "DataView"],
  ["a Buffer", Buffer.from("ab"), [97, 98], "Buffer"],
  ["an instance of a class", new Point(), { x: 1 }, "Point"],
  ["an instance with toJSON()", { t: new Temperature() }, { t: { key: "t", degrees: 20 } }, ""],
  ["an error", new HttpError("no", { cause: [new RangeError("far")] }), {
    name: "Error",
    message: "no",
    cause: [{ name: "RangeError", message: "far" }],
    status: 404,
  }, "HttpError,RangeError"],
  ["an AggregateError", new AggregateError([new Error("a"), "b"], "both"), {
    name: "AggregateError",
    message: "both",
    errors: [{ name: "Error", message: "a" }, "b"],
  }, "AggregateError,Error"],
  ["a RegExp", [/a"b/gi], ['/a"b/gi'], "RegExp"],
  ["a URL", new URL("https://a.example/b?c"), "https://a.example/b?c", ""],
  ["symbols", [Symbol("s"), Symbol.iterator], ["Symbol(s)", "Symbol(Symbol.iterator)"], "symbol 2"],
  ["functions", [function load() {}, class Job {}], ["[Function: load]", "[Function: Job]"], "function 2"],
  [
    "numbers that JSON lacks",
    [NaN, Infinity, -Infinity, -0],
    [null, null, null, 0],
    "NaN,Infinity,-Infinity",
  ],
  // deno-lint-ignore no-sparse-arrays
  ["a sparse array", [1, , undefined, 2], [1, null, null, 2], "empty item"],
  ["undefined properties", { a: undefined, b: null }, { b: null }, ""],
  ["undefined", undefined, undefined, ""],
  ["wrapper objects", [Object(1), Object("s"), Object(true), Object(2n)], [1, "s", true, "2"], "BigInt"],
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }, ""],
  ["a key __proto__", JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}'), ""],
  ["a generator", [(function* () {})()], [{}], "Generator"],
  ["a Promise and a WeakMap", [Promise.resolve(1), new WeakMap()], [{}, {}], "Promise,WeakMap"],
  ["the same object twice", ((one) => [one, one])({ a: 1 }), [{ a: 1 }, { a: 1 }], ""],
  [
    "a getter that throws",
    {
      a: 1,
      get b(): never {
        return raise(new TypeError("no"));
      },
      c: 2,
    },
    { a: 1, b: "[Threw TypeError: no]", c: 2 },
    "value that throws",
  ],
  ["a toJSON() that throws", [{ toJSON: () => raise("no") }], ["[Threw no]"], "value that throws"],
  ["a proxy that throws", [new Proxy({}, { ownKeys: () => raise(1) })], ["[Threw 1]"], "value that throws"],
  [
    "a proxy without a readable prototype",
    new Proxy({}, { getPrototypeOf: () => raise(Object.create(null)) }),
    "[Threw a value]",
    "value that throws",
  ],
  [
    "a revoked proxy",
    [revoked.proxy],
    ["[Threw TypeError: Cannot perform 'getPrototypeOf' on a proxy that has been revoked]"],
    "value that throws",
  ],
];

for (const [name, value, json, kinds] of TABLE) {
  Deno.test(`writeJson() converts ${name}`, () => assertEquals(converted(value), [json, kinds]));
}

Deno.test("writeJson() marks where a value contains itself", () => {
  const list: unknown[] = [1];
  const map = new Map<string, unknown>([["list", list]]);
  list.push({ map });
  assertEquals(converted(list), [[1, { map: [["list", "[Circular]"]] }], "Map,circular reference"]);
});

Deno.test("writeJson() writes JSON values like JSON.stringify, and keeps every limit for any value", () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    withObjectString: true,
  });
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const { text, converted } = writeJson(value, WIDE);
    assertEquals([text, converted.size], [JSON.stringify(value), 0]);
  }));
  const unicode = fc.string({ unit: "binary", maxLength: 200 });
  const limits = fc.record({
    bytes: fc.integer({ min: 64, max: 400 }),
    depth: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(
      fc.oneof(anything, fc.array(unicode), fc.dictionary(unicode, anything)),
      limits,
      (value, limits) => {
        const { text = "null", isCut } = writeJson(value, limits);
        JSON.parse(text);
        assertLessOrEqual(new TextEncoder().encode(text).length, limits.bytes);
        assert(!nestsDeeperThan(text, limits.depth));
        // A lone surrogate is replaced, because it would become another character in UTF-8.
        assertEquals(text.isWellFormed(), true);
        if (!isCut) assert(!text.includes('"… '), text);
      },
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("writeJson() cuts arrays, objects and texts, and says how much is missing", () => {
  const cut = (value: unknown, bytes: number) => {
    const written = writeJson(value, { bytes, depth: 56 });
    assertEquals(written.isCut, true);
    return JSON.parse(written.text!);
  };
  assertEquals(cut(Array.from({ length: 100 }, (_, i) => i), 61), [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    "… 90 more",
  ]);
  assertEquals(cut({ a: 1, b: 2, long: "x".repeat(100), c: 3 }, 80), {
    a: 1,
    b: 2,
    long: `${"x".repeat(14)}…`,
    "…": "… 1 more",
  });
  assertEquals(cut(["x".repeat(1_000)], 100), [`${"x".repeat(53)}…`]);
  // The cut is never within a surrogate pair or an escape sequence.
  assertEquals(cut("😀".repeat(10), 18), "😀😀😀…");
  assertEquals(cut("\u0001".repeat(10), 18), "\u0001\u0001…");
  const exact = { a: "x".repeat(56) };
  assertEquals(writeJson(exact, { bytes: 64, depth: 1 }).text, JSON.stringify(exact), "it fits exactly");
});

Deno.test("writeJson() replaces values that are nested too deeply", () => {
  const { text, isFlattened, isCut } = writeJson([[[1]], { a: { b: {} } }, [[]]], { bytes: 1_000, depth: 2 });
  assertEquals([text, isFlattened, isCut], ['[["[Array]"],{"a":"[Object]"},["[Array]"]]', true, false]);
});

/** Returns how often the values of a large structure are read while it is written. */
function countReads(make: (read: () => void) => unknown): number {
  let reads = 0;
  const { isCut } = writeJson(make(() => reads++), WIDE);
  assertEquals(isCut, true);
  return reads;
}

Deno.test("writeJson() reads no more of a value than fits, however large the value is", () => {
  const endless = (read: () => void, make: (key: PropertyKey) => unknown): unknown =>
    new Proxy([], {
      get: (_, key) => key === "length" ? 2 ** 32 - 1 : key === "toJSON" ? undefined : (read(), make(key)),
      has: () => true,
    });
  // Each value is read in up to two attempts, and takes at least two bytes.
  const most = 2 * WIDE.bytes;
  assertLessOrEqual(countReads((read) => endless(read, () => 1)), most);
  assertLessOrEqual(countReads((read) => endless(read, () => ({}))), most);
  assertLessOrEqual(countReads((read) => endless(read, () => endless(read, () => undefined))), most);
  assertLessOrEqual(
    countReads((read) => {
      const set = new Set(Array(200_000).keys());
      set.values = () => raise("not called");
      return new Map([[set, endless(read, () => 1)]]);
    }),
    most,
  );
  const absent = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, undefined]));
  assertLessOrEqual(
    countReads((read) => new Proxy(absent, { get: (_, key) => void (key !== "toJSON" && read()) })),
    most,
  );
  // Without a limit, the structure would have 2 to the power of 40 values.
  let twice: unknown = "x".repeat(100);
  for (let level = 0; level < 40; level++) twice = [twice, twice];
  assertEquals(writeJson(twice, WIDE).isCut, true);
  assertEquals(writeJson(new Array(4_000_000_000), WIDE).isCut, true);
  assertEquals(writeJson(new Uint8Array(50_000_000), WIDE).isCut, true);
});
