/** @jsxImportSource preact */
/**
 * The log of a task page: follows new lines while it is scrolled to the end, can be searched as a whole, and has a
 * link for each line.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { countNoun } from "../../lib/text/format.ts";
import { lineFragment, type LineRange, parseLineRange } from "../shared/line_range.ts";
import { DEFAULT_LOOK, type LogLook } from "../shared/log_look.ts";
import type { LogView } from "../shared/view.ts";
import { SectionHead } from "./frame.tsx";
import { LogToolbar } from "./log_toolbar.tsx";
import { LogWindow } from "./log_window.tsx";

/** The `localStorage` key of the setting for how logs are shown. */
const LOOK_KEY = "taskscope-log";

/** The log section of a task page. */
export function LogSection({ view }: { readonly view: LogView }): JSX.Element | null {
  const [look, setLook] = useState(DEFAULT_LOOK);
  const [selected, setSelected] = useState<LineRange | null>(null);
  const [target, setTarget] = useState<{ readonly number: number } | null>(null);
  const [isFollowing, setFollowing] = useState(true);
  const [isFull, setFull] = useState(false);
  const [seen, setSeen] = useState({ count: 0, first: 0 });
  const { logPages: pages, logFinder: finder, logFolding: folding } = view;
  const log = view.log.value;
  const task = view.task.value;
  const total = log.dropped + log.lines.length;
  const current = finder.current.value;
  // Reading the value subscribes to the lines that are loaded later.
  void pages.version.value;

  function jump(number: number): void {
    folding.reveal(number);
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
    // The listener is never removed, because the section exists as long as the page.
    addEventListener("hashchange", goTo);
  }, []);
  useEffect(() => {
    if (current !== null) jump(current);
  }, [current]);
  useEffect(() => folding.showSteps(look.steps), [look.steps]);
  useEffect(() => {
    const leave = (event: KeyboardEvent) => event.key === "Escape" && setFull(false);
    // The listener is added before the log fills the screen: an effect would add it only after the full-screen log is
    // shown, so a quick Escape would be lost.
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, []);

  if (total === 0) return null;
  const waiting = total - seen.count;

  function change(part: Partial<LogLook>): void {
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
      <LogToolbar
        view={view}
        look={look}
        onLook={change}
        from={isFollowing ? 0 : seen.first}
        selected={selected}
        isFull={isFull}
        onFull={setFull}
      />
      <div class="log-frame">
        <LogWindow
          view={view}
          log={log}
          pages={pages}
          query={finder.filter.value.text.toLowerCase()}
          current={current}
          selected={selected}
          groups={folding.groups.value}
          steps={folding.steps.value}
          hidden={folding.hidden.value}
          onFold={(kind, from) => {
            // The user wants to read the group, or the lines after it, rather than the end of the log.
            setFollowing(false);
            setSeen({ ...seen, count: isFollowing ? total : seen.count });
            folding.toggle(kind, from);
          }}
          times={look.times}
          wraps={look.wraps}
          startedAt={task.started_at ?? task.created_at}
          isFollowing={isFollowing}
          target={target}
          onSelect={select}
          onStep={(by) => finder.step(by)}
          onScroll={(isAtEnd, first) => {
            setFollowing(isAtEnd);
            setSeen({ count: isAtEnd || isFollowing ? total : seen.count, first });
          }}
        >
          {log.gone > 0 && (
            <li class="log-dropped" key="gone">{countNoun(log.gone, "older line")} no longer kept</li>
          )}
        </LogWindow>
        {pages.problem.value !== "" && <p class="log-problem problem" role="alert">{pages.problem.value}</p>}
        {!isFollowing && (
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

function readLook(): LogLook {
  try {
    return { ...DEFAULT_LOOK, ...JSON.parse(localStorage.getItem(LOOK_KEY) ?? "{}") };
  } catch {
    // The browser may not allow storage.
    return DEFAULT_LOOK;
  }
}

function writeLook(look: LogLook): void {
  try {
    localStorage.setItem(LOOK_KEY, JSON.stringify(look));
  } catch {
    // Without storage, the setting applies only to this page.
  }
}
