/**
 * How figures are taken: in alternating pairs, against a bare counterpart of the same run, as machines differ.
 *
 * @module
 */

/** Pairs that a figure is the median of. */
export const PAIRS = 7;

/** One row of the table. */
export interface Figure {
  readonly name: string;
  /** What is counted: `"requests/s"`. */
  readonly unit: string;
  readonly ours: number;
  /** What the bare counterpart reached; `null` where there is none. */
  readonly bare: number | null;
  /** The median of the pairs' ratios; `null` where there is nothing to compare with. */
  readonly ratio: number | null;
  /** What is wanted; `null` where the figure is only told. */
  readonly target: Target | null;
}

/** What is wanted of a figure. */
export interface Target {
  /** Whether the ratio is judged, or our own figure. */
  readonly of: "ratio" | "ours";
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A bench: figures that are taken together. */
export type Bench = () => Promise<Figure[]>;

/** Ours and bare, measured in turns. */
export interface Pairs {
  readonly ours: number;
  readonly bare: number;
  readonly ratio: number;
}

/** Work that was not done as it should have been: its figures are worth nothing. */
export class WrongWorkError extends Error {
  override readonly name = "WrongWorkError";
}

/**
 * Measures two things in turns, so that whatever else the machine does hits both.
 *
 * @param ours measures ours once
 * @param bare measures the bare counterpart once
 * @returns the medians, and the median of the pairs' ratios
 */
export async function alternate(ours: () => Promise<number>, bare: () => Promise<number>): Promise<Pairs> {
  const pairs: { readonly ours: number; readonly bare: number }[] = [];
  // One pair goes before, for the compilers on both sides to settle.
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

/** The value in the middle; of an even number of values, the upper one. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The value that so many percent of the values are not above. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))];
  if (value === undefined) throw new WrongWorkError("Cannot take percentile: wanted values, received none");
  return value;
}

/**
 * Makes sure that the work was done.
 *
 * @param what what is counted
 * @param wanted how many there have to be
 * @param received how many there were
 * @throws {WrongWorkError} where the two differ
 */
export function verify(what: string, wanted: unknown, received: unknown): void {
  if (wanted !== received) {
    throw new WrongWorkError(`Cannot count ${what}: wanted ${wanted}, received ${received}`);
  }
}

/** Whether a figure is as good as wanted. */
export function isMet(figure: Figure): boolean {
  const { target } = figure;
  if (target === null) return true;
  const { of, atLeast = -Infinity, atMost = Infinity } = target;
  const value = of === "ours" ? figure.ours : figure.ratio ?? NaN;
  return value >= atLeast && value <= atMost;
}

/** Writes figures as a table for the terminal. */
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

/** Three significant digits of small numbers, whole large ones. */
function format(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(3)));
}
