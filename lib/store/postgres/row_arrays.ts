/**
 * Passes many rows as the parameters of one statement, one array per column. PostgreSQL parses arrays faster than JSON
 * with the same rows.
 *
 * @module
 */

import type { SideRow, SideValue } from "../side_tables.ts";

/** The types of the columns that are not text; columns with the same name have the same type in every table. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ...["place", "seq", "last_seq", "forgotten_seq", "number", "version"].map((name) =>
    [name, "bigint"] as const
  ),
  ...["at", "created_at", "started_at", "updated_at", "finished_at", "ended_at", "progress"].map((name) =>
    [name, "double precision"] as const
  ),
  ...["is_state", "size"].map((name) => [name, "integer"] as const),
]);

/**
 * Returns an SQL expression that makes rows of the first parameters, which must be the result of {@linkcode
 * columnArrays}.
 */
export function unnestOf(columns: readonly string[]): string {
  return `unnest(${
    columns.map((name, index) => `$${index + 1}::${TYPES.get(name) ?? "text"}[]`).join(", ")
  })`;
}

/**
 * Returns the array literal of each column.
 *
 * @param rows the rows
 * @param width the number of their columns
 */
export function columnArrays(rows: readonly SideRow[], width: number): string[] {
  return Array.from({ length: width }, (_, column) => {
    let literal = "{";
    for (let index = 0; index < rows.length; index++) {
      if (index > 0) literal += ",";
      literal += element(rows[index]![column]!);
    }
    return literal + "}";
  });
}

function element(value: SideValue): string | number {
  if (value === null) return "NULL";
  if (typeof value === "number") return value;
  return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, "\\$&") : value}"`;
}
