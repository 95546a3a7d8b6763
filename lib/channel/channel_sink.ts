/**
 * Sends reports to a monitor in another isolate of the process, or to a fallback if no monitor responds.
 *
 * @module
 */

import type { Report } from "../task/protocol.ts";
import type { ReportedTask, ReportSink } from "../reporter/report_sink.ts";
import { isChannelAvailable } from "./bus.ts";
import { MonitorSink } from "./monitor_sink.ts";

const sinks: Map<string, ChannelSink> = new Map();

/**
 * Returns the sink for tasks that have no monitor in their own isolate.
 *
 * @param channel the name of the monitor's channel
 * @param fallback returns the sink to use if no monitor responds; `null` if there is no fallback
 * @param key the key for the fallback's server, if the monitored function has the option `key`
 * @returns the sink; calls with the same channel and key return the same sink
 */
export function channelSink(
  channel: string,
  fallback: () => ReportSink | null = () => null,
  key?: string,
): ReportSink {
  const name = key === undefined ? channel : `${channel} ${key}`;
  let sink = sinks.get(name);
  if (sink === undefined) sinks.set(name, sink = new ChannelSink(channel, fallback));
  return sink;
}

/** Passes reports to the monitor. If no monitor responds, all reports go to the fallback from then on. */
class ChannelSink implements ReportSink {
  readonly #monitor: MonitorSink;
  readonly #fallback: () => ReportSink | null;
  #target: ReportSink;

  constructor(channel: string, fallback: () => ReportSink | null) {
    this.#fallback = fallback;
    this.#monitor = new MonitorSink(channel, fallback, (sink, tasks) => this.#moveTo(sink, tasks));
    this.#target = this.#monitor;
  }

  get ready(): boolean {
    return this.#target.ready;
  }

  open(task: ReportedTask): void {
    if (this.#target === this.#monitor && !isChannelAvailable()) {
      this.#target = this.#fallback() ?? this.#monitor;
    }
    this.#target.open(task);
  }

  report(task: ReportedTask, report: Report): void {
    this.#target.report(task, report);
  }

  close(task: ReportedTask): void {
    this.#target.close(task);
  }

  async settled(): Promise<void> {
    const target = this.#target;
    await target.settled();
    // The reports may have been moved to the fallback during the wait.
    if (this.#target !== target) await this.#target.settled();
  }

  #moveTo(sink: ReportSink, tasks: readonly ReportedTask[]): void {
    this.#target = sink;
    for (const task of tasks) sink.open(task);
    for (const task of tasks) task.announce();
    for (const task of tasks) task.flush();
  }
}
