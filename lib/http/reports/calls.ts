/**
 * Reports over plain HTTP, from whatever can make a request: a shell script with curl, or any language's own library.
 * No way leads back to who reports, so each answer is the whole record, which says whether the task was asked to stop.
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

/** All who report over plain HTTP. */
const HTTP_REPORTER: Reporter = {
  id: HTTP_REPORTER_ID,
  isRemote: true,
  cancelRequested() {},
  interrupted() {},
};

/** Answers the calls that report tasks which run elsewhere. */
export class ReportCalls {
  readonly #context: HandlerContext;

  /** @param context what the answers are made of */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /**
   * `POST /tasks/{client}`: creates a task. It is `NOT_STARTED` until its first update; a body with `started: true`
   * starts it, and one with the fields of an update is its first one, too. Sent again, with the same id and name, it is
   * answered with the task as it is.
   */
  async create({ client, request }: Call): Promise<Response> {
    const creation = await readCreation(request, this.#context.limits);
    const { registry, access } = this.#context;
    const { name } = creation;
    const id = creation.id ?? monotonicUlid();
    const known = registry.task(client, id);
    if (known === undefined) {
      const obstacle = registry.obstacle(client);
      if (obstacle !== null) throw obstacle;
      this.#report(client, id, creation);
    } else {
      checkSame(known, name);
    }
    const location = `${access.basePath}/tasks/${client}/${id}`;
    return this.#answer(client, id, known === undefined ? 201 : 200, { location });
  }

  /**
   * `PATCH /tasks/{client}/{id}`, and `POST …/finish`, `…/fail`, `…/cancelled`, `…/logs`: what happened to a task that
   * is reported over plain HTTP.
   */
  async report(kind: ReportKind, { client, id, request }: Call): Promise<Response> {
    const report = await readReport(kind, request, this.#context.limits);
    const { task } = storedTask(this.#context, client, id);
    if (task.reporter !== HTTP_REPORTER_ID) {
      throw new Problem("other_reporter", `Cannot report task "${id}": somebody else runs it`);
    }
    try {
      // Of an end that is told again, nothing before it counts any more.
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
      // One number for all: it is the first one that can be late, and then nothing happens.
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

  /** Says what the task is. That a report is here already holds only once it is committed. */
  async #refuse(client: string, id: string, error: TransitionError): Promise<never> {
    const task = this.#context.registry.task(client, id) ?? null;
    await this.#context.registry.committed();
    throw new Problem(error.code, error.message, { task });
  }
}

/** Refuses lines that would leave a gap: which of them are there already could not be told when they come again. */
function checkLines(task: Task, changes: HttpReport["changes"]): void {
  const { id, log_count: count } = task;
  // Of many lines that came as text, the first ones.
  const change = changes.find(({ type }) => type === "log");
  if (change?.type !== "log" || change.first === undefined || change.first <= count) return;
  throw new Problem(
    "log_gap",
    `Cannot add lines to task "${id}" from number ${change.first} on: it has ${count}, and they count from 0`,
    { task },
  );
}

/** Whether a task is the one that somebody wants to create once more. */
function checkSame(task: Task, name: string): void {
  const { id } = task;
  if (task.reporter !== HTTP_REPORTER_ID) {
    throw new Problem("task_exists", `Cannot create task "${id}": somebody else runs one of that id`);
  }
  if (task.name !== name) {
    throw new Problem("task_exists", `Cannot create task "${id}": there is one of the name "${task.name}"`);
  }
}
