/**
 * Reads the histories of unfinished tasks from their owner, which alone has them in memory.
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
  /** Returns the other node that owns the tasks of a client; `null` if there is none, or this node owns them. */
  readonly ownerOf: (client: string) => Owner | null;
}

/** The progress histories and the values of running tasks, read from their owner. */
export class OwnerHistories implements LiveHistories {
  readonly #options: OwnerHistoriesOptions;

  /** @param options how to find the owner, and how to send it requests */
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
