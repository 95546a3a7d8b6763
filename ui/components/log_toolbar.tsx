/** @jsxImportSource preact */
/**
 * The controls above a log: the search, the settings for how lines are shown, and the copy button.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { countNoun } from "../../lib/text/format.ts";
import { logTextUrl } from "../shared/links.ts";
import type { LineRange } from "../shared/line_range.ts";
import { foundText, matchesAll } from "../shared/log_filter.ts";
import type { LogLook } from "../shared/log_look.ts";
import type { LogView } from "../shared/view.ts";
import { LogFilterFields } from "./log_filter_fields.tsx";

/** How long the outcome of copying is shown, in milliseconds. */
const COPIED_MS = 1_500;

interface LogToolbarProps {
  readonly view: LogView;
  readonly look: LogLook;
  readonly onLook: (part: Partial<LogLook>) => void;
  /** The number of the line from which on the first match is searched for. */
  readonly from: number;
  /** The lines that the page's URL links to; `null` if there are none. */
  readonly selected: LineRange | null;
  readonly isFull: boolean;
  readonly onFull: (isFull: boolean) => void;
}

/** The controls above a log. */
export function LogToolbar(props: LogToolbarProps): JSX.Element {
  const { view, look, onLook, isFull, onFull } = props;
  const folds = [view.logFolding.groups.value, view.logFolding.steps.value];
  const isAnyCollapsed = folds.some(({ collapsed }) => collapsed.size > 0);
  return (
    <div class="log-tools">
      <Search {...props} />
      <label class="log-option">
        <input
          type="checkbox"
          checked={look.wraps}
          onChange={(event) => onLook({ wraps: event.currentTarget.checked })}
        />
        Wrap
      </label>
      {view.steps.value.length > 1 && (
        <label class="log-option">
          <input
            type="checkbox"
            checked={look.steps}
            onChange={(event) => onLook({ steps: event.currentTarget.checked })}
          />
          By step
        </label>
      )}
      <select
        aria-label="Times"
        value={look.times}
        onChange={(event) => onLook({ times: event.currentTarget.value as LogLook["times"] })}
      >
        <option value="clock">Time of day</option>
        <option value="elapsed">Since start</option>
        <option value="none">No times</option>
      </select>
      <button type="button" class="button button-quiet" onClick={() => onFull(!isFull)}>
        {isFull ? "Exit full screen" : "Full screen"}
      </button>
      {folds.some(({ groups }) => groups.size > 0) && (
        <button
          type="button"
          class="button button-quiet"
          onClick={() => view.logFolding.setAll(!isAnyCollapsed)}
        >
          {isAnyCollapsed ? "Expand all" : "Collapse all"}
        </button>
      )}
      <CopyLines {...props} />
      <a class="log-save" href={logTextUrl(view.frame, view.task.value.id)} download>Download</a>
    </div>
  );
}

/** The fields of the search, its result, and the buttons that step through the matches. */
function Search({ view, from }: LogToolbarProps): JSX.Element {
  const { logFinder: finder, log } = view;
  const filter = finder.filter.value;
  const findings = finder.findings.value;
  const problem = finder.problem.value;
  return (
    <>
      <LogFilterFields
        filter={filter}
        onChange={(next) => finder.search(next, from)}
        onStep={(by) => finder.step(by)}
      />
      {!matchesAll(filter) && (
        <>
          <span class="log-found number" role="status">
            {problem !== ""
              ? <span class="problem">{problem}</span>
              : findings === null
              ? "Searching…"
              : foundText(findings, filter, log.value.gone)}
          </span>
          <button type="button" class="button button-quiet" onClick={() => finder.step(-1)}>Previous</button>
          <button type="button" class="button button-quiet" onClick={() => finder.step(1)}>Next</button>
        </>
      )}
    </>
  );
}

/** A button that copies the text of the linked lines, or of the whole log, with the times if the log shows times. */
function CopyLines({ view, look, selected }: LogToolbarProps): JSX.Element {
  const [state, setState] = useState<"" | "Copying…" | "Copied" | "Copy failed">("");
  const { dropped, gone, lines } = view.log.value;
  const all = { from: gone, to: dropped + lines.length - 1 };

  async function copy(): Promise<void> {
    setState("Copying…");
    try {
      await view.actions!.copy(await view.logText(selected ?? all, look.times));
      setState("Copied");
    } catch {
      setState("Copy failed");
    }
    setTimeout(() => setState(""), COPIED_MS);
  }

  return (
    <button type="button" class="button button-quiet" onClick={copy} disabled={state === "Copying…"}>
      {selected === null ? "Copy log" : `Copy ${countNoun(selected.to - selected.from + 1, "line")}`}
      <span class="log-copied" role="status">{state}</span>
    </button>
  );
}
