/**
 * Converts the tasks of a monitor's options to functions that can be started by their registered names.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import type { ReportSink } from "../reporter/report_sink.ts";
import { type Startable, startableOf, wrap } from "../reporter/wrap.ts";
import { LIMITS } from "../task/grammar.ts";
import type { AnyTaskFunction, TaskDefinition } from "./monitor_options.ts";

/**
 * Validates the tasks of a monitor's options, and wraps plain functions.
 *
 * @param tasks the tasks by name
 * @param sinkOf returns the sink that wrapped functions report to; called when such a function is started
 * @returns the functions by name
 * @throws {ConfigError} if a name or a function is invalid
 */
export function registeredTasks(
  tasks: Readonly<Record<string, TaskDefinition>>,
  sinkOf: () => ReportSink,
): ReadonlyMap<string, Startable> {
  return new Map(Object.entries(tasks).map(([name, task]) => [name, registered(name, task, sinkOf)]));
}

function registered(name: string, task: TaskDefinition, sinkOf: () => ReportSink): Startable {
  if (name === "" || name.length > LIMITS.nameLength) {
    throw new ConfigError(
      `Cannot register task: wanted a name of 1 to ${LIMITS.nameLength} characters, received ${name.length}`,
    );
  }
  if (typeof task !== "function" && (typeof task !== "object" || task === null)) {
    throw new ConfigError(`Cannot register task "${name}": wanted a function, received ${typeof task}`);
  }
  const monitored = startableOf(task);
  if (monitored !== undefined) return monitored;
  const { fn, input } = "fn" in task ? task : { fn: task as AnyTaskFunction, input: undefined };
  if (typeof fn !== "function") {
    throw new ConfigError(`Cannot register task "${name}": wanted a function, received ${typeof fn}`);
  }
  return startableOf(wrap(fn, { name, ...(input !== undefined && { input }) }, sinkOf))!;
}
