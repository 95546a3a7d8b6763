/**
 * Keeps the content of a page about past runs up to date: fetches it again when runs have started or ended.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import { formatAgo, formatDateTime } from "../../lib/text/format.ts";

/** The minimum time between two requests for the content, in milliseconds. */
const INTERVAL_MS = 1_000;

/**
 * The minimum wait before the next request, as a multiple of the duration of the last one, so that viewers do not keep
 * a server busy.
 */
const PAUSE_FACTOR = 10;

/** The content of a page about past runs. */
export class StatsContent {
  readonly #root: HTMLElement;
  readonly #name: string | null;
  /** The ids of unfinished tasks that the content counts as active. */
  readonly #active: Set<string> = new Set();
  #state: "idle" | "waiting" | "loading" | "stale" = "idle";
  #now = 0;
  #loadMs = 0;

  /**
   * @param root the element with the content
   * @param name the name of the runs; `null` for the runs of all names
   */
  constructor(root: HTMLElement, name: string | null) {
    this.#root = root;
    this.#name = name;
  }

  /** Fetches the content again if changes of tasks affect it, because a task started or ended. */
  changed(tasks: Iterable<Task>): void {
    let isAffected = false;
    for (const task of tasks) {
      if (this.#name !== null && task.name !== this.#name) continue;
      if (hasEnded(task)) this.#active.delete(task.id);
      else if (this.#active.has(task.id)) continue;
      else this.#active.add(task.id);
      isAffected = true;
    }
    if (isAffected) this.reload();
  }

  /** Fetches the content again, at most once per second, and less often if requests take long. */
  reload(): void {
    if (this.#state === "loading") this.#state = "stale";
    if (this.#state !== "idle") return;
    this.#state = "waiting";
    setTimeout(() => void this.#load(), Math.max(INTERVAL_MS, PAUSE_FACTOR * this.#loadMs));
  }

  /** Shows times in the browser's time zone, and how long ago they were. */
  showTimes(now: number): void {
    this.#now = now;
    for (const time of this.#root.querySelectorAll("time")) {
      const at = Date.parse(time.dateTime) / 1_000;
      // A time that has a tooltip is relative; its tooltip is the exact time.
      if (time.title === "") time.textContent = formatDateTime(at, true);
      else {
        time.title = formatDateTime(at, true);
        time.textContent = formatAgo(now - at);
      }
    }
    for (const bar of this.#root.querySelectorAll<SVGElement>("[data-from]")) {
      const { label, from, to } = bar.dataset;
      const [start, end] = [from, to].map((at) => formatDateTime(Number(at), true));
      bar.querySelector("title")!.textContent = `${label}, ${start} to ${end}`;
    }
    for (const bar of this.#root.querySelectorAll<SVGElement>("[data-ended]")) {
      const { label, ended } = bar.dataset;
      const text = `${label}, ${formatAgo(now - Number(ended))}`;
      bar.querySelector("title")!.textContent = text;
      if (bar.hasAttribute("aria-label")) bar.setAttribute("aria-label", text);
    }
  }

  async #load(): Promise<void> {
    this.#state = "loading";
    const startMs = performance.now();
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" } });
      if (response.ok) this.#show(await response.text());
    } catch {
      // The connection was lost; the content is fetched again after a reconnect.
    }
    this.#loadMs = performance.now() - startMs;
    const isStale = (this.#state as string) === "stale";
    this.#state = "idle";
    if (isStale) this.reload();
  }

  #show(html: string): void {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("stats");
    if (fresh === null) return;
    const focused = this.#focusedLink();
    const scrolled = this.#root.querySelector(".names-scroll")?.scrollLeft ?? 0;
    this.#root.replaceChildren(...fresh.childNodes);
    this.showTimes(this.#now);
    const scroller = this.#root.querySelector(".names-scroll");
    if (scroller !== null) scroller.scrollLeft = scrolled;
    if (focused === null) return;
    const links = this.#root.querySelectorAll<HTMLElement | SVGElement>("a");
    // A bar of the chart and a row may link to the same task.
    const href = focused.getAttribute("href");
    const isSame = (link: Element) => link.tagName === focused.tagName && link.getAttribute("href") === href;
    [...links].find(isSame)?.focus({ preventScroll: true });
  }

  /** Returns the link that has the focus; `null` if no link has. */
  #focusedLink(): Element | null {
    const { activeElement } = document;
    return this.#root.contains(activeElement) ? activeElement : null;
  }
}
