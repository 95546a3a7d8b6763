/** @jsxImportSource preact */
/**
 * Components for times and durations. They are small, so that a tick of the clock re-renders only a few
 * characters.
 *
 * @module
 */

import type { JSX } from "preact";
import type { Task } from "../../lib/task/task.ts";
import {
  elapsedSeconds,
  formatAgo,
  formatClock,
  formatDateTime,
  formatDuration,
  formatTimeWithin,
  machineTime,
  timeLeft,
} from "../../lib/text/format.ts";
import type { FrameView } from "../shared/view.ts";

interface AtProps {
  readonly view: FrameView;
  /** The time to show, in epoch seconds. */
  readonly at: number;
}

/** A time of day. */
export function Clock({ view, at }: AtProps): JSX.Element {
  return <time dateTime={machineTime(at)}>{formatClock(at, view.scripted.value)}</time>;
}

/** A time of day without its time zone, for lists that state the zone once. */
export function ShortClock({ view, at }: AtProps): JSX.Element {
  return <time dateTime={machineTime(at)}>{formatClock(at, view.scripted.value).slice(0, 8)}</time>;
}

/** A date and a time of day. */
export function DateTime({ view, at }: AtProps): JSX.Element {
  return <time dateTime={machineTime(at)}>{formatDateTime(at, view.scripted.value)}</time>;
}

interface TimeWithinProps extends AtProps {
  /** The start of the period, in epoch seconds; `to` is its end. */
  readonly from: number;
  readonly to: number;
}

/** A time within a period: the time of day, and also the date if the period spans several days. */
export function TimeWithin({ view, at, from, to }: TimeWithinProps): JSX.Element {
  return <time dateTime={machineTime(at)}>{formatTimeWithin(at, from, to, view.scripted.value)}</time>;
}

/** The time that has passed since a given time, rounded; the exact time is in the tooltip. */
export function Ago({ view, at }: AtProps): JSX.Element {
  return (
    <time dateTime={machineTime(at)} title={formatDateTime(at, view.scripted.value)}>
      {formatAgo(view.coarseNow.value - at)}
    </time>
  );
}

interface TaskTimeProps {
  readonly view: FrameView;
  readonly task: Task;
}

/** The elapsed time of a task; ticks while the page is live. */
export function Elapsed({ view, task }: TaskTimeProps): JSX.Element {
  // The duration of an ended task is final, so the component does not subscribe to the clock.
  const seconds = elapsedSeconds(task, task.finished_at ?? view.now.value);
  return <>{seconds === null ? "—" : formatDuration(seconds)}</>;
}

/** The estimated remaining time of a task, or a short reason why there is none. */
export function TimeLeft({ view, task }: TaskTimeProps): JSX.Element {
  return <>{timeLeft(task, task.eta === null ? 0 : view.now.value)}</>;
}

/** The estimated remaining time of a task, or a longer reason why there is none. */
export function Estimate({ view, task }: TaskTimeProps): JSX.Element {
  return (
    <>
      {task.eta === null
        ? NO_ESTIMATE.get(task.eta_reason ?? "") ?? "—"
        // The heading says that it is the time left.
        : timeLeft(task, view.now.value).replace(/ left$/, "")}
    </>
  );
}

const NO_ESTIMATE: ReadonlyMap<string, string> = new Map([
  ["too_early", "too early to tell"],
  ["stalled", "stalled: no progress for a while"],
  ["unknown_progress", "unknown: the task reports no progress"],
]);

/** The time since the last update of a task. */
export function SinceUpdate({ view, task }: TaskTimeProps): JSX.Element {
  return <>{formatDuration(Math.max(0, view.now.value - task.updated_at))}</>;
}
