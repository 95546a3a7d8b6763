/**
 * GDAL's dotted scale. Pure.
 *
 * @module
 */

import { type Format, percentage } from "../reading.ts";

/** `0...10...20...30`, drawn from left to right in one row. */
const SCALE = /^(?:(?<what>\S.{0,80}?)[: ]+)?0(?:\.{1,3}\d{0,3})*(?: - done\.?)?$/;
const POINTS = /\.\.\.(\d{1,3})/g;

/** GDAL's tools, and others that draw `0...10...20`. A dot between two numbers is a quarter of the way. */
export function gdal(): Format {
  return ({ text }) => {
    if (!text.startsWith("0.") || !SCALE.test(text)) return undefined;
    const last = [...text.matchAll(POINTS)].at(-1)?.[1] ?? "0";
    const dots = /\d(\.{1,3})$/.exec(text)?.[1]?.length ?? 0;
    return percentage("gdal", Math.min(100, Number(last) + dots * 2.5)) ?? null;
  };
}
