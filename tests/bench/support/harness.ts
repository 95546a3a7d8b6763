/**
 * Measures Taskscope and a bare counterpart alternately, so that their ratio can be compared across machines.
 *
 * @module
 */

/** The number of pairs of measurements, whose median is reported. */
export const PAIRS = 7;

/** A measured figure, which is a row of the printed table. */
export interface Figure {
  readonly name: string;
  /** The unit, such as `"requests/s"`. */
  readonly unit: string;
  /** The value of Taskscope. */
  readonly ours: number;
  /** The value of the bare counterpart; `null` if there is none. */
  readonly bare: number | null;
  /** The median ratio of the pairs; `null` if there is no counterpart. */
  readonly ratio: number | null;
  /** The target; `null` if the figure has none. */
  readonly target: Target | null;
}

/** The range in which a figure should be. */
export interface Target {
  /** Whether the target applies to the ratio or to the value of Taskscope. */
  readonly of: "ratio" | "ours";
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A benchmark, which returns one or more figures. */
export type Bench = () => Promise<Figure[]>;

/** The medians of alternating measurements: of Taskscope, of the bare counterpart, and of the ratio of each pair. */
export interface Pairs {
  readonly ours: number;
  readonly bare: number;
  readonly ratio: number;
}

/** The error if a benchmark did not do the work that it should measure, so that its figures mean nothing. */
export class WrongWorkError extends Error {
  override readonly name = "WrongWorkError";
}

/**
 * Measures Taskscope and a bare counterpart alternately, so that other load on the machine affects both.
 *
 * @param ours measures Taskscope once
 * @param bare measures the bare counterpart once
 * @returns the medians of both, and the median ratio of the pairs
 */
export async function alternate(ours: () => Promise<number>, bare: () => Promise<number>): Promise<Pairs> {
  const pairs: { readonly ours: number; readonly bare: number }[] = [];
  // The first pair is a warm-up for the JIT compilers, and is dropped.
  for (let index = -1; index < PAIRS; index++) {
    const pair = { ours: await ours(), bare: await bare() };
    if (index >= 0) pairs.push(pair);
  }
  return {
    ours: median(pairs.map((pair) => pair.ours)),
    bare: median(pairs.map((pair) => pair.bare)),
    ratio: median(pairs.map((pair) => pair.ours / pair.bare)),
  };
}

/** Returns the median; of an even number of values, the upper one of the middle two. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Returns a percentile of some values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))];
  if (value === undefined) throw new WrongWorkError("Cannot take percentile: wanted values, received none");
  return value;
}

/**
 * Asserts that the benchmark did the expected work.
 *
 * @param what the thing that was counted or compared
 * @param wanted the value if the work was done
 * @param received the value that was measured
 * @throws {WrongWorkError} if the values differ
 */
export function verify(what: string, wanted: unknown, received: unknown): void {
  if (wanted !== received) {
    throw new WrongWorkError(`Cannot count ${what}: wanted ${wanted}, received ${received}`);
  }
}

/** Whether a figure meets its target. */
export function isMet(figure: Figure): boolean {
  const { target } = figure;
  if (target === null) return true;
  const { of, atLeast = -Infinity, atMost = Infinity } = target;
  const value = of === "ours" ? figure.ours : figure.ratio ?? NaN;
  return value >= atLeast && value <= atMost;
}

/** Formats figures as a table for the terminal. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = [["figure", "ours", "bare", "", "ratio", "target", "met"], ...figures.map(rowOf)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => isText(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))
      .join("  ").trimEnd()
  ).join("\n");
}

function isText(column: number): boolean {
  return column === 0 || column === 3 || column >= 5;
}

function rowOf(figure: Figure): string[] {
  const { name, unit, ours, bare, ratio, target } = figure;
  return [
    name,
    format(ours),
    bare === null ? "" : format(bare),
    unit,
    ratio === null ? "" : ratio.toFixed(2),
    target === null ? "" : formatTarget(target),
    target === null ? "" : isMet(figure) ? "yes" : "MISSED",
  ];
}

function formatTarget({ of, atLeast, atMost }: Target): string {
  const bounds = [
    ...(atLeast === undefined ? [] : [`>= ${atLeast}`]),
    ...(atMost === undefined ? [] : [`<= ${atMost}`]),
  ];
  return `${of} ${bounds.join(", ")}`;
}

/** Formats a number with three significant digits; numbers from 100 are rounded to integers. */
function format(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(3)));
}
