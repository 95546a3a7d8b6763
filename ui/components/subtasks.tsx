/** @jsxImportSource preact */
/**
 * The subtasks of a task as a tree. Each subtask has a progress bar, and shows its share of its parent's progress if
 * the share is known.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { countNoun, formatCount, formatPercent } from "../../lib/text/format.ts";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded, nameWords, statusWords } from "../../lib/task/task_view.ts";
import { taskPageUrl } from "../shared/links.ts";
import { sharesOf } from "../shared/subtask_shares.ts";
import type { TaskView } from "../shared/view.ts";
import { SectionHead } from "./frame.tsx";
import { SubtaskTimes } from "./subtask_times.tsx";
import { ProgressBar, progressReached, StaleFlag, StatePill } from "./task_elements.tsx";
import { Elapsed } from "./time.tsx";

interface SubtasksProps {
  readonly view: TaskView;
  /** The id of the parent task. */
  readonly of: string;
}

/** The section with the subtasks of the page's task. */
export function SubtasksSection({ view }: { readonly view: TaskView }): JSX.Element | null {
  const { id } = view.task.value;
  const count = view.subtasksOf(id).value.length;
  if (count === 0) return null;
  return (
    <section class="panel-section" aria-labelledby="subtasks-title">
      <SectionHead view={view} id="subtasks-title" title="Subtasks" count={formatCount(count)} dated />
      <div class="subtasks-frame">
        <Subtasks view={view} of={id} />
        {view.omitted.value > 0 && (
          <p class="subtasks-omitted">{countNoun(view.omitted.value, "more subtask")} not shown</p>
        )}
        <SubtaskTimes view={view} />
      </div>
    </section>
  );
}

function Subtasks({ view, of }: SubtasksProps): JSX.Element {
  const ids = view.subtasksOf(of).value;
  const parent = view.task.value.id === of ? view.task.value : view.subtask(of)?.value;
  const siblings = ids.map((id) => view.subtask(id)?.value).filter((task) => task !== undefined);
  const shares = parent === undefined ? null : sharesOf(parent, siblings, view.omitted.value === 0);
  return (
    <ul class="subtasks">
      {ids.map((id) => <Subtask key={id} view={view} id={id} share={shares?.get(id) ?? null} />)}
    </ul>
  );
}

interface SubtaskProps {
  readonly view: TaskView;
  readonly id: string;
  /** The subtask's share of its parent's progress, in percent; `null` if it is not known. */
  readonly share: number | null;
}

function Subtask({ view, id, share }: SubtaskProps): JSX.Element | null {
  const task = view.subtask(id)?.value;
  // An expanded branch stays expanded after its task ends, because the user may be reading it.
  const [isOpen] = useState(task !== undefined && !hasEnded(task));
  if (task === undefined) return null;
  const showsProgress = task.state !== "ERROR" || progressReached(task) !== null;
  const below = view.subtasksOf(id).value.length;
  const words = task.error === null ? statusWords(task) : String(task.error.message);
  return (
    <li class="subtask" data-task-id={task.id} data-state={task.state}>
      <div class="subtask-row">
        <StatePill task={task} />
        <a class="subtask-name" href={taskPageUrl(view.frame, task.id)}>{nameWords(task)}</a>
        {share !== null && (
          <span class="subtask-share number" title={shareTitle(task)}>
            <span class="visually-hidden">of the parent:</span> {formatPercent(Math.round(share))}
          </span>
        )}
        {showsProgress && (
          <>
            <ProgressBar task={task} />
            <span class="subtask-percent number">{formatPercent(task.progress)}</span>
          </>
        )}
        <span class="subtask-time number">
          <Elapsed view={view} task={task} />
        </span>
        {words !== "" && (
          <p class={task.error === null ? "subtask-status" : "subtask-status row-error"} title={words}>
            {words}
          </p>
        )}
        <StaleFlag view={view} task={task} />
      </div>
      {below > 0 && (
        <details class="subtask-below" open={isOpen}>
          <summary>{countNoun(below, "subtask")}</summary>
          <Subtasks view={view} of={id} />
        </details>
      )}
    </li>
  );
}

function shareTitle({ share, weight }: Task): string {
  return share === null ? `Weight ${formatCount(weight)}` : `Share ${formatCount(share)}`;
}
