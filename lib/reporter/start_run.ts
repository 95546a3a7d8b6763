/**
 * Runs functions as tasks and reports their outcome.
 *
 * @module
 */

import type { MonitoredTask, TaskHandle } from "./monitored_task.ts";
import {
  type AnyGenerator,
  exhaust,
  generatorKind,
  type GeneratorRun,
  monitorGenerator,
} from "./monitored_generator.ts";
import type { ReportSink } from "./report_sink.ts";
import { Run, type RunSettings } from "./run.ts";

/**
 * Starts a function as a task.
 *
 * @param call calls the function with the task
 * @param sink the sink for the run's reports
 * @param settings the settings of the run
 * @returns a handle for the run, whose `done` is the function's result; if the function returns a generator,
 * the generator is run to its end, and `done` is what it returns
 */
export function startRun(
  call: (task: MonitoredTask) => unknown,
  sink: ReportSink,
  settings: RunSettings,
): TaskHandle<unknown> {
  const run = new Run(sink, settings);
  const done = outcomeOf(run, () => {
    const returned = run.call(call);
    return generatorKind(returned) === null ? returned : exhaust(run, returned as AnyGenerator);
  });
  // The task records the error, so a rejection that no code awaits does not count as unhandled.
  done.catch(() => {});
  return { id: run.id, done, cancel: run.cancel };
}

/**
 * Calls a function as a task.
 *
 * @param call calls the function with the task
 * @param sink the sink for the run's reports
 * @param settings the settings of the run
 * @returns a promise of the function's result; if the function returns a generator, a generator whose task
 * ends when the generator ends
 */
export function callRun(
  call: (task: MonitoredTask) => unknown,
  sink: ReportSink,
  settings: RunSettings,
): unknown {
  const run = new Run(sink, settings);
  let returned: unknown;
  try {
    returned = run.call(call);
  } catch (error) {
    return outcomeOf(run, () => {
      throw error;
    });
  }
  const kind = generatorKind(returned);
  return kind === null
    ? outcomeOf(run, () => returned)
    : monitorGenerator(kind, { run, generator: returned as AnyGenerator });
}

/**
 * Begins the run of a generator function.
 *
 * @param call calls the function with the task
 * @param sink the sink for the run's reports
 * @param settings the settings of the run
 * @returns the run, and the generator that the function has created
 * @throws any error of the function, which a generator function throws only while it evaluates its parameters
 */
export function beginGenerator(
  call: (task: MonitoredTask) => unknown,
  sink: ReportSink,
  settings: RunSettings,
): GeneratorRun {
  const run = new Run(sink, settings);
  try {
    return { run, generator: run.call(call) as AnyGenerator };
  } catch (error) {
    run.fail(error);
    throw error;
  }
}

/** Reports the outcome of a run, and returns a promise of it. */
async function outcomeOf(run: Run, code: () => unknown): Promise<unknown> {
  try {
    const result = await code();
    run.finish(result);
    return result;
  } catch (error) {
    run.fail(error);
    throw error;
  } finally {
    await run.settled();
  }
}
