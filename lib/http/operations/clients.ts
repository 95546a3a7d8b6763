/**
 * Lists the clients that have tasks, for operators.
 *
 * @module
 */

import type { HandlerContext } from "../context.ts";
import { jsonResponse } from "../responses.ts";

/** Handles requests to `/clients`. */
export class Clients {
  readonly #context: HandlerContext;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /clients` */
  list(): Response {
    const { registry } = this.#context;
    const clients = registry.clientCounts().map(({ client, live, ended }) => ({
      client,
      unfinished: live,
      ended,
    }));
    return jsonResponse(JSON.stringify({ clients }));
  }
}
