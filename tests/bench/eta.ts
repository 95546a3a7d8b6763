/**
 * Measures how accurate the estimates of the remaining time are, compared with two baselines: linear from the
 * start, and the moving average of tqdm, and what they cost. {@linkcode judge} states the rules.
 *
 * @module
 */

import { benchEtaCost } from "./eta/cost.ts";
import { progressCurves } from "./eta/curves.ts";
import { type Errors, judge } from "./eta/judge.ts";
import { type Figure, verify } from "./support/harness.ts";

/** A curve counts as no worse than a baseline if the error is larger by at most this share of the duration. */
const TOLERANCE = 0.02;
/** In the strict variant, the error may be at most this many times that of a baseline. */
const STRICT_TOLERANCE = 1.02;
const CURVES = 30;

/** Judges the estimates on every curve, prints the errors on each, and measures the cost of an estimate. */
export async function benchEta(): Promise<Figure[]> {
  const judged = progressCurves().map((curve) => ({ ...curve, ...judge(curve) }));
  verify("curves", CURVES, judged.length);
  for (const { kind, name, ours, linear, tqdm, silent, covered, stalledAt } of judged) {
    const verdict = isGood({ ours, linear, tqdm }) ? "good" : "worse";
    const figures = [ours, linear, tqdm].map(percentOf).join(" ");
    // deno-lint-ignore no-console -- a benchmark writes to the console
    console.error(
      `${kind.padEnd(14)}${name.padEnd(24)}${figures} ${verdict.padEnd(5)} silent ${percentOf(silent)} ` +
        `in range ${percentOf(covered)} stalled ${stalledAt.length}`,
    );
  }
  const mean = (pick: (errors: Errors) => number) =>
    100 * judged.reduce((sum, errors) => sum + pick(errors), 0) / judged.length;
  const ours = mean((errors) => errors.ours);
  const against = (name: string, bare: number): Figure => {
    return { name, unit: "%", ours, bare, ratio: ours / bare, target: { of: "ratio", atMost: 1 } };
  };
  const counted = (name: string, ours: number, target: Figure["target"]): Figure => {
    return { name, unit: "curves", ours, bare: null, ratio: null, target };
  };
  return [
    against("eta, mean error vs linear", mean((errors) => errors.linear)),
    against("eta, mean error vs tqdm", mean((errors) => errors.tqdm)),
    counted("eta, within 2 % of the duration of both", judged.filter(isGood).length, {
      of: "ours",
      atLeast: 25,
    }),
    counted("eta, within 2 % of the error of both", judged.filter(isStrictlyGood).length, null),
    counted("eta, called stalled though moving", judged.filter((each) => each.stalledAt.length > 0).length, {
      of: "ours",
      atMost: 0,
    }),
    ...await benchEtaCost(),
  ];
}

function isGood({ ours, linear, tqdm }: Pick<Errors, "ours" | "linear" | "tqdm">): boolean {
  return ours <= Math.min(linear, tqdm) + TOLERANCE;
}

function isStrictlyGood({ ours, linear, tqdm }: Pick<Errors, "ours" | "linear" | "tqdm">): boolean {
  return ours <= STRICT_TOLERANCE * Math.min(linear, tqdm);
}

function percentOf(share: number): string {
  return `${(share * 100).toFixed(1)}%`.padStart(7);
}
