/**
 * Implements the actions on a list in the browser: search while typing, load more, select, and bulk actions.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import { MAX_PAGE_SIZE } from "../../lib/task/task_query.ts";
import type { BulkChanger } from "./bulk_changer.ts";
import type { LiveClientPage } from "./client_state.ts";
import { isSameQuery, type ListQuery, listSearch } from "../shared/list_query.ts";
import type { SliceBounds, TaskSlice } from "../shared/list_slice.ts";
import { TASKS_PER_PAGE } from "../shared/list_slice.ts";
import type { BulkAction, ListActions, ListItem, ListRange } from "../shared/view.ts";

/** The part of a long list that is rendered. */
export interface RenderWindow {
  readonly range: Signal<ListRange>;
  rendered(root: HTMLElement, items: readonly ListItem[]): void;
}

/** The dependencies of a {@linkcode ListControl}. */
export interface ListControlOptions {
  /** Fetches a slice of a list; rejects with an error whose message can be shown to the user. */
  readonly fetchSlice: (query: ListQuery, bounds: SliceBounds, signal: AbortSignal) => Promise<TaskSlice>;
  /** Replaces the query string in the page's URL. */
  readonly setAddress: (search: string) => void;
  /** Remembers in this browser that failed tasks were opened. */
  readonly markOpened: (failed: readonly Task[]) => void;
  /** Called after the page has switched to another list. */
  readonly onShown: () => void;
  /** Performs the bulk actions. */
  readonly bulk: BulkChanger;
  readonly window: RenderWindow;
}

/** The debounce delay while the user is typing, in milliseconds. */
const TYPING_MS = 150;
/** The number of tasks to request when the user scrolls to the end of the list. */
const MORE = 400;
/** The number of loaded tasks that are requested again with the next slice, to detect gaps. */
const OVERLAP = 20;
/**
 * The delay before uncertain totals are fetched again, in milliseconds. The delay doubles while the totals stay
 * uncertain, up to `REFRESH_MS`.
 */
const RECOUNT_MS = 2_000;
/** The interval at which totals and the tasks that need attention are fetched in any case, in milliseconds. */
const REFRESH_MS = 20_000;

/** Implements the actions on a client's list of tasks. */
export class ListControl implements ListActions, Disposable {
  readonly #page: LiveClientPage;
  readonly #options: ListControlOptions;
  #typing: ReturnType<typeof setTimeout> | undefined;
  readonly #recounting: ReturnType<typeof setInterval>;
  /** The latest request; the responses to earlier ones are ignored. */
  #request: AbortController = new AbortController();
  #wanted: ListQuery;
  /** When the totals were fetched last, in milliseconds. */
  #countedMs = performance.now();
  #recountMs = RECOUNT_MS;
  /**
   * The ids of the rendered parents that had moved into the loaded part, and whose subtasks were therefore requested.
   */
  #completed: ReadonlySet<string> = new Set();
  /** The id of the task that was selected last, at which the selection of a range starts. */
  #anchor: string | null = null;

  /**
   * @param page the state of the list page
   * @param options the functions and objects that the actions use
   */
  constructor(page: LiveClientPage, options: ListControlOptions) {
    this.#page = page;
    this.#options = options;
    this.#wanted = page.query.peek();
    this.#recounting = setInterval(() => this.#recount(), RECOUNT_MS);
  }

  get range(): Signal<ListRange> {
    return this.#options.window.range;
  }

  rendered(root: HTMLElement, items: readonly ListItem[]): void {
    this.#options.window.rendered(root, items);
  }

  search(query: ListQuery, isTyping: boolean): void {
    const isAsked = isSameQuery(query, this.#wanted) && this.#page.loading.peek().kind !== "failed";
    if (isAsked && (isTyping || this.#typing === undefined)) return;
    this.#wanted = query;
    clearTimeout(this.#typing);
    this.#typing = isTyping ? setTimeout(() => void this.#show(), TYPING_MS) : undefined;
    if (!isTyping) void this.#show();
  }

  more(): void {
    if (this.#page.loading.peek().kind === "no" && this.#page.more.peek()) void this.#extend(MORE);
  }

  retry(): void {
    if (this.#page.loading.peek().kind !== "failed") return;
    if (isSameQuery(this.#wanted, this.#page.query.peek())) void this.#extend(MORE);
    else void this.#show();
  }

  select(id: string, isRange: boolean): void {
    const { selected, order } = this.#page;
    const ids = order.peek();
    const next = new Set(selected.peek());
    const from = isRange && this.#anchor !== null ? ids.indexOf(this.#anchor) : -1;
    const to = ids.indexOf(id);
    if (from !== -1 && to !== -1) {
      for (const each of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(each);
    } else if (!next.delete(id)) next.add(id);
    this.#anchor = id;
    this.#setSelected(next);
  }

  selectAll(): void {
    void (async () => {
      while (this.#page.more.peek()) {
        await this.#extend(MAX_PAGE_SIZE - OVERLAP);
        if (this.#page.loading.peek().kind !== "no") return;
      }
      this.#setSelected(new Set(this.#page.order.peek()));
    })();
  }

  clearSelection(): void {
    this.#anchor = null;
    this.#setSelected(new Set());
  }

  change(action: BulkAction): void {
    const ids = [...this.#page.selected.peek()];
    if (ids.length === 0) return;
    void this.#options.bulk.change(action, ids).then((left) => {
      // Tasks for which the action failed stay selected, unless they have been removed or unselected in the meantime;
      // so do tasks that were selected in the meantime.
      const done = new Set(ids).difference(new Set(left));
      this.#page.selected.value = new Set(this.#page.selected.peek()).difference(done);
      this.#unselectAbsent();
    });
  }

  markOpened(failed: readonly Task[]): void {
    this.#options.markOpened(failed);
  }

  async changeOne(action: BulkAction, id: string): Promise<void> {
    await this.#options.bulk.change(action, [id]);
  }

  undo(): void {
    void this.#options.bulk.undo();
  }

  /** Stops all timers and aborts the request in flight. */
  [Symbol.dispose](): void {
    clearTimeout(this.#typing);
    clearInterval(this.#recounting);
    this.#request.abort();
  }

  #unselectAbsent(): void {
    const { selected, view } = this.#page;
    const kept = [...selected.peek()].filter((id) => view.task(id) !== undefined);
    if (kept.length < selected.peek().size) selected.value = new Set(kept);
  }

  #setSelected(ids: ReadonlySet<string>): void {
    this.#page.selected.value = ids;
    if (ids.size > 0) this.#options.bulk.dismiss();
  }

  /** Fetches the first slice of the list that was requested last, and shows it. */
  async #show(): Promise<void> {
    this.#typing = undefined;
    const query = this.#wanted;
    this.#options.setAddress(listSearch(query));
    const isSame = isSameQuery(query, this.#page.query.peek());
    await this.#load("list", async (signal) => {
      const since = this.#page.recordChanges();
      const slice = await this.#options.fetchSlice(query, { from: 0, limit: TASKS_PER_PAGE }, signal);
      if (signal.aborted) return;
      if (!isSame) this.#anchor = null;
      this.#page.show(slice, since);
      this.#page.problems.value = [];
      this.#options.onShown();
      this.#unselectAbsent();
    });
  }

  /** Fetches the next slice of the list, and appends it. */
  async #extend(count: number): Promise<void> {
    const query = this.#page.query.peek();
    await this.#load("more", async (signal) => {
      for (let overlap = OVERLAP;; overlap *= 5) {
        const { from: start, order } = this.#page;
        const from = Math.max(start, start + order.peek().length - overlap);
        const limit = Math.min(MAX_PAGE_SIZE, count + overlap);
        const since = this.#page.recordChanges();
        const slice = await this.#options.fetchSlice(query, { from, limit }, signal);
        if (signal.aborted) return;
        // If earlier tasks were removed, the following tasks have moved up, and the request may have skipped
        // some of them: fetch again from further back.
        const known = new Set(order.peek());
        const hasGap = from > start && slice.tasks[0] !== undefined && !known.has(slice.tasks[0].id);
        if (hasGap && overlap < MAX_PAGE_SIZE / 5) continue;
        return this.#page.extend(slice, since);
      }
    });
  }

  async #load(kind: "list" | "more", ask: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#request.abort();
    const request = this.#request = new AbortController();
    const { loading } = this.#page;
    loading.value = { kind };
    try {
      await ask(request.signal);
      if (!request.signal.aborted) loading.value = { kind: "no" };
    } catch (error) {
      if (request.signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      loading.value = { kind: "failed", reason };
    }
  }

  #recount(): void {
    const { signal } = this.#request;
    const { ids, bounds } = this.#visible();
    const incomplete = ids.filter((id) => !this.#completed.has(id) && this.#page.lacksSubtasks(id));
    const isUncertain = this.#page.isUncertain();
    if (!isUncertain) this.#recountMs = RECOUNT_MS;
    // The timer may fire slightly early.
    const dueMs = incomplete.length > 0 ? RECOUNT_MS : isUncertain ? this.#recountMs : REFRESH_MS;
    if (performance.now() - this.#countedMs < dueMs - RECOUNT_MS / 2 || document.hidden) return;
    if (this.#page.loading.peek().kind !== "no") return;
    this.#countedMs = performance.now();
    this.#recountMs = Math.min(2 * this.#recountMs, REFRESH_MS);
    this.#page.recordChanges();
    const query = this.#page.query.peek();
    this.#options.fetchSlice(query, { ...bounds, isBrief: incomplete.length === 0 }, signal).then((slice) => {
      if (signal.aborted || this.#page.loading.peek().kind !== "no") return;
      this.#page.count(slice);
      this.#completed = new Set([...ids.filter((id) => this.#completed.has(id)), ...incomplete]);
    }, () => {});
  }

  /** The rendered part of the list. The subtasks of its tasks are counted again. */
  #visible(): { readonly ids: readonly string[]; readonly bounds: SliceBounds } {
    const { from, order, view } = this.#page;
    const { start, end } = this.range.peek();
    const ids = view.items.value.slice(start, end).map(({ id }) => id).filter((id) => id !== null);
    const before = Math.max(0, order.peek().indexOf(ids[0] ?? ""));
    return { ids, bounds: { from: from + before, limit: Math.min(ids.length, MAX_PAGE_SIZE) } };
  }
}
