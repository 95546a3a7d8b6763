/**
 * Finds where the reports of a monitored function go.
 *
 * @module
 */

import { AmbiguousMonitorError } from "../errors.ts";
import type { ReportSink } from "./report_sink.ts";

/**
 * The monitors of this isolate, by the names of their channels. On the global object, because a program may hold this
 * module more than once: its own copy, and one that was imported by URL.
 */
const MONITORS = Symbol.for("taskscope.monitors.v1");

function monitors(): Map<string, ReportSink> {
  const holder = globalThis as { [MONITORS]?: Map<string, ReportSink> };
  return holder[MONITORS] ??= new Map();
}

/**
 * Makes a monitor known to every `monitored()` of this isolate.
 *
 * @param channel the name of its channel
 * @param sink takes the reports
 * @returns a function that takes it back
 */
export function registerMonitor(channel: string, sink: ReportSink): () => void {
  monitors().set(channel, sink);
  return () => {
    if (monitors().get(channel) === sink) monitors().delete(channel);
  };
}

/**
 * The monitor of this isolate that takes the reports of a function that names none.
 *
 * @param channel the name of the monitor's channel, where the function gives it
 * @returns where reports go; `undefined` where there is no monitor in this isolate
 * @throws {AmbiguousMonitorError} where there are several and none was named
 */
export function localMonitor(channel: string | undefined): ReportSink | undefined {
  const known = monitors();
  if (channel !== undefined) return known.get(channel);
  if (known.size > 1) {
    throw new AmbiguousMonitorError(
      `Cannot choose a monitor: ${known.size} run here, so use "monitor.monitored()" of one of them`,
    );
  }
  return known.values().next().value;
}
