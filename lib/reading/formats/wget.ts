import { bytesOf, counted, type Format, percentage, type Reading } from "../reading.ts";

const LENGTH = /^Length: (\d+)\b/;
const NO_LENGTH = /^Length: unspecified\b/;
/** `file.bin   42%[=======>       ] 420.00K  100KB/s   eta 6s` */
const BAR = /^(\S.*?)\s+(\d{1,3})%\[[=>+ ]*\]\s+([\d.,]+)([KMGT]?)\s/;
/** `file.bin      [    <=>        ] 420.00K  100KB/s` */
const NO_BAR = /^(\S.*?)\s+\[ *<=> *\]\s+([\d.,]+)([KMGT]?)\s/;
/** `   400K .......... .......... ..... 42%  943K 2s`; the number in front is what was there before the dots. */
const DOTS = /^\s*(\d+)K [ .,]+(\d{1,3})%\s*[\d.]+[KMGT]?[ =][\w.]*\s*$/;
const NO_DOTS = /^\s*(\d+)K [ .,]+ \d[\d.]*[KMGT]?(?:[ =]\S+)?\s*$/;

/** `2026-01-31 12:00:00 (950 KB/s) - ‘file.bin’ saved [2000000/2000000]` */
const SAVED = /^\d{4}-\d\d-\d\d [\d:]+ \([^)]*\) - .* saved \[(\d+)(?:\/(\d+))?\]$/;

/** Reads the output of wget, with bars and with dots, with and without a known length. */
export function wget(): Format {
  let total: number | null = null;
  return (text) => {
    const length = LENGTH.exec(text);
    if (length !== null || NO_LENGTH.test(text)) {
      total = length === null ? null : Number(length[1]);
      return null;
    }
    const [, saved, all] = SAVED.exec(text) ?? [];
    if (saved !== undefined) {
      return counted(Number(saved), all === undefined ? null : Number(all), { unit: "B" }) ?? null;
    }
    return bar(text, total) ?? dots(text);
  };
}

function bar(text: string, total: number | null): Reading | undefined {
  const known = BAR.exec(text);
  if (known !== null) {
    const [, status, percent, number = "", scale] = known;
    if (total === null) return percentage(Number(percent), { status });
    // The size is rounded.
    const current = percent === "100" ? total : Math.min(total, bytesOf(number, scale, 1024));
    const reading = counted(current, total, { unit: "B", status });
    return reading === undefined ? undefined : { ...reading, progress: Number(percent) };
  }
  const unknown = NO_BAR.exec(text);
  if (unknown === null) return undefined;
  const [, status, number = "", scale] = unknown;
  return counted(bytesOf(number, scale, 1024), null, { unit: "B", status });
}

function dots(text: string): Reading | undefined {
  const known = DOTS.exec(text);
  if (known !== null) return percentage(Number(known[2]));
  const unknown = NO_DOTS.exec(text);
  return unknown === null ? undefined : counted(Number(unknown[1]) * 1024, null, { unit: "B" });
}
