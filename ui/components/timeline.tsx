/** @jsxImportSource preact */
/**
 * Two charts of a task page: how long each step took, and progress over time.
 *
 * @module
 */

import type { JSX } from "preact";
import {
  countNoun,
  elapsedSeconds,
  formatDateTime,
  formatDuration,
  formatPercent,
} from "../../lib/text/format.ts";
import { timelineOf, type TimelineRow } from "../shared/steps.ts";
import type { TaskView } from "../shared/view.ts";
import { AreaChart, Span } from "./chart.tsx";
import { SectionHead } from "./frame.tsx";
import { Icon } from "./icons.tsx";
import { StatePill } from "./task_elements.tsx";
import { TimeWithin } from "./time.tsx";

interface ViewProps {
  readonly view: TaskView;
}

/** The section with the status texts of a task and the duration of each. */
export function TimelineSection({ view }: ViewProps): JSX.Element | null {
  const task = view.task.value;
  // The duration of an ended task is final, so the component does not subscribe to the clock.
  const now = task.finished_at ?? view.now.value;
  const rows = timelineOf(view.steps.value, task, now);
  const total = elapsedSeconds(task, now);
  if (rows.length === 0 || total === null || task.started_at === null) return null;
  const waited = task.started_at - task.created_at;
  return (
    <section class="panel-section" aria-labelledby="timeline-title">
      <SectionHead
        view={view}
        id="timeline-title"
        title="Where the time went"
        count={formatDuration(total)}
      />
      <ol class="timeline" aria-labelledby="timeline-title">
        {waited >= 1 && <li class="timeline-note">Waited {formatDuration(waited)} before starting</li>}
        {rows.map((row) => (
          <Row key={row.at} view={view} row={row} start={row.at - rows[0]!.at} total={total} />
        ))}
        {task.finished_at !== null && (
          <li class="timeline-end">
            <StatePill task={task} />
            <span class="timeline-time number">
              <TimeWithin view={view} at={task.finished_at} from={task.started_at} to={task.finished_at} />
            </span>
          </li>
        )}
      </ol>
    </section>
  );
}

interface RowProps extends ViewProps {
  readonly row: TimelineRow;
  /** The time from the task's start to the row's start, in seconds. */
  readonly start: number;
  readonly total: number;
}

function Row({ view, row, start, total }: RowProps): JSX.Element {
  const part = total === 0 ? 1 : row.duration / total;
  return (
    <li class={row.isRunning ? "timeline-row timeline-running" : "timeline-row"} data-state={row.state}>
      <span class="timeline-text" title={row.text}>
        {row.isEntry && <Icon name={row.state === "STARTING" ? "waiting" : "starting"} />} {row.count > 1
          ? (
            <>
              <span class="timeline-folded">{countNoun(row.count, "short step")}, from</span> {row.text}
            </>
          )
          : String(row.text)}
      </span>
      <Span start={total === 0 ? 0 : start / total} length={part} />
      <span class="timeline-progress number">{progressSpan(row)}</span>
      <span class="timeline-duration number" title={`${formatPercent(part * 100)} of the time`}>
        {formatDuration(row.duration)}
      </span>
      <span class="timeline-time number" title={formatDateTime(row.at, view.scripted.value)}>
        <span class="visually-hidden">after</span> +{formatDuration(start)}
      </span>
      {row.isRunning && <span class="visually-hidden">, still running</span>}
    </li>
  );
}

function progressSpan({ progress, to }: TimelineRow): string {
  if (to === null) return "";
  const from = formatPercent(progress ?? 0);
  return from === formatPercent(to) ? from : `${from} → ${formatPercent(to)}`;
}

/** A chart of a task's progress over time. */
export function ProgressChart({ view }: ViewProps): JSX.Element | null {
  const task = view.task.value;
  const points = view.progressHistory.value;
  const start = task.started_at;
  const end = task.finished_at ?? view.now.value;
  const last = points.at(-1);
  // A chart with fewer than three points would not be useful.
  if (start === null || last === undefined || points.length < 3) return null;
  const reached: readonly [number, number] = [end, last[1]];
  const seconds = Math.max(0, end - start);
  return (
    <section class="panel-section" aria-labelledby="chart-title">
      <SectionHead view={view} id="chart-title" title="Progress over time" count="" />
      <figure class="chart-frame">
        <div class="chart-scale number" aria-hidden="true">
          <span>100%</span>
          <span>50%</span>
          <span>0%</span>
        </div>
        <AreaChart
          points={[...points.filter(([at]) => at >= start && at <= end), reached]}
          from={start}
          to={end}
          high={100}
          label={`Progress over ${formatDuration(seconds)}: ${formatPercent(last[1])} so far`}
        />
        <div class="chart-times number" aria-hidden="true">
          <TimeWithin view={view} at={start} from={start} to={end} />
          <TimeWithin view={view} at={end} from={start} to={end} />
        </div>
      </figure>
    </section>
  );
}
