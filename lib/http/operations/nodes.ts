/**
 * Lists the nodes of the cluster, for operators.
 *
 * @module
 */

import type { HandlerContext } from "../context.ts";
import { jsonResponse } from "../responses.ts";

/** Handles requests to `/nodes`. */
export class Nodes {
  readonly #context: HandlerContext;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /nodes` */
  async list(): Promise<Response> {
    const nodes = await this.#context.operations.nodes();
    return jsonResponse(JSON.stringify({
      nodes: nodes.map(({ id, address, version, since, shards, isHere }) => ({
        ...{ id, address, version, since, shards },
        here: isHere,
      })),
    }));
  }
}
