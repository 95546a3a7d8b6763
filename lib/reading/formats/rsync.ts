import { counted, type Format, percentage } from "../reading.ts";

/** `  1,234,567  42%   12.34MB/s    0:00:12 (xfr#3, to-chk=12/100)` */
const LINE =
  /^\s*[\d,.]+[KMGTP]?\s+(\d{1,3})%\s+[\d.,]+[kKMGT]?B\/s\s+\d+:\d\d:\d\d(?: \(xfr#\d+, (ir|to)-chk=(\d+)\/(\d+)\))?\s*$/;

/**
 * Reads the output of rsync with `--info=progress2` (in total) and with `--progress` (per file). Both look the same until a
 * line marks the end of a file that is not the last one; from then on, files are counted.
 */
export function rsync(): Format {
  let countsFiles = false;
  let name: string | undefined;
  return (text, isRedraw) => {
    const match = LINE.exec(text);
    if (match === null) {
      if (!isRedraw) name = text.trim();
      return undefined;
    }
    const [, percent, list, left, total] = match;
    const isWholeFile = percent === "100" && left !== undefined;
    if (isWholeFile && !isRedraw && left !== "0") countsFiles = true;
    if (!countsFiles) return percentage(Number(percent));
    // Within a file there is no news; while the list of files grows ("ir"), nobody knows how many there are.
    if (!isWholeFile) return null;
    const done = Number(total) - Number(left);
    return counted(done, list === "to" ? Number(total) : null, { unit: "files", status: name }) ?? null;
  };
}
