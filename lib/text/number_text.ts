/**
 * Writes numbers as US English does. `Intl.NumberFormat` would, too, but constructing one loads its locale data, which
 * takes a third of the time that the script of a page runs until the page is live.
 *
 * @module
 */

/**
 * Writes a finite number with grouped thousands: `1,234.5`.
 *
 * @param value the number
 * @param digits the maximum number of fraction digits; a fraction does not end in zeros
 */
export function groupedNumber(value: number, digits: number): string {
  const [whole = "", fraction = ""] = decimalNotation(value, digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = fraction.replace(/0+$/, "");
  if (rest !== "") return `${grouped}.${rest}`;
  return grouped === "-0" ? "0" : grouped;
}

/** `toFixed()`, but without an exponent, and 0.985 becomes 0.99, although its binary value is a little less. */
function decimalNotation(value: number, digits: number): string {
  if (!Number.isInteger(value)) return (value * (1 + Number.EPSILON)).toFixed(digits);
  return BigInt(value).toString();
}

/** The units of compact numbers, greatest first. */
const UNITS = [["T", 1e12], ["B", 1e9], ["M", 1e6]] as const;

/**
 * Writes a number of at least a million, of which only the first digits are stable or of interest, with one fraction
 * digit at most: `57.7M`, `2B`.
 */
export function compactNumber(value: number): string {
  // 999,950,000 is rounded to 1B, not to 1,000M.
  const [unit, size] = UNITS.find(([, size]) => Math.abs(value) >= 0.99995 * size) ?? UNITS[2];
  return groupedNumber(value / size, 1) + unit;
}
