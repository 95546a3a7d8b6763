/** @jsxImportSource preact */
/**
 * Notices above the list: invalid parameters in the URL, and the number of matches while a filter is active.
 *
 * @module
 */

import type { JSX } from "preact";
import { clientPageUrl } from "../shared/links.ts";
import { isFiltered, listSearch, sayMatches, withoutFilters } from "../shared/list_query.ts";
import type { ClientView } from "../shared/view.ts";

interface ViewProps {
  readonly view: ClientView;
}

/** A notice about parameters of the URL that could not be parsed. */
export function ListProblems({ view }: ViewProps): JSX.Element | null {
  const problems = view.problems.value;
  if (problems.length === 0) return null;
  return (
    <div class="notice notice-error toolbar-problems" role="alert">
      {problems.map((problem) => <p key={problem}>{problem}</p>)}
    </div>
  );
}

/** The number of matching tasks, and a link that clears the filters; empty if no filter is active. */
export function FilterState({ view }: ViewProps): JSX.Element {
  const query = view.query.value;
  return (
    <p class="toolbar-state">
      {isFiltered(query) && (
        <>
          {sayMatches(view.sections.value)}{" "}
          <a href={`${clientPageUrl(view.frame)}${listSearch(withoutFilters(query))}`} data-list>Show all</a>
        </>
      )}
    </p>
  );
}
