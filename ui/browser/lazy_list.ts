/**
 * Accepts the actions on a list before the script that performs them is loaded.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import type { ListQuery } from "../shared/list_query.ts";
import type { BulkAction, ListActions, ListItem, ListRange } from "../shared/view.ts";

/** Queues actions until the script is loaded, then passes them on to it. */
export class LazyList implements ListActions {
  readonly range: Signal<ListRange> = signal({ start: 0, end: Infinity, before: 0, after: 0 });
  /** Resolves once the script is loaded; rejects if it cannot be loaded. */
  readonly ready: Promise<ListActions>;
  readonly #onFailure: () => void;
  #loaded: ListActions | null = null;
  #rendering: readonly [root: HTMLElement, items: readonly ListItem[]] | null = null;

  /**
   * @param load loads the script that performs the actions and decides which part of the list is rendered
   * @param onFailure called for each action that is lost because loading failed
   */
  constructor(load: (range: Signal<ListRange>) => Promise<ListActions>, onFailure: () => void) {
    this.#onFailure = onFailure;
    this.ready = load(this.range);
    this.ready.then((list) => {
      this.#loaded = list;
      if (this.#rendering !== null) list.rendered(...this.#rendering);
    }, () => {});
  }

  rendered(root: HTMLElement, items: readonly ListItem[]): void {
    if (this.#loaded === null) this.#rendering = [root, items];
    else this.#loaded.rendered(root, items);
  }

  search(query: ListQuery, isTyping: boolean): void {
    this.#use((list) => list.search(query, isTyping));
  }

  more(): void {
    this.#use((list) => list.more());
  }

  retry(): void {
    this.#use((list) => list.retry());
  }

  select(id: string, isRange: boolean): void {
    this.#use((list) => list.select(id, isRange));
  }

  selectAll(): void {
    this.#use((list) => list.selectAll());
  }

  clearSelection(): void {
    this.#use((list) => list.clearSelection());
  }

  change(action: BulkAction): void {
    this.#use((list) => list.change(action));
  }

  changeOne(action: BulkAction, id: string): Promise<void> {
    return this.ready.then((list) => list.changeOne(action, id));
  }

  markOpened(failed: readonly Task[]): void {
    this.#use((list) => list.markOpened(failed));
  }

  undo(): void {
    this.#use((list) => list.undo());
  }

  #use(action: (list: ListActions) => void): void {
    if (this.#loaded !== null) action(this.#loaded);
    else this.ready.then(action, this.#onFailure);
  }
}
