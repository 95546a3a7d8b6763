/** @jsxImportSource preact */
/**
 * Small elements that show one property of a task, for rows and for task pages.
 *
 * @module
 */

import type { JSX } from "preact";
import { formatCount, formatCounts, formatPercent, isByteUnit } from "../../lib/text/format.ts";
import type { Task, TaskError } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { FrameView } from "../shared/view.ts";
import { Icon, type IconName } from "./icons.tsx";
import { SinceUpdate } from "./time.tsx";

interface StateLook {
  readonly icon: IconName;
  readonly words: string;
}

const STATES: ReadonlyMap<string, StateLook> = new Map([
  ["NOT_STARTED", { icon: "waiting", words: "Waiting" }],
  ["STARTING", { icon: "starting", words: "Starting" }],
  ["PROCESSING", { icon: "running", words: "Running" }],
  ["FINISHED", { icon: "finished", words: "Finished" }],
  ["ERROR", { icon: "failed", words: "Failed" }],
  ["CANCELLED", { icon: "cancelled", words: "Cancelled" }],
]);

/** The label of a state; a state added by a later version is shown as its raw name. */
export function stateText(state: string): string {
  return STATES.get(state)?.words ?? state;
}

interface TaskProps {
  readonly task: Task;
}

/** The state of a task as an icon and a word. */
export function StatePill({ task }: { readonly task: Pick<Task, "state"> }): JSX.Element {
  return StateLabel({ state: task.state });
}

/** A state as an icon and a word. */
export function StateLabel({ state }: { readonly state: string }): JSX.Element {
  const known = STATES.get(state);
  const { icon, words } = known ?? { icon: "unknown" as const, words: String(state) };
  return (
    <span class={`pill pill-${icon}`}>
      <Icon name={icon} />
      <span class="pill-words">{words}</span>
    </span>
  );
}

/**
 * A warning that a task is stale: its reporter has given no sign of life for longer than it promised. Empty for other tasks.
 */
export function StaleFlag(
  { view, task }: { readonly view: FrameView; readonly task: Task },
): JSX.Element | null {
  if (!task.stale) return null;
  return (
    <span class="flag">
      <Icon name="stale" />
      <span>
        No sign of life for <SinceUpdate view={view} task={task} />
      </span>
    </span>
  );
}

/** A bar with the progress of a task; indeterminate if the progress is `null`. */
export function ProgressBar({ task }: TaskProps): JSX.Element {
  const counts = formatCounts(task);
  const percent = task.progress === null ? "indeterminate" : formatPercent(task.progress);
  const waiting = !task.active && !hasEnded(task);
  const value = task.progress ?? (waiting ? 0 : undefined);
  return (
    <progress
      class={task.stale || hasEnded(task) ? "bar bar-inactive" : "bar"}
      max={100}
      // The separate keys make Preact create a new element, because removing `value` does not make an
      // existing bar indeterminate again.
      key={value === undefined ? "unknown" : "known"}
      {...(value === undefined ? {} : { value })}
      aria-label={`Progress of ${task.name}`}
      aria-valuetext={counts === "" ? percent : `${percent}, ${counts}`}
    />
  );
}

/** The counts of a task, as in `3 / 10 files`; the exact numbers are in the tooltip. */
export function Counts({ task }: TaskProps): JSX.Element | null {
  const text = formatCounts(task);
  if (text === "") return null;
  const unit = isByteUnit(task.unit) ? "bytes" : task.unit ?? "";
  const exact = `${formatCount(task.current ?? NaN)} of ${formatCount(task.total ?? NaN)} ${unit}`;
  return <span class="number row-count" title={exact}>{text}</span>;
}

interface TagsProps extends TaskProps {
  /** Returns the URL of the list of tasks with a tag; absent if the visitor may see only one task. */
  readonly hrefOf?: ((tag: string) => string) | undefined;
  /**
   * The URL of a page with all tags, for places that have room for only some of them; without it, all tags are shown.
   */
  readonly moreUrl?: string;
}

/** The maximum number of tags in a row; instead of the last one, there may be a link to the remaining tags. */
const MAX_TAGS = 3;

/** A task's tags; each links to the tasks with the same tag. */
export function Tags({ task: { tags }, hrefOf, moreUrl }: TagsProps): JSX.Element | null {
  if (tags.length === 0) return null;
  const count = moreUrl === undefined || tags.length <= MAX_TAGS ? tags.length : MAX_TAGS - 1;
  return (
    <ul class="tags" aria-label="Tags">
      {tags.slice(0, count).map((tag, index) => (
        <li key={index} class="tag">
          {/* The filter separates tags by commas, so it cannot select a tag that contains one. */}
          {hrefOf === undefined || tag.includes(",")
            ? String(tag)
            : <a href={hrefOf(tag)} data-list title={`Only tasks with the tag ${tag}`}>{String(tag)}</a>}
        </li>
      ))}
      {count < tags.length && (
        <li class="tag tag-more">
          <a href={moreUrl}>+{formatCount(tags.length - count)} more</a>
        </li>
      )}
    </ul>
  );
}

/** Returns the heading and the text of an error, for display. */
export function errorWords({ type, message }: TaskError): readonly [heading: string, text: string] {
  if (type === "interrupted") return ["Interrupted", String(message)];
  if (type !== "exit") return [String(type), String(message)];
  // For a command, the message already has a heading in front of the colon: "Exited with status 3: no such file".
  const [what = "", ...rest] = String(message).split(": ");
  return [what.charAt(0).toUpperCase() + what.slice(1), rest.join(": ")];
}

/**
 * Returns the last progress of an ended task; `null` if it is not worth showing, because the task finished, never
 * reported progress, or failed at 100 %.
 */
export function progressReached({ state, progress }: Task): number | null {
  return state === "FINISHED" || progress === 100 ? null : progress;
}
