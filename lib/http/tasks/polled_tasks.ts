/**
 * Remembers the URLs with which clients poll a single task, because routing and checking such a request takes
 * most of its response time.
 *
 * @module
 */

import type { Call } from "../route.ts";

/** The maximum number of remembered URLs; beyond it, all of them are forgotten. */
const MAX_URLS = 256;

/** The task that a remembered URL requests. */
interface PolledTask {
  readonly host: string;
  readonly client: string;
  readonly id: string;
}

/** Remembers requests for single tasks that passed every check. */
export class PolledTasks {
  readonly #tasks: Map<string, PolledTask> = new Map();

  /** Returns the task of a request, if a request with the same URL and Host has passed every check before. */
  find(request: Request): PolledTask | undefined {
    const known = this.#tasks.get(request.url);
    if (known === undefined || request.method !== "GET" || request.headers.get("host") !== known.host) {
      return undefined;
    }
    return known;
  }

  /** Remembers a request that has passed every check. */
  add({ request, client, id }: Call): void {
    const host = request.headers.get("host");
    if (host === null) return;
    if (this.#tasks.size >= MAX_URLS) this.#tasks.clear();
    this.#tasks.set(request.url, { host, client, id });
  }
}
