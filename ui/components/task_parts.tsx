/** @jsxImportSource preact */
/**
 * The parts of which rows and pages of tasks are made.
 *
 * @module
 */

import type { JSX } from "preact";
import { formatCounts, formatPercent, isByteUnit } from "../../lib/text/format.ts";
import type { Task, TaskError } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { FrameView } from "../shared/view.ts";
import { Icon, type IconName } from "./icons.tsx";
import { Silence } from "./time.tsx";

interface StateWords {
  readonly icon: IconName;
  readonly words: string;
}

const STATES: ReadonlyMap<string, StateWords> = new Map([
  ["NOT_STARTED", { icon: "waiting", words: "Waiting" }],
  ["STARTING", { icon: "starting", words: "Starting" }],
  ["PROCESSING", { icon: "running", words: "Running" }],
  ["FINISHED", { icon: "finished", words: "Finished" }],
  ["ERROR", { icon: "failed", words: "Failed" }],
  ["CANCELLED", { icon: "cancelled", words: "Cancelled" }],
]);

/** A state as people read it; one from a later version as it is called. */
export function wordsOfState(state: string): string {
  return STATES.get(state)?.words ?? state;
}

interface TaskProps {
  readonly task: Task;
}

/** A task's state, as a drawing and a word. */
export function StatePill({ task }: { readonly task: Pick<Task, "state"> }): JSX.Element {
  return StateLabel({ state: task.state });
}

/** A state, as a drawing and a word. */
export function StateLabel({ state }: { readonly state: string }): JSX.Element {
  const known = STATES.get(state);
  // A state from a later version is shown as it is called.
  const { icon, words } = known ?? { icon: "unknown" as const, words: String(state) };
  return (
    <span class={`pill pill-${icon}`}>
      <Icon name={icon} />
      <span class="pill-words">{words}</span>
    </span>
  );
}

/** Says that a task has broken its promise of a sign of life. Empty where it has not. */
export function StaleFlag(
  { view, task }: { readonly view: FrameView; readonly task: Task },
): JSX.Element | null {
  if (!task.stale) return null;
  return (
    <span class="flag flag-stale">
      <Icon name="stale" />
      <span>
        No sign of life for <Silence view={view} task={task} />
      </span>
    </span>
  );
}

/** A task's progress as a bar; without a value where nobody knows it. */
export function ProgressBar({ task }: TaskProps): JSX.Element {
  const counts = formatCounts(task);
  const percent = task.progress === null ? "unknown" : formatPercent(task.progress);
  const waiting = !task.active && !hasEnded(task);
  const value = task.progress ?? (waiting ? 0 : undefined);
  return (
    <progress
      class={task.stale || hasEnded(task) ? "bar bar-still" : "bar"}
      max={100}
      // A key for each kind: a bar does not turn back from known to unknown by losing its value.
      key={value === undefined ? "unknown" : "known"}
      {...(value === undefined ? {} : { value })}
      aria-label={`Progress of ${task.name}`}
      aria-valuetext={counts === "" ? percent : `${percent}, ${counts}`}
    />
  );
}

/** How many of how many; wide enough from the start that it does not push its neighbours. */
export function Counts({ task }: TaskProps): JSX.Element | null {
  const text = formatCounts(task);
  if (text === "") return null;
  const title = isByteUnit(task.unit) ? `${task.current ?? "?"} of ${task.total ?? "?"} bytes` : undefined;
  return <span class="number" title={title}>{text}</span>;
}

/** A task's tags. */
export function Tags({ task }: TaskProps): JSX.Element | null {
  if (task.tags.length === 0) return null;
  return (
    <ul class="tags" aria-label="Tags">
      {task.tags.map((tag, index) => <li key={index} class="tag">{String(tag)}</li>)}
    </ul>
  );
}

/** The kind of an error, as people read it. */
export function errorWords(error: TaskError): string {
  return error.type === "interrupted" ? "Interrupted" : String(error.type);
}
