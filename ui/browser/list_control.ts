/**
 * What people do with a list in the browser: search it as they type, go on in it, select, change many tasks at once.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import { MAX_PAGE_SIZE } from "../../lib/task/task_query.ts";
import type { BulkChanger } from "./bulk.ts";
import type { LiveClientPage } from "./client_state.ts";
import { isSameQuery, type ListQuery, listSearch } from "../shared/list_query.ts";
import type { SliceBounds, TaskSlice } from "../shared/list_slice.ts";
import { TASKS_PER_PAGE } from "../shared/list_slice.ts";
import type { BulkAction, ListActions, ListItem, ListRange } from "../shared/view.ts";

/** A part of the list, shown in the browser's window. */
export interface RangeKeeper {
  readonly range: Signal<ListRange>;
  rendered(root: HTMLElement, items: readonly ListItem[]): void;
}

/** What a {@linkcode ListControl} works with. */
export interface ListControlOptions {
  /** Asks the server for a part of a list; rejects with an error for people. */
  readonly fetchSlice: (query: ListQuery, bounds: SliceBounds, signal: AbortSignal) => Promise<TaskSlice>;
  /** Makes a query the address of the page. */
  readonly setAddress: (search: string) => void;
  /** Told when another list is shown. */
  readonly onShown: () => void;
  readonly bulk: BulkChanger;
  readonly window: RangeKeeper;
}

/** How long somebody who types has to pause, in milliseconds. */
const TYPING_MS = 150;
/** How many tasks are loaded at once. */
const MORE = 400;
/** How many of those that are loaded already are loaded again, so that a gap would be noticed. */
const OVERLAP = 20;
/** How often numbers that may be wrong are corrected, in milliseconds. */
const RECOUNT_MS = 2_000;

/** Drives the list of a client's page. */
export class ListControl implements ListActions, Disposable {
  readonly #page: LiveClientPage;
  readonly #options: ListControlOptions;
  #typing: ReturnType<typeof setTimeout> | undefined;
  readonly #recounting: ReturnType<typeof setInterval>;
  /** Of the request whose answer is wanted; that of an older one is not. */
  #request: AbortController = new AbortController();
  #wanted: ListQuery;
  /** The task that was selected last: where a range begins. */
  #anchor: string | null = null;

  /**
   * @param page the list
   * @param options what it works with
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

  again(): void {
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
      // Those that could not be changed stay selected, as far as they are still there.
      const there = new Set(this.#page.order.peek());
      this.#page.selected.value = new Set(left.filter((id) => there.has(id)));
    });
  }

  undo(): void {
    void this.#options.bulk.undo();
  }

  /** Ends what goes on by itself. */
  [Symbol.dispose](): void {
    clearTimeout(this.#typing);
    clearInterval(this.#recounting);
    this.#request.abort();
  }

  #setSelected(ids: ReadonlySet<string>): void {
    this.#page.selected.value = ids;
    if (this.#page.bulk.peek().kind === "done" && ids.size > 0) this.#page.bulk.value = { kind: "idle" };
  }

  /** Asks for the beginning of the list that is wanted now. */
  async #show(): Promise<void> {
    this.#typing = undefined;
    const query = this.#wanted;
    this.#options.setAddress(listSearch(query));
    const isSame = isSameQuery(query, this.#page.query.peek());
    await this.#load("list", async (signal) => {
      const since = this.#page.watch();
      const slice = await this.#options.fetchSlice(query, { from: 0, limit: TASKS_PER_PAGE }, signal);
      if (signal.aborted) return;
      if (!isSame) this.#anchor = null;
      this.#page.show(slice, since);
      this.#page.problems.value = [];
      this.#options.onShown();
      const there = new Set(this.#page.order.peek());
      const kept = [...this.#page.selected.peek()].filter((id) => there.has(id));
      if (kept.length < this.#page.selected.peek().size) this.#page.selected.value = new Set(kept);
    });
  }

  /** Asks for what follows. */
  async #extend(count: number): Promise<void> {
    const query = this.#page.query.peek();
    await this.#load("more", async (signal) => {
      for (let overlap = OVERLAP;; overlap *= 5) {
        const { from: start, order } = this.#page;
        const from = Math.max(start, start + order.peek().length - overlap);
        const limit = Math.min(MAX_PAGE_SIZE, count + overlap);
        const since = this.#page.watch();
        const slice = await this.#options.fetchSlice(query, { from, limit }, signal);
        if (signal.aborted) return;
        // Where tasks before these went meanwhile, others moved up, and may have been left out: look further back.
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
    if (!this.#page.isUncertain() || document.hidden || this.#page.loading.peek().kind !== "no") return;
    const since = this.#page.watch();
    const query = this.#page.query.peek();
    this.#options.fetchSlice(query, { from: 0, limit: 0 }, signal).then((slice) => {
      if (!signal.aborted && this.#page.loading.peek().kind === "no") this.#page.count(slice, since);
    }, () => {});
  }
}
