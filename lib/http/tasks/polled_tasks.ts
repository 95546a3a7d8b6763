/**
 * Remembers the URLs that poll a single task: a polling client repeats the same request, and routing and checking it takes
 * most of the time of a response.
 *
 * @module
 */

import type { Call } from "../route.ts";

/** The maximum number of remembered URLs; beyond it, all are forgotten. */
const MAX_URLS = 256;

/** A task that a URL is about. */
interface PolledTask {
  readonly host: string;
  readonly client: string;
  readonly id: string;
}

/** Remembers requests for single tasks that passed every check. */
export class PolledTasks {
  readonly #tasks: Map<string, PolledTask> = new Map();

  /** The task of a request, if a request with the same URL and Host has passed every check before. */
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
