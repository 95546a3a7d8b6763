/**
 * Recognises the bars and dots of wget. Pure.
 *
 * @module
 */

import { bytesOf } from "../numbers.ts";
import { counted, type Format, percentage, type Sighting } from "../reading.ts";

/** `Saving to: ‘file.bin’` */
const SAVING = /^Saving to: [‘'`](.{1,200})[’']$/;
const LENGTH = /^Length: (\d+)\b/;
const NO_LENGTH = /^Length: unspecified\b/;
/** `file.bin   42%[=======>       ] 420.00K  100KB/s   eta 6s` */
const BAR = /^(\S.*?)\s+(\d{1,3})%\[[=>+ ]*\]\s+([\d.,]+)([KMGT]?)\s/;
/** `file.bin      [    <=>        ] 420.00K  100KB/s` */
const NO_BAR = /^(\S.*?)\s+\[ *<=> *\]\s+([\d.,]+)([KMGT]?)\s/;
/** ` 400K .......... .......... ..... 42% 943K 2s`; the number in front is the amount before the dots of this line. */
const DOTS = /^\s*(\d+)K [ .,]+(\d{1,3})%\s*[\d.]+[KMGT]?[ =][\w.]*\s*$/;
const NO_DOTS = /^\s*(\d+)K [ .,]+ \d[\d.]*[KMGT]?(?:[ =]\S+)?\s*$/;

/** `2026-01-31 12:00:00 (950 KB/s) - ‘file.bin’ saved [2000000/2000000]` */
const SAVED = /^\d{4}-\d\d-\d\d [\d:]+ \([^)]*\) - .* saved \[(\d+)(?:\/(\d+))?\]$/;

/** Reads wget, with bars and with dots, with and without a known length. */
export function wget(): Format {
  let total: number | null = null;
  let file = "";
  return ({ text, raw }) => {
    const target = SAVING.exec(text)?.[1];
    if (target !== undefined) {
      file = target;
      return null;
    }
    const length = LENGTH.exec(text);
    if (length !== null || NO_LENGTH.test(text)) {
      total = length === null ? null : Number(length[1]);
      return null;
    }
    const [, saved, all] = SAVED.exec(raw) ?? [];
    if (saved !== undefined) {
      return counted("wget", Number(saved), all === undefined ? null : Number(all), {
        unit: "B",
        label: file,
      }) ?? null;
    }
    return bar(text, total) ?? dots(raw, file);
  };
}

function bar(text: string, total: number | null): Sighting | undefined {
  const known = BAR.exec(text);
  if (known !== null) {
    const [, status = "", percent, number = "", scale] = known;
    if (total === null) return percentage("wget", Number(percent), { status, label: status });
    // The size is rounded.
    const current = percent === "100" ? total : Math.min(total, bytesOf(number, scale, 1024));
    const reading = counted("wget", current, total, { unit: "B", status, label: status });
    return reading === undefined ? undefined : { ...reading, progress: Number(percent) };
  }
  const unknown = NO_BAR.exec(text);
  if (unknown === null) return undefined;
  const [, status = "", number = "", scale] = unknown;
  return counted("wget", bytesOf(number, scale, 1024), null, { unit: "B", status, label: status });
}

function dots(text: string, label: string): Sighting | undefined {
  const known = DOTS.exec(text);
  if (known !== null) return percentage("wget", Number(known[2]), { label });
  const unknown = NO_DOTS.exec(text);
  return unknown === null
    ? undefined
    : counted("wget", Number(unknown[1]) * 1024, null, { unit: "B", label });
}
