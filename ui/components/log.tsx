/** @jsxImportSource preact */
/**
 * The log of a task page: follows new lines while scrolled to the end, and can be filtered, paused and
 * downloaded.
 *
 * @module
 */

import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { countNoun, formatCount } from "../../lib/text/format.ts";
import { logTextUrl } from "../shared/links.ts";
import { MAX_LINES, type TaskLog } from "../shared/model.ts";
import type { TaskView } from "../shared/view.ts";
import { errorMessage } from "./controls.tsx";
import { SectionHead } from "./frame.tsx";
import { LogLines, type NumberedLine, textOf } from "./log_lines.tsx";

/** The log follows new lines while the scroll position is at most this many CSS pixels from the end. */
const FOLLOW_DISTANCE = 24;

/** The log section of a task page. */
export function LogSection({ view }: { readonly view: TaskView }): JSX.Element | null {
  const newest = view.log.value;
  const [held, setHeld] = useState<TaskLog | null>(null);
  const [query, setQuery] = useState("");
  const [current, setCurrent] = useState<number | null>(null);
  const [isAway, setAway] = useState(false);
  const [problem, setProblem] = useState("");
  const [isLoading, setLoading] = useState(false);
  const box = useRef<HTMLOListElement>(null);
  /**
   * The distance from the scroll position to the end of the log. It is restored after older lines were
   * inserted above.
   */
  const below = useRef<number | null>(null);
  const log = held ?? newest;
  const { lines, dropped, gone } = log;
  const wanted = query.trim().toLowerCase();
  const shown = useMemo(() => found(log, wanted), [log, wanted]);

  useLayoutEffect(() => {
    const list = box.current;
    if (list === null) return;
    if (below.current !== null) list.scrollTop = list.scrollHeight - below.current;
    else if (!isAway) list.scrollTop = list.scrollHeight;
    below.current = null;
  }, [shown, isAway]);
  useLayoutEffect(() => {
    if (current !== null) document.getElementById(`log-${current}`)?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const total = newest.dropped + newest.lines.length;
  if (total === 0) return null;
  const waiting = total - dropped - lines.length;
  const mayLoad = view.scripted.value && held === null && canLoad(log);

  function remember(): void {
    const list = box.current;
    if (list !== null) setAway(list.scrollHeight - list.scrollTop - list.clientHeight > FOLLOW_DISTANCE);
  }

  /** Moves to the next (or previous) match, and wraps around at the ends. */
  function step(by: 1 | -1): void {
    if (shown.length === 0) return;
    const index = shown.findIndex(({ number }) => number === current);
    const next = index === -1 ? (by === 1 ? 0 : -1) : index + by;
    setAway(true);
    setCurrent(shown.at(next % shown.length)!.number);
  }

  /** Loads older lines; while searching, until they contain a match. */
  async function older(): Promise<void> {
    const list = box.current;
    if (list === null || view.loadOlder === null || isLoading) return;
    setProblem("");
    setLoading(true);
    try {
      for (let left = Infinity; canLoad(view.log.value) && view.log.value.dropped < left;) {
        left = view.log.value.dropped;
        below.current = list.scrollHeight - list.scrollTop;
        await view.loadOlder();
        if (wanted === "" || found(view.log.value, wanted).length > shown.length) break;
      }
    } catch (error) {
      below.current = null;
      setProblem(errorMessage(error));
    }
    setLoading(false);
  }

  return (
    <section class="panel-section" aria-labelledby="log-title">
      <SectionHead view={view} id="log-title" title="Log" count={countNoun(total, "line")} />
      <div class="log-tools">
        {!view.scripted.value && <span class="log-found">Times in UTC</span>}
        {view.scripted.value && (
          <>
            <input
              type="search"
              class="log-search"
              placeholder="Filter lines"
              aria-label="Filter the log"
              value={query}
              onInput={(event) => {
                setQuery(event.currentTarget.value);
                setCurrent(null);
              }}
              onKeyDown={(event) => {
                if (event.key !== "Enter") return;
                event.preventDefault();
                step(event.shiftKey ? -1 : 1);
              }}
            />
            {wanted !== "" && (
              <>
                <span class="log-found number" role="status">
                  {formatCount(shown.length)} of {countNoun(lines.length, "line")}
                  {unsearched(log, waiting)}
                </span>
                {mayLoad && (
                  <button type="button" class="button button-quiet" aria-disabled={isLoading} onClick={older}>
                    {isLoading ? "Searching…" : "Search older lines"}
                  </button>
                )}
                <button type="button" class="button button-quiet" onClick={() => step(-1)}>Previous</button>
                <button type="button" class="button button-quiet" onClick={() => step(1)}>Next</button>
              </>
            )}
            <button
              type="button"
              class="button button-quiet"
              data-held={held !== null}
              onClick={() => setHeld(held === null ? newest : null)}
            >
              {held === null ? "Pause" : "Resume"}
            </button>
          </>
        )}
        <a class="log-save" href={logTextUrl(view.frame, view.task.value.id)} download>Download</a>
      </div>
      <div class="log-frame">
        <ol class="log" ref={box} onScroll={remember} tabIndex={0} aria-labelledby="log-title">
          {dropped > 0 && (
            <li class="log-dropped" key="dropped">
              {mayLoad && wanted === ""
                ? <button type="button" class="button button-quiet" onClick={older}>Load older lines</button>
                : null} {problem !== "" ? <span class="problem" role="alert">{problem}</span> : (
                <span>
                  {dropped > gone
                    ? `${countNoun(dropped, "older line")} not shown`
                    : `${countNoun(dropped, "older line")} no longer kept`}
                </span>
              )}
            </li>
          )}
          <LogLines view={view} lines={shown} query={wanted} current={current} />
          {shown.length === 0 && wanted !== "" && (
            <li class="log-dropped" key="none">
              {dropped === 0 && waiting === 0
                ? "No match in the log"
                : `No match in the last ${countNoun(lines.length, "line")}${unsearched(log, waiting)}`}
            </li>
          )}
        </ol>
        {held !== null && (
          <p class="log-held" role="status">
            Paused{waiting > 0 && <span class="number">, {countNoun(waiting, "new line")} waiting</span>}
          </p>
        )}
        {isAway && (
          <button type="button" class="button log-end" onClick={() => setAway(false)}>Follow log</button>
        )}
      </div>
    </section>
  );
}

/** Whether the page can load older lines. */
function canLoad({ lines, dropped, gone }: TaskLog): boolean {
  return dropped > gone && lines.length < MAX_LINES;
}

/**
 * Returns the end of a sentence about the lines that a search did not look at; `""` if there are none.
 *
 * @param waiting the number of new lines that are not shown, because the log is paused
 */
function unsearched(log: TaskLog, waiting: number): string {
  const { dropped, gone } = log;
  const unloaded = countNoun(dropped - gone, "older line");
  return [
    dropped > gone &&
    (canLoad(log) ? `${unloaded} not searched` : `${unloaded} not searched; download the log to search them`),
    gone > 0 && `${countNoun(gone, "older line")} no longer kept`,
    waiting > 0 && `${countNoun(waiting, "new line")} not searched; resume to search them`,
  ].filter(Boolean).map((each) => `; ${each}`).join("");
}

/** Returns the lines of a log that contain the search text, with their indices in the log. */
function found({ lines, dropped }: TaskLog, query: string): readonly NumberedLine[] {
  const all = lines.map((line, index) => ({ number: dropped + index, line }));
  return query === "" ? all : all.filter(({ line }) => textOf(line).toLowerCase().includes(query));
}
