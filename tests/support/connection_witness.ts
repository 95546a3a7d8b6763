/**
 * Records the callbacks of `LiveUpdates`.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import type { ConnectionStatus } from "../../ui/browser/live_updates_options.ts";
import type { Reconnection } from "../../ui/shared/connection_text.ts";

/** Records the callbacks of `LiveUpdates`, and waits for one of them. */
export class ConnectionWitness {
  /** A line of text for each callback so far. */
  readonly said: string[] = [];
  readonly statuses: ConnectionStatus[] = [];
  readonly returns: Reconnection[] = [];
  activities = 0;
  #wake = Promise.withResolvers<void>();

  /** The callbacks to pass to `LiveUpdates`. */
  readonly hooks = {
    onChanges: (tasks: readonly Task[], removed: readonly string[]) => {
      if (tasks.length + removed.length > 0) {
        this.#note(`changes ${tasks.map((task) => task.id)} -${removed}`);
      }
    },
    onReplace: (tasks: readonly Task[]) => this.#note(`replace ${tasks.map((task) => task.id)}`),
    onStatus: (status: ConnectionStatus) => {
      this.statuses.push(status);
      this.#note(status.kind);
    },
    onReconnect: (back: Reconnection) => {
      this.returns.push(back);
      this.#note(`back ${back.tasks.map((task) => task.id)} -${back.removed}`);
    },
    onDegradation: (detail: string | null) => this.#note(`degraded ${detail}`),
    onActivity: () => void this.activities++,
  };

  #note(text: string): void {
    this.said.push(text);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Waits until a line has been recorded a number of times. */
  async until(text: string, times = 1): Promise<void> {
    while (this.said.filter((each) => each === text).length < times) await this.#wake.promise;
  }
}
