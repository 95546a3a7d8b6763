/** @jsxImportSource preact */
/**
 * Renders the lines of a log in chunks of a hundred, so that an added line re-renders only the last chunk.
 *
 * @module
 */

import { Component, type JSX } from "preact";
import type { LogLine } from "../../lib/task/task.ts";
import type { FrameView } from "../shared/view.ts";
import { ShortClock } from "./time.tsx";

/** A log line and its index in the whole log, from 0. */
export interface NumberedLine {
  readonly number: number;
  readonly line: LogLine;
}

/** Matches ANSI escape sequences for colours and cursor movement. */
const TERMINAL_CODES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");
/** The maximum number of matches that are marked in a line. */
const MAX_MARKS = 100;
/** The number of lines in a chunk. */
const CHUNK = 100;

/** Returns the text of a log line without ANSI escape sequences. */
export function textOf(line: LogLine): string {
  return String(line.text).replace(TERMINAL_CODES, "");
}

interface LinesProps {
  readonly view: FrameView;
  readonly lines: readonly NumberedLine[];
  /** The search text in lower case; empty if the user is not searching. */
  readonly query: string;
  /** The index of the match to which the user moved last; `null` if there is none. */
  readonly current: number | null;
}

/** The lines of a log as list items. */
export function LogLines({ view, lines, query, current }: LinesProps): JSX.Element {
  const chunks = new Map<number, NumberedLine[]>();
  for (const each of lines) {
    const chunk = Math.floor(each.number / CHUNK);
    const known = chunks.get(chunk);
    if (known === undefined) chunks.set(chunk, [each]);
    else known.push(each);
  }
  return (
    <>
      {[...chunks].map(([chunk, part]) => {
        const isHere = part.some(({ number }) => number === current);
        return <Chunk key={chunk} view={view} lines={part} query={query} current={isHere ? current : null} />;
      })}
    </>
  );
}

class Chunk extends Component<LinesProps> {
  override shouldComponentUpdate(next: LinesProps): boolean {
    const { lines, query, current } = this.props;
    const isSame = query === next.query && current === next.current && lines.length === next.lines.length &&
      lines[0]?.line === next.lines[0]?.line && lines.at(-1)?.line === next.lines.at(-1)?.line;
    return !isSame;
  }

  override render(): JSX.Element {
    const { view, lines, query, current } = this.props;
    return (
      <>
        {lines.map(({ number, line }) => (
          <li
            key={number}
            id={`log-${number}`}
            class="log-line"
            {...(number === current && { "aria-current": "true" as const })}
          >
            <span class="log-time number">
              <ShortClock view={view} at={line.at} />
            </span>
            <span class="log-text">{marked(textOf(line), query)}</span>
          </li>
        ))}
      </>
    );
  }
}

/** Wraps the matches of the search text in `mark` elements. */
function marked(text: string, query: string): JSX.Element | string {
  const lower = text.toLowerCase();
  // Some letters become two in lower case; the indices into the lower-case text would then be wrong.
  if (query === "" || lower.length !== text.length) return text;
  const parts: (JSX.Element | string)[] = [];
  let from = 0;
  for (
    let at = lower.indexOf(query);
    at !== -1 && parts.length < 2 * MAX_MARKS;
    at = lower.indexOf(query, from)
  ) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + query.length)}</mark>);
    from = at + query.length;
  }
  return <>{parts}{text.slice(from)}</>;
}
