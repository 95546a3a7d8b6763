/**
 * Joins the hubs of several shards to one.
 *
 * @module
 */

import type { TaskRecord } from "../store/store.ts";
import type { Cursor } from "../task/cursor.ts";
import type { TaskListener } from "./change_listeners.ts";
import type { Hub, TaskHub } from "./hub.ts";
import type { Watcher, WatchMode } from "./watcher.ts";

/** Watches each client at the hub of its shard. */
export class ShardedHub implements TaskHub {
  readonly #of: (client: string) => Hub;
  readonly #all: () => readonly Hub[];

  /**
   * @param of returns the hub of a client
   * @param all returns all hubs
   */
  constructor(of: (client: string) => Hub, all: () => readonly Hub[]) {
    this.#of = of;
    this.#all = all;
  }

  watch(client: string, watcher: Watcher, mode: WatchMode, after: Cursor | null): () => void {
    return this.#of(client).watch(client, watcher, mode, after);
  }

  watchTask(client: string, stored: TaskRecord, watcher: Watcher): () => void {
    return this.#of(client).watchTask(client, stored, watcher);
  }

  watchEvents(client: string, watcher: Watcher, after: Cursor | null): () => void {
    return this.#of(client).watchEvents(client, watcher, after);
  }

  watchTaskEvents(client: string, stored: TaskRecord, watcher: Watcher, after: Cursor | null): () => void {
    return this.#of(client).watchTaskEvents(client, stored, watcher, after);
  }

  onFrame(client: string, listener: () => void): () => void {
    return this.#of(client).onFrame(client, listener);
  }

  onTask(client: string, id: string, listener: TaskListener): () => void {
    return this.#of(client).onTask(client, id, listener);
  }

  async flush(): Promise<void> {
    await Promise.all(this.#all().map((hub) => hub.flush()));
  }
}
