/**
 * Keeps the last lines of a command's output, and finds out from them why the command failed.
 *
 * @module
 */

import { LIMITS } from "../../task/grammar.ts";
import { truncate } from "../../task/truncate.ts";
import { beginsCrash, complaint, failureReason, isTrailer } from "./failure_reason.ts";
import type { OutputName } from "./output_pipe.ts";

/** The number of lines of output in an error's stack, unless the line that says why is further up. */
const STACK_LINES = 20;
/** The maximum number of lines of output in an error's stack. */
const MAX_STACK_LINES = 100;
/** The maximum length of a line in an error's stack, in characters. */
const MAX_STACK_LINE_LENGTH = 500;

/** What the output says about a failure. */
export interface FailureOutput {
  /** The line that says why the command failed; `null` if there is none. */
  readonly reason: string | null;
  /** The last lines, from the reason on if it is further up; `null` if there is no reason. */
  readonly stack: string | null;
}

/** The last lines of a command's output. */
export class LastOutput {
  readonly #errorOutput: OutputName;
  readonly #lines: Readonly<Record<OutputName, string[]>> = { stdout: [], stderr: [] };

  /** @param errorOutput the stream that error messages are taken from */
  constructor(errorOutput: OutputName) {
    this.#errorOutput = errorOutput;
  }

  /** Keeps a line. Lines without text are ignored. */
  push(output: OutputName, line: string): void {
    if (line.trim() === "") return;
    const lines = this.#lines[output];
    lines.push(truncate(line, MAX_STACK_LINE_LENGTH));
    if (lines.length <= MAX_STACK_LINES) return;
    // After a crash, Go dumps all goroutines, in any number of lines. Only the line above the dump says why.
    const isLatestCrash = beginsCrash(lines[0]!) && lines.findLastIndex(beginsCrash) === 0;
    if (isLatestCrash) lines.splice(1, 1);
    else lines.shift();
  }

  /**
   * Returns what the output says about the failure of the command. Programs such as test runners and the compiler of
   * TypeScript report failures on stdout. Its last lines are used if one of them mentions an error, and the error output
   * does not say why the command failed.
   */
  failure(): FailureOutput {
    const { stdout, [this.#errorOutput]: errors } = this.#lines;
    const reason = failureReason(errors);
    if (reason >= 0 && !isTrailer(errors[reason]!)) return failureAt(errors, reason);
    const other = complaint(stdout);
    return other >= 0 ? failureAt(stdout, other) : failureAt(errors, reason);
  }
}

function failureAt(lines: readonly string[], reason: number): FailureOutput {
  if (reason < 0) return { reason: null, stack: null };
  const stack = lines.slice(Math.min(reason, Math.max(0, lines.length - STACK_LINES))).join("\n");
  return { reason: lines[reason]!.trim(), stack: truncate(stack, LIMITS.errorStackLength) };
}
