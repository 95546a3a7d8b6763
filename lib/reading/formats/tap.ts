/**
 * Recognises the Test Anything Protocol. Pure.
 *
 * @module
 */

import { counted, type Format, RANK } from "../reading.ts";

/** The plan, `1..30`, and one line for each test at the top level (TAP 14). */
const PLAN = /^1\.\.(\d{1,9})(?:\s|$)/;
const RESULT = /^(?:not )?ok (\d{1,9})\b/;

/** Reads TAP output that begins with the plan: counts finished tests of the planned ones. */
export function tap(): Format {
  let total: number | null = null;
  return ({ raw }) => {
    const plan = PLAN.exec(raw)?.[1];
    if (plan !== undefined) {
      total = Number(plan);
      return null;
    }
    const done = RESULT.exec(raw)?.[1];
    if (done === undefined || total === null) return undefined;
    return counted("tap", Number(done), total, { rank: RANK.stated, unit: "tests", status: "Testing" }) ??
      null;
  };
}
