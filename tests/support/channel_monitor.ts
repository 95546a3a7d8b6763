/**
 * A registry that other isolates of the process can reach over a channel.
 *
 * @module
 */

import { RegistryReports } from "../../lib/registry/member_reports.ts";
import { ChannelServer } from "../../lib/registry/channel_server.ts";
import type { MonitorLimits } from "../../lib/config/limits.ts";
import { registerMonitor } from "../../lib/reporter/local_monitors.ts";
import { TestRegistry } from "./registry.ts";

/** Interval between two publications of changes, in milliseconds. */
export const PUBLISH_INTERVAL_MS = 5;

let names = 0;

/** Returns a channel name that no other test uses. */
export function freshChannel(): string {
  return `monitor-test-${++names}-${crypto.randomUUID()}`;
}

/** A registry and its channel server. */
export class ChannelMonitor implements Disposable {
  readonly channel: string;
  readonly test: TestRegistry;
  readonly errors: unknown[] = [];
  #authority: ChannelServer;

  /**
   * @param limits the registry's limits
   * @param channel the channel's name; a unique one by default
   */
  constructor(limits: Partial<MonitorLimits> = {}, channel: string = freshChannel(), epoch = "first") {
    this.channel = channel;
    this.test = new TestRegistry(limits, epoch);
    this.#authority = this.#open();
  }

  /** Returns all tasks in a fixed order, as text to compare. */
  dump(): string {
    const { registry } = this.test;
    return registry.clients().flatMap((client) =>
      registry.tasks(client).map((task) => `${client}/${task.id} ${JSON.stringify(task)}`)
    ).sort().join("\n");
  }

  /** Closes the channel and reopens it; the registry keeps its tasks. */
  reopen(): void {
    this.#authority[Symbol.dispose]();
    this.#authority = this.#open();
  }

  /** Registers this monitor for the functions that are monitored in this isolate; returns a function that undoes it. */
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
      reports: new RegistryReports(this.test.registry),
      channel: this.channel,
      publishIntervalMs: PUBLISH_INTERVAL_MS,
      reportError: (error) => this.errors.push(error),
    });
  }
}
