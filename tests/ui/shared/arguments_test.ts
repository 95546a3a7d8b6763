import fc from "fast-check";
import { argumentsFromForm, filledFields, formFields } from "../../../ui/shared/arguments.ts";
import type { JsonObject, JsonValue } from "../../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "../../support/assert.ts";

function read(schema: JsonObject | null, fields: Readonly<Record<string, string>>): JsonValue[] {
  return argumentsFromForm(schema, new URLSearchParams(fields));
}

function objectOf(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return { type: "object", properties, required };
}

const PLACE = { type: "integer", minimum: 1, maximum: 9 } as const;

const READ: readonly [string, JsonObject | null, Record<string, string>, JsonValue[]][] = [
  ["an empty field without a schema", null, { args: "  " }, []],
  ["a missing field without a schema", null, {}, []],
  ["a JSON array without a schema", null, { args: '[1,"two",{"three":3}]' }, [1, "two", { three: 3 }]],
  ["a schema without properties", { type: "object" }, { args: '[{"a":1}]' }, [{ a: 1 }]],
  ["an object without fields", objectOf({}), {}, [{}]],
  ["a text", objectOf({ name: { type: "string" } }), { "arg.name": " as typed " }, [{ name: " as typed " }]],
  ["an empty optional text", objectOf({ name: { type: "string" } }), { "arg.name": "" }, [{}]],
  ["a whole number", objectOf({ n: { type: "integer" } }), { "arg.n": " 12 " }, [{ n: 12 }]],
  ["a number with an exponent", objectOf({ n: { type: "number" } }), { "arg.n": "-1.5e3" }, [{ n: -1_500 }]],
  ["zero", objectOf({ n: { type: "number" } }), { "arg.n": "0" }, [{ n: 0 }]],
  ["a ticked checkbox", objectOf({ yes: { type: "boolean" } }), { "arg.yes": "true" }, [{ yes: true }]],
  ["an unticked checkbox", objectOf({ yes: { type: "boolean" } }), {}, [{}]],
  ["an unticked checkbox of a required field", objectOf({ yes: { type: "boolean" } }, ["yes"]), {}, [{
    yes: false,
  }]],
  [
    "an unticked checkbox whose default is ticked",
    objectOf({ yes: { type: "boolean", default: true } }),
    {},
    [{
      yes: false,
    }],
  ],
  ["a choice", objectOf({ of: { enum: ["a", "b"] } }), { "arg.of": "b" }, [{ of: "b" }]],
  ["a choice of numbers", objectOf({ of: { enum: [1, 2] } }), { "arg.of": "2" }, [{ of: 2 }]],
  ["JSON", objectOf({ list: { type: "array" } }), { "arg.list": "[1, 2]" }, [{ list: [1, 2] }]],
  ["a nullable type", objectOf({ n: { type: ["number", "null"] } }, ["n"]), { "arg.n": "4" }, [{
    n: 4,
  }]],
  ["alternatives with null", objectOf({ n: { anyOf: [{ type: "integer" }, { type: "null" }] } }), {
    "arg.n": "4",
  }, [{ n: 4 }]],
  ["a required field with a default", objectOf({ n: { type: "number", default: 3 } }, ["n"]), {
    "arg.n": "",
  }, [{}]],
  ["a property named __proto__", objectOf({ ["__proto__"]: { type: "string" } }), {
    "arg.__proto__": "x",
  }, [JSON.parse('{"__proto__":"x"}')]],
  ["several arguments", { type: "array", prefixItems: [{ type: "string" }, PLACE] }, {
    "args.0": "a",
    "args.1": "2",
  }, ["a", 2]],
  [
    "arguments omitted at the end",
    { type: "array", prefixItems: [{ type: "string" }, PLACE], minItems: 1 },
    {
      "args.0": "a",
      "args.1": "",
    },
    ["a"],
  ],
  [
    "an argument omitted before another",
    {
      type: "array",
      prefixItems: [{ type: "string" }, { type: "string", default: "preset" }, PLACE],
      minItems: 0,
    },
    { "args.2": "2" },
    [null, "preset", 2],
  ],
];

for (const [what, schema, fields, expected] of READ) {
  Deno.test(`argumentsFromForm() reads ${what}`, () => {
    assertEquals(read(schema, fields), expected);
  });
}

const REFUSED: readonly [
  string,
  JsonObject | null,
  Record<string, string>,
  typeof RangeError | typeof SyntaxError,
  string,
][] = [
  ["arguments that are not JSON", null, { args: "[1," }, SyntaxError, '"args"'],
  ["arguments that are not an array", null, { args: '{"a":1}' }, RangeError, '"args"'],
  [
    "a missing required text",
    objectOf({ name: { type: "string" } }, ["name"]),
    { "arg.name": "" },
    RangeError,
    '"name"',
  ],
  [
    "a word for a number",
    objectOf({ n: { type: "number" } }),
    { "arg.n": "many" },
    RangeError,
    '"n": wanted a number',
  ],
  ["an infinite number", objectOf({ n: { type: "number" } }), { "arg.n": "1e999" }, RangeError, '"n"'],
  ["a hexadecimal number", objectOf({ n: { type: "number" } }), { "arg.n": "0x10" }, RangeError, '"n"'],
  [
    "a fraction",
    objectOf({ n: { type: "integer" } }),
    { "arg.n": "1.5" },
    RangeError,
    '"n": wanted a whole number',
  ],
  [
    "too small a number",
    objectOf({ n: PLACE }),
    { "arg.n": "0" },
    RangeError,
    '"n": wanted at least 1, received "0"',
  ],
  [
    "a number that is too large",
    objectOf({ n: PLACE }),
    { "arg.n": "10" },
    RangeError,
    '"n": wanted at most 9',
  ],
  [
    "a value that is not one of the choices",
    objectOf({ of: { enum: ["a"] } }),
    { "arg.of": "b" },
    RangeError,
    '"of": wanted one of a',
  ],
  [
    "an invalid text for a checkbox",
    objectOf({ yes: { type: "boolean" } }),
    { "arg.yes": "maybe" },
    RangeError,
    '"yes"',
  ],
  [
    "broken JSON",
    objectOf({ list: { type: "array" } }),
    { "arg.list": "[" },
    SyntaxError,
    '"list": wanted JSON',
  ],
  ["a missing argument", { type: "array", prefixItems: [PLACE] }, {}, RangeError, '"0": wanted a value'],
];

for (const [what, schema, fields, error, message] of REFUSED) {
  Deno.test(`argumentsFromForm() rejects ${what}`, () => {
    assertThrows(() => read(schema, fields), error, message);
  });
}

Deno.test("argumentsFromForm() parses a form with the initial values of formFields()", () => {
  const presets = fc.record({
    text: fc.string({ minLength: 1 }),
    number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    integer: fc.integer(),
    boolean: fc.boolean(),
    choice: fc.constantFrom("a", "b", 3),
    json: fc.jsonValue().filter((value) => value !== null) as fc.Arbitrary<JsonValue>,
  });
  fc.assert(fc.property(presets, (preset) => {
    const schema = objectOf({
      text: { type: "string", default: preset.text },
      number: { type: "number", default: preset.number },
      integer: { type: "integer", default: preset.integer },
      boolean: { type: "boolean", default: preset.boolean },
      choice: { enum: ["a", "b", 3], default: preset.choice },
      json: { default: preset.json },
    });
    const form = new Map((formFields(schema) ?? []).map((field) => [field.name, field.initial]));
    const [read] = argumentsFromForm(schema, { get: (name) => form.get(name) ?? null });
    assertEquals(read, JSON.parse(JSON.stringify(preset)));
  }));
});

Deno.test("argumentsFromForm() parses any form for any schema, or throws an error that names a field", () => {
  const schemas = fc.oneof(
    fc.constant(null),
    fc.dictionary(fc.string(), fc.jsonValue()),
    fc.record({
      properties: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), fc.jsonValue()),
      required: fc.jsonValue(),
    }),
    fc.record({ prefixItems: fc.jsonValue(), minItems: fc.jsonValue() }),
  ) as fc.Arbitrary<JsonObject | null>;
  fc.assert(fc.property(schemas, fc.string(), (schema, text) => {
    try {
      assert(Array.isArray(argumentsFromForm(schema, { get: () => text })));
    } catch (error) {
      assertInstanceOf(error, Error);
      assert(error instanceof RangeError || error instanceof SyntaxError, String(error));
      assertStringIncludes(error.message, 'Cannot read "');
    }
  }));
});

Deno.test("formFields() returns the names, labels and limits of the fields", () => {
  const schema = objectOf({
    seconds: { type: "integer", title: "Seconds", description: "How long", minimum: 1, maximum: 60 },
    size: { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
  }, ["seconds"]);
  assertEquals(formFields(schema), [
    {
      name: "arg.seconds",
      key: "seconds",
      label: "Seconds",
      description: "How long",
      kind: "integer",
      required: true,
      nullable: false,
      preset: undefined,
      initial: "",
      choices: [],
      minimum: 1,
      maximum: 60,
    },
    {
      name: "arg.size",
      key: "size",
      label: "size",
      description: null,
      kind: "integer",
      required: false,
      nullable: false,
      preset: undefined,
      initial: "",
      choices: [],
      minimum: null,
      maximum: null,
    },
  ]);
});

Deno.test("filledFields() begins a form with the arguments of a run, which the form returns unchanged", () => {
  const items = { type: "array", prefixItems: [{ type: "string" }, { type: "boolean" }, { type: "object" }] };
  const object = {
    type: "object",
    properties: {
      rows: { type: "integer", default: 3 },
      more: { type: ["string", "null"] },
      constructor: {},
    },
  };
  const table: [JsonObject, JsonValue[]][] = [[items, ["a", true, { b: [1] }]], [object, [{
    rows: 5,
    more: "x",
  }]]];
  for (const [schema, args] of table) {
    const filled = filledFields(schema, formFields(schema)!, args);
    const form = new Map(filled.map(({ name, initial }) => [name, initial]));
    const get = (name: string) => form.get(name) ?? null;
    assertEquals(argumentsFromForm(schema, { get }), args);
  }
  const [rows] = filledFields(object, formFields(object)!, [{}]);
  assertEquals(rows?.initial, "3", "a missing argument begins with its default");
});
