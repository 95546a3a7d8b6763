/** @jsxImportSource preact */
/**
 * The script of the values, which a task page loads after its first paint, once the task has values.
 *
 * @module
 */

import { effect } from "@preact/signals";
import { render } from "preact";
import { ValuesSection } from "../components/values_section.tsx";
import { valuesUrl } from "../shared/links.ts";
import type { TaskPageModel } from "../shared/model.ts";
import type { TaskView } from "../shared/view.ts";
import { Follower } from "./follower.ts";
import { LiveValues } from "./live_values.ts";

/** The minimum time between two requests, in milliseconds. */
const INTERVAL_MS = 1_000;

/**
 * Fetches the values, and replaces the charts that the server rendered with charts that are kept up to date.
 *
 * @param root the element that the server rendered the charts into
 * @param view the view of the task page
 * @param model the data that the server rendered the page from
 */
export function startValues(root: HTMLElement, view: TaskView, model: TaskPageModel): void {
  const url = valuesUrl(model, model.task.id);
  const values = new LiveValues(view.task);
  let isShown = false;
  const follower = new Follower(
    {
      task: view.task,
      next: () => values.next(),
      add(body, after) {
        values.add(body, after);
        if (!isShown) show(root, view, values);
        isShown = true;
      },
    },
    (after) => Number.isFinite(after) ? `${url}?after=${after}` : url,
    INTERVAL_MS,
  );
  let wasLost = false;
  effect(() => {
    const { kind } = view.connection.value;
    if (kind === "live" && wasLost) {
      values.restart();
      follower.check();
    }
    if (kind === "live" || kind === "reconnecting") wasLost = kind === "reconnecting";
  });
}

/** Renders the section in place of the one that the server rendered; keeps the table open and focused if it was. */
function show(root: HTMLElement, view: TaskView, values: LiveValues): void {
  const isOpen = root.querySelector("details")?.open ?? false;
  const focused = root.contains(document.activeElement) ? document.activeElement?.tagName : undefined;
  root.replaceChildren();
  render(<ValuesSection view={view} values={values.values} />, root);
  const table = root.querySelector("details");
  if (table !== null) table.open = isOpen;
  if (focused !== undefined) root.querySelector<HTMLElement>(`${focused}:not([tabindex])`)?.focus();
}
