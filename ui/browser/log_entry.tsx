/** @jsxImportSource preact */
/**
 * The script of the log, which a task page loads after its first paint, once the task has a log.
 *
 * @module
 */

import { effect } from "@preact/signals";
import { render } from "preact";
import { LogSection } from "../components/log.tsx";
import type { TaskPageModel } from "../shared/model.ts";
import { taskUrl } from "../shared/links.ts";
import type { TaskView } from "../shared/view.ts";
import { LiveLog } from "./live_log.ts";
import { LogFinder } from "./log_finder.ts";
import { LogFollower } from "./log_follower.ts";
import { LogPages } from "./log_pages.ts";
import { logRequests } from "./log_requests.ts";

/**
 * Replaces the log that the server rendered by one that is kept up to date.
 *
 * @param root the element that the server rendered the log into
 * @param view the view of the task page
 * @param model the data that the server rendered the page from
 */
export function startLog(root: HTMLElement, view: TaskView, model: TaskPageModel): void {
  const url = `${taskUrl(model, model.task.id)}/logs`;
  const requests = logRequests(url);
  const logPages = new LogPages(requests.lines);
  const logFinder = new LogFinder(requests.search);
  const log = new LiveLog(model.log, view.task, () => logPages.clear());
  const follower = new LogFollower(log, url);
  effect(() => {
    const { dropped, lines } = log.lines.value;
    logFinder.grew(dropped + lines.length);
  });
  effect(() => {
    if (view.connection.value.kind === "live") follower.check();
  });
  const typed = root.querySelector<HTMLInputElement>("input[name=q]");
  const [text, hadFocus] = [typed?.value ?? "", typed !== null && typed === document.activeElement];
  root.replaceChildren();
  render(<LogSection view={{ ...view, log: log.lines, logPages, logFinder }} />, root);
  if (text !== "") logFinder.search(text, 0);
  if (hadFocus) root.querySelector<HTMLInputElement>("input[type=search]")?.focus();
}
