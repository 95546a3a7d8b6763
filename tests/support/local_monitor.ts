/**
 * A registry whose tasks run in the same isolate, for tests of code that reports tasks.
 *
 * @module
 */

import { LocalSink } from "../../lib/registry/local_sink.ts";
import type { Task } from "../../lib/task/task.ts";
import { type Wrapper, wrapperFor } from "../../lib/reporter/wrap.ts";
import { TestRegistry } from "./registry.ts";

/** Monitors functions without a channel or a server. */
export class LocalMonitor implements Disposable {
  readonly test: TestRegistry = new TestRegistry();
  readonly sink: LocalSink = new LocalSink(this.test.registry);

  /** Creates a monitored function that reports to this registry. */
  readonly monitored: Wrapper = wrapperFor(() => this.sink);

  /** The tasks created so far, oldest first. */
  get tasks(): Task[] {
    return this.test.registry.clients().flatMap((client) => this.test.registry.tasks(client).reverse());
  }

  /** The only task; throws if there is none, or more than one. */
  get task(): Task {
    const { tasks } = this;
    if (tasks.length !== 1) throw new Error(`Wanted one task, found ${tasks.length}`);
    return tasks[0]!;
  }

  /** Returns a task by its name. */
  named(name: string): Task {
    const task = this.tasks.find((task) => task.name === name);
    if (task === undefined) throw new Error(`There is no task "${name}"`);
    return task;
  }

  /** Returns the log of the only task. */
  async log(): Promise<string[]> {
    const { id, log_count } = this.task;
    const { lines } = await this.test.registry.log("default", id, 0, log_count);
    return lines.map(({ text }) => text);
  }

  [Symbol.dispose](): void {
    this.test[Symbol.dispose]();
  }
}

/** Waits for one turn of the event loop, so that timers with a delay of 0 have run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
