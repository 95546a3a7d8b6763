/**
 * The script for windowed rendering, which only pages with long lists load. This older version of the library is used
 * because newer ones are twice as large, with features that are not needed here (chats, lanes).
 * @module
 */

import { observeWindowOffset, observeWindowRect, Virtualizer, windowScroll } from "@tanstack/virtual-core";

import type { Windowing } from "./list_window.ts";
import type { ListRange } from "../shared/view.ts";

/** How many more heights than items may be cached before the heights of removed items are dropped. */
const SPARE_HEIGHTS = 1_000;

/**
 * Starts the windowing of a list.
 *
 * @param estimate returns the estimated height of an item that has not been measured yet, in pixels
 * @param overscan the number of items to render outside the viewport on either side
 * @param onChange receives each new range to render
 * @returns the windowing of the list
 */
export function createWindowing(
  estimate: (index: number) => number,
  overscan: number,
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
    overscan,
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

  /** Releases the elements and heights of removed items, which the library would keep forever. */
  function forgetGone(): void {
    virtualizer.measureElement(null);
    const heights = virtualizer["itemSizeCache"];
    if (heights.size <= options.count + SPARE_HEIGHTS) return;
    const keys = new Set(Array.from({ length: options.count }, (_, index) => options.getItemKey(index)));
    for (const key of heights.keys()) if (!keys.has(String(key))) heights.delete(key);
  }

  virtualizer._didMount();
  return {
    update(count, getItemKey, scrollMargin) {
      options = { count, getItemKey, scrollMargin };
      virtualizer.setOptions({ ...fixed, ...options });
      virtualizer._willUpdate();
      forgetGone();
      return visible();
    },
    measure(element, index) {
      element.setAttribute("data-index", String(index));
      virtualizer.measureElement(element);
    },
    reveal: (index) => virtualizer.scrollToIndex(index, { align: "auto" }),
  };
}

/**
 * The exact height of an item. The library would round the height, and so shift the list by a fraction of a pixel for
 * each item above.
 */
function heightOf(element: Element, entry: ResizeObserverEntry | undefined): number {
  return entry?.borderBoxSize[0]?.blockSize ?? element.getBoundingClientRect().height;
}
