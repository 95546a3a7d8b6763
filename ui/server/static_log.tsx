/** @jsxImportSource preact */
/**
 * The log of a task page as the server renders it; links and a form page through it, filter it and search it.
 *
 * @module
 */

import type { JSX } from "preact";
import type { FoundLines } from "../../lib/page_renderer.ts";
import { countNoun } from "../../lib/text/format.ts";
import { SectionHead } from "../components/frame.tsx";
import { LogFilterFields } from "../components/log_filter_fields.tsx";
import { type LineLook, LogBlock, logClass } from "../components/log_lines.tsx";
import { logTextUrl, taskPageUrl } from "../shared/links.ts";
import { ALL_LINES, filterParams, foundText, type LogFilter, matchesAll } from "../shared/log_filter.ts";
import { NO_FOLDS } from "../shared/log_groups.ts";
import type { TaskPageModel } from "../shared/model.ts";
import type { TaskView } from "../shared/view.ts";

/** The number of lines shown before a match on the page that the match's link leads to. */
const LINES_BEFORE = 10;

interface StaticLogProps {
  readonly view: TaskView;
  readonly model: TaskPageModel;
  /** The log lines that match the search in the page's URL; `null` if the URL has no search. */
  readonly found: FoundLines | null;
}

/** The log section before its script has loaded, and without JavaScript. */
export function StaticLog({ view, model, found }: StaticLogProps): JSX.Element | null {
  const { task, log } = model;
  if (task.log_count === 0) return null;
  const filter: LogFilter = found === null
    ? ALL_LINES
    : { text: found.text, stream: found.stream ?? "", level: found.level ?? "" };
  const page = taskPageUrl(model, task.id);
  const pageOf = (name: "after" | "before", number: number) => {
    const params = filterParams(filter);
    params.set(name, String(number));
    return `${page}?${params}#log-title`;
  };
  const numbers = found === null
    ? log.lines.map((_, index) => log.dropped + index)
    : found.lines.map(({ number }) => number);
  const lines = found?.lines ?? log.lines;
  const [first, last] = [numbers[0], numbers.at(-1)];
  const earlier = found === null ? log.dropped - log.gone : found.index;
  const later = found === null
    ? task.log_count - log.dropped - log.lines.length
    : found.matches - found.index - found.lines.length;
  const look: LineLook = {
    view,
    query: filter.text.toLowerCase(),
    current: null,
    selected: null,
    groups: NO_FOLDS,
    steps: NO_FOLDS,
    hidden: NO_FOLDS.hidden,
    onFold: null,
    times: "clock",
    startedAt: 0,
    onSelect: null,
    ...(found !== null && {
      linkOf: (number) => `${page}?after=${Math.max(0, number - LINES_BEFORE)}#log-${number}`,
    }),
  };
  return (
    <section class="panel-section" aria-labelledby="log-title">
      <SectionHead view={view} id="log-title" title="Log" count={countNoun(task.log_count, "line")} />
      <form action={`${page}#log-title`} class="log-tools">
        <LogFilterFields filter={filter} />
        <button type="submit" class="button button-quiet">Search</button>
        {found !== null && (
          <span class="log-found">{foundText({ ...found, index: null }, filter, log.gone)}</span>
        )}
        {!matchesAll(filter) && <a href={`${page}#log-title`}>All lines</a>}
        <a class="log-save" href={logTextUrl(model, task.id)} download>Download</a>
      </form>
      <div class="log-frame">
        <ol class={logClass(task.log_count, true)} tabIndex={0} aria-labelledby="log-title">
          {log.gone > 0 && <li class="log-dropped">{countNoun(log.gone, "older line")} no longer kept</li>}
          {first !== undefined && earlier > 0 && (
            <li class="log-dropped">
              <a href={pageOf("before", first)}>
                {countNoun(earlier, found === null ? "older line" : "earlier match")}
              </a>
            </li>
          )}
          {numbers.map((number, index) => (
            <LogBlock key={number} {...look} first={number} lines={[lines[index]]} />
          ))}
          {last !== undefined && later > 0 && (
            <li class="log-dropped">
              <a href={pageOf("after", last + 1)}>
                {countNoun(later, found === null ? "newer line" : "later match")}
              </a>
            </li>
          )}
        </ol>
      </div>
    </section>
  );
}
