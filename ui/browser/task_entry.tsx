/** @jsxImportSource preact */
/**
 * What runs in the browser on the page of one task.
 *
 * @module
 */

import { hydrate } from "preact";
import { readHistory } from "../../lib/task/wire.ts";
import { TaskPage } from "../components/task_page.tsx";
import { taskUrl } from "../shared/links.ts";
import { LogFollower } from "./log_follower.ts";
import { takeOver } from "./takeover.ts";
import { createTaskPage, type LiveTaskPage } from "./task_state.ts";

takeOver("task", (model, { root, ...options }) => {
  const page = createTaskPage(model, options);
  hydrate(<TaskPage view={page.view} />, root);
  const url = taskUrl(model, model.task.id);
  return {
    page,
    log: new LogFollower(page, `${url}/logs`),
    isFailed: () => page.view.task.value.state === "ERROR",
    recall: () => void readPast(page, `${url}/history`),
  };
});

/** Asks what a task said while the page did not hear of it. Where nobody answers, its timeline has one step too few. */
async function readPast(page: LiveTaskPage, url: string): Promise<void> {
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) page.setPast(readHistory(await answer.json()));
}
