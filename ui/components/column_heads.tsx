/** @jsxImportSource preact */
/**
 * The column headings of a wide list; a click on a heading sorts the list.
 *
 * @module
 */

import type { JSX } from "preact";
import type { SortField } from "../../lib/task/task_query.ts";
import { clientPageUrl } from "../shared/links.ts";
import { listSearch } from "../shared/list_query.ts";
import type { ClientView } from "../shared/view.ts";

interface Column {
  readonly field: SortField;
  readonly label: string;
  readonly className: string;
  /** Whether the first click sorts the largest values first. */
  readonly largestFirst: boolean;
}

const COLUMNS: readonly Column[] = [
  { field: "state", label: "State", className: "column-state", largestFirst: false },
  { field: "name", label: "Name", className: "column-name", largestFirst: false },
  { field: "progress", label: "Progress", className: "column-progress", largestFirst: true },
  { field: "started_at", label: "Started", className: "column-started", largestFirst: true },
  { field: "duration", label: "Duration", className: "column-duration", largestFirst: true },
];

interface ColumnHeadsProps {
  readonly view: ClientView;
  /** The title of the section below. */
  readonly of: string;
}

/** The headings of the columns of one section. */
export function ColumnHeads({ view, of }: ColumnHeadsProps): JSX.Element {
  const query = view.query.value;
  return (
    <div class="list-heads" role="table" aria-label={`Columns of ${of}`}>
      <div class="list-columns" role="row" data-select={view.frame.visitor.mayChange}>
        {COLUMNS.map((column) => (
          <span
            key={column.field}
            class={column.className}
            role="columnheader"
            aria-sort={directionOf(query.sort, column.field)}
          >
            <a
              href={`${clientPageUrl(view.frame)}${listSearch({ ...query, sort: next(query.sort, column) })}`}
              data-list
            >
              {column.label}
            </a>
          </span>
        ))}
      </div>
    </div>
  );
}

function directionOf(sort: string, field: SortField): "ascending" | "descending" | "none" {
  return sort === field ? "ascending" : sort === `-${field}` ? "descending" : "none";
}

/**
 * Returns the order after a click on a column heading: first one direction, then the opposite one, then the default
 * order.
 */
function next(sort: string, { field, largestFirst }: Column): string {
  const [first, second] = largestFirst ? [`-${field}`, field] : [field, `-${field}`];
  return sort === first ? second : sort === second ? "" : first;
}
