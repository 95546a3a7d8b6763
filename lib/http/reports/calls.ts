/**
 * Handles reports over HTTP, such as those that a shell script sends with curl. Each response is the record
 * of the task, because a response is the only way to tell the reporter that cancellation was requested. A
 * reporter that may not read the task gets only the fields that it needs for its next report.
 *
 * @module
 */

import { shareOf } from "../../access/grant.ts";
import { now } from "../../clock.ts";
import { HTTP_REPORTER_ID, type Reporter } from "../../registry/registry_types.ts";
import type { Task } from "../../task/task.ts";
import { TransitionError } from "../../task/transition.ts";
import { isFinal } from "../../task/task.ts";
import { monotonicUlid } from "../../ulid.ts";
import { type HandlerContext, taskRecord, whenCommitted } from "../context.ts";
import { Problem, type Receipt } from "../problem.ts";
import { type HttpReport, readCreation, readReport, type ReportKind } from "./bodies.ts";
import { jsonResponse } from "../responses.ts";
import type { Call } from "../route.ts";

/** The reporter of every task that is reported over HTTP. */
const HTTP_REPORTER: Reporter = {
  id: HTTP_REPORTER_ID,
  isRemote: true,
  cancelRequested() {},
  interrupted() {},
};

/** Handles single reports over HTTP about tasks that run outside the server. */
export class ReportCalls {
  readonly #context: HandlerContext;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /**
   * `POST /tasks/{client}`: creates a task, which is `NOT_STARTED` until its first update, unless the body
   * has `started: true` or the fields of an update. The call is idempotent: a request with the same id and
   * name returns the current record.
   */
  async create(call: Call): Promise<Response> {
    const { client, request, visitor } = call;
    const limits = { ...this.#context.bodies, share: shareOf(visitor.grant) };
    const creation = await readCreation(request, limits);
    const { registry, access } = this.#context;
    const { name } = creation;
    const id = creation.id ?? monotonicUlid();
    const shown = shownTo(await this.#mayRead(call, id));
    const read = registry.record(client, id);
    const known = (read instanceof Promise ? await read : read)?.task;
    if (known === undefined) {
      const obstacle = registry.creationError(client);
      if (obstacle !== null) throw obstacle;
      this.#report(client, id, creation);
    } else {
      checkSame(known, name, shown);
    }
    const location = `${access.basePath}/tasks/${client}/${id}`;
    return await this.#answer(client, id, shown, known === undefined ? 201 : 200, { location });
  }

  /**
   * `PATCH /tasks/{client}/{id}`, and `POST …/finish`, `…/fail`, `…/cancelled`, `…/logs`: applies a report to a task that
   * was created over HTTP.
   */
  async report(kind: ReportKind, call: Call): Promise<Response> {
    const { client, id, request, visitor } = call;
    const limits = { ...this.#context.bodies, share: shareOf(visitor.grant) };
    const report = await readReport(kind, request, limits);
    const shown = shownTo(await this.#mayRead(call, id));
    // The record is read first, because the registry needs it in memory if the task has ended.
    const read = taskRecord(this.#context, client, id);
    const { task } = read instanceof Promise ? await read : read;
    if (task.reporter !== HTTP_REPORTER_ID) {
      throw new Problem("other_reporter", `Cannot report task "${id}": another reporter runs it`);
    }
    try {
      // If a final state is reported again, the status update that precedes it in the report is ignored.
      const changes = isFinal(task.state) ? report.changes.slice(-1) : report.changes;
      checkLines(task, changes, shown);
      this.#report(client, id, { ...report, changes });
    } catch (error) {
      if (error instanceof TransitionError) return await this.#refuse(client, id, shown, error);
      throw error;
    }
    return await this.#answer(client, id, shown, 200);
  }

  #report(client: string, id: string, { seq, changes }: HttpReport): void {
    const at = now();
    changes.forEach((change, index) => {
      // The sequence number is checked once, with the first change of a report: if the number is outdated, no
      // change is applied.
      const numbered = index === 0 && seq !== null ? { seq } : {};
      this.#context.registry.report({ client, id, at, change, ...numbered }, HTTP_REPORTER);
    });
  }

  async #answer(
    client: string,
    id: string,
    shown: Shown,
    status: number,
    headers: Readonly<Record<string, string>> | null = null,
  ): Promise<Response> {
    const read = taskRecord(this.#context, client, id);
    const { task, json } = read instanceof Promise ? await read : read;
    const body = shown === wholeRecord ? json : JSON.stringify(shown(task));
    return await whenCommitted(this.#context, client, jsonResponse(body, status, headers));
  }

  #mayRead({ client, request, visitor }: Call, id: string): boolean | Promise<boolean> {
    return this.#context.gate.may(visitor, request, { action: "read", client, taskId: id });
  }

  /**
   * Refuses a report, and responds with the current record. The response waits until all earlier reports are
   * committed, because this report may repeat one of them.
   */
  async #refuse(client: string, id: string, shown: Shown, error: TransitionError): Promise<never> {
    const record = await this.#context.registry.record(client, id);
    await this.#context.registry.committed(client);
    throw new Problem(error.code, error.message, { task: record === undefined ? null : shown(record.task) });
  }
}

/** Selects the fields of a task that a reporter may see. */
type Shown = (task: Task) => Receipt;

function shownTo(mayRead: boolean): Shown {
  return mayRead ? wholeRecord : receiptOf;
}

function wholeRecord(task: Task): Task {
  return task;
}

/**
 * Returns the fields that a reporter needs for its next report. The holder of a token that may only write
 * must not see the other fields.
 */
function receiptOf({ id, state, cancel_requested, log_count, report_seq }: Task): Receipt {
  return { id, state, cancel_requested, log_count, report_seq };
}

/** Refuses log lines that would leave a gap, because the numbers of resent lines would then not match. */
function checkLines(task: Task, changes: HttpReport["changes"], shown: Shown): void {
  const { id, log_count: count } = task;
  // A long log in plain text becomes several changes, but only the first change can leave a gap.
  const change = changes.find(({ type }) => type === "log");
  if (change?.type !== "log" || change.first === undefined || change.first <= count) return;
  throw new Problem(
    "log_gap",
    `Cannot add lines to task "${id}" from number ${change.first} on: it has ${count} lines, numbered from 0`,
    { task: shown(task) },
  );
}

/** Refuses to create a task if the existing task with the same id has another reporter or name. */
function checkSame(task: Task, name: string, shown: Shown): void {
  const { id } = task;
  if (task.reporter !== HTTP_REPORTER_ID) {
    throw new Problem("task_exists", `Cannot create task "${id}": another reporter runs a task of this id`);
  }
  // The record has no lone surrogates, because the registry replaces them.
  if (task.name !== name.toWellFormed()) {
    const other = shown === wholeRecord ? `the name "${task.name}"` : "another name";
    throw new Problem("task_exists", `Cannot create task "${id}": the existing task of this id has ${other}`);
  }
}
