/** @jsxImportSource preact */
/**
 * The list of tasks with its section headings. Renders only the visible range of a long list.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { countNoun, formatCount } from "../../lib/text/format.ts";
import { isFinal, TASK_STATES } from "../../lib/task/task.ts";
import { clientPageUrl, namePageUrl } from "../shared/links.ts";
import { isFiltered, listSearch } from "../shared/list_query.ts";
import type { ClientView, ListItem } from "../shared/view.ts";
import { nests } from "../shared/nesting.ts";
import { ColumnHeads } from "./column_heads.tsx";
import { SectionHead } from "./frame.tsx";
import { ActiveEmpty } from "./list_empty.tsx";
import { ListRow } from "./task_rows.tsx";

interface ViewProps {
  readonly view: ClientView;
}

/** The rendered rows of one section. */
interface Segment {
  readonly key: string;
  readonly hasHead: boolean;
  readonly ids: string[];
}

/** If there are more active tasks than this, their heading links to the ended tasks. */
const MANY = 10;
/** More tasks are loaded when the end of the list is at most this far from the viewport. */
const ROOM_BELOW = "1200px";

/** The list of tasks with all its sections. */
export function TaskList({ view }: ViewProps): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const items = view.items.value;
  const range = view.list?.range.value;
  const shown = range === undefined ? items : items.slice(range.start, range.end);
  const loading = view.loading.value.kind === "list";
  // Subscribe to the section above the list: when it changes, the list moves, and its visible rows must be kept in
  // place.
  void view.attention.value;
  useLayoutEffect(() => {
    if (root.current !== null) view.list?.rendered(root.current, items);
  });
  return (
    <div class="task-list" ref={root} aria-busy={loading} data-loading={loading}>
      <Spacer height={range?.before} />
      {segmentsOf(shown).map((segment) => <Section key={segment.key} view={view} segment={segment} />)}
      <Spacer height={range?.after} />
    </div>
  );
}

function segmentsOf(items: readonly ListItem[]): Segment[] {
  const segments: Segment[] = [];
  for (const { section, id } of items) {
    let segment = segments.at(-1);
    if (segment?.key !== section) {
      segments.push(segment = { key: section, hasHead: id === null, ids: [] });
    }
    if (id !== null) segment.ids.push(id);
  }
  return segments;
}

/** A spacer with the height of the rows that are not rendered. */
function Spacer({ height = 0 }: { readonly height: number | undefined }): JSX.Element | null {
  return height > 0 ? <div aria-hidden="true" style={{ height: `${height}px` }} /> : null;
}

interface SectionProps extends ViewProps {
  readonly segment: Segment;
}

function Section({ view, segment }: SectionProps): JSX.Element | null {
  const { key, hasHead, ids } = segment;
  const total = view.sections.value.get(key) ?? ids.length;
  const { active, ended } = view.counts.value;
  // If a client has never had a task, there is a single text instead of one for each section.
  if (key !== "active" && active + ended === 0) return key === "all" ? <ActiveEmpty view={view} /> : null;
  const title = titleOf(key);
  return (
    <section aria-label={title} data-testid={key.startsWith("name:") ? "group" : key}>
      {hasHead && (
        <div class="list-head" data-item>
          <SectionHead
            view={view}
            id={`${key}-title`}
            title={title}
            count={formatCount(total)}
            dated={key !== "ended" && ids.length > 0}
          >
            {key.startsWith("name:") && (
              <a class="head-link" href={namePageUrl(view.frame, title)}>Past runs</a>
            )}
            <SubtaskCount view={view} section={key} total={total} />
            {key === "active" && total > MANY && <EndedLink view={view} />}
          </SectionHead>
          {ids.length === 0
            ? <Empty view={view} section={key} total={total} />
            : !key.startsWith("name:") && <ColumnHeads view={view} of={title} />}
        </div>
      )}
      {ids.length > 0 && (
        <ul class="rows" aria-label={title}>
          {ids.map((id) => <ListRow key={id} view={view} source={view.task(id)} level={0} />)}
        </ul>
      )}
    </section>
  );
}

interface CountProps extends ViewProps {
  readonly section: string;
  /** The number of tasks in the section, without subtasks that are listed below their parents. */
  readonly total: number;
}

/** The number of subtasks in a section; empty for the section of ended tasks. */
function SubtaskCount({ view, section, total }: CountProps): JSX.Element | null {
  const { active, ended } = view.counts.value;
  const all = section === "active" ? active : section === "all" ? active + ended : 0;
  if (all <= total || !nests(view.query.value)) return null;
  return <span class="section-subtasks">and {countNoun(all - total, "subtask")}</span>;
}

/** A link from a long list of active tasks to the ended tasks, which are far below. */
function EndedLink({ view }: ViewProps): JSX.Element | null {
  const total = view.sections.value.get("ended") ?? 0;
  if (total === 0) return null;
  const state = TASK_STATES.filter(isFinal).join();
  return (
    <a
      class="head-link"
      href={`${clientPageUrl(view.frame)}${listSearch({ ...view.query.value, state })}`}
      data-list
    >
      Completed <span class="number">{formatCount(total)}</span>
    </a>
  );
}

function titleOf(key: string): string {
  switch (key) {
    case "active":
      return "Active";
    case "ended":
      return "Completed";
    case "all":
      return "Tasks";
    default:
      return key.slice("name:".length);
  }
}

/** The text below the heading of a section without rows on this page. */
function Empty({ view, section, total }: CountProps): JSX.Element {
  if (total > 0) {
    return (
      <p class="empty">
        {section === "active"
          ? (
            <>
              {countNoun(total, "active task")} on{" "}
              <a href={`${clientPageUrl(view.frame)}${listSearch(view.query.value)}`}>the first page</a>.
            </>
          )
          : `${countNoun(total, "task")} on later pages.`}
      </p>
    );
  }
  if (isFiltered(view.query.value)) return <p class="empty">No matching tasks.</p>;
  if (section === "active") return <ActiveEmpty view={view} />;
  return <p class="empty">Ended tasks appear here with their result or error.</p>;
}

/**
 * The end of the list: links to other pages or, with JavaScript, a loader that fetches more tasks as the user
 * scrolls.
 */
export function ListEnd({ view }: ViewProps): JSX.Element | null {
  const { list } = view;
  if (list === null || !view.scripted.value) return <Paging view={view} />;
  return <More view={view} />;
}

/** A loader that fetches more tasks when the end of the list scrolls into view. */
function More({ view }: ViewProps): JSX.Element | null {
  const mark = useRef<HTMLDivElement>(null);
  const loading = view.loading.value;
  const more = view.more.value;
  const count = view.items.value.length;
  const { list, page, frame } = view;
  const { newer } = view.counts.value;
  useEffect(() => {
    if (mark.current === null || !more || loading.kind !== "no") return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) list?.more();
    }, { rootMargin: ROOM_BELOW });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [more, loading.kind, count]);
  return (
    <div class="list-end" ref={mark}>
      {page > 1 && (
        <p>
          This list starts at page {page}
          {newer > 0 && ` · ${formatCount(newer)} new`} ·{" "}
          <a href={`${clientPageUrl(frame)}${listSearch(view.query.value)}`}>First page</a>
        </p>
      )}
      {loading.kind === "failed"
        ? (
          <p class="problem" role="alert">
            Could not load the tasks: {loading.reason}{" "}
            <button type="button" class="button" onClick={() => list?.retry()}>Try again</button>
          </p>
        )
        : more && <p>{loading.kind === "more" ? "Loading more…" : "Scroll for more"}</p>}
    </div>
  );
}

function Paging({ view }: ViewProps): JSX.Element | null {
  const { page, pages, frame } = view;
  if (pages <= 1) return null;
  const at = (number: number) => `${clientPageUrl(frame)}${listSearch(view.query.value, number)}`;
  return (
    <nav class="paging" aria-label="Pages">
      {page > 1
        ? <a class="button" rel="prev" href={at(page - 1)}>Previous page</a>
        : <span class="paging-end">First page</span>}
      <span class="number">Page {page} of {pages}</span>
      {page < pages
        ? <a class="button" rel="next" href={at(page + 1)}>Next page</a>
        : <span class="paging-end">Last page</span>}
    </nav>
  );
}
