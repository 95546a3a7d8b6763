/** @jsxImportSource preact */
/**
 * The entry script of the task page.
 *
 * @module
 */

import { effect } from "@preact/signals";
import { hydrate } from "preact";
import { readHistory } from "../../lib/task/wire.ts";
import { TaskPage } from "../components/task_page.tsx";
import { taskUrl } from "../shared/links.ts";
import { hydratePage } from "./hydrate.ts";
import { rememberOpened } from "./opened_tasks.ts";
import type { TaskPageModel } from "../shared/model.ts";
import type { TaskView } from "../shared/view.ts";
import type * as Log from "./log_entry.tsx";
import { listenForTaskKeys } from "./task_keys.ts";
import { createTaskPage, type LiveTaskPage } from "./task_state.ts";

export * from "./section_runtime.ts";

hydratePage("task", (model, { root, ...options }) => {
  const url = taskUrl(model, model.task.id);
  const page = createTaskPage(model, options);
  hydrate(<TaskPage view={page.view} />, root);
  startLogOnce(page.view, model);
  listenForTaskKeys();
  rememberOpened(model.client, [model.task.id]);
  return {
    page,
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

/** Loads the script of the log once there is a log, and again with a later change if that failed. */
function startLogOnce(view: TaskView, model: TaskPageModel): void {
  let isLoading = false;
  const stop = effect(() => {
    const isWanted = view.task.value.log_count > 0 && view.connection.value.kind !== "reconnecting";
    if (!isWanted || isLoading) return;
    isLoading = true;
    (import(model.assets.log ?? "") as Promise<typeof Log>).then(({ startLog }) => {
      stop();
      startLog(document.getElementById("log")!, view, model);
    }, () => isLoading = false);
  });
}
