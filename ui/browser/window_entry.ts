/**
 * What pages with long lists load in addition: the arithmetic of windowed rendering, as a script of its own, because most
 * pages need none. The library's later versions are twice as large, for lists that are not like these (chats, lanes).
 *
 * @module
 */

import { observeWindowOffset, observeWindowRect, Virtualizer, windowScroll } from "@tanstack/virtual-core";

import type { Windowing } from "./list_window.ts";
import type { ListRange } from "../shared/view.ts";

/** Items that are rendered beyond what is seen. */
const OVERSCAN = 10;

/**
 * Begins to window a list.
 *
 * @param estimate how high an item is that was never measured, in pixels
 * @param onChange hears of another range
 * @returns the list
 */
export function createWindowing(
  estimate: (index: number) => number,
  onChange: (range: ListRange) => void,
): Windowing {
  let options = { count: 0, getItemKey: (index: number): string => String(index), scrollMargin: 0 };
  const fixed = {
    getScrollElement: () => globalThis as unknown as Window,
    estimateSize: estimate,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    measureElement: heightOf,
    overscan: OVERSCAN,
    initialOffset: () => scrollY,
    initialRect: { width: innerWidth, height: innerHeight },
    onChange: () => onChange(visible()),
  };
  const virtualizer = new Virtualizer<Window, Element>({ ...fixed, ...options });

  function visible(): ListRange {
    const items = virtualizer.getVirtualItems();
    const [first, last] = [items[0], items.at(-1)];
    if (first === undefined || last === undefined) return { start: 0, end: 0, before: 0, after: 0 };
    const margin = options.scrollMargin;
    return {
      start: first.index,
      end: last.index + 1,
      before: first.start - margin,
      after: virtualizer.getTotalSize() - (last.end - margin),
    };
  }

  virtualizer._didMount();
  return {
    update(count, getItemKey, scrollMargin) {
      options = { count, getItemKey, scrollMargin };
      virtualizer.setOptions({ ...fixed, ...options });
      virtualizer._willUpdate();
      return visible();
    },
    measure(element, index) {
      element.setAttribute("data-index", String(index));
      virtualizer.measureElement(element);
    },
    reveal: (index) => virtualizer.scrollToIndex(index, { align: "auto" }),
  };
}

/** Exactly, where the library rounds: what is above would be off by a part of a pixel for each item. */
function heightOf(element: Element, entry: ResizeObserverEntry | undefined): number {
  return entry?.borderBoxSize[0]?.blockSize ?? element.getBoundingClientRect().height;
}
