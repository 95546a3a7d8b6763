/** @jsxImportSource preact */
/**
 * The bar with the actions for the selected tasks: a plain form with its checkboxes in the rows. With JavaScript, the
 * bar also counts the selected tasks and offers to undo a removal.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun, formatCount } from "../../lib/text/format.ts";
import { clientPageUrl } from "../shared/links.ts";
import { listSearch, totalOf } from "../shared/list_query.ts";
import type { BulkAction, ClientView } from "../shared/view.ts";
import { Icon } from "./icons.tsx";

interface ViewProps {
  readonly view: ClientView;
}

const ACTIONS: readonly (readonly [action: BulkAction, label: string])[] = [
  ["cancel", "Cancel"],
  ["retry", "Retry"],
  ["remove", "Remove"],
];

/**
 * The bar at the bottom of the window with the bulk actions. Without JavaScript, CSS shows the bar as soon as
 * a checkbox is ticked.
 */
export function BulkBar({ view }: ViewProps): JSX.Element | null {
  if (!view.frame.visitor.mayChange) return null;
  const { list } = view;
  const { size } = view.selected.value;
  const state = view.bulk.value;
  const search = listSearch(view.query.value, view.page).replace("?", "&");
  const url = clientPageUrl(view.frame);
  const isOpen = size > 0 || state.kind !== "idle";
  return (
    <form
      id="bulk"
      class="bulk"
      method="post"
      action={url}
      data-open={isOpen}
      aria-label="Selected tasks"
      onSubmit={(event) => {
        if (list === null) return;
        event.preventDefault();
        const action = (event.submitter as HTMLButtonElement | null)?.value;
        if (action !== undefined) list.change(action as BulkAction);
      }}
    >
      <p class="bulk-words" data-testid="bulk">
        {(state.kind === "busy" || state.kind === "held") && <span>{state.text}</span>}
        {state.kind === "idle" && size === 0 && "Selected tasks"}
        {state.kind !== "busy" && size > 0 && <span>{formatCount(size)} selected</span>}
        {
          /* The result is shown even if tasks are selected: those for which the action failed stay selected.
           */
        }
        {state.kind === "done" && <Done text={state.text} isProblem={state.isProblem} />}
      </p>
      {(state.kind === "done" || state.kind === "held") && state.undo > 0 && (
        <button
          type="button"
          class={`button button-${state.kind === "held" ? "undo" : "primary"}`}
          data-does={state.kind}
          onClick={() => list?.undo()}
        >
          Undo
          <span class="visually-hidden">
            {` the ${state.kind === "held" ? "cancellation" : "removal"} of ${countNoun(state.undo, "task")}`}
          </span>
        </button>
      )}
      {ACTIONS.filter(([action]) => view.possible.value.has(action)).map(([action, label]) => (
        <button
          key={action}
          type="submit"
          value={action}
          formAction={`${url}?do=${action}${search}`}
          class="button"
          disabled={state.kind === "busy" || state.kind === "held"}
        >
          {label}
          <span class="visually-hidden">{` selected tasks`}</span>
        </button>
      ))}
      {size > 0 && (
        <>
          <SelectAll view={view} />
          <button type="button" class="button button-quiet" onClick={() => list?.clearSelection()}>
            Clear
          </button>
        </>
      )}
    </form>
  );
}

function Done({ text, isProblem }: { readonly text: string; readonly isProblem: boolean }): JSX.Element {
  return (
    <span class={isProblem ? "bulk-problem" : "bulk-done"}>
      <Icon name={isProblem ? "stale" : "finished"} /> {text}
    </span>
  );
}

function SelectAll({ view }: ViewProps): JSX.Element | null {
  const total = totalOf(view.sections.value);
  if (view.selected.value.size >= total) return null;
  return (
    <button type="button" class="button button-quiet" onClick={() => view.list?.selectAll()}>
      Select all {formatCount(total)}
    </button>
  );
}
