/**
 * Assembles the list page in the browser: its state, actions, windowing and keyboard shortcuts.
 *
 * @module
 */

import { effect } from "@preact/signals";
import { changeMany, fetchSlice } from "./list_requests.ts";
import { BulkChanger } from "./bulk_changer.ts";
import { createClientPage, type LiveClientPage } from "./client_state.ts";
import { ListControl } from "./list_control.ts";
import { listenForKeys } from "./list_keys.ts";
import type { HydrateOptions } from "./hydrate.ts";
import { readListQuery, sayMatches } from "../shared/list_query.ts";
import { ListWindow } from "./list_window.ts";
import { clientPageUrl } from "../shared/links.ts";
import type { ClientPageModel } from "../shared/model.ts";
import { enhanceStartForms } from "./start_forms.ts";
import type { LivePageOptions } from "./state.ts";
import type { ClientView } from "../shared/view.ts";

/** The state and the view of an assembled list page. */
export interface StartedList {
  readonly page: LiveClientPage;
  readonly view: ClientView;
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
  const remove = (id: string) => bulk.change("remove", [id]).then(() => {});
  const page = createClientPage(model, { ...options, actions: { ...options.actions, remove } });
  const bulk = new BulkChanger(page.bulk, {
    send: (action, ids) => changeMany(model, action, ids),
    announce,
    cancellations: options.cancellations,
    undoSeconds: model.undoSeconds,
  });
  const window = new ListWindow(() => import(model.assets.windowing ?? ""));
  const list = new ListControl(page, {
    fetchSlice: (query, bounds, signal) => fetchSlice(model, query, bounds, signal),
    setAddress: (search) => history.replaceState(null, "", clientPageUrl(model) + search),
    onShown: () => announce(sayMatches(page.view.sections.value)),
    bulk,
    window,
  });
  effect(() => {
    void page.view.items.value;
    window.willChange();
  });
  enhanceStartForms(model);
  listenToToolbar(list);
  listenForKeys({
    items: () => page.view.items.value,
    select: (id) => model.visitor.mayChange && list.select(id, false),
    clear: () => list.clearSelection(),
    reveal: (index) => window.reveal(index),
  });
  return { page, view: { ...page.view, list } };
}

/** Searches while the user types into the form above the list. The server rendered that form. */
function listenToToolbar(list: ListControl): void {
  const form = document.querySelector<HTMLFormElement>("form.toolbar");
  for (const type of ["input", "change", "submit"]) {
    form?.addEventListener(type, (event) => {
      if (type === "submit") event.preventDefault();
      const params = new URLSearchParams();
      for (const [name, value] of new FormData(form)) params.append(name, String(value));
      const isTyping = type === "input" && (event.target as HTMLInputElement).type !== "checkbox";
      list.search(readListQuery(params).query, isTyping);
    });
  }
}
