/** @jsxImportSource preact */
/**
 * Shows how a run compares with past runs of its name. The components are small, because each tick of the clock
 * renders them again.
 *
 * @module
 */

import type { JSX } from "preact";
import { expectedProgress, paceOf } from "../../lib/text/pace_text.ts";
import type { Task } from "../../lib/task/task.ts";
import type { FrameView } from "../shared/view.ts";

interface PaceProps {
  readonly view: FrameView;
  readonly task: Task;
}

/** A mark on the progress bar that shows how far past runs were after the same time; nothing if that is unknown. */
export function PaceMark({ view, task }: PaceProps): JSX.Element | null {
  const percent = expectedProgress(task, view.now.value);
  if (percent === null) return null;
  return (
    // The mark is hidden from screen readers, because the text says the same.
    <svg class="pace-mark" aria-hidden="true" focusable="false">
      <line x1={`${percent.toFixed(2)}%`} x2={`${percent.toFixed(2)}%`} y2="100%" />
    </svg>
  );
}

/** The legend that explains {@linkcode PaceMark}. */
export function PaceLegend({ view, task }: PaceProps): JSX.Element | null {
  if (expectedProgress(task, view.now.value) === null) return null;
  return (
    <p class="pace-legend">
      <svg class="pace-key" aria-hidden="true" focusable="false" />
      Where past runs were by now
    </p>
  );
}

/** How the run compares with past runs, in words; `—` if that is unknown. */
export function Pace({ view, task }: PaceProps): JSX.Element {
  const pace = paceOf(task, task.finished_at ?? view.now.value);
  return <span class={pace?.isLate ? "pace-late" : ""}>{pace?.text ?? "—"}</span>;
}
