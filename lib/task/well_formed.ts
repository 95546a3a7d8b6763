/**
 * Replaces lone surrogates, which are half of a character and which no URL, file or database can represent.
 *
 * @module
 */

/**
 * Returns a JSON value in which every lone surrogate of a text or a key is replaced by `�`.
 *
 * @param value a JSON value, whose nesting is limited
 * @returns the same value if it has no lone surrogates, otherwise a copy
 */
export function wellFormed<Value>(value: Value): Value {
  return isWellFormed(value) ? value : copyOf(value) as Value;
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  for (const key in value) {
    if (!key.isWellFormed() || !isWellFormed((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

function copyOf(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), copyOf(each)]));
}
