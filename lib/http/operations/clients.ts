/**
 * Which clients there are: for whoever sees to the server.
 *
 * @module
 */

import type { HandlerContext } from "../context.ts";
import { jsonResponse } from "../responses.ts";

/** Answers requests for `/clients`. */
export class Clients {
  readonly #context: HandlerContext;

  /** @param context what the answers are made of */
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
