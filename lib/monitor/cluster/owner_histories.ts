/**
 * Reads from the owner of the tasks what it alone has of those that have not ended.
 *
 * @module
 */

import type { Forwarder, Owner } from "../../http/cluster/forwarder.ts";
import type { LiveHistories } from "../../registry/registry_options.ts";
import type { ProgressPoint } from "../../task/task.ts";
import type { TaskValues } from "../../task/value_book.ts";
import { readProgressPoints, readValuesPage } from "../../task/wire.ts";

/** Options of {@linkcode OwnerHistories}. */
export interface OwnerHistoriesOptions {
  readonly forwarder: Forwarder;
  readonly basePath: string;
  /** Returns the node that owns the tasks of a client; `null` if there is none, or it is this one. */
  readonly ownerOf: (client: string) => Owner | null;
}

/** The progress and the values of running tasks, as their owner has them. */
export class OwnerHistories implements LiveHistories {
  readonly #options: OwnerHistoriesOptions;

  /** @param options the owner, and the way to it */
  constructor(options: OwnerHistoriesOptions) {
    this.#options = options;
  }

  async progress(client: string, id: string): Promise<readonly ProgressPoint[] | null> {
    const body = await this.#read(client, id, "progress");
    return body === null ? null : readProgressPoints(body);
  }

  async values(client: string, id: string): Promise<TaskValues | null> {
    const body = await this.#read(client, id, "values");
    if (body === null) return null;
    const { series, ignored } = readValuesPage(body);
    return { series: series.map(({ name, points }) => ({ name, points })), ignored };
  }

  async #read(client: string, id: string, what: string): Promise<unknown> {
    const { forwarder, basePath, ownerOf } = this.#options;
    const to = ownerOf(client);
    return to === null ? null : await forwarder.read(`${basePath}/tasks/${client}/${id}/${what}`, to);
  }
}
