/**
 * Recognises rsync's two progress displays. Pure.
 *
 * @module
 */

import { counted, type Format, indeterminate, percentage } from "../reading.ts";

/** `  1,234,567  42%   12.34MB/s    0:00:12 (xfr#3, to-chk=12/100)` */
const LINE =
  /^[\d,.' ]+[KMGTP]?\s+(\d{1,3})%\s+[\d.,]+[kKMGT]?B\/s\s+\d+:\d\d:\d\d(?: \(xfr#\d+, (ir|to)-chk=(\d+)\/(\d+)\))?(?:\s.*)?$/;

/** Lines that name no file. */
const HEADINGS = /^(?:sending|receiving|building) (?:incremental )?file list|^$/;

/**
 * Reads rsync with `--info=progress2` (the whole transfer) or `--progress` (each file). The two look the same until the
 * first line with `xfr#`: if that is a final line, it ends a file; if it is redrawn, it is about the whole. If the name
 * of a file comes first, the lines until then are doubtful. While rsync still lists files (`ir-chk`), both the number of
 * files and the percentage are those of the files listed so far.
 */
export function rsync(): Format {
  let mode: "unknown" | "whole" | "files" = "unknown";
  let name: string | undefined;
  let isListing = false;
  return ({ text, raw, isRedraw }) => {
    const match = LINE.exec(text);
    if (match === null) {
      if (!isRedraw) name = raw.trim();
      return undefined;
    }
    const [, percent, list, left, total] = match;
    if (list !== undefined) isListing = list === "ir";
    const isWholeFile = percent === "100" && left !== undefined;
    if (mode === "unknown" && left !== undefined) {
      mode = isWholeFile && !isRedraw && left !== "0" ? "files" : "whole";
    }
    if (mode === "whole" && isWholeFile && !isRedraw && left !== "0") mode = "files";
    if (mode !== "files") {
      const isDoubtful = mode === "unknown" && name !== undefined && !HEADINGS.test(name);
      if (isDoubtful) return null;
      return isListing ? indeterminate("rsync") : percentage("rsync", Number(percent)) ?? null;
    }
    if (!isWholeFile) return null;
    const done = Number(total) - Number(left);
    const words = { unit: "files", status: name };
    return counted("rsync", done, isListing ? null : Number(total), words) ?? null;
  };
}
