/** @jsxImportSource preact */
/**
 * The chart of one series of values, which can be read with the pointer and the keyboard.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { formatDateTime, formatTimeWithin, formatValue } from "../../lib/text/format.ts";
import type { NamedSeries } from "../../lib/task/value_book.ts";
import type { ValuePoint } from "../../lib/task/values.ts";
import { nearestPoint, pointAfterKey } from "../shared/value_points.ts";
import type { FrameView } from "../shared/view.ts";
import { AreaChart } from "./chart.tsx";
import { TimeWithin } from "./time.tsx";

interface ValueChartProps {
  readonly view: FrameView;
  readonly series: NamedSeries;
  /** The time at the left edge, in epoch seconds; `to` is the time at the right edge. */
  readonly from: number;
  readonly to: number;
}

/**
 * A chart from the lowest to the highest value of a series. The chart states the last value, or the value at the
 * pointer or at the point to which the arrow keys have moved.
 */
export function ValueChart({ view, series, from, to }: ValueChartProps): JSX.Element {
  const { name, points } = series;
  const [chosen, setChosen] = useState<ValuePoint | null>(null);
  const values = points.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const last = points.at(-1)!;
  const shown = chosen === null ? points.length - 1 : nearestPoint(points, chosen);
  const [at, value] = points[shown]!;
  const place = ([at, value]: ValuePoint) => [part(at, from, to), part(value, low, high)] as const;
  const isScripted = view.scripted.value;
  const chart = (
    <AreaChart
      points={points.map(place)}
      from={0}
      to={1}
      high={1}
      mark={place([at, value])}
      isMarkCrossed={chosen !== null}
      isFilled={false}
      label={`${name}: last ${formatValue(last[1], name)}, lowest ${formatValue(low, name)}, highest ${
        formatValue(high, name)
      }`}
    />
  );
  function point(event: JSX.TargetedPointerEvent<HTMLElement>): void {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const time = from + (event.clientX - left) / Math.max(width, 1) * (to - from);
    setChosen(points[nearestPoint(points, [time, NaN])]!);
  }
  function press(event: JSX.TargetedKeyboardEvent<HTMLElement>): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const next = pointAfterKey(points, shown, event.key);
    if (next === null) return;
    event.preventDefault();
    setChosen(next);
  }
  return (
    <figure class="chart-frame value-chart">
      <figcaption>
        <span class="value-name" title={name}>{name}</span>
        <span class="value-shown number">
          {chosen !== null && <span class="value-at">{formatTimeWithin(at, from, to, isScripted)}</span>}
          <strong title={String(value)}>{formatValue(value, name)}</strong>
        </span>
      </figcaption>
      {isScripted
        ? (
          <div
            class="value-slider"
            role="slider"
            tabIndex={0}
            aria-label={name}
            aria-valuemin={1}
            aria-valuemax={points.length}
            aria-valuenow={shown + 1}
            aria-valuetext={`${formatValue(value, name)} at ${formatDateTime(at, isScripted)}`}
            onPointerDown={point}
            onPointerMove={point}
            onPointerLeave={({ pointerType }) => pointerType === "mouse" && setChosen(null)}
            onKeyDown={press}
            onBlur={() => setChosen(null)}
          >
            {chart}
          </div>
        )
        : chart}
      <div class="chart-times number" aria-hidden="true">
        <TimeWithin view={view} at={from} from={from} to={to} />
        {to > from && <TimeWithin view={view} at={to} from={from} to={to} />}
      </div>
      <dl class="value-extremes number">
        <div>
          <dt>Lowest</dt>
          <dd title={String(low)}>{formatValue(low, name)}</dd>
        </div>
        <div>
          <dt>Highest</dt>
          <dd title={String(high)}>{formatValue(high, name)}</dd>
        </div>
      </dl>
    </figure>
  );
}

/**
 * Returns the position of a number between two others, from 0 to 1. The numbers are halved, so that the difference of
 * huge numbers is finite.
 */
function part(value: number, low: number, high: number): number {
  return low === high ? 0.5 : (value / 2 - low / 2) / (high / 2 - low / 2);
}
