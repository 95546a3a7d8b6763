/** @jsxImportSource preact */
/**
 * The log of a task page: follows new lines while scrolled to the end, can be searched from its first line to
 * its last, and links to each of them.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { countNoun, formatCount } from "../../lib/text/format.ts";
import { lineFragment, type LineRange, parseLineRange } from "../shared/line_range.ts";
import { logTextUrl, logUrl } from "../shared/links.ts";
import type { LogFinder, LogFindings, LogView } from "../shared/view.ts";
import { SectionHead } from "./frame.tsx";
import type { LineTimes } from "./log_lines.tsx";
import { LogWindow } from "./log_window.tsx";

/** The key under which the browser remembers how logs are shown. */
const LOOK_KEY = "taskscope-log";

/** How logs are shown. */
interface Look {
  readonly wraps: boolean;
  readonly times: LineTimes;
}

const DEFAULT_LOOK: Look = { wraps: true, times: "clock" };

/** The log section of a task page. */
export function LogSection({ view }: { readonly view: LogView }): JSX.Element | null {
  const [look, setLook] = useState(DEFAULT_LOOK);
  const [selected, setSelected] = useState<LineRange | null>(null);
  const [target, setTarget] = useState<{ readonly number: number } | null>(null);
  const [isFollowing, setFollowing] = useState(true);
  const [isFull, setFull] = useState(false);
  const [seen, setSeen] = useState({ count: 0, first: 0 });
  const { logPages: pages, logFinder: finder } = view;
  const log = view.log.value;
  const task = view.task.value;
  const total = log.dropped + log.lines.length;
  const current = finder?.current.value ?? null;
  // Reading the value subscribes to the lines that are loaded later.
  void pages?.version.value;

  function jump(number: number): void {
    setFollowing(false);
    setSeen({ count: total, first: number });
    setTarget({ number });
  }

  useEffect(() => {
    setLook(readLook());
    const goTo = () => {
      const range = parseLineRange(location.hash);
      setSelected(range);
      if (range !== null) jump(range.from);
    };
    goTo();
    // Never removed, because the section exists as long as the page.
    addEventListener("hashchange", goTo);
  }, []);
  useEffect(() => {
    if (current !== null) jump(current);
  }, [current]);
  useEffect(() => {
    if (!isFull) return;
    const leave = (event: KeyboardEvent) => event.key === "Escape" && setFull(false);
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, [isFull]);

  if (total === 0) return null;
  const isScripted = view.scripted.value && pages !== null && finder !== null;
  const waiting = total - seen.count;

  function change(part: Partial<Look>): void {
    const next = { ...look, ...part };
    setLook(next);
    writeLook(next);
  }

  function select(number: number, extend: boolean): void {
    const from = extend && selected !== null ? selected.from : number;
    const range = { from: Math.min(from, number), to: Math.max(from, number) };
    const url = new URL(lineFragment(range), location.href).href;
    history.replaceState(history.state, "", url);
    setSelected(range);
    void view.actions?.copy(url);
  }

  return (
    <section class={isFull ? "panel-section log-full" : "panel-section"} aria-labelledby="log-title">
      <SectionHead view={view} id="log-title" title="Log" count={countNoun(total, "line")} />
      <div class="log-tools">
        {isScripted
          ? <Search finder={finder} from={isFollowing ? 0 : seen.first} gone={log.gone} />
          : (
            <form action={logUrl(view.frame, task.id)} class="log-form">
              <input type="hidden" name="format" value="text" />
              <input type="search" name="q" class="log-search" required aria-label="Search the log" />
              <button type="submit" class="button button-quiet">Search</button>
              <span class="log-found">Times in UTC</span>
            </form>
          )}
        {isScripted && (
          <>
            <label class="log-option">
              <input
                type="checkbox"
                checked={look.wraps}
                onChange={(event) => change({ wraps: event.currentTarget.checked })}
              />
              Wrap
            </label>
            <select
              aria-label="Times"
              value={look.times}
              onChange={(event) => change({ times: event.currentTarget.value as LineTimes })}
            >
              <option value="clock">Time of day</option>
              <option value="elapsed">Since start</option>
              <option value="none">No times</option>
            </select>
            <button type="button" class="button button-quiet" onClick={() => setFull(!isFull)}>
              {isFull ? "Exit full screen" : "Full screen"}
            </button>
          </>
        )}
        <a class="log-save" href={logTextUrl(view.frame, task.id)} download>Download</a>
      </div>
      <div class="log-frame">
        <LogWindow
          view={view}
          log={log}
          pages={pages}
          query={finder?.query.value.toLowerCase() ?? ""}
          current={current}
          selected={selected}
          times={look.times}
          wraps={look.wraps}
          startedAt={task.started_at ?? task.created_at}
          isFollowing={isFollowing}
          target={target}
          onSelect={isScripted ? select : null}
          onScroll={(isAtEnd, first) => {
            setFollowing(isAtEnd);
            setSeen({ count: isAtEnd || isFollowing ? total : seen.count, first });
          }}
        >
          {log.gone > 0 && (
            <li class="log-dropped" key="gone">{countNoun(log.gone, "older line")} no longer kept</li>
          )}
          {!isScripted && log.dropped > log.gone && (
            <li class="log-dropped" key="dropped">
              {countNoun(log.dropped - log.gone, "older line")} not shown
            </li>
          )}
        </LogWindow>
        {pages !== null && pages.problem.value !== "" && (
          <p class="log-problem problem" role="alert">{pages.problem.value}</p>
        )}
        {isScripted && !isFollowing && (
          <button
            type="button"
            class="button log-end"
            onClick={() => setFollowing(true)}
          >
            {waiting > 0 ? `Follow log, ${countNoun(waiting, "new line")}` : "Follow log"}
          </button>
        )}
      </div>
    </section>
  );
}

interface SearchProps {
  readonly finder: LogFinder;
  /** The number of the line from which on to search first. */
  readonly from: number;
  /** The number of lines that are no longer kept. */
  readonly gone: number;
}

/** The search field, what was found, and the buttons that step through it. */
function Search({ finder, from, gone }: SearchProps): JSX.Element {
  const query = finder.query.value;
  const findings = finder.findings.value;
  const problem = finder.problem.value;
  return (
    <>
      <input
        type="search"
        class="log-search"
        placeholder="Search the log"
        aria-label="Search the log"
        value={query}
        onInput={(event) => finder.search(event.currentTarget.value, from)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          finder.step(event.shiftKey ? -1 : 1);
        }}
      />
      {query !== "" && (
        <>
          <span class="log-found number" role="status">
            {problem !== ""
              ? <span class="problem">{problem}</span>
              : findings === null
              ? "Searching…"
              : `${foundText(findings)}${
                gone > 0 ? `; ${countNoun(gone, "older line")} no longer kept` : ""
              }`}
          </span>
          <button type="button" class="button button-quiet" onClick={() => finder.step(-1)}>Previous</button>
          <button type="button" class="button button-quiet" onClick={() => finder.step(1)}>Next</button>
        </>
      )}
    </>
  );
}

function foundText({ matches, searched, index }: LogFindings): string {
  const where = `in ${countNoun(searched, "line")}`;
  if (matches === 0) return `No match ${where}`;
  return `Match ${index === null ? "" : formatCount(index + 1)} of ${formatCount(matches)} ${where}`;
}

function readLook(): Look {
  try {
    return { ...DEFAULT_LOOK, ...JSON.parse(localStorage.getItem(LOOK_KEY) ?? "{}") };
  } catch {
    // The browser may forbid storage.
    return DEFAULT_LOOK;
  }
}

function writeLook(look: Look): void {
  try {
    localStorage.setItem(LOOK_KEY, JSON.stringify(look));
  } catch {
    // The look then applies only to this page.
  }
}
