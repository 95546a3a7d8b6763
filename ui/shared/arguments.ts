/**
 * Turns the JSON Schema of a task's arguments into form fields, and the form that was filled in into arguments. Pure.
 *
 * @module
 */

import type { JsonObject, JsonValue } from "../../lib/task/task.ts";

/** One field of a form. */
export interface FormField {
  /** The name it is sent under: `arg.<property>` or `args.<index>`. */
  readonly name: string;
  /** The property, or the argument's place. */
  readonly key: string;
  readonly label: string;
  readonly description: string | null;
  readonly kind: "text" | "number" | "integer" | "boolean" | "choice" | "json";
  /** Whether it must be filled in. */
  readonly required: boolean;
  /** Whether `null` is a value it may have. */
  readonly nullable: boolean;
  /** What the argument is where nobody gave one; `undefined` where the schema does not say. */
  readonly preset: JsonValue | undefined;
  /** What the field shows at first. */
  readonly initial: string;
  /** The values of a choice, else empty. */
  readonly choices: readonly JsonValue[];
  readonly minimum: number | null;
  readonly maximum: number | null;
}

/** A form that was filled in. */
export interface FormValues {
  /** The field's text; `null` where the form has no such field. */
  get(name: string): string | null;
}

/** The name of the only field where there is no schema to make fields of. */
export const RAW_ARGUMENTS = "args";

/**
 * The fields for a task's arguments.
 *
 * @param schema JSON Schema of the arguments: of all (`prefixItems`), or of the only one, an object (`properties`)
 * @returns the fields; `null` where the arguments are better given as JSON
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
 * Reads the arguments from a form.
 *
 * @param schema the schema that the form was made of
 * @param form the form: `arg.<property>`, `args.<index>`, or `args` with a JSON array
 * @returns the arguments; optional ones that were left empty are left out
 * @throws {RangeError} that names a field whose value is not what the schema wants
 * @throws {SyntaxError} that names a field whose JSON can't be read
 */
export function argumentsFromForm(schema: JsonObject | null, form: FormValues): JsonValue[] {
  const fields = formFields(schema);
  if (fields === null) return rawArguments(form.get(RAW_ARGUMENTS) ?? "");
  if (Array.isArray(schema?.prefixItems)) {
    const values = fields.map((field) => valueOf(field, form.get(field.name)));
    while (values.length > 0 && values.at(-1) === undefined) values.pop();
    // An argument that was left out before one that was given still has to hold its place.
    return values.map((value, index) => value ?? fields[index]?.preset ?? null);
  }
  const entries = fields.flatMap((field) => {
    const value = valueOf(field, form.get(field.name));
    return value === undefined ? [] : [[field.key, value] as const];
  });
  return [Object.fromEntries(entries)];
}

/** The text that stands for a choice in a form. */
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

/** A type that may be `null` is shown as the other type that it may be. */
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
  // A box that is not ticked is not sent at all.
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
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) throw wrong(field.key, "a number", text);
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
  // zod writes the bounds of safe integers; nobody wants to read them.
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
