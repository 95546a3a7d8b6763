/**
 * Recognises the downloads and bars of pip. Pure.
 *
 * @module
 */

import { bytesOf } from "../numbers.ts";
import { counted, type Format, percentage, type Sighting } from "../reading.ts";

/** `  Downloading numpy-2.0.0-cp312-cp312-manylinux_2_17_x86_64.whl (19.5 MB)` */
const DOWNLOAD = /^\s*Downloading (\S+)(?: \([\d.]+ \w?B\))?$/;
/** ` ━━━━━━━━╸━━━━━━━━━━ 3.1/12.4 MB 5.2 MB/s eta 0:00:02`, and similar bars of other programs. */
const BAR = /^(.*?)\s*[━╸╺]{5,}\s+(.*)$/;
const SIZES = /^([\d.]+)\/([\d.]+) (?:([kMGT]?)B|bytes)\b/;
const COUNTS = /^(\d+)\/(\d+)(?:\s|$)/;
const PERCENT = /^(\d{1,3})%(?:\s|$)/;
/** A line of `--progress-bar=raw`, with bytes; it counts only after the announcement of a download. */
const RAW = /^Progress (\d+) of (\d+)$/;

/** Reads pip, and other programs with the same bars. */
export function pip(): Format {
  let file: string | undefined;
  return ({ text }) => {
    const download = DOWNLOAD.exec(text)?.[1];
    if (download !== undefined) {
      file = download;
      return null;
    }
    const status = file === undefined ? undefined : `Downloading ${file}`;
    const raw = RAW.exec(text);
    if (raw !== null) {
      const unit = file === undefined ? null : "B";
      return counted("pip", Number(raw[1]), Number(raw[2]), { unit, status, label: file ?? "" });
    }
    const [, before = "", behind] = file === undefined ? [] : BAR.exec(text) ?? [];
    return behind === undefined ? undefined : bar(behind, before.trim().replace(/[.…:]+$/, "") || status);
  };
}

function bar(text: string, status: string | undefined): Sighting | undefined {
  const words = { status, label: status ?? "" };
  const sizes = SIZES.exec(text);
  if (sizes !== null) {
    const [, current = "", total = "", scale] = sizes;
    return counted("pip", bytesOf(current, scale), bytesOf(total, scale), { unit: "B", ...words });
  }
  const counts = COUNTS.exec(text);
  if (counts !== null) return counted("pip", Number(counts[1]), Number(counts[2]), words);
  const percent = PERCENT.exec(text)?.[1];
  return percent === undefined ? undefined : percentage("pip", Number(percent), words);
}
