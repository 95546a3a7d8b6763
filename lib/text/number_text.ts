/**
 * Writes numbers in the format of US English. `Intl.NumberFormat` does the same, but its constructor loads
 * locale data, which takes a third of the time that a page's script needs to make the page live.
 *
 * @module
 */

/**
 * Writes a finite number with grouped thousands: `1,234.5`.
 *
 * @param value the number
 * @param digits the maximum number of fraction digits; zeros at the end are left out
 */
export function groupedNumber(value: number, digits: number): string {
  const [whole = "", fraction = ""] = decimalNotation(value, digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = fraction.replace(/0+$/, "");
  if (rest !== "") return `${grouped}.${rest}`;
  return grouped === "-0" ? "0" : grouped;
}

/**
 * Like `toFixed()`, but never with an exponent. A value that is a half only in decimal notation is rounded
 * up: 0.985 becomes 0.99, although its binary value is a little less.
 */
function decimalNotation(value: number, digits: number): string {
  if (!Number.isInteger(value)) return (value * (1 + Number.EPSILON)).toFixed(digits);
  return BigInt(value).toString();
}

/** The units of compact numbers, greatest first. */
const UNITS = [["T", 1e12], ["B", 1e9], ["M", 1e6]] as const;

/**
 * Writes a number of at least a million with at most one fraction digit, because only its first digits are of
 * interest: `57.7M`, `2B`.
 */
export function compactNumber(value: number): string {
  // 999,950,000 is rounded to 1B, not to 1,000M.
  const [unit, size] = UNITS.find(([, size]) => Math.abs(value) >= 0.99995 * size) ?? UNITS[2];
  return groupedNumber(value / size, 1) + unit;
}
