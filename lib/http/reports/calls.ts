/**
 * Handles reports over HTTP, such as those that a shell script sends with curl. Each response is the whole
 * record, because a response is the only way to tell the reporter that cancellation was requested.
 *
 * @module
 */

import { now } from "../../clock.ts";
import { HTTP_REPORTER_ID, type Reporter } from "../../registry/registry_types.ts";
import type { Task } from "../../task/task.ts";
import { TransitionError } from "../../task/transition.ts";
import { isFinal } from "../../task/task.ts";
import { monotonicUlid } from "../../ulid.ts";
import { type HandlerContext, storedTask, whenCommitted } from "../context.ts";
import { Problem } from "../problem.ts";
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

/** Handles single reports over HTTP of tasks that run outside the server. */
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
  async create({ client, request }: Call): Promise<Response> {
    const creation = await readCreation(request, this.#context.limits);
    const { registry, access } = this.#context;
    const { name } = creation;
    const id = creation.id ?? monotonicUlid();
    const known = registry.task(client, id);
    if (known === undefined) {
      const obstacle = registry.creationError(client);
      if (obstacle !== null) throw obstacle;
      this.#report(client, id, creation);
    } else {
      checkSame(known, name);
    }
    const location = `${access.basePath}/tasks/${client}/${id}`;
    return this.#answer(client, id, known === undefined ? 201 : 200, { location });
  }

  /**
   * `PATCH /tasks/{client}/{id}`, and `POST …/finish`, `…/fail`, `…/cancelled`, `…/logs`: applies a report to a task that
   * was created over HTTP.
   */
  async report(kind: ReportKind, { client, id, request }: Call): Promise<Response> {
    const report = await readReport(kind, request, this.#context.limits);
    const { task } = storedTask(this.#context, client, id);
    if (task.reporter !== HTTP_REPORTER_ID) {
      throw new Problem("other_reporter", `Cannot report task "${id}": another reporter runs it`);
    }
    try {
      // If a final state is reported again, the status update that precedes it in the report is ignored.
      const changes = isFinal(task.state) ? report.changes.slice(-1) : report.changes;
      checkLines(task, changes);
      this.#report(client, id, { ...report, changes });
    } catch (error) {
      if (error instanceof TransitionError) return await this.#refuse(client, id, error);
      throw error;
    }
    return this.#answer(client, id, 200);
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

  #answer(
    client: string,
    id: string,
    status: number,
    headers: Readonly<Record<string, string>> | null = null,
  ): Promise<Response> {
    const { json } = storedTask(this.#context, client, id);
    return whenCommitted(this.#context, jsonResponse(json, status, headers));
  }

  /**
   * Refuses a report, and responds with the current record once the earlier report that it may repeat is
   * committed.
   */
  async #refuse(client: string, id: string, error: TransitionError): Promise<never> {
    const task = this.#context.registry.task(client, id) ?? null;
    await this.#context.registry.committed();
    throw new Problem(error.code, error.message, { task });
  }
}

/** Refuses log lines that would leave a gap, because the numbers of resent lines would then not match. */
function checkLines(task: Task, changes: HttpReport["changes"]): void {
  const { id, log_count: count } = task;
  // A long log in plain text becomes several changes, of which only the first can leave a gap.
  const change = changes.find(({ type }) => type === "log");
  if (change?.type !== "log" || change.first === undefined || change.first <= count) return;
  throw new Problem(
    "log_gap",
    `Cannot add lines to task "${id}" from number ${change.first} on: it has ${count} lines, numbered from 0`,
    { task },
  );
}

/** Refuses to create a task if the existing task with the same id has another reporter or name. */
function checkSame(task: Task, name: string): void {
  const { id } = task;
  if (task.reporter !== HTTP_REPORTER_ID) {
    throw new Problem("task_exists", `Cannot create task "${id}": another reporter runs a task of this id`);
  }
  if (task.name !== name) {
    throw new Problem(
      "task_exists",
      `Cannot create task "${id}": the existing task of this id has the name "${task.name}"`,
    );
  }
}
