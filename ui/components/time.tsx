/** @jsxImportSource preact */
/**
 * Times. Each is a component of its own, so that a tick of the clock renders a few characters and nothing else.
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
  machineTime,
  timeLeft,
} from "../../lib/text/format.ts";
import type { FrameView } from "../shared/view.ts";

interface AtProps {
  readonly view: FrameView;
  /** Epoch seconds. */
  readonly at: number;
}

/** A time of day. */
export function Clock({ view, at }: AtProps): JSX.Element {
  return <time dateTime={machineTime(at)}>{formatClock(at, view.scripted.value)}</time>;
}

/** A time of day without its zone, for where many stand below each other and that is said once. */
export function ShortClock({ view, at }: AtProps): JSX.Element {
  return <time dateTime={machineTime(at)}>{formatClock(at, view.scripted.value).slice(0, 8)}</time>;
}

/** A date and a time of day. */
export function DateTime({ view, at }: AtProps): JSX.Element {
  return <time dateTime={machineTime(at)}>{formatDateTime(at, view.scripted.value)}</time>;
}

/** How long ago something was; its exact time on hovering. */
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

/** How long a task has run; ticks while the page is live. */
export function Elapsed({ view, task }: TaskTimeProps): JSX.Element {
  // An ended task's time stands still: no need to hear the clock.
  const seconds = elapsedSeconds(task, task.finished_at ?? view.now.value);
  return <>{seconds === null ? "—" : formatDuration(seconds)}</>;
}

/** How long a task will take, or why nobody knows. */
export function TimeLeft({ view, task }: TaskTimeProps): JSX.Element {
  return <>{timeLeft(task, task.eta === null ? 0 : view.now.value)}</>;
}

/** How long a task will take, in a sentence, also where nobody can know. */
export function Estimate({ view, task }: TaskTimeProps): JSX.Element {
  return (
    <>
      {task.eta === null
        ? NO_ESTIMATE.get(task.eta_reason ?? "") ?? "—"
        : <TimeLeft view={view} task={task} />}
    </>
  );
}

const NO_ESTIMATE: ReadonlyMap<string, string> = new Map([
  ["too_early", "too early to tell"],
  ["stalled", "no estimate: no progress for a while"],
  ["unknown_progress", "unknown: it does not say how far it is"],
]);

/** How long nothing was heard of a task. */
export function Silence({ view, task }: TaskTimeProps): JSX.Element {
  return <>{formatDuration(Math.max(0, view.now.value - task.updated_at))}</>;
}
