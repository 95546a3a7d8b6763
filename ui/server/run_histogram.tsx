/** @jsxImportSource preact */
/**
 * Bar charts of past runs: how long they took, and which share of them failed.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun, formatDateTime } from "../../lib/text/format.ts";
import type { RunSummary } from "../../lib/task/run_summary.ts";
import type { FrameView } from "../shared/view.ts";
import { DateTime } from "../components/time.tsx";
import { type Bin, durationBins, durationFormat, failureBins } from "./run_charts.ts";

interface ChartProps {
  readonly view: FrameView;
  /** The past runs, latest end first. */
  readonly runs: readonly RunSummary[];
}

/** A chart of how many runs took how long; nothing if too few runs finished. */
export function DurationChart({ runs }: ChartProps): JSX.Element | null {
  const chart = durationBins(runs);
  if (chart === null) return null;
  const { bins, isOpen } = chart;
  const most = Math.max(...bins.map((bin) => bin.runs));
  const last = bins.at(-1)!;
  const format = durationFormat(bins);
  return (
    <Histogram
      id="durations-title"
      title="How long they took"
      bars={bins.map((bin) => {
        const range = bin === last && isOpen
          ? `${format(bin.from)} or longer`
          : `${format(bin.from)} to ${format(bin.to)}`;
        return { size: bin.runs / most, text: `${range}: ${countNoun(bin.runs, "run")}`, kind: "finished" };
      })}
      top={countNoun(most, "run")}
      start={format(bins[0]!.from)}
      end={`${format(last.to)}${isOpen ? " or longer" : ""}`}
    />
  );
}

/** A chart of the share of failed runs over time; nothing if there are too few runs. */
export function FailureChart({ view, runs }: ChartProps): JSX.Element | null {
  const bins = failureBins(runs);
  if (bins === null) return null;
  const [first, last] = [bins[0]!, bins.at(-1)!];
  return (
    <Histogram
      id="failures-title"
      title="How many failed over time"
      bars={bins.map((bin) => ({
        size: shareOf(bin),
        text: failureText(bin),
        period: {
          from: bin.from,
          to: bin.to,
          element: (
            <>
              , <DateTime view={view} at={bin.from} /> to <DateTime view={view} at={bin.to} />
            </>
          ),
        },
        kind: "error",
      }))}
      start={<DateTime view={view} at={first.from} />}
      end={<DateTime view={view} at={last.to} />}
      top="100%"
    />
  );
}

function shareOf({ runs, failed }: Bin): number {
  return runs === 0 ? 0 : failed / runs;
}

function failureText(bin: Bin): string {
  return bin.runs === 0 ? "No runs" : `${bin.failed} of ${countNoun(bin.runs, "run")} failed`;
}

interface HistogramBar {
  /** The height of the bar, 0 to 1. */
  readonly size: number;
  readonly text: string;
  /** The period that the bar covers, in epoch seconds, and the element that shows it after the text. */
  readonly period?: { readonly from: number; readonly to: number; readonly element: JSX.Element };
  readonly kind: "finished" | "error";
}

interface HistogramProps {
  readonly id: string;
  readonly title: string;
  readonly bars: readonly HistogramBar[];
  /** The labels of the left end (`start`) and the right end of the axis. */
  readonly start: JSX.Element | string;
  readonly end: JSX.Element | string;
  /** The label of the top of the chart. */
  readonly top: string;
}

function Histogram({ id, title, bars, start, end, top }: HistogramProps): JSX.Element {
  const width = 100 / bars.length;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div class="run-panel">
        <p class="histogram-top" aria-hidden="true">{top}</p>
        <svg class="run-bars histogram" aria-hidden="true" focusable="false">
          {bars.map(({ size, text, period, kind }, index) => (
            <g key={index} data-label={period && text} data-from={period?.from} data-to={period?.to}>
              <title>
                {period === undefined
                  ? text
                  : `${text}, ${formatDateTime(period.from, false)} to ${formatDateTime(period.to, false)}`}
              </title>
              <rect class="run-hit" x={`${index * width}%`} width={`${width}%`} height="100%" />
              <rect
                class={`run-bar run-${kind}`}
                x={`${(index + 0.06) * width}%`}
                y={`${100 - heightOf(size)}%`}
                width={`${0.88 * width}%`}
                height={`${heightOf(size)}%`}
              />
            </g>
          ))}
        </svg>
        <p class="run-legend">
          <span>{start}</span>
          <span>{end}</span>
        </p>
        <ol class="visually-hidden">
          {bars.map(({ text, period }, index) => <li key={index}>{text}{period?.element}</li>)}
        </ol>
      </div>
    </section>
  );
}

/** Returns the height of a bar in percent; a bar that stands for more than zero is high enough to be seen. */
function heightOf(size: number): number {
  return size === 0 ? 0 : Math.max(2, Math.round(size * 1_000) / 10);
}
