/**
 * Responds with the statistics of a client's tasks by name.
 *
 * @module
 */

import { formatCursor } from "../../task/cursor.ts";
import { type HandlerContext, whenPublishable } from "../context.ts";
import { NameStats } from "../../registry/name_stats.ts";
import { parseNameQuery } from "./query.ts";
import { jsonResponse } from "../responses.ts";
import { type Answer, type Call, paramsOf } from "../route.ts";

/** Handles requests below `/names`. */
export class Names {
  readonly #context: HandlerContext;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /names/{client}[?name=][&since=][&until=]` */
  list({ client, request }: Call): Answer {
    const conditions = parseNameQuery(paramsOf(request));
    const { registry } = this.#context;
    return whenPublishable(this.#context, async () => {
      // Later changes may be among the statistics, too, but none up to the cursor is missing.
      const cursor = formatCursor(registry.cursor);
      const names = await new NameStats(registry, client).all(conditions);
      return jsonResponse(JSON.stringify({ names, cursor }));
    });
  }
}
