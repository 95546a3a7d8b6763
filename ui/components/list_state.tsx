/** @jsxImportSource preact */
/**
 * What the list says of itself: what of its address was not understood, and whether any tasks are left out.
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

/** What of the address was not understood. */
export function ListProblems({ view }: ViewProps): JSX.Element | null {
  const problems = view.problems.value;
  if (problems.length === 0) return null;
  return (
    <div class="notice notice-error toolbar-problems" role="alert">
      {problems.map((problem) => <p key={problem}>{problem}</p>)}
    </div>
  );
}

/** How many tasks are left, where any are left out, and the way back to all of them. */
export function FilterState({ view }: ViewProps): JSX.Element {
  const query = view.query.value;
  return (
    <p class="toolbar-state">
      {isFiltered(query) && (
        <>
          {sayMatches(view.sections.value)}{" "}
          <a href={`${clientPageUrl(view.frame)}${listSearch(withoutFilters(query))}`}>Show all</a>
        </>
      )}
    </p>
  );
}
