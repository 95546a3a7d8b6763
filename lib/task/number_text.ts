/**
 * Parses numbers that people type into forms.
 *
 * @module
 */

/**
 * Matches a number as in JSON, but also with a plus sign, or without the digit before or after the decimal point. A run
 * of digits is matched by one quantifier only: with two, the time would grow with the square of the number of digits.
 */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Parses a number, such as `12`, `+1.5`, `.5` or `1e3`.
 *
 * @param text the text
 * @returns the number, which is infinite if it is out of range; `null` if the text is not a number
 */
export function numberFrom(text: string): number | null {
  return NUMBER.test(text) ? Number(text) : null;
}
