/** @jsxImportSource preact */
/**
 * The rows of a task list. Each row subscribes only to its own task.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import {
  countNoun,
  elapsedSeconds,
  formatCount,
  formatDuration,
  formatJson,
  formatPercent,
  formatRate,
} from "../../lib/text/format.ts";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded, nameWords, statusWords } from "../../lib/task/task_view.ts";
import { clientPageUrl, taskPageUrl } from "../shared/links.ts";
import { tagSearch } from "../shared/list_query.ts";
import type { ClientView, Readable } from "../shared/view.ts";
import { TaskDetails } from "./details.tsx";
import { Icon } from "./icons.tsx";
import { CancelButton, RemoveButton, RetryButton } from "./task_actions.tsx";
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

interface TaskProps {
  readonly view: ClientView;
  readonly task: Task;
}

interface RowProps extends TaskProps {
  /** The nesting level of the row: the number of its ancestors in the list. */
  readonly level: number;
}

/** The maximum number of characters of a result in a row. */
const MAX_RESULT_CHARACTERS = 160;

/** The row of a task that has not ended. */
function ActiveRow({ view, task, level }: RowProps): JSX.Element {
  const rate = formatRate(task);
  return (
    <li
      class="row row-active"
      data-item={level === 0 || undefined}
      data-task-id={task.id}
      data-state={task.state}
    >
      <SelectBox view={view} id={task.id} name={task.name} />
      <StatePill task={task} />
      <div class="row-what">
        <RowName view={view} task={task} level={level} />
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
      <Started view={view} task={task} />
      <div class="row-time">
        <span class="number">
          <span class="visually-hidden">Elapsed:</span> <Elapsed view={view} task={task} />
        </span>
        <span class="row-left">
          <TimeLeft view={view} task={task} />
        </span>
      </div>
      <div class="row-actions">
        <CancelButton view={view} task={task} />
      </div>
      <StaleFlag view={view} task={task} />
      <Below view={view} id={task.id} name={task.name} level={level} isOpen />
    </li>
  );
}

/** The row of a task that has ended. */
function EndedRow({ view, task, level }: RowProps): JSX.Element {
  const seconds = elapsedSeconds(task, task.finished_at ?? task.updated_at);
  return (
    <li
      class="row row-ended"
      data-item={level === 0 || undefined}
      data-task-id={task.id}
      data-state={task.state}
    >
      <SelectBox view={view} id={task.id} name={task.name} />
      <StatePill task={task} />
      <div class="row-what">
        <RowName view={view} task={task} level={level} />
        <Outcome task={task} />
        <TaskDetails view={view} task={task} />
      </div>
      <Started view={view} task={task} />
      <div class="row-time">
        <span class="number">
          <span class="visually-hidden">Duration:</span> {seconds === null ? "—" : formatDuration(seconds)}
        </span>
        <span class="row-left">
          <span class="visually-hidden">Ended:</span>{" "}
          <Ago view={view} at={task.finished_at ?? task.updated_at} />
        </span>
      </div>
      <div class="row-actions">
        {task.retryable && task.state !== "FINISHED" && <RetryButton view={view} task={task} />}
        <RemoveButton view={view} task={task} />
      </div>
      <Below view={view} id={task.id} name={task.name} level={level} isOpen={false} />
    </li>
  );
}

interface ListRowProps {
  readonly view: ClientView;
  /** The row's task; `undefined` if it was removed while the list was rendering. */
  readonly source: Readable<Task> | undefined;
  /** The nesting level of the row: the number of its ancestors in the list. */
  readonly level: number;
}

/** A selectable row for a task in any state, with the rows of its subtasks. */
export function ListRow({ view, source, level }: ListRowProps): JSX.Element | null {
  const task = source?.value;
  if (task === undefined) return null;
  // `EndedRow` and `ActiveRow` are called as functions. As components, they would render twice for every change of
  // the task.
  return hasEnded(task) ? EndedRow({ view, task, level }) : ActiveRow({ view, task, level });
}

interface BelowProps {
  readonly view: ClientView;
  readonly id: string;
  readonly name: string;
  readonly level: number;
  /** Whether the subtasks are expanded initially. */
  readonly isOpen: boolean;
}

/** The rows of some subtasks below the row of a task, and links to all further subtasks. */
function Below({ view, id, name, level, isOpen }: BelowProps): JSX.Element | null {
  const { ids, ...known } = view.subtasksOf(id).value;
  // An expanded branch stays expanded after its task ends, because the user may be reading it.
  const [startsOpen] = useState(view.folds.get(id) ?? isOpen);
  const total = Math.max(known.total, ids.length);
  if (total === 0) return null;
  const words = known.ended < total
    ? `${formatCount(known.ended)} of ${countNoun(total, "subtask")} ended`
    : countNoun(total, "subtask");
  const url = `${taskPageUrl(view.frame, id)}#subtasks-title`;
  if (ids.length === 0) {
    return (
      <p class="row-below">
        <a href={url}>{words}</a>
      </p>
    );
  }
  return (
    <details class="row-below" open={startsOpen}>
      <summary onClick={({ currentTarget }) => view.folds.set(id, !currentTarget.closest("details")!.open)}>
        {words}
      </summary>
      <ul aria-label={`Subtasks of ${name}`}>
        {ids.map((each) => <ListRow key={each} view={view} source={view.task(each)} level={level + 1} />)}
      </ul>
      {total > ids.length && (
        <p>
          <a href={url}>{countNoun(total - ids.length, "more subtask")}</a>
        </p>
      )}
    </details>
  );
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

/** When a task started; only wide lists have this column. */
function Started({ view, task }: TaskProps): JSX.Element {
  return (
    <span class="row-started">
      {task.started_at === null ? "—" : <Ago view={view} at={task.started_at} />}
    </span>
  );
}

/**
 * The name of a task, with a link that covers the whole row; the name of its parent; and its tags, with links that
 * filter by a tag.
 */
function RowName({ view, task, level }: RowProps): JSX.Element {
  const { frame } = view;
  const Heading = `h${3 + level}` as "h3";
  const parent = level === 0 ? view.parentName(task) : null;
  return (
    <div class="row-head">
      <Heading class="row-name">
        <a href={taskPageUrl(frame, task.id)} title={`${task.name} (${task.id})`}>{nameWords(task)}</a>
      </Heading>
      {parent !== null && (
        <span class="row-parent">
          in{" "}
          <a href={taskPageUrl(frame, task.parent_id!)} title={`Subtask of ${parent}`}>
            {nameWords({ name: parent, id: task.parent_id! })}
          </a>
        </span>
      )}
      {task.attempt > 1 && <span class="tag tag-plain">attempt {task.attempt}</span>}
      <Tags
        task={task}
        hrefOf={(tag) => `${clientPageUrl(frame)}${tagSearch(view.query.value, tag)}`}
        moreUrl={taskPageUrl(frame, task.id)}
      />
    </div>
  );
}

/** The result, error or last status of an ended task. */
function Outcome({ task }: { readonly task: Task }): JSX.Element | null {
  if (task.error !== null) {
    // The last progress and the last status help to find the cause of an error.
    const reached = progressReached(task);
    const words = [reached === null ? "" : formatPercent(reached), statusWords(task)];
    const last = words.filter((each) => each !== "").join(" · ");
    const [heading, text] = errorWords(task.error);
    return (
      <p class="row-outcome row-failed">
        <span class="row-error" title={`${heading}: ${text}`}>
          <span class="error-type">{heading}</span> {text}
        </span>{" "}
        {last !== "" && <span class="row-last">Last: {last}</span>}
      </p>
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
