/** @jsxImportSource preact */
/**
 * The form with the filters, the order and the view of a list. The fields become the page's query string; with
 * JavaScript, changes apply while the user is typing.
 *
 * @module
 */

import type { JSX } from "preact";
import { TASK_STATES } from "../../lib/task/task.ts";
import { filterValues, TASK_FILTERS } from "../../lib/task/task_query.ts";
import { formatCount } from "../../lib/text/format.ts";
import { clientPageUrl, namesPageUrl } from "../shared/links.ts";
import { isFiltered, type ListQuery } from "../shared/list_query.ts";
import type { ListSection } from "../shared/list_slice.ts";
import type { PageFrame } from "../shared/model.ts";
import { Icon } from "../components/icons.tsx";
import { stateText } from "../components/task_elements.tsx";

const SORTS: readonly (readonly [value: string, words: string])[] = [
  ["", "Newest first"],
  ["created_at", "Oldest first"],
  ["-updated_at", "Recently updated"],
  ["-finished_at", "Recently ended"],
  ["-started_at", "Recently started"],
  ["name", "Name"],
  ["state", "State"],
  ["-progress", "Most progress"],
  ["progress", "Least progress"],
  ["-duration", "Longest first"],
  ["duration", "Shortest first"],
];

const AGES: readonly (readonly [value: string, words: string])[] = [
  ["", "Any time"],
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
];

interface ListToolbarProps {
  readonly frame: PageFrame;
  /** The query with the initial values of the fields. */
  readonly query: ListQuery;
  /** The number of tasks in each state. */
  readonly states: readonly ListSection[];
}

/** The form above the list. Only the server renders the form; the page's script sets its fields and counts. */
export function ListToolbar({ frame, query, states: totals }: ListToolbarProps): JSX.Element {
  const states = new Set(filterValues(TASK_FILTERS.state, [query.state]));
  return (
    <form class="toolbar" role="search" aria-label="Tasks" method="get" action={clientPageUrl(frame)}>
      <div class="toolbar-main">
        <label class="search">
          <Icon name="search" />
          <span class="visually-hidden">Search tasks</span>
          <input
            type="search"
            name="q"
            id="search"
            placeholder="Search names, status, errors, tags"
            autocomplete="off"
            spellcheck={false}
            defaultValue={query.q}
            aria-keyshortcuts="/"
          />
          <kbd aria-hidden="true">/</kbd>
        </label>
        <fieldset class="segmented">
          <legend class="visually-hidden">View</legend>
          <Choice name="view" value="split" checked={query.view === "split"}>Split</Choice>
          <Choice name="view" value="all" checked={query.view === "all"}>Combined</Choice>
        </fieldset>
        <label class="compact">
          <span class="visually-hidden">Sort</span>
          <Options name="sort" options={SORTS} value={query.sort} />
        </label>
        <label class="toggle">
          <input type="checkbox" name="group" value="name" defaultChecked={query.group === "name"} />
          <span>Group by name</span>
        </label>
        <a class="toolbar-names" href={namesPageUrl(frame)}>Past runs</a>
        <button type="submit" class="button apply">Apply</button>
      </div>
      <fieldset class="chips">
        <legend class="visually-hidden">State</legend>
        {TASK_STATES.map((state) => (
          <label key={state} class="chip">
            <input
              type="checkbox"
              name="state"
              value={state}
              defaultChecked={states.has(state)}
            />
            <span>
              {stateText(state)}{" "}
              <span class="chip-count number" data-count={state}>
                {formatCount(totals.find(({ key }) => key === state)?.total ?? 0)}
              </span>
            </span>
          </label>
        ))}
        <details
          class="filters"
          open={isFiltered({ ...query, q: "", state: "" })}
        >
          <summary>More filters</summary>
          <div class="filters-fields">
            <TextField name="name" label="Name" value={query.name} hint="backup-*" />
            <TextField name="tag" label="Tags" value={query.tag} hint="nightly,eu" />
            <label class="filter-field">
              <span>Since</span>
              <Options name="since" options={AGES} value={query.since} />
            </label>
            <TextField name="until" label="Until" value={query.until} hint="1h or 2026-11-24" />
          </div>
        </details>
      </fieldset>
    </form>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly value: string;
  readonly checked: boolean;
  readonly children: string;
}

function Choice({ name, value, checked, children }: ChoiceProps): JSX.Element {
  return (
    <label>
      <input type="radio" name={name} value={value} defaultChecked={checked} />
      <span>{children}</span>
    </label>
  );
}

interface OptionsProps {
  readonly name: string;
  readonly options: readonly (readonly [value: string, words: string])[];
  readonly value: string;
}

function Options({ name, options, value }: OptionsProps): JSX.Element {
  const isListed = options.some(([each]) => each === value);
  return (
    <select name={name}>
      {options.map(([each, words]) => (
        <option key={each} value={each} selected={each === value}>{words}</option>
      ))}
      {!isListed && <option value={value} selected>{value}</option>}
    </select>
  );
}

interface TextFieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly hint: string;
}

function TextField({ name, label, value, hint }: TextFieldProps): JSX.Element {
  return (
    <label class="filter-field">
      <span>{label}</span>
      <input
        type="text"
        name={name}
        defaultValue={value}
        placeholder={hint}
        autocomplete="off"
        spellcheck={false}
      />
    </label>
  );
}
