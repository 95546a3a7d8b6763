/** @jsxImportSource preact */
/**
 * The subtasks of a task as bars on one time axis.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun, formatDuration } from "../../lib/text/format.ts";
import { nameWords } from "../../lib/task/task_view.ts";
import { taskPageUrl } from "../shared/links.ts";
import {
  MAX_TIMED_SUBTASKS,
  type PlacedTask,
  spanOf,
  spanText,
  type TimeAxis,
  timeAxis,
} from "../shared/subtask_times.ts";
import type { TaskView } from "../shared/view.ts";
import { stateText } from "./task_elements.tsx";

interface ViewProps {
  readonly view: TaskView;
}

/** The time axis of all subtasks of the page's task, one row for each; nothing if none has started. */
export function SubtaskTimes({ view }: ViewProps): JSX.Element | null {
  const placed = placedTasks(view, view.task.value.id, 0);
  const tasks = placed.map(({ task }) => task);
  if (tasks.every(({ started_at }) => started_at === null)) return null;
  const isLive = tasks.some(({ active }) => active);
  // If nothing runs, the axis does not subscribe to the clock.
  const now = isLive ? view.now.value : Math.max(...tasks.map(({ updated_at }) => updated_at));
  const axis = timeAxis([view.task.value, ...tasks], now);
  const hidden = Math.max(0, placed.length - MAX_TIMED_SUBTASKS) + view.omitted.value;
  return (
    <div class="gantt">
      <h3 id="gantt-title">When they ran</h3>
      <ol aria-labelledby="gantt-title">
        {placed.slice(0, MAX_TIMED_SUBTASKS).map((each) => (
          <Row key={each.task.id} view={view} placed={each} axis={axis} now={now} />
        ))}
      </ol>
      <p class="gantt-axis number" aria-hidden="true">
        {[0, 0.5, 1].map((share) => <span key={share}>{formatDuration(share * (axis.end - axis.start))}
        </span>)}
      </p>
      {hidden > 0 && <p class="subtasks-omitted">{countNoun(hidden, "more subtask")} not shown here</p>}
    </div>
  );
}

interface RowProps extends ViewProps {
  readonly placed: PlacedTask;
  readonly axis: TimeAxis;
  readonly now: number;
}

function Row({ view, placed: { task, level }, axis, now }: RowProps): JSX.Element {
  const span = spanOf(task, axis, now);
  const text = `${stateText(task.state)}, ${spanText(task, axis, now)}`;
  return (
    <li>
      <a class={`gantt-name gantt-level-${Math.min(level, 3)}`} href={taskPageUrl(view.frame, task.id)}>
        {nameWords(task)}
        <span class="visually-hidden">: {text}</span>
      </a>
      <svg class="gantt-track" aria-hidden="true" focusable="false">
        <title>{text}</title>
        <rect class="run-hit" width="100%" height="100%" />
        {span !== null && (
          <rect
            class={`gantt-bar gantt-${String(task.state).toLowerCase()}`}
            x={`${span.from.toFixed(2)}%`}
            y="25%"
            width={`${Math.max(0.5, span.length).toFixed(2)}%`}
            height="50%"
            rx={2}
          />
        )}
      </svg>
    </li>
  );
}

function placedTasks(view: TaskView, parent: string, level: number): PlacedTask[] {
  return view.subtasksOf(parent).value.flatMap((id) => {
    const task = view.subtask(id)?.value;
    return task === undefined ? [] : [{ task, level }, ...placedTasks(view, id, level + 1)];
  });
}
