/**
 * Reports a command as a task: its output as log and progress, its exit as final state.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import type { OutputName } from "./output_pipe.ts";
import { OutputBacklog } from "./output_backlog.ts";
import { OutputHeartbeat } from "./output_heartbeat.ts";
import { LastOutput } from "./last_output.ts";
import { LineSplitter } from "../../reading/line_splitter.ts";
import { ProgressReader } from "../../reading/progress_reader.ts";
import type { Reading } from "../../reading/reading.ts";
import type { OutputLine } from "../../reading/screen.ts";
import { LIMITS } from "../../task/grammar.ts";
import type { ReportSink } from "../../reporter/report_sink.ts";
import {
  type EndChange,
  REPORTER_DEFAULTS,
  type TaskHandlers,
  TaskReporter,
} from "../../reporter/task_reporter.ts";
import { stateWords } from "../../task/state_words.ts";
import { truncate } from "../../task/truncate.ts";
import type { CreateChange } from "../../task/task.ts";
import type { Usage } from "./usage_meter.ts";

/** How a command ended. */
export interface CommandEnd {
  /** The exit status; 128 plus the signal's number if a signal ended the command. */
  readonly status: number;
  /** The signal that ended the command; `null` if it exited by itself. */
  readonly signal: string | null;
  /** Whether the task was cancelled, or the user ended the command with a signal. */
  readonly wasCancelled: boolean;
}

/** Options of a {@linkcode CommandTask}. */
export interface CommandTaskOptions extends TaskHandlers {
  /** The stream that error messages are taken from. */
  readonly errorOutput: OutputName;
  /** The sum of the weights of all subtasks; `null` if it is unknown. */
  readonly expectedWeight: number | null;
}

/** The number of milliseconds without output after which an unfinished line is read for progress. */
const SILENCE_MS = 200;
/**
 * How often, in milliseconds, the reader checks whether a progress bar is no longer updated, and reads lines that
 * grow without a pause.
 */
const TICK_MS = 1_000;
/** The `error.type` of a command that failed. */
const ERROR_TYPE = "exit";

/** Reports a command to a sink, and reads its output. Never throws. */
export class CommandTask {
  readonly #reporter: TaskReporter;
  readonly #progress = new ProgressReader();
  readonly #backlog = new OutputBacklog({
    onBytes: (output, bytes, isRead) => this.#take(output, this.#outputs[output].push(bytes), isRead),
    onSkip: (output, byteCount) => this.#take(output, this.#outputs[output].skip(byteCount), false),
  });
  readonly #outputs = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  readonly #expectedWeight: number | null;
  /** The names of the values in the output, and of the values that {@linkcode used} reports. */
  readonly #valueNames = { output: new Set<string>(), usage: new Set<string>() };
  readonly #lastOutput: LastOutput;
  readonly #heartbeat: OutputHeartbeat;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #tickTimer: ReturnType<typeof setInterval> | undefined;
  #wroteMs = 0;
  #hasEnded = false;

  /**
   * Creates the task.
   *
   * @param sink where to report
   * @param key the client and id of the task
   * @param create the change that creates the task
   * @param options the stream of error messages, the weight of all subtasks, and handlers of cancellation and warnings
   */
  constructor(
    sink: ReportSink,
    key: { readonly client: string; readonly id: string },
    create: CreateChange,
    options: CommandTaskOptions,
  ) {
    this.#lastOutput = new LastOutput(options.errorOutput);
    this.#expectedWeight = options.expectedWeight;
    // The empty patch changes nothing, but distinguishes the update from a measurement that it is coalesced with.
    this.#heartbeat = new OutputHeartbeat(create.stale_after, () => this.#reporter.update({ metadata: {} }));
    this.#reporter = new TaskReporter(sink, key, options, { ...REPORTER_DEFAULTS, readsOutput: true });
    this.#reporter.begin(create);
  }

  /**
   * Reports that the command is running.
   *
   * @param pid the id of its process
   */
  started(pid: number): void {
    if (this.#expectedWeight !== null) this.#reporter.expect(this.#expectedWeight);
    // The update also makes the state PROCESSING, as the output may never contain progress.
    this.#reporter.update({ metadata: { pid } });
    this.#heartbeat.reported();
  }

  /**
   * Reports output of the command; output of processes that outlive it is not reported. Any output is a sign of life,
   * even if nothing can be read from it.
   */
  wrote(output: OutputName, bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    this.#heartbeat.wrote();
    this.#backlog.push(output, bytes);
    this.#wroteMs = monotonicMs();
    this.#silenceTimer ??= setTimeout(() => this.#readUnfinishedLines(), SILENCE_MS);
    this.#tickTimer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /**
   * Reports the CPU and memory that the command uses as the values `cpu_percent` and `memory_bytes`, unless the
   * output has values of the same name, or the task already has the maximum number of series.
   */
  used(usage: Usage): void {
    if (this.#hasEnded) return;
    const { output, usage: own } = this.#valueNames;
    const values: { [name: string]: number } = {};
    for (const [name, value] of Object.entries(usage)) {
      if (output.has(name) || (!own.has(name) && output.size + own.size >= LIMITS.valueSeries)) continue;
      own.add(name);
      values[name] = value;
    }
    if (Object.keys(values).length > 0) this.#reporter.update({ values });
  }

  /** Reports that the command could not be started. */
  failedToStart(message: string): void {
    this.#end({
      type: "fail",
      error: { type: ERROR_TYPE, message: truncate(message, LIMITS.errorMessageLength) },
    });
  }

  /** Reports the command's exit, after all its output. */
  ended(end: CommandEnd): void {
    this.#backlog.flush();
    for (const output of ["stdout", "stderr"] as const) {
      this.#take(output, this.#outputs[output].end(), true);
    }
    if (end.wasCancelled) return this.#end({ type: "cancelled" });
    if (end.status === 0) return this.#end({ type: "finish", result: { exit_status: 0 } });
    const { reason, stack } = this.#lastOutput.failure();
    const why = reason === null || end.signal !== null ? "" : `: ${reason}`;
    const what = end.signal === null ? `Exited with status ${end.status}` : `Killed by ${end.signal}`;
    this.#end({
      type: "fail",
      error: {
        type: ERROR_TYPE,
        message: what + why,
        ...(stack !== null && { stack }),
      },
    });
  }

  #end(change: EndChange): void {
    this.#hasEnded = true;
    clearTimeout(this.#silenceTimer);
    clearInterval(this.#tickTimer);
    this.#heartbeat.stop();
    this.#report(this.#progress.end());
    this.#reporter.end(change);
  }

  /** Logs lines, and, if `isRead`, reads progress from them. */
  #take(output: OutputName, lines: readonly OutputLine[], isRead: boolean): void {
    for (const line of lines) {
      if (!line.isRedraw) {
        this.#reporter.log(line.styled ?? line.text, { stream: output });
        this.#heartbeat.reported();
        this.#lastOutput.push(output, line.text);
      }
      if (isRead) this.#read(output, line);
    }
  }

  #read(output: OutputName, line: OutputLine): void {
    this.#report(this.#progress.read(line, { output, atMs: monotonicMs() }));
  }

  #report(reading: Reading | undefined): void {
    if (reading === undefined) return;
    const { output } = this.#valueNames;
    for (const name of Object.keys(reading.values ?? {})) {
      // The maximum number of names is reached, so further names are refused. Only a name that replaces a measurement
      // is added.
      if (output.size < LIMITS.valueSeries || this.#valueNames.usage.has(name)) output.add(name);
    }
    const { status, ...rest } = reading;
    // The server replaces the words of a state by those of the next one.
    const words = status === null ? stateWords("PROCESSING", null) : status;
    this.#reporter.update(words === undefined ? rest : { ...rest, status: words });
    // An update with only values counts as a measurement, and so is no sign of life.
    if (Object.keys(reading).some((name) => name !== "values")) this.#heartbeat.reported();
  }

  /** Reads unfinished lines, such as progress bars, once they are no longer being written. */
  #readUnfinishedLines(): void {
    const silentMs = monotonicMs() - this.#wroteMs;
    this.#silenceTimer = undefined;
    if (silentMs < SILENCE_MS) {
      this.#silenceTimer = setTimeout(() => this.#readUnfinishedLines(), SILENCE_MS - silentMs);
      return;
    }
    for (const [output, line] of this.#unfinishedLines()) this.#read(output, line);
  }

  #tick(): void {
    const atMs = monotonicMs();
    for (const [output, line] of this.#unfinishedLines()) {
      this.#report(this.#progress.readGrowing(line, { output, atMs }));
    }
    this.#report(this.#progress.tick(atMs));
  }

  #unfinishedLines(): (readonly [OutputName, OutputLine])[] {
    return (["stdout", "stderr"] as const).flatMap((output) => {
      const { unfinished } = this.#outputs[output];
      return unfinished === undefined ? [] : [[output, unfinished] as const];
    });
  }
}
