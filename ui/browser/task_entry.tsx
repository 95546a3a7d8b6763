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
import { guardClicks } from "./click_guard.ts";
import { hydratePage } from "./hydrate.ts";
import { rememberOpened } from "./opened_tasks.ts";
import type { TaskView } from "../shared/view.ts";
import type * as Log from "./log_entry.tsx";
import type * as Values from "./values_entry.tsx";
import { listenForTaskKeys } from "./task_keys.ts";
import { createTaskPage, type LiveTaskPage } from "./task_state.ts";

export * from "./section_runtime.ts";

hydratePage("task", (model, { root, ...options }) => {
  const url = taskUrl(model, model.task.id);
  const page = createTaskPage(model, options);
  hydrate(<TaskPage view={page.view} />, root);
  const { view } = page;
  startOnce(view, () => view.task.value.log_count > 0, async () => {
    const { startLog }: typeof Log = await import(model.assets.log ?? "");
    return () => startLog(document.getElementById("log")!, view, model);
  });
  // The page of a removed task keeps the content that the server rendered, because the API has no removed tasks.
  startOnce(view, () => view.task.value.value_count > 0 && view.removedAt.value === null, async () => {
    const { startValues }: typeof Values = await import(model.assets.values ?? "");
    return () => startValues(document.getElementById("values")!, view, model);
  });
  guardClicks(root);
  listenForTaskKeys();
  const noteFailure = () => {
    const task = view.task.value;
    if (task.state === "ERROR" && !document.hidden) rememberOpened(model.client, [task]);
  };
  effect(noteFailure);
  document.addEventListener("visibilitychange", noteFailure);
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

/**
 * Loads and starts the script of a section once `isWanted` returns true. If loading fails, it is tried again with a
 * later change.
 */
function startOnce(view: TaskView, isWanted: () => boolean, load: () => Promise<() => void>): void {
  let isLoading = false;
  const stop = effect(() => {
    if (!isWanted() || view.connection.value.kind === "reconnecting" || isLoading) return;
    isLoading = true;
    load().then((start) => {
      stop();
      start();
    }, () => isLoading = false);
  });
}
