/**
 * Assembles the list page in the browser: its state, actions, windowing and keyboard shortcuts.
 *
 * @module
 */

import { effect } from "@preact/signals";
import { fetchSlice } from "./list_requests.ts";
import type { BulkChanger } from "./bulk_changer.ts";
import type * as Controls from "./controls_entry.ts";
import { createClientPage, type LiveClientPage } from "./client_state.ts";
import { ListControl } from "./list_control.ts";
import type { HydrateOptions } from "./hydrate.ts";
import { sayMatches } from "../shared/list_query.ts";
import { openedTasks, rememberOpened, whenOpened } from "./opened_tasks.ts";
import { ListWindow } from "./list_window.ts";
import { clientPageUrl } from "../shared/links.ts";
import type { ClientPageModel } from "../shared/model.ts";
import type { LivePageOptions } from "./state.ts";
import type { BulkAction, ClientView } from "../shared/view.ts";

/** The state and the view of an assembled list page. */
export interface StartedList {
  readonly page: LiveClientPage;
  readonly view: ClientView;
  /** Resolves once the controls of the page work; rejects if their script cannot be loaded. */
  readonly ready: Promise<unknown>;
}

/**
 * Assembles the list page, and registers its listeners.
 *
 * @param model the page data from the server
 * @param options the options that every live page has
 * @param announce announces a text to screen readers
 * @returns the state and the view of the page
 */
export function startList(
  model: ClientPageModel,
  options: LivePageOptions & Pick<HydrateOptions, "cancellations">,
  announce: (text: string) => void,
): StartedList {
  const remove = (id: string) => change("remove", id);
  const retry = (id: string) => change("retry", id);
  const page = createClientPage(model, { ...options, actions: { ...options.actions, remove, retry } });
  const window = new ListWindow(() => import(model.assets.windowing ?? ""));
  const controls: Promise<typeof Controls> = import(model.assets.controls ?? "");
  const bulk: Promise<BulkChanger> = controls.then(({ startControls }) =>
    startControls({
      model,
      page,
      list,
      announce,
      cancellations: options.cancellations,
      reveal: (index) => window.reveal(index),
    })
  );
  const list: ListControl = new ListControl(page, {
    fetchSlice: (query, bounds, signal) => fetchSlice(model, query, bounds, signal),
    setAddress: (search) => history.replaceState(null, "", clientPageUrl(model) + search),
    markOpened: (ids) => {
      rememberOpened(model.client, ids);
      showOpened();
    },
    onShown: () => announce(sayMatches(page.view.sections.value)),
    bulk,
    window,
  });
  const showOpened = () => page.opened.value = openedTasks(model.client);
  showOpened();
  whenOpened(showOpened);
  effect(() => {
    void page.view.items.value;
    void page.view.attention.value;
    window.willChange();
  });

  /** Changes one task, and shows the outcome in the bulk bar. */
  async function change(action: BulkAction, id: string): Promise<void> {
    await (await bulk).change(action, [id]);
  }

  return { page, view: { ...page.view, list }, ready: bulk };
}
