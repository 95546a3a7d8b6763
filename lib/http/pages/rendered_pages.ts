/**
 * Shares rendered list pages between requests that arrive at almost the same time.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { andThen, type MaybePromise } from "../../task/maybe_promise.ts";

/**
 * How long a rendered page may be sent, in milliseconds. A page contains the time at which it was rendered,
 * from which the browser starts its clock, so the maximum age is far below the second that the page shows.
 */
const MAX_AGE_MS = 100;

/** The maximum number of cached pages, and of characters of all of them, their keys included. */
const MAX_PAGES = 8;
const MAX_CHARACTERS = 1024 * 1024;

interface RenderedPage {
  readonly html: string;
  readonly renderedAtMs: number;
}

/**
 * Caches the last rendered pages for a moment. If many requests for the same page arrive, the page is rendered
 * once for several of them, and responses to peers that read slowly share one text.
 */
export class RenderedPages {
  readonly #nowMs: () => number;
  /** The cached pages by key, the oldest first. */
  readonly #pages: Map<string, RenderedPage> = new Map();
  #characters = 0;

  /** @param nowMs the monotonic clock, in milliseconds */
  constructor(nowMs: () => number = monotonicMs) {
    this.#nowMs = nowMs;
  }

  /**
   * Returns the page with a key, rendered at most 100 ms ago.
   *
   * @param key everything that the page depends on, apart from the time
   * @param render renders the page
   * @returns the document
   */
  page(key: string, render: () => MaybePromise<string>): MaybePromise<string> {
    const renderedAtMs = this.#nowMs();
    const cached = this.#pages.get(key);
    if (cached !== undefined && renderedAtMs - cached.renderedAtMs <= MAX_AGE_MS) return cached.html;
    return andThen(render(), (html) => {
      this.#cache(key, { html, renderedAtMs });
      return html;
    });
  }

  #cache(key: string, page: RenderedPage): void {
    this.#remove(key);
    this.#pages.set(key, page);
    this.#characters += key.length + page.html.length;
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= MAX_PAGES && this.#characters <= MAX_CHARACTERS) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const page = this.#pages.get(key);
    if (page === undefined) return;
    this.#pages.delete(key);
    this.#characters -= key.length + page.html.length;
  }
}
