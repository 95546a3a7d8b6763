/**
 * Registers the monitors of this isolate and finds the one for a monitored function.
 *
 * @module
 */

import { AmbiguousMonitorError } from "../errors.ts";
import type { ReportSink } from "./report_sink.ts";

/**
 * The monitors of this isolate by channel name. The monitors are kept on the global object because a program
 * may load this module more than once, for example as a dependency and by URL.
 */
const MONITORS = Symbol.for("taskscope.monitors.v1");

function monitors(): Map<string, ReportSink> {
  const holder = globalThis as { [MONITORS]?: Map<string, ReportSink> };
  return holder[MONITORS] ??= new Map();
}

/**
 * Registers a monitor for every `monitored()` function of this isolate.
 *
 * @param channel the name of the monitor's channel
 * @param sink the monitor's sink for reports
 * @returns a function that unregisters the monitor
 */
export function registerMonitor(channel: string, sink: ReportSink): () => void {
  monitors().set(channel, sink);
  return () => {
    if (monitors().get(channel) === sink) monitors().delete(channel);
  };
}

/**
 * Finds the monitor of this isolate for a monitored function.
 *
 * @param channel the option `channel` of the function; `undefined` if it is not set
 * @returns the monitor's sink; `undefined` if this isolate has no monitor for the function
 * @throws {AmbiguousMonitorError} if `channel` is `undefined` and several monitors are registered
 */
export function localMonitor(channel: string | undefined): ReportSink | undefined {
  const known = monitors();
  if (channel !== undefined) return known.get(channel);
  if (known.size > 1) {
    throw new AmbiguousMonitorError(
      `Cannot choose a monitor: ${known.size} run in this isolate; set "channel", or use "monitor.monitored()" of one of them`,
    );
  }
  return known.values().next().value;
}
