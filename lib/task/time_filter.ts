/**
 * Parses the times that people write into filters.
 *
 * @module
 */

const AGE = /^(\d{1,9})([SMHDW])$/;
const UNIT_SECONDS: ReadonlyMap<string | undefined, number> = new Map([
  ["S", 1],
  ["M", 60],
  ["H", 3_600],
  ["D", 86_400],
  ["W", 604_800],
]);
const EPOCH_SECONDS = /^\d{1,12}(\.\d{1,9})?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Parses a time, which may be an age (`90s`, `15m`, `1h`, `7d`, `2w`), an RFC 3339 time
 * (`2026-11-24T14:00:00+01:00`), a date, which stands for midnight in UTC, or epoch seconds.
 *
 * @param text the text
 * @param now the time that ages are relative to, in epoch seconds
 * @returns the time in epoch seconds; `null` if the text has none of these forms
 */
export function timeFrom(text: string, now: number): number | null {
  // In a query string, an unescaped plus sign is decoded as a space.
  const written = text.toUpperCase().replace(/ (?=\d{2}:\d{2}$)/, "+");
  const [, count, unit] = AGE.exec(written) ?? [];
  if (count !== undefined) return now - Number(count) * (UNIT_SECONDS.get(unit) ?? 0);
  if (EPOCH_SECONDS.test(written)) return Number(written);
  if (!DATE.test(written) && !DATE_TIME.test(written)) return null;
  const day = written.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  // `Date` would accept the 30th of February as a day in March.
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return null;
  const milliseconds = DATE.test(written) ? midnight.getTime() : Date.parse(written);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000;
}
