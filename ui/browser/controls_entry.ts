/**
 * The script of the controls of a list: search, scrolling, bulk actions, links that change the list, clicks on rows,
 * keyboard shortcuts, and forms that start tasks. The page loads this script after its first rendering.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import { clientPageUrl } from "../shared/links.ts";
import { sayMatches } from "../shared/list_query.ts";
import type { ClientPageModel } from "../shared/model.ts";
import type { ListRange } from "../shared/view.ts";
import type { AnnouncementTopic } from "./announcer.ts";
import { announceAttention } from "./attention_announcer.ts";
import { BulkChanger } from "./bulk_changer.ts";
import type { Cancellations } from "./cancellations.ts";
import type { LiveClientPage } from "./client_state.ts";
import { guardClicks } from "./click_guard.ts";
import { ListControl } from "./list_control.ts";
import { listenForKeys } from "./list_keys.ts";
import { changeMany, fetchSlice } from "./list_requests.ts";
import { ListToolbar } from "./list_toolbar.ts";
import { ListWindow } from "./list_window.ts";
import { openedFailures, rememberOpened } from "./opened_tasks.ts";
import { findParents } from "./parent_finder.ts";
import { openClickedRows } from "./row_clicks.ts";
import { enhanceStartForms } from "./start_forms.ts";

/** The parts of a list page that its controls use. */
export interface ControlledPage {
  readonly model: ClientPageModel;
  readonly page: LiveClientPage;
  /** The part of the list to render. */
  readonly range: Signal<ListRange>;
  readonly cancellations: Cancellations;
  /** Announces a text to screen readers. */
  readonly announce: (text: string, topic?: AnnouncementTopic) => void;
}

/**
 * Creates the object that performs the actions on a list, and registers the listeners of the list's page.
 *
 * @returns the actions on the list
 */
export function startControls({ model, page, range, announce, cancellations }: ControlledPage): ListControl {
  const window = new ListWindow(range, page.rowsOf, () => import(model.assets.windowing ?? ""));
  const bulk = new BulkChanger(page.bulk, {
    announce,
    cancellations,
    send: (action, ids) => changeMany(model, action, ids),
    undoSeconds: model.undoSeconds,
  });
  const list = new ListControl(page, {
    fetchSlice: (query, bounds, signal) => fetchSlice(model, query, bounds, signal),
    setAddress: (search) => history.replaceState(null, "", clientPageUrl(model) + search),
    markOpened: (failed) => {
      rememberOpened(model.client, failed);
      page.opened.value = openedFailures(model.client);
    },
    onShown: () => announce(sayMatches(page.view.sections.value)),
    bulk,
    window,
  });
  page.order.subscribe(() => window.willChange());
  page.attention.subscribe(() => window.willChange());
  announceAttention(page.attention, (text) => announce(text, "attention"));
  findParents(page, async (parents) => {
    const bounds = { from: 0, limit: 0, isBrief: true, parents };
    return (await fetchSlice(model, page.query.peek(), bounds, new AbortController().signal)).parents;
  });
  guardClicks(document.getElementById("app")!);
  enhanceStartForms(model);
  openClickedRows();
  const toolbar = new ListToolbar(model, list);
  toolbar.listen();
  page.states.subscribe((states) => toolbar.count(states));
  listenForKeys({
    items: () => page.view.items.value,
    select: (id) => model.visitor.mayChange && list.select(id, false),
    clear: () => list.clearSelection(),
    reveal: (index) => window.reveal(index),
  });
  return list;
}
