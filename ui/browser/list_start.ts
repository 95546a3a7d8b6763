/**
 * Assembles the list page in the browser.
 *
 * @module
 */

import { createClientPage, type LiveClientPage } from "./client_state.ts";
import type * as Controls from "./controls_entry.ts";
import type { HydrateOptions } from "./hydrate.ts";
import { LazyList } from "./lazy_list.ts";
import { openedFailures, whenOpened } from "./opened_tasks.ts";
import type { ClientPageModel } from "../shared/model.ts";
import type { LivePageOptions } from "./state.ts";
import type { ClientView } from "../shared/view.ts";

/** The state and the view of an assembled list page. */
export interface StartedList {
  readonly page: LiveClientPage;
  readonly view: ClientView;
  /** Resolves once the controls of the page work; rejects if their script cannot be loaded. */
  readonly ready: Promise<unknown>;
}

/**
 * Assembles the list page, and loads the script of its controls.
 *
 * @param model the page data from the server
 * @param options the options that all live pages have in common
 * @param announce announces a text to screen readers
 * @returns the state and the view of the page
 */
export function startList(
  model: ClientPageModel,
  options: LivePageOptions & Pick<HydrateOptions, "cancellations">,
  announce: Controls.ControlledPage["announce"],
): StartedList {
  const remove = (id: string) => list.changeOne("remove", id);
  const retry = (id: string) => list.changeOne("retry", id);
  const page = createClientPage(model, { ...options, actions: { ...options.actions, remove, retry } });
  const { cancellations } = options;
  const list: LazyList = new LazyList(async (range) => {
    const { startControls }: typeof Controls = await import(model.assets.controls ?? "");
    return startControls({ model, page, range, announce, cancellations });
  }, () => page.problems.value = ["A part of this page could not be loaded. Reload the page."]);
  const showOpened = () => page.opened.value = openedFailures(model.client);
  showOpened();
  whenOpened(showOpened);
  return { page, view: { ...page.view, list }, ready: list.ready };
}
