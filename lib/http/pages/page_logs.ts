/**
 * Reads the log lines that a task's page shows when it is loaded.
 *
 * @module
 */

import type { FoundLines, ShownTask } from "../../page_renderer.ts";
import type { RegistryReader } from "../../registry/registry_reader.ts";
import type { Task } from "../../task/task.ts";
import type { LogSearches } from "../tasks/log_searches.ts";
import type { LogParams } from "../tasks/log_params.ts";

/** The number of log lines that a task's page shows when it is loaded. */
const LOG_LINES = 500;

/** Reads logs for pages. */
export class PageLogs {
  readonly #registry: Pick<RegistryReader, "log">;
  readonly #searches: LogSearches;

  /**
   * @param registry the tasks and their logs
   * @param searches searches the logs
   */
  constructor(registry: Pick<RegistryReader, "log">, searches: LogSearches) {
    this.#registry = registry;
    this.#searches = searches;
  }

  /** Returns the newest lines of a task's log, or the lines that the URL of the page asks for. */
  async lines(client: string, { id, log_count: count }: Task, wanted: LogParams): Promise<ShownTask["log"]> {
    const { after, before } = wanted.filter === null ? wanted : { after: null, before: count };
    const from = after ?? Math.max(0, before - LOG_LINES);
    const [{ first, lines }, oldest] = await Promise.all([
      this.#registry.log(client, id, from, Math.min(before, count), LOG_LINES),
      this.#registry.log(client, id, 0, count, 1),
    ]);
    const dropped = lines.length === 0 ? Math.min(before, count) : first;
    return { lines, dropped, gone: oldest.lines.length === 0 ? dropped : Math.min(dropped, oldest.first) };
  }

  /** Returns the result of the search in the URL of the page; `null` if the URL has no search. */
  async found(
    client: string,
    id: string,
    { filter, after, before }: LogParams,
  ): Promise<FoundLines | null> {
    if (filter === null) return null;
    const { text, stream, level } = filter;
    const range = { from: after ?? 0, to: before, most: LOG_LINES };
    const keep = after === null ? "newest" : "oldest";
    const found = await this.#searches.search(client, id, { ...filter, ...range, keep });
    return { ...found, text, ...(stream !== undefined && { stream }), ...(level !== undefined && { level }) };
  }
}
