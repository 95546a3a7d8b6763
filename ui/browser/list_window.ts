/**
 * Renders only the visible part of a long list. Short lists are rendered in full.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import type { ListItem, ListRange } from "../shared/view.ts";

/** The windowing of one list. */
export interface Windowing {
  /**
   * Sets the number of items, and the distance of the list from the top of the document in pixels; returns the range to
   * render.
   */
  update(count: number, keyOf: (index: number) => string, top: number): ListRange;
  /** Measures a rendered item. */
  measure(element: Element, index: number): void;
  /** Scrolls an item into view. */
  reveal(index: number): void;
}

/** Loads the script that renders only the visible rows, when it is first needed. */
export type LoadWindowing = () => Promise<{
  createWindowing(
    estimate: (index: number) => number,
    overscan: number,
    onChange: (range: ListRange) => void,
  ): Windowing;
}>;

/** Lists with more items than this are windowed. The server never renders that many. */
const MAX_ITEMS = 160;
/** The number of items to render while the script for windowing loads. */
const FIRST_ITEMS = 100;
/** The height of the sticky header that covers the top of the viewport, in pixels. */
const HEADER_HEIGHT = 56;
/** How long rows may continue to move after items were added or removed, in milliseconds. */
const SETTLING_MS = 150;
/** The height of the items to render outside the viewport on either side, in pixels. */
const OVERSCAN_HEIGHT = 600;
const EVERYTHING: ListRange = { start: 0, end: Infinity, before: 0, after: 0 };

/** Decides which part of a list is rendered. */
export class ListWindow {
  readonly range: Signal<ListRange>;
  readonly #rowsOf: (id: string) => number;
  readonly #load: LoadWindowing;
  #windowing: Windowing | "loading" | null = null;
  #items: readonly ListItem[] = [];
  #root: HTMLElement | null = null;
  /** The height of one row, without its subtasks. */
  #rowHeight = 64;
  /**
   * The first visible row and its position in the viewport; the row stays there while the list around it
   * changes.
   */
  #anchor: { readonly id: string; readonly top: number; readonly until: number } | null = null;

  /**
   * @param range receives the part of the list to render
   * @param rowsOf returns the number of rows of a task: its own, and those of the subtasks that are shown below it
   * @param load loads the windowing script; called once the list is long enough
   */
  constructor(range: Signal<ListRange>, rowsOf: (id: string) => number, load: LoadWindowing) {
    this.range = range;
    this.#rowsOf = rowsOf;
    this.#load = load;
  }

  /**
   * Remembers the first visible row, to keep it in place. Must be called before items are added or removed.
   */
  willChange(): void {
    if (this.#windowing === null || this.#windowing === "loading") return;
    // While the top of the list is visible, new rows should push the others down.
    if (this.#root === null || this.#root.getBoundingClientRect().top >= 0) return;
    const until = performance.now() + SETTLING_MS;
    if (this.#anchor !== null) {
      this.#anchor = { ...this.#anchor, until };
      return;
    }
    for (const row of this.#root.querySelectorAll<HTMLElement>("[data-task-id]")) {
      const { top, bottom } = row.getBoundingClientRect();
      if (bottom < HEADER_HEIGHT) continue;
      this.#anchor = { id: row.dataset.taskId ?? "", top, until };
      return;
    }
  }

  /** Measures the rendered items and updates the range to render. Must be called after each rendering. */
  rendered(root: HTMLElement, items: readonly ListItem[]): void {
    this.#root = root;
    this.#items = items;
    if (this.#windowing === null) {
      if (items.length > MAX_ITEMS) this.#begin();
      return;
    }
    if (this.#windowing === "loading") return;
    this.#measure(this.#windowing);
    this.#update(this.#windowing);
    this.#restore(root, this.#windowing);
  }

  /** Scrolls an item into view. */
  reveal(index: number): void {
    if (this.#windowing !== null && this.#windowing !== "loading") this.#windowing.reveal(index);
  }

  /** Scrolls the remembered row back to its position. */
  #restore(root: HTMLElement, windowing: Windowing): void {
    const anchor = this.#anchor;
    if (anchor === null) return;
    // Measuring new rows may move the list again, so the anchor is kept until its `until`.
    if (performance.now() > anchor.until) this.#anchor = null;
    const row = root.querySelector(`[data-task-id="${CSS.escape(anchor.id)}"]`);
    if (row !== null) scrollBy(0, row.getBoundingClientRect().top - anchor.top);
    else {
      const index = this.#items.findIndex(({ id }) => id === anchor.id);
      if (index !== -1) windowing.reveal(index);
    }
  }

  #begin(): void {
    this.#windowing = "loading";
    this.range.value = { ...EVERYTHING, end: FIRST_ITEMS };
    this.#load().then(({ createWindowing }) => {
      const item = this.#root?.querySelector<HTMLElement>("[data-item] + [data-item]");
      const height = item?.getBoundingClientRect().height ?? this.#rowHeight;
      this.#rowHeight = height / this.#rowsOf(item?.dataset.taskId ?? "");
      const windowing = createWindowing(
        (index) => this.#rowHeight * this.#rowsOf(this.#items[index]?.id ?? ""),
        Math.ceil(OVERSCAN_HEIGHT / height),
        (range) => this.#set(range),
      );
      this.#windowing = windowing;
      for (const type of ["wheel", "touchmove", "keydown", "pointerdown"]) {
        addEventListener(type, () => this.#anchor = null, { passive: true });
      }
      // The browser's own scroll anchoring would move the list a second time.
      this.#root?.style.setProperty("overflow-anchor", "none");
      this.#update(windowing);
      this.#measure(windowing);
    }, () => {
      // The windowing script cannot be loaded, so the whole list is rendered.
      this.range.value = EVERYTHING;
    });
  }

  #measure(windowing: Windowing): void {
    const { start } = this.range.peek();
    this.#root?.querySelectorAll("[data-item]").forEach((element, place) => {
      if (start + place < this.#items.length) windowing.measure(element, start + place);
    });
  }

  #update(windowing: Windowing): void {
    if (this.#root === null) return;
    const items = this.#items;
    const top = this.#root.getBoundingClientRect().top + scrollY;
    this.#set(windowing.update(items.length, (index) => keyOf(items[index]), top));
  }

  #set(range: ListRange): void {
    const known = this.range.peek();
    const isSame = known.start === range.start && known.end === range.end &&
      Math.abs(known.before - range.before) < 1 && Math.abs(known.after - range.after) < 1;
    if (!isSame) this.range.value = range;
  }
}

function keyOf(item: ListItem | undefined): string {
  return item === undefined ? "" : item.id ?? `/${item.section}`;
}
