/** @jsxImportSource preact */
/**
 * The title of a group or a step in a log, which collapses and expands it.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun, formatDuration } from "../../lib/text/format.ts";
import type { LogGroup } from "../shared/log_groups.ts";
import { StyledText } from "./styled_text.tsx";

interface GroupHeadProps {
  readonly group: LogGroup;
  readonly isCollapsed: boolean;
  /** The search text in lower case; empty if the user is not searching. */
  readonly query: string;
  /** Collapses or expands the group. */
  readonly onFold: (from: number) => void;
}

/** The title of a group, and, once it has ended, its number of lines and its duration. */
export function GroupHead({ group, isCollapsed, query, onFold }: GroupHeadProps): JSX.Element {
  const { from, title, lines, seconds } = group;
  return (
    <>
      <button type="button" class="log-fold" aria-expanded={!isCollapsed} onClick={() => onFold(from)}>
        <span class="log-fold-mark" aria-hidden="true">{isCollapsed ? "▸" : "▾"}</span>{" "}
        <bdi>{title === "" ? "Group" : <StyledText text={title} query={query} />}</bdi>
      </button>
      {lines !== null && seconds !== null && (
        <span class="log-fold-info number">
          {countNoun(lines, "line")} · {formatDuration(seconds)}
        </span>
      )}
    </>
  );
}
