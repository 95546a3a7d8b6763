/** @jsxImportSource preact */
/**
 * The entry script of the task page.
 *
 * @module
 */

import { hydrate } from "preact";
import { readHistory } from "../../lib/task/wire.ts";
import { TaskPage } from "../components/task_page.tsx";
import { taskUrl } from "../shared/links.ts";
import { LogFollower } from "./log_follower.ts";
import { logRequests } from "./log_requests.ts";
import { hydratePage } from "./hydrate.ts";
import { createTaskPage, type LiveTaskPage } from "./task_state.ts";

hydratePage("task", (model, { root, ...options }) => {
  const url = taskUrl(model, model.task.id);
  const page = createTaskPage(model, { ...options, log: logRequests(`${url}/logs`) });
  hydrate(<TaskPage view={page.view} />, root);
  return {
    page,
    log: new LogFollower(page, `${url}/logs`),
    isFailed: () => page.view.task.value.state === "ERROR",
    refetch: () => void refetchHistory(page, `${url}/history`),
  };
});

/**
 * Fetches the task's history after a reconnect. If the request fails, the timeline lacks only the steps that
 * the page missed while disconnected.
 */
async function refetchHistory(page: LiveTaskPage, url: string): Promise<void> {
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) page.setHistory(readHistory(await answer.json()));
}
