/**
 * Builds form fields from the JSON Schema of a task's arguments, and parses submitted forms back into
 * arguments.
 *
 * @module
 */

import { LIMITS } from "../../lib/task/grammar.ts";
import { nestsDeeperThan } from "../../lib/task/json_depth.ts";
import { numberFrom } from "../../lib/task/number_text.ts";
import type { JsonObject, JsonValue } from "../../lib/task/task.ts";

/** A field of a form. */
export interface FormField {
  /** The name of the input: `arg.<property>` or `args.<index>`. */
  readonly name: string;
  /** The name of the property, or the index of the argument. */
  readonly key: string;
  readonly label: string;
  readonly description: string | null;
  readonly kind: "text" | "number" | "integer" | "boolean" | "choice" | "json";
  /** Whether the field must have a value. */
  readonly required: boolean;
  /** Whether the schema allows `null`. */
  readonly nullable: boolean;
  /** The default value from the schema; `undefined` if there is none. */
  readonly preset: JsonValue | undefined;
  /** The initial text of the input. */
  readonly initial: string;
  /** The allowed values of the field; empty unless `kind` is `choice`. */
  readonly choices: readonly JsonValue[];
  readonly minimum: number | null;
  readonly maximum: number | null;
}

/** The values of a submitted form. */
export interface FormValues {
  /** Returns the text of a field; `null` if the form has no such field. */
  get(name: string): string | null;
}

/** The name of the only input of a form without a schema. */
export const RAW_ARGUMENTS = "args";

/**
 * Builds the fields for a task's arguments.
 *
 * @param schema a JSON Schema: an array with `prefixItems` for a list of arguments, or an object with
 * `properties` for a single argument
 * @returns the fields; `null` if there is no schema or it is of another kind, so that the arguments must be
 * entered as JSON
 */
export function formFields(schema: JsonObject | null): readonly FormField[] | null {
  if (schema === null) return null;
  const items = schema.prefixItems;
  if (Array.isArray(items)) {
    const least = typeof schema.minItems === "number" ? schema.minItems : items.length;
    return items.map((item, index) => {
      const label = textOf(objectOf(item).title) ?? `Argument ${index + 1}`;
      return fieldOf(`args.${index}`, String(index), label, item, index < least);
    });
  }
  if (!isObject(schema.properties)) return null;
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).map(([key, property]) =>
    fieldOf(`arg.${key}`, key, textOf(objectOf(property).title) ?? key, property, required.includes(key))
  );
}

/**
 * Returns the fields of a form that begins with given arguments instead of the schema's defaults.
 *
 * @param schema the schema that the fields were built from
 * @param fields the fields
 * @param args the arguments
 */
export function filledFields(
  schema: JsonObject | null,
  fields: readonly FormField[],
  args: readonly JsonValue[],
): readonly FormField[] {
  const values = new Map(Object.entries(Array.isArray(schema?.prefixItems) ? args : objectOf(args[0])));
  return fields.map((field) => {
    const value = values.get(field.key);
    return value === undefined ? field : { ...field, initial: initialText(field.kind, value), preset: value };
  });
}

/**
 * Parses a submitted form.
 *
 * @param schema the schema that the form was built from
 * @param form the values of `arg.<property>`, of `args.<index>`, or of `args` (a JSON array)
 * @returns the arguments, without the optional arguments that the user left empty
 * @throws {RangeError} if a value does not match the schema; the message names the field
 * @throws {SyntaxError} if a value is not valid JSON; the message names the field
 */
export function argumentsFromForm(schema: JsonObject | null, form: FormValues): JsonValue[] {
  const fields = formFields(schema);
  if (fields === null) return rawArguments(form.get(RAW_ARGUMENTS) ?? "");
  if (Array.isArray(schema?.prefixItems)) {
    const values = fields.map((field) => valueOf(field, form.get(field.name)));
    while (values.length > 0 && values.at(-1) === undefined) values.pop();
    // If an argument was omitted but a later one was given, its default or `null` takes its position.
    return values.map((value, index) => value ?? fields[index]?.preset ?? null);
  }
  const entries = fields.flatMap((field) => {
    const value = valueOf(field, form.get(field.name));
    return value === undefined ? [] : [[field.key, value] as const];
  });
  return [Object.fromEntries(entries)];
}

/** Returns the text that a form shows for an allowed value. */
export function choiceText(choice: JsonValue): string {
  return typeof choice === "string" ? choice : JSON.stringify(choice);
}

function rawArguments(text: string): JsonValue[] {
  if (text.trim() === "") return [];
  const value = parseJson(RAW_ARGUMENTS, text);
  if (!Array.isArray(value)) throw wrong(RAW_ARGUMENTS, "a JSON array of the arguments", text);
  return value;
}

function fieldOf(name: string, key: string, label: string, schema: JsonValue, required: boolean): FormField {
  const { plain, nullable } = withoutNull(objectOf(schema));
  const choices = Array.isArray(plain.enum) ? plain.enum.filter((choice) => choice !== null) : [];
  const kind = choices.length > 0 ? "choice" : kindOf(plain.type);
  const preset = objectOf(schema).default ?? plain.default;
  return {
    name,
    key,
    label,
    description: textOf(objectOf(schema).description) ?? textOf(plain.description),
    kind,
    required: required && preset === undefined && !nullable,
    nullable,
    preset,
    initial: initialText(kind, preset),
    choices,
    minimum: boundOf(plain.minimum),
    maximum: boundOf(plain.maximum),
  };
}

/** Returns whether a schema allows `null`, and the schema of all other values. */
function withoutNull(schema: JsonObject): { readonly plain: JsonObject; readonly nullable: boolean } {
  const alternatives = [schema.anyOf, schema.oneOf].find((list) => Array.isArray(list)) ?? [];
  const others = (alternatives as readonly JsonValue[]).filter((entry) => objectOf(entry).type !== "null");
  if (others.length === 1) {
    return { plain: objectOf(others[0]), nullable: (alternatives as readonly JsonValue[]).length > 1 };
  }
  if (!Array.isArray(schema.type)) {
    const nullable = Array.isArray(schema.enum) && schema.enum.includes(null);
    return { plain: schema, nullable };
  }
  const types = schema.type.filter((type) => type !== "null");
  const plain = { ...schema, type: types.length === 1 ? types[0]! : null };
  return { plain, nullable: schema.type.length > types.length };
}

function kindOf(type: JsonValue | undefined): FormField["kind"] {
  if (type === "string") return "text";
  return type === "number" || type === "integer" || type === "boolean" ? type : "json";
}

function initialText(kind: FormField["kind"], preset: JsonValue | undefined): string {
  if (preset === undefined || preset === null) return "";
  return kind === "json" ? JSON.stringify(preset) : choiceText(preset);
}

function valueOf(field: FormField, text: string | null): JsonValue | undefined {
  // Browsers do not send unticked checkboxes.
  if (field.kind === "boolean") return booleanOf(field, text);
  if (text === null || (field.kind === "text" ? text : text.trim()) === "") {
    if (field.required) throw new RangeError(`Cannot read "${field.key}": wanted a value, received none`);
    return undefined;
  }
  switch (field.kind) {
    case "text":
      return text;
    case "choice": {
      const choice = field.choices.find((each) => choiceText(each) === text);
      if (choice === undefined) {
        throw wrong(field.key, `one of ${field.choices.map(choiceText).join(", ")}`, text);
      }
      return choice;
    }
    case "json":
      return parseJson(field.key, text);
    default:
      return numberOf(field, text.trim());
  }
}

function booleanOf(field: FormField, text: string | null): boolean | undefined {
  if (text === null || text === "") return field.required || field.preset === true ? false : undefined;
  if (text === "true" || text === "on") return true;
  if (text === "false") return false;
  throw wrong(field.key, "true or false", text);
}

function numberOf(field: FormField, text: string): number {
  const value = numberFrom(text);
  if (value === null || !Number.isFinite(value)) throw wrong(field.key, "a number", text);
  if (field.kind === "integer" && !Number.isInteger(value)) throw wrong(field.key, "a whole number", text);
  if (field.minimum !== null && value < field.minimum) {
    throw wrong(field.key, `at least ${field.minimum}`, text);
  }
  if (field.maximum !== null && value > field.maximum) {
    throw wrong(field.key, `at most ${field.maximum}`, text);
  }
  return value;
}

function parseJson(key: string, text: string): JsonValue {
  if (nestsDeeperThan(text, LIMITS.jsonDepth)) {
    throw wrong(key, `at most ${LIMITS.jsonDepth} levels of JSON`, text);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read "${key}": wanted JSON, received ${JSON.stringify(text.slice(0, 64))}`,
      {
        cause,
      },
    );
  }
}

function wrong(key: string, wanted: string, received: string): RangeError {
  const shown = JSON.stringify(received.slice(0, 64));
  return new RangeError(`Cannot read "${key}": wanted ${wanted}, received ${shown}`);
}

function boundOf(value: JsonValue | undefined): number | null {
  // Zod adds the limits of safe integers to every integer; the form does not show these limits.
  return typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : null;
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}
