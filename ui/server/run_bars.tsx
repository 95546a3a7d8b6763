/** @jsxImportSource preact */
/**
 * A bar chart with the duration and the outcome of past runs.
 *
 * @module
 */

import type { JSX } from "preact";
import { formatAgo, formatDuration } from "../../lib/text/format.ts";

/** A bar of the chart: one run. */
export interface RunBar {
  readonly id: string;
  readonly state: string;
  /** The duration of the run in seconds; `null` if it never started. */
  readonly duration: number | null;
  /** The text alternative of the bar, without the time. */
  readonly label: string;
  /** When the run ended, in epoch seconds. */
  readonly endedAt: number;
  /** The URL of the run's page; without one, the bar is not a link. */
  readonly href?: string;
}

interface RunBarsProps {
  /** The runs in the order of the bars, from left to right. */
  readonly runs: readonly RunBar[];
  /** The number of bars that fit into the chart; if there are fewer runs, the left side stays empty. */
  readonly most: number;
  /** The text alternative of the chart; without one, the chart is decorative. */
  readonly label?: string;
  /** The current time, in epoch seconds. */
  readonly now: number;
}

/** The height of the highest bar in percent of the chart. The rest is for the mark above the bar. */
const HIGHEST = 86;
/** The height of the lowest bar in percent of the chart, for a run that took no time. */
const LEAST = 2;

/**
 * The bar chart. All sizes are percentages of the chart's size, so that scaling does not distort the marks.
 */
export function RunBars({ runs, most, label, now }: RunBarsProps): JSX.Element {
  const longest = Math.max(...runs.map((run) => run.duration ?? 0), 1e-3);
  const free = Math.max(0, most - runs.length);
  const width = 100 / most;
  const words = label === undefined
    ? { "aria-hidden": true }
    : { role: "group" as const, "aria-label": label };
  return (
    <svg class="run-bars" focusable="false" overflow="visible" {...words}>
      {runs.map((run, index) => {
        const size = LEAST + (run.duration ?? 0) / longest * (HIGHEST - LEAST);
        return (
          <svg
            key={run.id}
            x={`${(free + index) * width}%`}
            width={`${width}%`}
            height="100%"
            overflow="visible"
          >
            <Bar run={run} now={now} size={Math.round(size * 10) / 10} />
          </svg>
        );
      })}
    </svg>
  );
}

interface BarProps {
  readonly run: RunBar;
  readonly now: number;
  readonly size: number;
}

function Bar({ run, now, size }: BarProps): JSX.Element {
  const { label, endedAt } = run;
  const text = `${label}, ${formatAgo(now - endedAt)}`;
  const drawing = (
    <>
      <title>{text}</title>
      <rect class="run-hit" width="100%" height="100%" />
      <rect
        class={`run-bar run-${run.state.toLowerCase()}`}
        x="18%"
        y={`${100 - size}%`}
        width="64%"
        height={`${size}%`}
        rx={1.5}
      />
      <svg x="50%" y={`${100 - size}%`} overflow="visible">
        {/* The outcome is not shown by colour alone: a cross marks failed runs, a dash cancelled ones. */}
        {run.state === "ERROR" && <path class="run-mark" d="M-2.5-8l5 5m0-5l-5 5" />}
        {run.state === "CANCELLED" && <path class="run-mark" d="M-3-4h6" />}
      </svg>
    </>
  );
  // The page's script renews the time in the text.
  const data = { "data-label": label, "data-ended": endedAt };
  return run.href === undefined
    ? <g {...data}>{drawing}</g>
    : <a href={run.href} aria-label={text} {...data}>{drawing}</a>;
}

/** The text alternative of a run: state and duration. */
export function runText(state: string, duration: number | null): string {
  return `${state}${duration === null ? "" : ` after ${formatDuration(duration)}`}`;
}
