/**
 * The table of the record fields that reporters set with updates, from which parsers, forms, schemas and
 * documents are derived.
 *
 * @module
 */

import { LIMITS } from "./grammar.ts";
import type { UpdateChange } from "./task.ts";

/** The type of an update field's value. */
export type UpdateFieldType =
  /** A finite number, or `null` if it is unknown. */
  | { readonly kind: "amount" }
  /** A finite number of at least 0, or `null` if it is unknown. */
  | { readonly kind: "weight" }
  /** Text of a limited length; `null` clears it if `isNullable`. */
  | { readonly kind: "text"; readonly maxLength: number; readonly isNullable: boolean }
  /** A JSON object of a limited size, merged key by key. */
  | { readonly kind: "object"; readonly maxBytes: number }
  /** Finite numbers, by the names of their series. The numbers are not part of the record. */
  | { readonly kind: "values" };

/** A field that reporters set with updates. */
export type UpdateField = UpdateFieldType & {
  /** The meaning of the field, for the API reference. */
  readonly about: string;
};

/** The name of a field that reporters set with updates, in updates and in the record. */
export type UpdateFieldName = Exclude<keyof UpdateChange, "type" | "from_output">;

/** All fields that reporters set with updates. */
export const UPDATE_FIELDS: Readonly<Record<UpdateFieldName, UpdateField>> = {
  progress: { kind: "amount", about: "0 to 100; null while it is indeterminate" },
  status: {
    kind: "text",
    maxLength: LIMITS.statusLength,
    isNullable: false,
    about: "what the task is doing, as free text; the state in words if none was reported",
  },
  current: { kind: "amount", about: "how many of `total` are done" },
  total: { kind: "amount", about: "how many there are to do; null if that is unknown" },
  unit: {
    kind: "text",
    maxLength: LIMITS.unitLength,
    isNullable: true,
    about: 'what `current` and `total` count, such as "files" or "B"',
  },
  expected_weight: {
    kind: "weight",
    about: "the sum of the weights that its subtasks will have in all; null if that is unknown",
  },
  metadata: {
    kind: "object",
    maxBytes: LIMITS.metadataBytes,
    about: "any other data, shown beside the task",
  },
  values: {
    kind: "values",
    about:
      `numbers to chart over time, such as {"loss": 0.12}; a task has at most ${LIMITS.valueSeries} series`,
  },
};

/** The names of all fields that reporters set with updates. */
export const UPDATE_FIELD_NAMES: readonly UpdateFieldName[] = Object.keys(UPDATE_FIELDS) as UpdateFieldName[];

/** Fields of an update whose values have been checked; a field that is `undefined` stays as it is. */
export type UpdateValues = {
  readonly [Name in UpdateFieldName]?: UpdateChange[Name] | undefined;
};

/**
 * Creates an update from the values that are not `undefined`; ignores properties that are not in the table.
 */
export function updateOf(values: UpdateValues): UpdateChange {
  const update: Record<string, unknown> = {};
  for (const name of UPDATE_FIELD_NAMES) {
    if (values[name] !== undefined) update[name] = values[name];
  }
  return { type: "update", ...update };
}
