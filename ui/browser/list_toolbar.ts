/**
 * Makes the form above the list, and the links that change the list, work without reloading the page. The server
 * renders the form; the fields of the form are the query.
 *
 * @module
 */

import { filterValues, TASK_FILTERS } from "../../lib/task/task_query.ts";
import { formatCount } from "../../lib/text/format.ts";
import { clientPageUrl } from "../shared/links.ts";
import { type ListQuery, readListQuery } from "../shared/list_query.ts";
import type { PageFrame } from "../shared/model.ts";
import type { ListActions } from "../shared/view.ts";

/** The form above a list, in the browser. */
export class ListToolbar {
  readonly #list: Pick<ListActions, "search">;
  readonly #path: string;
  readonly #form: HTMLFormElement | null = document.querySelector<HTMLFormElement>("form.toolbar");

  /**
   * @param frame the data of the page
   * @param list the list to search
   */
  constructor(frame: PageFrame, list: Pick<ListActions, "search">) {
    this.#list = list;
    this.#path = new URL(clientPageUrl(frame), location.href).pathname;
  }

  /** Shows the number of tasks in each state. */
  count(states: ReadonlyMap<string, number>): void {
    for (const element of this.#form?.querySelectorAll<HTMLElement>("[data-count]") ?? []) {
      const text = formatCount(states.get(element.dataset.count!) ?? 0);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  /** Registers the listeners for the form and the links. */
  listen(): void {
    for (const type of ["input", "change", "submit"]) {
      this.#form?.addEventListener(type, (event) => {
        if (type === "submit") event.preventDefault();
        const isTyping = type === "input" && (event.target as HTMLInputElement).type !== "checkbox";
        this.#search(isTyping);
      });
    }
    document.addEventListener("click", (event) => {
      const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-list]");
      const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
      if (link === null || !isPlain || event.defaultPrevented || link.pathname !== this.#path) return;
      event.preventDefault();
      this.#fill(readListQuery(new URLSearchParams(link.search)).query);
      this.#search(false);
    });
  }

  #search(isTyping: boolean): void {
    const params = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form!)) params.append(name, String(value));
    this.#list.search(readListQuery(params).query, isTyping);
  }

  /** Sets the fields of the form. */
  #fill(query: ListQuery): void {
    const states = new Set(filterValues(TASK_FILTERS.state, [query.state]));
    for (const field of this.#form!.elements) {
      if (field instanceof HTMLInputElement && field.type === "checkbox") {
        field.checked = field.name === "state" ? states.has(field.value) : query.group === field.value;
      } else if (field instanceof HTMLInputElement && field.type === "radio") {
        field.checked = query.view === field.value;
      } else if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) {
        const value = query[field.name as keyof ListQuery];
        const isListed = !(field instanceof HTMLSelectElement) ||
          [...field.options].some((each) => each.value === value);
        if (!isListed) field.append(new Option(value, value));
        field.value = value;
      }
    }
  }
}
