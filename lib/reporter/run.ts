/**
 * One run of a monitored function, as a task that begins and ends together with the run.
 *
 * @module
 */

import { createChange } from "../task/create_change.ts";
import { LIMITS } from "../task/grammar.ts";
import type { MaybePromise } from "../task/maybe_promise.ts";
import type { JsonObject } from "../task/task.ts";
import { truncate } from "../task/truncate.ts";
import { withTimeout } from "../timeout.ts";
import { monotonicUlid } from "../ulid.ts";
import { callWithTask } from "./current_task.ts";
import type { MonitoredTask } from "./monitored_task.ts";
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
  /**
   * Whether the server started the run, by the name of a registered function, so that the server can retry
   * it.
   */
  readonly retryable?: boolean;
}

/**
 * The maximum time that the function's result is held back until the final state is committed, in
 * milliseconds.
 */
const COMMIT_WAIT_MS = 2_000;

/** A run, which begins when it is created. The code of the function is called with {@linkcode Run.call}. */
export class Run {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly #sink: ReportSink;
  readonly #task: RunningTask;
  readonly #controller: AbortController = new AbortController();
  #hasEnded = false;

  /**
   * @param sink the sink for the run's reports
   * @param settings the settings of the run
   */
  constructor(sink: ReportSink, settings: RunSettings) {
    this.#sink = sink;
    this.signal = settings.signal === undefined
      ? this.#controller.signal
      : AbortSignal.any([this.#controller.signal, settings.signal]);
    this.#task = new RunningTask(sink, {
      id: settings.id ?? monotonicUlid(),
      client: settings.client,
      signal: this.signal,
      onCancel: this.cancel,
      onInterrupt: () => this.#controller.abort(new Interruption()),
    });
    this.id = this.#task.id;
    this.#task.begin(createChange({
      name: truncate(settings.name, LIMITS.nameLength),
      metadata: settings.metadata,
      tags: settings.tags,
      attempt: settings.attempt,
      retry_of: settings.retryOf,
      retryable: settings.retryable,
      stale_after: settings.staleAfterMs === undefined ? null : settings.staleAfterMs / 1000,
    }));
    if (this.signal.aborted) this.#onAbort();
    else this.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Requests cancellation. */
  readonly cancel = (): void => {
    this.#controller.abort(new DOMException("The task was cancelled", "AbortError"));
  };

  readonly #onAbort = (): void => {
    if (!(this.signal.reason instanceof Interruption)) this.#task.requestCancel();
  };

  /** Calls code of the function. During the call, {@linkcode currentTask} returns the run's task. */
  call<Result>(code: (task: MonitoredTask) => Result): Result {
    return callWithTask(code, this.#task);
  }

  /** Reports that the function has returned. Ignored if the run has ended. */
  finish(result: unknown): void {
    if (this.#end()) this.#task.finish(result);
  }

  /** Reports that the function has thrown an error, perhaps because of a cancellation. Ignored if the run has ended. */
  fail(error: unknown): void {
    if (this.#end()) this.#task.failOrCancel(error);
  }

  /**
   * Waits until the final state is committed, but no longer than {@linkcode COMMIT_WAIT_MS}; returns `undefined` if it
   * is committed already.
   */
  settled(): MaybePromise<void> {
    const committed = this.#sink.settled();
    // A failed commit is ignored here, because it must not affect the function's result.
    if (committed !== undefined) return withTimeout(committed.catch(() => {}), COMMIT_WAIT_MS);
  }

  #end(): boolean {
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    this.signal.removeEventListener("abort", this.#onAbort);
    return true;
  }
}
