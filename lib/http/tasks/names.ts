/**
 * Responds with the statistics of a client's tasks by name.
 *
 * @module
 */

import { shareOf } from "../../access/grant.ts";
import { formatCursor } from "../../task/cursor.ts";
import { type HandlerContext, whenPublishable } from "../context.ts";
import { NameStats } from "../../registry/name_stats.ts";
import { parseNameQuery } from "./query.ts";
import { jsonResponse } from "../responses.ts";
import { type Answer, type Call, paramsOf } from "../route.ts";
import { Slots } from "../slots.ts";

/** The maximum number of computations of statistics that run or wait at the same time. */
const MAX_WAITING = 20;

/** Handles requests below `/names`. */
export class Names {
  readonly #context: HandlerContext;
  readonly #waiting = new Slots(MAX_WAITING, "statistics of names");
  /** The results of the computations that run or wait, by client, cursor and parameters. */
  readonly #texts: Map<string, Promise<string>> = new Map();
  #last: Promise<unknown> = Promise.resolve();

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /**
   * `GET /names/{client}[?name=][&since=][&until=]`. Only one computation runs at a time, because each may
   * read 100,000 runs; equal requests share a computation.
   *
   * @throws {Problem} 400 if a parameter is invalid, 503 if too many requests wait
   */
  list({ client, request, visitor: { grant } }: Call): Answer {
    const params = paramsOf(request);
    const conditions = parseNameQuery(params);
    const { registry } = this.#context;
    return whenPublishable(this.#context, client, async () => {
      // The statistics contain all changes up to the cursor, and perhaps some later changes.
      const cursor = formatCursor(registry.cursorOf(client));
      const text = await this.#once(`${client} ${cursor} ${params}`, shareOf(grant), async () => {
        const names = await new NameStats(registry, client).all(conditions);
        return JSON.stringify({ names, cursor });
      });
      return jsonResponse(text);
    });
  }

  #once(key: string, share: string | null, compute: () => Promise<string>): Promise<string> {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const release = this.#waiting.take(share);
    const text = this.#last.then(compute).finally(() => {
      this.#texts.delete(key);
      release();
    });
    this.#texts.set(key, text);
    this.#last = text.catch(() => {});
    return text;
  }
}
