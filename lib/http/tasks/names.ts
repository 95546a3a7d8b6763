/**
 * Responds with the statistics of a client's tasks by name.
 *
 * @module
 */

import { formatCursor } from "../../task/cursor.ts";
import { runStats } from "../../task/run_stats.ts";
import type { TaskSummary } from "../../task/task.ts";
import { matchesSummary } from "../../task/task_query.ts";
import { type HandlerContext, whenPublishable } from "../context.ts";
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
    return whenPublishable(this.#context, () => {
      const tasks: TaskSummary[] = [];
      for (const { summary } of registry.list(client)) {
        if (matchesSummary(summary, conditions)) tasks.push(summary);
      }
      return jsonResponse(JSON.stringify({ names: runStats(tasks), cursor: formatCursor(registry.cursor) }));
    });
  }
}
