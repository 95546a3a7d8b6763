/** @jsxImportSource preact */
/**
 * The script of the log, which a task page loads after its first paint, once the task has a log.
 *
 * @module
 */

import { effect } from "@preact/signals";
import { render } from "preact";
import { LogSection } from "../components/log.tsx";
import { matchesAll, readFilter } from "../shared/log_filter.ts";
import type { TaskPageModel } from "../shared/model.ts";
import { timelineOf } from "../shared/steps.ts";
import { taskUrl } from "../shared/links.ts";
import type { TaskView } from "../shared/view.ts";
import { readLogPage } from "../../lib/task/wire.ts";
import { Follower } from "./follower.ts";
import { LiveLog } from "./live_log.ts";
import { LogFinder } from "./log_finder.ts";
import { LogFolding } from "./log_folding.ts";
import { LogPages } from "./log_pages.ts";
import { logText } from "./log_text.ts";
import { logRequests } from "./log_requests.ts";

/** The minimum time between two requests for new lines, in milliseconds. */
const INTERVAL_MS = 250;

/**
 * Replaces the log that the server rendered with one that is kept up to date.
 *
 * @param root the element that the server rendered the log into
 * @param view the view of the task page
 * @param model the data that the server rendered the page from
 */
export function startLog(root: HTMLElement, view: TaskView, model: TaskPageModel): void {
  const url = `${taskUrl(model, model.task.id)}/logs`;
  const requests = logRequests(url);
  const logPages: LogPages = new LogPages(requests.lines, (from, first) => {
    const { gone } = log.lines.peek();
    if (!log.gone(from, first)) logPages.want(gone, gone + 1);
  });
  const logFinder = new LogFinder(requests.search);
  const logFolding = new LogFolding(requests);
  const log: LiveLog = new LiveLog(model.log, view.task, () => {
    logPages.clear();
    logFolding.clear();
  });
  const follower = new Follower(
    {
      task: log.task,
      next: () => log.next(),
      add: (body, after) => log.add(readLogPage(body, after), after),
    },
    (after) => `${url}?after=${after}`,
    INTERVAL_MS,
  );
  effect(() => {
    const { dropped, lines } = log.lines.value;
    logFinder.grew(dropped + lines.length);
  });
  effect(() => {
    const task = view.task.value;
    logFolding.grew(timelineOf(view.steps.value, task, task.finished_at ?? task.updated_at), log.lines.value);
  });
  effect(() => {
    if (view.connection.value.kind === "live") follower.check();
  });
  const form = root.querySelector("form");
  const hadFocus = form?.contains(document.activeElement) ?? false;
  const filter = readFilter(new URLSearchParams([...new FormData(form ?? undefined)] as [string, string][]));
  root.replaceChildren();
  const startedAt = () => view.task.value.started_at ?? view.task.value.created_at;
  render(
    <LogSection
      view={{
        ...view,
        log: log.lines,
        logPages,
        logFinder,
        logFolding,
        logText: (range, times) => logText(requests.lines, range, times, startedAt()),
      }}
    />,
    root,
  );
  if (!matchesAll(filter)) logFinder.search(filter, 0);
  if (hadFocus) root.querySelector<HTMLInputElement>("input[type=search]")?.focus();
}
