/** @jsxImportSource preact */
/**
 * A task's log.
 *
 * @module
 */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { countNoun } from "../../lib/format.ts";
import type { TaskView } from "../view.ts";
import { SectionHead } from "./frame.tsx";
import { Clock } from "./time.tsx";

/** Colours and cursor movements of terminals. */
const TERMINAL_CODES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");
/** Nearer to its end than this, in CSS pixels, a log is taken to be followed. */
const FOLLOW_DISTANCE = 24;

/** The lines of a task's log; follows its end while somebody is there. */
export function LogSection({ view }: { readonly view: TaskView }): JSX.Element | null {
  const { lines, dropped } = view.log.value;
  const box = useRef<HTMLOListElement>(null);
  const followed = useRef(true);
  useLayoutEffect(() => {
    if (followed.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  if (lines.length === 0 && dropped === 0) return null;

  function remember(): void {
    const list = box.current;
    if (list === null) return;
    followed.current = list.scrollHeight - list.scrollTop - list.clientHeight < FOLLOW_DISTANCE;
  }

  return (
    <section class="panel-section" aria-labelledby="log-title">
      <SectionHead view={view} id="log-title" title="Log" count={countNoun(dropped + lines.length, "line")} />
      <ol
        class="log"
        ref={box}
        onScroll={remember}
        tabIndex={0}
        aria-labelledby="log-title"
      >
        {dropped > 0 && (
          <li class="log-dropped" key="dropped">{countNoun(dropped, "older line")} not shown</li>
        )}
        {lines.map((line, index) => (
          <li key={dropped + index} class="log-line">
            <span class="log-time number">
              <Clock view={view} at={line.at} />
            </span>
            <span class="log-text">{String(line.text).replace(TERMINAL_CODES, "")}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
