/**
 * The script for what users do with a list: bulk actions, links that change the list, rows that are clicked,
 * shortcuts, and forms that start tasks. The page loads it after its first rendering.
 *
 * @module
 */

import type { ClientPageModel } from "../shared/model.ts";
import { BulkChanger } from "./bulk_changer.ts";
import type { Cancellations } from "./cancellations.ts";
import type { LiveClientPage } from "./client_state.ts";
import { listenForKeys } from "./list_keys.ts";
import { changeMany } from "./list_requests.ts";
import { ListToolbar } from "./list_toolbar.ts";
import { openClickedRows } from "./row_clicks.ts";
import { enhanceStartForms } from "./start_forms.ts";
import type { ListActions } from "../shared/view.ts";

/** The parts of a list page that its controls use. */
export interface ControlledPage {
  readonly model: ClientPageModel;
  readonly page: LiveClientPage;
  readonly list: ListActions;
  readonly cancellations: Cancellations;
  /** Announces a text to screen readers. */
  readonly announce: (text: string) => void;
  /** Scrolls an item into view that may not be rendered yet. */
  readonly reveal: (index: number) => void;
}

/**
 * Registers the listeners of a list page.
 *
 * @returns what performs the bulk actions of the page
 */
export function startControls({ model, page, list, reveal, ...options }: ControlledPage): BulkChanger {
  enhanceStartForms(model);
  openClickedRows();
  const toolbar = new ListToolbar(model, list);
  toolbar.listen();
  page.states.subscribe((states) => toolbar.count(states));
  listenForKeys({
    items: () => page.view.items.value,
    select: (id) => model.visitor.mayChange && list.select(id, false),
    clear: () => list.clearSelection(),
    reveal,
  });
  return new BulkChanger(page.bulk, {
    ...options,
    send: (action, ids) => changeMany(model, action, ids),
    undoSeconds: model.undoSeconds,
  });
}
