/**
 * Sends a report over REST, and resends it while the server restarts.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import type { Task } from "../../task/task.ts";
import { readProblem, readTask } from "../../task/wire.ts";
import {
  type ApiResponse,
  fieldOf,
  isTaskNotFound,
  noTaskError,
  request,
  REQUEST_TIMEOUT_MS,
  ServerUnavailableError,
  unexpectedResponse,
} from "../client/api.ts";
import type { Target } from "../client/target.ts";
import { CommandError } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { note } from "../terminal.ts";

/** The minimum timeout of a request, in milliseconds, even if less time is left for retries. */
const MIN_REQUEST_MS = 1_000;

/** The shortest and the longest backoff before a retry, in milliseconds; the backoff doubles after every failure. */
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;

/** How far above the highest applied number the next one may be, if the clock is behind that number. */
const SEQ_SPREAD = 1_000;

/** A report of one task. */
export interface Report {
  readonly id: string;
  readonly method: "POST" | "PATCH";
  /** The path after `/tasks/{client}`. */
  readonly path: string;
  /** The fields of the body, without `seq`. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Sends a report until the server has accepted it.
 *
 * The report has a sequence number, so that an attempt that arrives late, or twice because its response was lost,
 * changes nothing. The number is the current time, because each report of a script is sent by a new process; if the
 * server already has a higher number, because a clock was set back or another process was faster, the report is
 * resent with a higher one.
 *
 * The server knows only the highest number that it has applied. If an attempt failed, and another process has reported
 * the task before the next attempt, nobody knows whether the first attempt was applied. The report is resent then,
 * because a report that is stored twice is better than one that is lost.
 *
 * @param target the server and the client
 * @param report the report
 * @param timeoutMs how long to retry while the server cannot be reached or is unavailable, in milliseconds
 * @returns the task as the reporter may see it, even if the task has ended in a way other than the report says
 * @throws {CommandError} if the server cannot be reached, refuses the report, or has no such task
 */
export async function sendReport(target: Target, report: Report, timeoutMs: number): Promise<Task> {
  const { id, method, path, body } = report;
  const deadlineMs = monotonicMs() + timeoutMs;
  let seq = epochMicroseconds();
  // Whether an attempt with the present number has failed, although the server may have applied it.
  let isUncertain = false;
  let isNoted = false;
  for (let failures = 0;;) {
    let response: ApiResponse;
    const restMs = Math.ceil(deadlineMs - monotonicMs());
    const requestMs = Math.min(REQUEST_TIMEOUT_MS, Math.max(MIN_REQUEST_MS, restMs));
    try {
      response = await request(target, path, { method, body: { ...body, seq }, timeoutMs: requestMs });
    } catch (error) {
      if (!(error instanceof ServerUnavailableError)) throw error;
      isUncertain = true;
      const backoffMs = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
      if (monotonicMs() + backoffMs > deadlineMs) throw error;
      if (failures++ === 0) note(`${error.reason}; retrying`);
      await new Promise((resolve) => setTimeout(resolve, backoffMs));
      continue;
    }
    const { status } = response;
    const task = readTask(status === 409 ? fieldOf(response.body, "task") : response.body);
    if (status === 200 || status === 201) {
      if (task !== null) return task;
    } else if (status === 409) {
      const code = fieldOf(response.body, "code");
      if (code === "task_ended" && task !== null) return task;
      const applied = task?.report_seq ?? null;
      if (code !== "late_report" || task === null || applied === null) {
        throw new CommandError(EXIT.failed, readProblem(response.body, status));
      }
      // An earlier attempt was applied, and its response was lost.
      if (isUncertain && applied === seq) return task;
      if (isUncertain && !isNoted) {
        isNoted = true;
        note(`Another report of task "${id}" arrived before the retry, so this one may be stored twice`);
      }
      isUncertain = false;
      seq = seqAfter(applied);
      continue;
    }
    if (isTaskNotFound(response)) throw noTaskError(target, id);
    throw unexpectedResponse(target, response);
  }
}

/** Returns a number above the highest applied one, which another process is unlikely to choose at the same time. */
function seqAfter(applied: number): number {
  return Math.max(epochMicroseconds(), applied + 1 + Math.floor(Math.random() * SEQ_SPREAD));
}

function epochMicroseconds(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1_000);
}
