/**
 * Keeps of a long list rendered what is seen of it. Short lists are rendered as they are.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import type { ListItem, ListRange } from "../shared/view.ts";

/** A list of which a part is rendered. */
export interface Windowing {
  /** Says how many items there are, and where the list begins on the page. */
  update(count: number, keyOf: (index: number) => string, top: number): ListRange;
  /** Measures an item that is rendered. */
  measure(element: Element, index: number): void;
  /** Scrolls an item into view. */
  reveal(index: number): void;
}

/** Loads the script that does the arithmetic. */
export type LoadWindowing = () => Promise<{
  createWindowing(
    estimate: (index: number) => number,
    onChange: (range: ListRange) => void,
  ): Windowing;
}>;

/** Lists of more items are windowed: more than the server renders. */
const MOST_ITEMS = 160;
/** What covers the top of the window, in pixels. */
const HEADER_HEIGHT = 56;
/** How long rows may move after others came or went, in milliseconds. */
const SETTLING_MS = 150;
const EVERYTHING: ListRange = { start: 0, end: Infinity, before: 0, after: 0 };

/** The part of a list that is rendered. */
export class ListWindow {
  readonly range: Signal<ListRange> = signal(EVERYTHING);
  readonly #load: LoadWindowing;
  #windowing: Windowing | "loading" | null = null;
  #items: readonly ListItem[] = [];
  #root: HTMLElement | null = null;
  #rowHeight = 64;
  /** What is seen first, and where in the window, while the list around it changes. */
  #anchor: { readonly id: string; readonly top: number; readonly until: number } | null = null;

  /** @param load loads what windows a list, once one is long enough */
  constructor(load: LoadWindowing) {
    this.#load = load;
  }

  /** Told before rows come or go: what is seen is to stay where it is. */
  willChange(): void {
    if (this.#windowing === null || this.#windowing === "loading") return;
    // Who looks at the beginning wants to see what is new.
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

  /** Told after each rendering: measures what is there, and says what has to be there next. */
  rendered(root: HTMLElement, items: readonly ListItem[]): void {
    this.#root = root;
    this.#items = items;
    if (this.#windowing === null) {
      if (items.length > MOST_ITEMS) this.#begin();
      return;
    }
    if (this.#windowing === "loading") return;
    this.#measure(this.#windowing);
    this.#update(this.#windowing);
    this.#restore(root, this.#windowing);
  }

  /** Brings an item into view; gives back whether that takes a scroll that is still to come. */
  reveal(index: number): void {
    if (this.#windowing !== null && this.#windowing !== "loading") this.#windowing.reveal(index);
  }

  /** Puts what was seen first back to where it was. */
  #restore(root: HTMLElement, windowing: Windowing): void {
    const anchor = this.#anchor;
    if (anchor === null) return;
    // Measuring what came may move things once more.
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
    // What is there already is all that is seen for now.
    this.range.value = { ...EVERYTHING, end: MOST_ITEMS };
    this.#load().then(({ createWindowing }) => {
      const row = this.#root?.querySelector("[data-item] + [data-item]");
      this.#rowHeight = row?.getBoundingClientRect().height ?? this.#rowHeight;
      const windowing = createWindowing(() => this.#rowHeight, (range) => this.#set(range));
      this.#windowing = windowing;
      for (const type of ["wheel", "touchmove", "keydown", "pointerdown"]) {
        addEventListener(type, () => this.#anchor = null, { passive: true });
      }
      // The browser would put things back, too.
      this.#root?.style.setProperty("overflow-anchor", "none");
      this.#update(windowing);
      this.#measure(windowing);
    }, () => {
      // Without it the list is long, and all there.
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
