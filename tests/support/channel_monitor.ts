/**
 * A registry that is open to the other isolates of the process.
 *
 * @module
 */

import { ChannelServer } from "../../lib/registry/channel_server.ts";
import type { MonitorLimits } from "../../lib/config/limits.ts";
import { registerMonitor } from "../../lib/reporter/local_monitors.ts";
import { TestRegistry } from "./registry.ts";

/** Milliseconds between two publications. */
export const PUBLISH_INTERVAL_MS = 5;

let names = 0;

/** A channel's name that no other test has. */
export function freshChannel(): string {
  return `monitor-test-${++names}-${crypto.randomUUID()}`;
}

/** A registry with its authority. */
export class ChannelMonitor implements Disposable {
  readonly channel: string;
  readonly test: TestRegistry;
  readonly errors: unknown[] = [];
  #authority: ChannelServer;

  /**
   * @param limits the registry's bounds
   * @param channel the name; a fresh one by default
   */
  constructor(limits: Partial<MonitorLimits> = {}, channel: string = freshChannel(), epoch = "first") {
    this.channel = channel;
    this.test = new TestRegistry(limits, epoch);
    this.#authority = this.#open();
  }

  /** All tasks, in an order of their own, as text that can be compared. */
  dump(): string {
    const { registry } = this.test;
    return registry.clients().flatMap((client) =>
      registry.tasks(client).map((task) => `${client}/${task.id} ${JSON.stringify(task)}`)
    ).sort().join("\n");
  }

  /** Closes the channel and opens it again, with the same tasks. */
  reopen(): void {
    this.#authority[Symbol.dispose]();
    this.#authority = this.#open();
  }

  /** Makes the monitor known to this isolate; gives back what takes it back. */
  announce(sink: Parameters<typeof registerMonitor>[1]): () => void {
    return registerMonitor(this.channel, sink);
  }

  [Symbol.dispose](): void {
    this.#authority[Symbol.dispose]();
    this.test[Symbol.dispose]();
  }

  #open(): ChannelServer {
    return new ChannelServer({
      registry: this.test.registry,
      channel: this.channel,
      publishIntervalMs: PUBLISH_INTERVAL_MS,
      reportError: (error) => this.errors.push(error),
    });
  }
}
