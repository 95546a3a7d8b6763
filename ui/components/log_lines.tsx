/** @jsxImportSource preact */
/**
 * Renders blocks of log lines, so that a change re-renders only the blocks with changed lines.
 *
 * @module
 */

import { Component, type JSX } from "preact";
import type { LogLine } from "../../lib/task/task.ts";
import { machineTime } from "../../lib/text/format.ts";
import { isHidden, type Lines, type LogFolds } from "../shared/log_groups.ts";
import { lineFragment, type LineRange } from "../shared/line_range.ts";
import { lineTime, type LineTimes } from "../shared/log_look.ts";
import type { FoldKind, FrameView } from "../shared/view.ts";
import { GroupHead } from "./group_head.tsx";
import { StyledText } from "./styled_text.tsx";

/** The number of lines in a block. */
export const BLOCK_LINES = 50;

/** The settings that all lines of a log share. */
export interface LineLook {
  readonly view: FrameView;
  /** The search text in lower case; empty if the user is not searching. */
  readonly query: string;
  /** The number of the match to which the user moved last; `null` if there is none. */
  readonly current: number | null;
  /** The lines that the page's URL links to; `null` if there are none. */
  readonly selected: LineRange | null;
  readonly times: LineTimes;
  /** When the task started, in epoch seconds. */
  readonly startedAt: number;
  /** The groups that marked lines begin and end. */
  readonly groups: LogFolds;
  /** The steps of the task, if the log is divided into them. */
  readonly steps: LogFolds;
  /** The hidden lines: ranges in order that do not overlap. */
  readonly hidden: readonly Lines[];
  /** Collapses or expands a group or a step; `null` without JavaScript. */
  readonly onFold: ((kind: FoldKind, from: number) => void) | null;
  /** Returns the URL of a line; by default, a fragment. */
  readonly linkOf?: (number: number) => string;
  /**
   * Changes the page's URL to link to a line, or, with `extend`, to all lines from the linked line to this one;
   * `null` without JavaScript.
   */
  readonly onSelect: ((number: number, extend: boolean) => void) | null;
}

/**
 * Returns the CSS classes of a list of log lines. They include the width of the line numbers, so that all numbers up
 * to `last` fit.
 */
export function logClass(last: number, wraps: boolean): string {
  return `log log-digits-${String(last).length}${wraps ? "" : " log-unwrapped"}`;
}

interface BlockProps extends LineLook {
  /** The number of the first line. */
  readonly first: number;
  /** The lines; `undefined` for a line that is not loaded. */
  readonly lines: readonly (LogLine | undefined)[];
}

/** The properties of a block, besides its lines, that change how it looks. */
const LOOK = [
  "first",
  "query",
  "current",
  "selected",
  "groups",
  "steps",
  "hidden",
  "times",
  "startedAt",
  "view",
] as const;

/** A block of lines as list items. */
export class LogBlock extends Component<BlockProps> {
  override shouldComponentUpdate({ lines, ...next }: BlockProps): boolean {
    const { lines: before, ...props } = this.props;
    return LOOK.some((name) => props[name] !== next[name]) || lines.length !== before.length ||
      lines.some((line, index) => line !== before[index]);
  }

  override render(): JSX.Element {
    const { first, lines, ...look } = this.props;
    const { hidden } = look;
    let isFirst = true;
    return (
      <>
        {lines.map((line, index) => {
          const number = first + index;
          if (isHidden(hidden, number)) return null;
          const item = <Line key={number} number={number} line={line} isFirst={isFirst} {...look} />;
          isFirst = false;
          return item;
        })}
      </>
    );
  }
}

interface LineProps extends LineLook {
  readonly number: number;
  readonly line: LogLine | undefined;
  /** Whether the line is the first visible one of its block. */
  readonly isFirst: boolean;
}

function Line(props: LineProps): JSX.Element {
  const { number, line, isFirst, query, current, selected, steps, onFold } = props;
  const step = steps.groups.get(number);
  const isCollapsed = step !== undefined && steps.collapsed.has(number);
  const isSelected = selected !== null && number >= selected.from && number <= selected.to;
  return (
    <li
      id={`log-${number}`}
      class={`log-line log-${line?.level ?? line?.stream}${isSelected ? " log-selected" : ""}`}
      {...(isFirst && { "data-first": number })}
      {...(number === current && { "aria-current": "true" as const })}
    >
      {step !== undefined && (
        <div class="log-step">
          <GroupHead
            group={step}
            isCollapsed={isCollapsed}
            query={query}
            onFold={(from) => onFold?.("steps", from)}
          />
        </div>
      )}
      {!isCollapsed && <LineContent {...props} />}
    </li>
  );
}

/** The number, the time and the text of a line. */
function LineContent(
  { view, number, line, query, groups, onFold, times, startedAt, linkOf, onSelect }: LineProps,
): JSX.Element {
  const group = groups.groups.get(number);
  return (
    <>
      <a
        class="log-number number"
        href={linkOf?.(number) ?? lineFragment({ from: number, to: number })}
        tabIndex={-1}
        onClick={(event) => {
          if (onSelect === null || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          onSelect(number, event.shiftKey);
        }}
      >
        {number + 1}
      </a>
      {times !== "none" && (
        <span class="log-time number">
          {line !== undefined && (
            <time dateTime={machineTime(line.at)}>
              {lineTime(line, times, startedAt, view.scripted.value)}
            </time>
          )}
        </span>
      )}
      <span class="log-text">
        {group !== undefined
          ? (
            <GroupHead
              group={group}
              isCollapsed={groups.collapsed.has(number)}
              query={query}
              onFold={(from) => onFold?.("groups", from)}
            />
          )
          : line === undefined
          ? "\u00a0"
          : <StyledText text={String(line.text)} query={query} />}
      </span>
    </>
  );
}
