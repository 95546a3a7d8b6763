/**
 * The task that a command is shown as: its progress, its log, its end.
 *
 * @module
 */

import { LineSplitter } from "../../reading/line_splitter.ts";
import { ProgressReader } from "../../reading/progress_reader.ts";
import type { OutputLine } from "../../reading/rows.ts";
import { LIMITS } from "../../task/grammar.ts";
import type { ReportSink } from "../../reporter/report_sink.ts";
import { type EndChange, type TaskHandlers, TaskReporter } from "../../reporter/task_reporter.ts";
import { truncate } from "../../task/truncate.ts";
import type { CreateChange } from "../../task/task.ts";

/** Where a command writes to. */
export type OutputName = "stdout" | "stderr";

/** How a command ended. */
export interface CommandEnd {
  /** Its status; where a signal ended it, 128 and the signal's number. */
  readonly status: number;
  /** The signal that ended it. */
  readonly signal: string | null;
  /** Whether somebody had asked for that. */
  readonly wasCancelled: boolean;
}

/** What a {@linkcode CommandTask} has to know and to call. */
export interface CommandTaskOptions extends TaskHandlers {
  /** Where the command says what went wrong. */
  readonly errorOutput: OutputName;
}

/** How long an output has to be silent before what stands in an unfinished line is believed, in milliseconds. */
const SILENCE_MS = 200;
/** Lines that an error shows of the output. */
const LAST_LINES = 20;
/** Characters of each of them. */
const LAST_LINE_LENGTH = 500;
/** The type of the error of a command that did not end well. */
const ERROR_TYPE = "exit";

/** Reports a command to a sink. Reads its output, and never throws. */
export class CommandTask {
  readonly #reporter: TaskReporter;
  readonly #progress = new ProgressReader();
  readonly #outputs = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  readonly #errorOutput: OutputName;
  /** The newest lines of that output, oldest first. */
  readonly #last: string[] = [];
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #heardMs = 0;

  /**
   * Begins the task.
   *
   * @param sink where reports go
   * @param key which task
   * @param create what it is created with
   * @param options what to do on a request to stop, where warnings go, and where the command complains
   */
  constructor(
    sink: ReportSink,
    key: { readonly client: string; readonly id: string },
    create: CreateChange,
    options: CommandTaskOptions,
  ) {
    this.#errorOutput = options.errorOutput;
    this.#reporter = new TaskReporter(sink, key, options);
    this.#reporter.begin(create);
  }

  /** The command runs. */
  started(): void {
    // Many never say how far they are, and are at work all the same.
    this.#reporter.update({});
  }

  /** The command has written something. */
  heard(output: OutputName, bytes: Uint8Array): void {
    this.#take(output, this.#outputs[output].push(bytes));
    this.#heardMs = Date.now();
    this.#silenceTimer ??= setTimeout(() => this.#lookAtUnfinished(), SILENCE_MS);
  }

  /** The command could not be run at all. */
  notRun(message: string): void {
    this.#end({
      type: "fail",
      error: { type: ERROR_TYPE, message: truncate(message, LIMITS.errorMessageLength) },
    });
  }

  /** The command has ended, and everything that it wrote was heard. */
  ended(end: CommandEnd): void {
    for (const output of ["stdout", "stderr"] as const) this.#take(output, this.#outputs[output].end());
    if (end.wasCancelled) return this.#end({ type: "cancelled" });
    if (end.status === 0) return this.#end({ type: "finish", result: { exit_status: 0 } });
    const last = this.#last.at(-1)?.trim();
    const what = end.signal === null ? `exited with status ${end.status}` : `ended by ${end.signal}`;
    this.#end({
      type: "fail",
      error: {
        type: ERROR_TYPE,
        message: last === undefined || end.signal !== null ? what : `${what}: ${last}`,
        ...(last !== undefined && { stack: truncate(this.#last.join("\n"), LIMITS.errorStackLength) }),
      },
    });
  }

  #end(change: EndChange): void {
    clearTimeout(this.#silenceTimer);
    this.#reporter.end(change);
  }

  #take(output: OutputName, lines: readonly OutputLine[]): void {
    for (const line of lines) {
      if (!line.isRedraw) {
        this.#reporter.log(line.text);
        if (output === this.#errorOutput) this.#keep(line.text);
      }
      this.#read(line);
    }
  }

  #keep(line: string): void {
    if (line.trim() === "") return;
    this.#last.push(truncate(line, LAST_LINE_LENGTH));
    if (this.#last.length > LAST_LINES) this.#last.shift();
  }

  #read(line: OutputLine): void {
    const reading = this.#progress.read(line);
    if (reading !== undefined) this.#reporter.update(reading);
  }

  /** A bar that stands still is as far as it says; one that is being written is not. */
  #lookAtUnfinished(): void {
    const silentMs = Date.now() - this.#heardMs;
    this.#silenceTimer = undefined;
    if (silentMs >= 0 && silentMs < SILENCE_MS) {
      this.#silenceTimer = setTimeout(() => this.#lookAtUnfinished(), SILENCE_MS - silentMs);
      return;
    }
    for (const { drawn } of Object.values(this.#outputs)) if (drawn !== undefined) this.#read(drawn);
  }
}
