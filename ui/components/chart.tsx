/** @jsxImportSource preact */
/**
 * SVG charts that need neither scripts nor inline styles.
 *
 * @module
 */

import type { JSX } from "preact";

/** The size of the `viewBox`; CSS scales the drawing to its container. */
const WIDTH = 1_000;
const HEIGHT = 100;

interface AreaChartProps {
  /** The points of the line, from left to right; `y` is between 0 and {@linkcode AreaChartProps.high}. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** The `x` value at the left edge; `to` is the `x` value at the right edge. */
  readonly from: number;
  readonly to: number;
  /** The `y` value of the top edge. */
  readonly high: number;
  /** The text alternative of the chart, for screen readers. */
  readonly label: string;
  /**
   * Whether the area below the line is filled. A filled area has a meaning only if the bottom edge is zero. @default
   * {true}
   */
  readonly isFilled?: boolean;
  /** A point to mark with a dot and, if it is crossed, with a vertical line. */
  readonly mark?: readonly [x: number, y: number];
  readonly isMarkCrossed?: boolean;
}

/** A line chart over time. */
export function AreaChart(
  { points, from, to, high, label, isFilled = true, mark, isMarkCrossed = false }: AreaChartProps,
): JSX.Element {
  const x = (at: number) => rounded((at - from) / Math.max(to - from, 1e-6) * WIDTH);
  const y = (value: number) => rounded(HEIGHT - value / high * HEIGHT);
  const line = points.map(([at, value]) => `${x(at)} ${y(value)}`).join("L");
  const first = points[0];
  const last = points.at(-1);
  return (
    <svg
      class="chart"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      focusable="false"
    >
      {[0.25, 0.5, 0.75].map((part) => (
        <path key={part} class="chart-grid" d={`M0 ${HEIGHT * part}H${WIDTH}`} />
      ))}
      {first !== undefined && last !== undefined && (
        <>
          {isFilled && <path class="chart-area" d={`M${x(first[0])} ${HEIGHT}L${line}V${HEIGHT}Z`} />}
          <path class="chart-line" d={`M${line}`} />
        </>
      )}
      {mark !== undefined && (
        <>
          {isMarkCrossed && <path class="chart-cross" d={`M${x(mark[0])} 0V${HEIGHT}`} />}
          {/* The dot is a line without length: its round ends stay round when the drawing is scaled. */}
          <path class="chart-mark" d={`M${x(mark[0])} ${y(mark[1])}h0`} />
        </>
      )}
    </svg>
  );
}

interface SpanProps {
  /**
   * The start of the interval, as a fraction of the whole from 0 to 1; `length` is the interval's length in the same
   * unit.
   */
  readonly start: number;
  readonly length: number;
}

/**
 * A bar that marks an interval within a longer one. The bar is decorative: the text beside it states the
 * duration.
 */
export function Span({ start, length }: SpanProps): JSX.Element {
  // A very short interval gets a minimum width, without crossing the right edge.
  const width = Math.min(100, Math.max(0.5, length * 100));
  const left = Math.min(start * 100, 100 - width);
  return (
    <svg class="span" aria-hidden="true" focusable="false">
      <rect class="span-bar" x={`${rounded(left)}%`} width={`${rounded(width)}%`} height="100%" rx="2" />
    </svg>
  );
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
