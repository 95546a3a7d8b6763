/** @jsxImportSource preact */
/**
 * The section above the list with the tasks that need attention. The list also shows these tasks in their usual
 * places.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun, formatAgo, formatCount, formatDuration } from "../../lib/text/format.ts";
import { nameWords } from "../../lib/task/task_view.ts";
import { MAX_ATTENTION } from "../shared/attention.ts";
import { taskPageUrl } from "../shared/links.ts";
import type { AttentionItem, ClientView } from "../shared/view.ts";
import { SectionHead } from "./frame.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { RetryButton } from "./task_actions.tsx";
import { errorWords } from "./task_elements.tsx";

interface ViewProps {
  readonly view: ClientView;
}

/** The number of tasks that are shown at first. */
const SHOWN = 5;

/** The section with the tasks that need attention; empty if there are none. */
export function AttentionSection({ view }: ViewProps): JSX.Element | null {
  const items = view.attention.value;
  if (items.length === 0) return null;
  // The list ends at this number, so there may be more.
  const count = formatCount(items.length) + (items.length < MAX_ATTENTION ? "" : "+");
  const failed = items.filter(({ concern }) => concern === "failed").map(({ task }) => task);
  const rows = (some: readonly AttentionItem[]) => (
    <ul>{some.map((item) => <Item key={item.task.id} view={view} item={item} />)}</ul>
  );
  return (
    <section class="attention" aria-labelledby="attention-title" data-testid="attention">
      <SectionHead view={view} id="attention-title" title="Needs attention" count={count}>
        {view.list !== null && failed.length > 0 && (
          <button
            type="button"
            class="button button-quiet"
            onClick={() => view.list?.markOpened(failed)}
          >
            Mark {countNoun(failed.length, "failure")} as seen
          </button>
        )}
      </SectionHead>
      {rows(items.slice(0, SHOWN))}
      {items.length > SHOWN && (
        <details>
          <summary>{formatCount(items.length - SHOWN)} more</summary>
          {rows(items.slice(SHOWN))}
        </details>
      )}
    </section>
  );
}

interface ItemProps extends ViewProps {
  readonly item: AttentionItem;
}

function Item({ view, item }: ItemProps): JSX.Element {
  const { task, concern } = item;
  const [icon, what, why] = reason(view, item);
  return (
    <li class={`attention-item attention-${concern}`}>
      <div class="attention-words">
        <span class="attention-what">
          <Icon name={icon} /> {what}
        </span>{" "}
        <a href={taskPageUrl(view.frame, task.id)}>{nameWords(task)}</a>{" "}
        <span class="attention-why" title={why}>{why}</span>
      </div>
      {concern === "failed" && task.retryable && <RetryButton view={view} task={task} />}
    </li>
  );
}

function reason(
  view: ClientView,
  { task, concern }: AttentionItem,
): readonly [icon: IconName, what: string, why: string] {
  const now = view.coarseNow.value;
  const lasting = formatDuration(Math.max(0, now - (task.started_at ?? now)));
  switch (concern) {
    case "failed": {
      const words = task.error === null
        ? ""
        : errorWords(task.error).filter((each) => each !== "").join(": ");
      return ["failed", `Failed ${formatAgo(now - (task.finished_at ?? now))}`, words];
    }
    case "stale":
      return ["stale", "Stale", `No sign of life for ${formatDuration(Math.max(0, now - task.updated_at))}`];
    case "stalled":
      return ["stale", "Stalled", "No progress for a while"];
    case "slow":
      return [
        "stale",
        "Slower than usual",
        task.expected_duration === null
          ? `${lasting} so far, longer than past runs`
          : `${lasting} so far, usually ${formatDuration(task.expected_duration)}`,
      ];
  }
}
