/**
 * Runs a function as a task and reports its outcome.
 *
 * @module
 */

import { createChange } from "../task/create_change.ts";
import { LIMITS } from "../task/grammar.ts";
import type { JsonObject } from "../task/task.ts";
import { truncate } from "../task/truncate.ts";
import { withTimeout } from "../timeout.ts";
import { monotonicUlid } from "../ulid.ts";
import { callWithTask } from "./current_task.ts";
import type { MonitoredTask, TaskHandle } from "./monitored_task.ts";
import type { ReportSink } from "./report_sink.ts";
import { Interruption, RunningTask } from "./running_task.ts";

/** The settings of one run, with all defaults applied. */
export interface RunSettings {
  readonly name: string;
  readonly client: string;
  readonly id: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly staleAfterMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** The number of the attempt: 1 for the first run, 2 for the first retry, and so on. */
  readonly attempt?: number;
  /** The id of the task that this run retries. */
  readonly retryOf?: string;
  /** Whether the run was started by name, so that it can be retried by name. */
  readonly retryable?: boolean;
}

/**
 * The maximum time that the function's result is held back until the final state is committed, in
 * milliseconds.
 */
const COMMIT_WAIT_MS = 2_000;

/**
 * Calls a function as a task.
 *
 * @param call calls the function with the task
 * @param sink the sink for the run's reports
 * @param settings the settings of the run
 * @returns a handle for the run
 */
export function startRun<Result>(
  call: (task: MonitoredTask) => Result,
  sink: ReportSink,
  settings: RunSettings,
): TaskHandle<Awaited<Result>> {
  const controller = new AbortController();
  const signal = settings.signal === undefined
    ? controller.signal
    : AbortSignal.any([controller.signal, settings.signal]);
  const cancel = () => controller.abort(new DOMException("The task was cancelled", "AbortError"));
  const interrupt = () => controller.abort(new Interruption());
  const task = new RunningTask(sink, {
    id: settings.id ?? monotonicUlid(),
    client: settings.client,
    signal,
    onCancel: cancel,
    onInterrupt: interrupt,
  });
  task.begin(createChange({
    name: truncate(settings.name, LIMITS.nameLength),
    metadata: settings.metadata,
    tags: settings.tags,
    attempt: settings.attempt,
    retry_of: settings.retryOf,
    retryable: settings.retryable,
    stale_after: settings.staleAfterMs === undefined ? null : settings.staleAfterMs / 1000,
  }));
  const onAbort = () => signal.reason instanceof Interruption || task.requestCancel();
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });

  const done = outcomeOf(call, task).finally(() => signal.removeEventListener("abort", onAbort));
  done.catch(() => {});
  return { id: task.id, done, cancel };

  async function outcomeOf(
    call: (task: MonitoredTask) => Result,
    task: RunningTask,
  ): Promise<Awaited<Result>> {
    try {
      const result = await callWithTask(call, task);
      task.finish(result);
      return result;
    } catch (error) {
      task.failOrCancel(error);
      throw error;
    } finally {
      await settledInTime(sink);
    }
  }
}

async function settledInTime(sink: ReportSink): Promise<void> {
  // A failed commit is ignored here, because it must not affect the function's result.
  await withTimeout(sink.settled().catch(() => {}), COMMIT_WAIT_MS);
}
