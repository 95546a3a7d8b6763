/**
 * Coalesces the updates of one task and reports them in order.
 *
 * @module
 */

import { now, timeAt } from "../clock.ts";
import { truncate } from "../task/truncate.ts";
import { LIMITS } from "../task/grammar.ts";
import {
  type CancelledChange,
  type CreateChange,
  type FailChange,
  type FinishChange,
  LOG_LEVELS,
  LOG_STREAMS,
  type LogLine,
  type LogLineTraits,
  type ReportedChange,
} from "../task/task.ts";
import { LOG_BUFFER_LIMITS, LogBuffer, type LogBufferLimits } from "./log_buffer.ts";
import type { ReportedTask, ReportSink } from "./report_sink.ts";
import type { TaskUpdate } from "./task_update.ts";
import { textOf } from "./text_of.ts";
import { UnsentUpdate, type UpdateDraft } from "./unsent_update.ts";
import { UnsentValues } from "./unsent_values.ts";
import { mergeMetadata } from "../task/transition.ts";

/** The throttle and the buffer size of a {@linkcode TaskReporter}. */
export interface ReporterOptions {
  /** The minimum time between two progress reports, in milliseconds; 0 reports every update separately. */
  readonly flushIntervalMs: number;
  /**
   * The limits on log lines that wait to be reported; beyond them, the oldest lines are dropped. @default
   * {LOG_BUFFER_LIMITS}
   */
  readonly logBuffer?: LogBufferLimits;
  /** Whether the updates are read from the task's output. @default {false} */
  readonly readsOutput?: boolean;
}

/** Callbacks of a {@linkcode TaskReporter}. */
export interface TaskHandlers {
  /** Called when a watcher has requested cancellation. */
  readonly onCancel: () => void;
  /** Called when the server's process is about to end. */
  readonly onInterrupt: () => void;
  readonly warn: (message: string) => void;
}

/** The default {@linkcode ReporterOptions}. */
export const REPORTER_DEFAULTS: ReporterOptions = {
  flushIntervalMs: 50,
};

/** A change to a final state. */
export type EndChange = FinishChange | FailChange | CancelledChange;

/**
 * Throttles the updates of one task: the first update is reported at once, later ones at most every
 * `flushIntervalMs`, with the newest values. State changes and log lines are never coalesced, and the last
 * update is always reported. The size of the buffer does not depend on the rate of updates.
 */
export class TaskReporter implements ReportedTask {
  readonly client: string;
  readonly id: string;
  readonly #sink: ReportSink;
  readonly #options: ReporterOptions;
  readonly #handlers: TaskHandlers;
  /** The state changes that are not reported yet, in order. */
  #states: { readonly at: number; readonly change: ReportedChange }[] = [];
  /** The change that creates the task, with the task's current metadata. */
  #create: { readonly at: number; readonly change: CreateChange } | null = null;
  /** All updates so far, merged into one, for {@linkcode ReportedTask.restate}; `null` if there was none. */
  #summary: UpdateDraft | null = null;
  #isCancelRequested = false;
  readonly #update: UnsentUpdate;
  #updatedMs = 0;
  readonly #lines: LogBuffer;
  readonly #values = new UnsentValues();
  #sentLines = 0;
  #flushedMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: { readonly at: number; readonly change: EndChange } | null = null;
  #closed = false;
  #refused = false;
  /** Whether {@linkcode TaskReporter.announce} reports all pending changes instead of only state changes. */
  #announcesAll = false;
  #warned = false;

  /**
   * @param sink the sink for the task's reports
   * @param key the client token and id of the task
   * @param handlers called on cancellation, on interruption and for warnings
   * @param options the throttle and the buffer
   */
  constructor(
    sink: ReportSink,
    key: { readonly client: string; readonly id: string },
    handlers: TaskHandlers,
    options: ReporterOptions = REPORTER_DEFAULTS,
  ) {
    this.#sink = sink;
    this.client = key.client;
    this.id = key.id;
    this.#handlers = handlers;
    this.#options = options;
    this.#update = new UnsentUpdate(options.readsOutput ?? false, (reason) => this.#warnOnce(reason));
    this.#lines = new LogBuffer(options.logBuffer ?? LOG_BUFFER_LIMITS);
    sink.open(this);
  }

  get ended(): boolean {
    return this.#end !== null;
  }

  /** Reports the creation and the start of the task. */
  begin(create: CreateChange): void {
    this.#create = { at: now(), change: create };
    this.#queueCreation();
    this.flush();
  }

  /** Reports progress. Never throws; invalid values are ignored, with one warning per task. */
  update(update: TaskUpdate): void {
    if (this.#isOver) return;
    const nowMs = Date.now();
    try {
      this.#update.add(update ?? {});
      if (update?.values !== undefined) {
        this.#values.add(update.values, timeAt(nowMs), (reason) => this.#warnOnce(reason));
      }
    } catch {
      // A getter or a conversion to text in user code threw an error.
      this.#warnOnce("a value can't be read");
    }
    this.#updatedMs = nowMs;
    this.#flushSoon(nowMs);
  }

  /** Reports the sum of the weights of all subtasks; `null` if it is unknown. Never throws. */
  expect(weight: number | null): void {
    if (this.#isOver) return;
    const isValid = weight === null || (typeof weight === "number" && Number.isFinite(weight) && weight >= 0);
    if (!isValid) {
      this.#warnOnce(`an expected weight must be a number of at least 0 or null, received ${textOf(weight)}`);
      return;
    }
    const nowMs = Date.now();
    this.#update.expect(weight);
    this.#updatedMs = nowMs;
    this.#flushSoon(nowMs);
  }

  /** Reports the sum of the weights of all subtasks at once if the throttle holds it back. */
  flushExpected(): void {
    if (this.#update.expectsWeight) this.flush();
  }

  /**
   * Reports the progress of this task, if it has made any, before the creation of later tasks: at once, or as
   * soon as the sink is ready.
   */
  precede(): void {
    if (this.#end === null && !this.#update.hasProgress) return;
    this.#announcesAll = true;
    this.flush();
  }

  /** Appends a line to the task's log. An unknown level or stream is left out. */
  log(line: string, { stream, level }: LogLineTraits = {}): void {
    if (this.#isOver) return;
    const nowMs = Date.now();
    this.#lines.push({
      at: timeAt(nowMs),
      text: truncate(textOf(line), LIMITS.logLineLength),
      ...(LOG_STREAMS.includes(stream!) && { stream: stream! }),
      ...(LOG_LEVELS.includes(level!) && { level: level! }),
    });
    if (this.#lines.hasFullPart) this.flush();
    this.#flushSoon(nowMs);
  }

  /** Reports that the task's own program requested cancellation. */
  requestCancel(): void {
    if (this.#isOver) return;
    this.#isCancelRequested = true;
    this.#states.push({ at: now(), change: { type: "request_cancel" } });
    this.flush();
  }

  /** Reports the final state of the task. Further calls are ignored. */
  end(change: EndChange): void {
    if (this.#end !== null) return;
    this.#end = { at: now(), change };
    this.flush();
  }

  announce(): void {
    if (this.#closed || !this.#sink.ready) return;
    if (this.#announcesAll) this.flushPart();
    else this.#announceStates();
  }

  flush(): void {
    while (this.flushPart());
  }

  flushPart(): boolean {
    if (this.#closed || !this.#sink.ready) return false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#announcesAll = false;
    this.#flushedMs = Date.now();
    this.#announceStates();
    const draft = this.#update.take();
    if (draft !== null) {
      this.#remember(draft);
      const values = this.#values.take();
      if (values !== undefined) draft.values = values;
      this.#report(timeAt(this.#updatedMs), draft);
    }
    // The sink calls this method again once it is ready for the lines that remain.
    if (!this.#lines.isEmpty && this.#sink.ready) this.#reportLines(this.#lines.take());
    if (!this.#lines.isEmpty) return true;
    if (this.#end !== null) {
      this.#report(this.#end.at, this.#end.change);
      this.#close();
    }
    return false;
  }

  cancelRequested(): void {
    if (this.#end === null) this.#handlers.onCancel();
  }

  interrupted(): void {
    if (this.#end === null) this.#handlers.onInterrupt();
  }

  restate(lines: readonly LogLine[]): void {
    if (this.#create === null || this.#refused) return;
    if (this.#closed) {
      this.#closed = false;
      this.#sink.open(this);
    }
    this.#states = [];
    const draft = this.#update.take();
    if (draft !== null) this.#remember(draft);
    if (this.#summary !== null) this.#update.restate(this.#summary);
    this.#values.restate();
    this.#queueCreation();
    this.#lines.unshift(lines);
    this.#sentLines = 0;
    this.flush();
  }

  refused(message: string | null): void {
    if (this.#refused) return;
    this.#refused = true;
    // The warning is given even if the task has already ended, because it is the only hint why the task does
    // not appear.
    if (message !== null) this.#handlers.warn(`Task "${this.id}" runs unmonitored: ${message}`);
    if (!this.#closed) this.#close();
  }

  /** Whether nothing more is to be reported: the task has ended or was refused. */
  get #isOver(): boolean {
    return this.#end !== null || this.#refused;
  }

  #announceStates(): void {
    for (const { at, change } of this.#states.splice(0)) this.#report(at, change);
  }

  #queueCreation(): void {
    if (this.#create === null) return;
    const { at } = this.#create;
    this.#states.push(this.#create, { at, change: { type: "start" } });
    if (this.#isCancelRequested) this.#states.push({ at, change: { type: "request_cancel" } });
  }

  /** Merges an update into the summary that {@linkcode ReportedTask.restate} reports. */
  #remember({ metadata, ...draft }: UpdateDraft): void {
    this.#summary = { ...this.#summary, ...draft };
    if (metadata === undefined || this.#create === null) return;
    const { at, change } = this.#create;
    this.#create = { at, change: { ...change, metadata: mergeMetadata(change.metadata, metadata) } };
  }

  #close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#states = [];
    this.#update.take();
    this.#lines.clear();
    this.#sink.close(this);
  }

  #report(at: number, change: ReportedChange): void {
    if (!this.#closed) this.#sink.report(this, { client: this.client, id: this.id, at, change });
  }

  #flushSoon(nowMs: number): void {
    if (this.#closed) return;
    const waitMs = this.#flushedMs + this.#options.flushIntervalMs - nowMs;
    // The wait is longer than the interval only if the clock was set back; the update is then reported at
    // once.
    if (waitMs <= 0 || waitMs > this.#options.flushIntervalMs) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  #reportLines(lines: readonly LogLine[]): void {
    const first = this.#sentLines;
    this.#sentLines += lines.length;
    this.#report(lines[0]?.at ?? 0, { type: "log", first, lines });
  }

  #warnOnce(message: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#handlers.warn(`Ignored part of an update of task "${this.id}": ${message}`);
  }
}
