/** @jsxImportSource preact */
/**
 * Past runs as bars: how long each took, and how it ended.
 *
 * @module
 */

import type { JSX } from "preact";
import { formatDuration } from "../../lib/text/format.ts";

/** A run, as a bar. */
export interface RunBar {
  readonly id: string;
  readonly state: string;
  /** In seconds; `null` where it never began. */
  readonly duration: number | null;
  /** What it is called for those who do not see it. */
  readonly label: string;
  /** Where it leads; nowhere where it is only drawn. */
  readonly href?: string;
}

interface RunBarsProps {
  /** From left to right. */
  readonly runs: readonly RunBar[];
  /** How many there may be; where there are fewer, the room to the left stays free. */
  readonly most: number;
  /** What the drawing shows; without it, it is decoration. */
  readonly label?: string;
}

/** How much of the drawing's height the longest bar takes, in percent. The mark above it may stand out where that is low. */
const HIGHEST = 86;
/** What is drawn of a run that took no time. */
const LEAST = 2;

/** The bars. In parts of the room that the drawing is given, so that nothing is stretched. */
export function RunBars({ runs, most, label }: RunBarsProps): JSX.Element {
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
            <Bar run={run} size={Math.round(size * 10) / 10} />
          </svg>
        );
      })}
    </svg>
  );
}

function Bar({ run, size }: { readonly run: RunBar; readonly size: number }): JSX.Element {
  const drawing = (
    <>
      <title>{run.label}</title>
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
        {/* Not by colour alone: a cross above what failed, a dash above what was cancelled. */}
        {run.state === "ERROR" && <path class="run-mark" d="M-2.5-8l5 5m0-5l-5 5" />}
        {run.state === "CANCELLED" && <path class="run-mark" d="M-3-4h6" />}
      </svg>
    </>
  );
  return run.href === undefined ? <g>{drawing}</g> : <a href={run.href} aria-label={run.label}>{drawing}</a>;
}

/** A run in words. */
export function sayRun(state: string, duration: number | null, when: string): string {
  return `${state}${duration === null ? "" : ` after ${formatDuration(duration)}`}, ${when}`;
}
