/** @jsxImportSource preact */
/**
 * The rows of a task list. Each row subscribes only to its own task.
 *
 * @module
 */

import type { JSX } from "preact";
import {
  elapsedSeconds,
  formatDuration,
  formatJson,
  formatPercent,
  formatRate,
} from "../../lib/text/format.ts";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded, statusWords } from "../../lib/task/task_view.ts";
import { taskPageUrl } from "../shared/links.ts";
import type { ClientView, FrameView, Readable } from "../shared/view.ts";
import { ActionButton } from "./controls.tsx";
import { TaskDetails } from "./details.tsx";
import { Icon } from "./icons.tsx";
import {
  Counts,
  errorWords,
  ProgressBar,
  progressReached,
  StaleFlag,
  StatePill,
  Tags,
} from "./task_elements.tsx";
import { Ago, Elapsed, TimeLeft } from "./time.tsx";

interface RowProps {
  readonly view: FrameView;
  /** The list in which the row can be selected; `undefined` if the row cannot be selected. */
  readonly list?: ClientView;
  /** The row's task; `undefined` if it was removed while the list was rendering. */
  readonly source: Readable<Task> | undefined;
}

/** The maximum number of characters of a result in a row. */
const MAX_RESULT_CHARACTERS = 160;

/** The row of a task that has not ended. */
function ActiveRow({ view, list, source }: RowProps): JSX.Element | null {
  const task = source?.value;
  if (task === undefined) return null;
  const rate = formatRate(task);
  return (
    <li class="row row-active" data-item data-task-id={task.id} data-state={task.state}>
      {list !== undefined && <SelectBox view={list} id={task.id} name={task.name} />}
      <StatePill task={task} />
      <div class="row-what">
        <RowName view={view} task={task} />
        <p class="row-status" title={statusWords(task)}>{statusWords(task)}</p>
      </div>
      <div class="row-progress">
        <ProgressBar task={task} />
        <p class="row-counts">
          <Counts task={task} />
          {rate !== "" && <span class="number">{rate}</span>}
        </p>
      </div>
      <span class="row-percent number">{formatPercent(task.progress)}</span>
      <div class="row-time">
        <span class="number">
          <span class="visually-hidden">Elapsed:</span> <Elapsed view={view} task={task} />
        </span>
        <span class="row-left">
          <TimeLeft view={view} task={task} />
        </span>
      </div>
      <CancelButton view={view} task={task} />
      <StaleFlag view={view} task={task} />
    </li>
  );
}

/** The row of a task that has ended. */
function EndedRow({ view, list, source }: RowProps): JSX.Element | null {
  const task = source?.value;
  if (task === undefined) return null;
  const seconds = elapsedSeconds(task, task.finished_at ?? task.updated_at);
  return (
    <li class="row row-ended" data-item data-task-id={task.id} data-state={task.state}>
      {list !== undefined && <SelectBox view={list} id={task.id} name={task.name} />}
      <StatePill task={task} />
      <div class="row-what">
        <RowName view={view} task={task} />
        <Outcome task={task} />
        <TaskDetails view={view} task={task} />
      </div>
      <span class="row-duration number">
        <span class="visually-hidden">Duration:</span> {seconds === null ? "—" : formatDuration(seconds)}
      </span>
      <span class="row-when">
        <Ago view={view} at={task.finished_at ?? task.updated_at} />
      </span>
      <RemoveButton view={view} task={task} />
    </li>
  );
}

interface ListRowProps {
  readonly view: ClientView;
  readonly source: Readable<Task> | undefined;
}

/** A selectable row for a task in any state. */
export function ListRow({ view, source }: ListRowProps): JSX.Element | null {
  const task = source?.value;
  if (task === undefined) return null;
  // These are called as functions. As components of their own, they would re-render a second time for every
  // change of the task.
  return hasEnded(task) ? EndedRow({ view, list: view, source }) : ActiveRow({ view, list: view, source });
}

interface SelectBoxProps {
  readonly view: ClientView;
  readonly id: string;
  readonly name: string;
}

/** A checkbox that selects a task; it belongs to the form of the bulk bar. */
function SelectBox({ view, id, name }: SelectBoxProps): JSX.Element | null {
  const { list } = view;
  if (!view.frame.visitor.mayChange) return null;
  const isSelected = view.selected.value.has(id);
  return (
    <label class="row-select">
      <input
        type="checkbox"
        name="id"
        value={id}
        form="bulk"
        class="row-check"
        aria-label={`Select ${name}`}
        {...(list === null ? {} : {
          checked: isSelected,
          onClick: (event: MouseEvent) => list.select(id, event.shiftKey),
        })}
      />
    </label>
  );
}

interface TaskProps {
  readonly view: FrameView;
  readonly task: Task;
}

function RowName({ view, task }: TaskProps): JSX.Element {
  return (
    <div class="row-head">
      <h3 class="row-name">
        <a href={taskPageUrl(view.frame, task.id)} title={`Task ${task.id}`}>{String(task.name)}</a>
      </h3>
      {task.attempt > 1 && <span class="tag tag-plain">attempt {task.attempt}</span>}
      <Tags task={task} />
    </div>
  );
}

/** The result, error or last status of an ended task. */
export function Outcome({ task }: { readonly task: Task }): JSX.Element | null {
  if (task.error !== null) {
    // The last progress and the last status help to find the cause of an error.
    const reached = progressReached(task);
    const words = [reached === null ? "" : formatPercent(reached), statusWords(task)];
    const last = words.filter((each) => each !== "").join(" · ");
    const [heading, text] = errorWords(task.error);
    return (
      <>
        <p class="row-outcome row-error">
          <span class="error-type">{heading}</span> {text}
        </p>
        {last !== "" && <p class="row-outcome">Last: {last}</p>}
      </>
    );
  }
  if (task.state === "CANCELLED") {
    const at = task.progress === null ? "" : ` at ${formatPercent(task.progress)}`;
    return <p class="row-outcome">Stopped on request{at}</p>;
  }
  if (task.result === null) return <p class="row-outcome">{statusWords(task)}</p>;
  return (
    <p class="row-outcome row-result">
      <Icon name="arrow" />
      <span class="visually-hidden">Result:</span>{" "}
      <code>{formatJson(task.result, MAX_RESULT_CHARACTERS)}</code>
    </p>
  );
}

interface TaskActionProps extends TaskProps {
  /** Whether the button is on the task's own page; if so, submitting its form leads back to that page. */
  readonly isOwnPage?: boolean;
}

/** A button that requests the cancellation of a task, and undoes that while it is held back. */
export function CancelButton({ view, task, isOwnPage = false }: TaskActionProps): JSX.Element | null {
  const { actions } = view;
  if (!view.frame.visitor.mayChange) return null;
  const isHeld = actions?.held.value.has(task.id) ?? false;
  const words = isHeld ? "Undo the cancellation of" : task.cancel_requested ? "Cancelling" : "Cancel";
  return (
    <ActionButton
      action={actionUrl(view, task, "cancel", isOwnPage)}
      label="Cancel"
      busyLabel="Cancelling…"
      description={`${words} ${task.name}`}
      busy={task.cancel_requested}
      run={actions === null ? undefined : () => actions.cancel(task.id)}
      undo={isHeld ? () => actions?.undoCancel(task.id) : undefined}
    />
  );
}

/** A button that removes a task that has ended. */
export function RemoveButton({ view, task, isOwnPage = false }: TaskActionProps): JSX.Element | null {
  const { actions } = view;
  if (!view.frame.visitor.mayChange) return null;
  return (
    <ActionButton
      action={actionUrl(view, task, "remove", isOwnPage)}
      label="Remove"
      busyLabel="Removing…"
      description={`Remove ${task.name}`}
      run={actions === null ? undefined : () => actions.remove(task.id)}
    />
  );
}

/** A button that starts a new attempt of a task. */
export function RetryButton({ view, task, isOwnPage = false }: TaskActionProps): JSX.Element | null {
  const { actions } = view;
  if (!view.frame.visitor.mayChange) return null;
  return (
    <ActionButton
      action={actionUrl(view, task, "retry", isOwnPage)}
      label="Retry"
      busyLabel="Starting…"
      description={`Retry ${task.name}`}
      run={actions === null ? undefined : () => actions.retry(task.id)}
    />
  );
}

function actionUrl(view: FrameView, task: Task, change: string, isOwnPage: boolean): string {
  return `${taskPageUrl(view.frame, task.id)}/${change}${isOwnPage ? "?from=task" : ""}`;
}
