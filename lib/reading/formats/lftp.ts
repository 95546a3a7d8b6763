/**
 * Recognises the row in which lftp shows the files that it transfers, one after the other. Pure.
 *
 * @module
 */

import { type Format, indeterminate, percentage, RANK } from "../reading.ts";

/** `` `a.iso' at 688128 (46%) [Receiving data] `` */
const FILE = /^[`'‘](?<name>.{1,300}?)['’] at \d{1,15} \((?<percent>\d{1,3})%\)/;
/** The phase before the transfers of a mirror. */
const LISTING = /^Getting (?:files|directory) \S{1,30} \(\d{1,3}%\)/;

/**
 * Reads the percentage of the first file. Once there is a second file, progress is indeterminate, because the number of
 * files is unknown.
 */
export function lftp(): Format {
  let first: string | null = null;
  return ({ text }) => {
    if (LISTING.test(text)) return null;
    const { name, percent } = FILE.exec(text)?.groups ?? {};
    if (name === undefined) return undefined;
    first ??= name;
    if (name !== first) return indeterminate("lftp", { rank: RANK.drawn, status: name });
    return percentage("lftp", Number(percent), { status: name }) ?? null;
  };
}
