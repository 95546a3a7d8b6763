/**
 * What every part of the handler works with.
 *
 * @module
 */

import type { Keyring } from "../access/keyring.ts";
import type { ResolvedAccess } from "../config/access_options.ts";
import type { MonitorLimits } from "../config/limits.ts";
import type { Hub } from "../hub/hub.ts";
import type { ModuleSource } from "./pages/module_source.ts";
import type { DeliveryCounts } from "../notify/receiver_queue.ts";
import type { Registry } from "../registry/registry.ts";
import type { ReportSink } from "../reporter/report_sink.ts";
import type { StoredTask } from "../store/store.ts";
import type { PageRenderer } from "../page_renderer.ts";
import { isFinal, type JsonValue } from "../task/task.ts";
import type { Startable, StartOptions } from "../reporter/wrap.ts";
import type { Gate } from "./gate.ts";
import { Problem } from "./problem.ts";

/** What an operator watches that is neither a task nor a request. */
export interface Operations {
  /** What became of the ends of tasks that are to be told to others. */
  deliveries(): DeliveryCounts;
  /** How large the file is in which tasks are kept, in bytes; `null` where there is none. */
  storageBytes(): number | null;
}

/** What the handler is made of. */
export interface HandlerContext {
  readonly registry: Registry;
  readonly hub: Hub;
  /** Takes the reports of tasks that are started by name. */
  readonly sink: ReportSink;
  readonly startables: ReadonlyMap<string, Startable>;
  readonly limits: MonitorLimits;
  readonly access: ResolvedAccess;
  readonly pages: PageRenderer;
  /** What programs import by URL. */
  readonly module: ModuleSource;
  /** The key of the server; `null` where everybody may do everything. */
  readonly keyring: Keyring | null;
  readonly gate: Gate;
  /** What an operator watches beside tasks and requests. */
  readonly operations: Operations;
  /** Is given errors that nobody expected. */
  readonly reportError: (error: unknown) => void;
}

/**
 * Holds an answer back until what it shows is committed, as far as it says which tasks there are.
 *
 * @param context where the tasks are
 * @param answer makes the answer as of now; called again where the commit failed, which makes for another cursor
 */
export function whenPublishable(
  context: HandlerContext,
  answer: () => Response | Promise<Response>,
): Response | Promise<Response> {
  const response = answer();
  const publishable = context.registry.whenPublishable();
  if (publishable === null) return response;
  // If it rejects before the commit, nobody has awaited it yet.
  if (response instanceof Promise) response.catch(() => {});
  return publishable.then((isCommitted) => isCommitted ? response : answer());
}

/**
 * Holds an answer back until every change so far is committed.
 *
 * @throws {StorageError} where that can't be had
 */
export async function whenCommitted(context: HandlerContext, response: Response): Promise<Response> {
  await context.registry.committed();
  return response;
}

/** Finds a task, or answers 404. */
export function storedTask(context: HandlerContext, client: string, id: string): StoredTask {
  const stored = context.registry.stored(client, id);
  if (stored === undefined) throw taskNotFound(id);
  return stored;
}

/** The answer where a task is not there. */
export function taskNotFound(id: string): Problem {
  return new Problem("task_not_found", `There is no task "${id}"`);
}

/**
 * Starts a registered task.
 *
 * @param context where tasks are registered
 * @param client whose task it is to be
 * @param name the name that it is registered under
 * @param args what the function is to be called with
 * @param options what the task is to be known as
 * @returns the id of the task
 * @throws {Problem} 404 where nothing is registered under the name, 409 where the id is already taken
 */
export function startTask(
  context: HandlerContext,
  client: string,
  name: string,
  args: JsonValue[],
  options: StartOptions = {},
): string {
  const startable = context.startables.get(name);
  if (startable === undefined) {
    throw new Problem("unknown_task_name", `No task is registered under the name "${name.slice(0, 200)}"`);
  }
  if (options.id !== undefined && context.registry.stored(client, options.id) !== undefined) {
    throw new Problem("task_exists", `Cannot start task "${options.id}": the id is already taken`);
  }
  const obstacle = context.registry.obstacle(client);
  if (obstacle !== null) throw obstacle;
  const { id } = startable.start(context.sink, { ...options, client }, args);
  context.registry.setLaunch(client, id, { name, args });
  return id;
}

/**
 * Starts a task once more that was started by name and has ended.
 *
 * @param context where tasks are registered
 * @param client whose task it is
 * @param id the id of the earlier attempt
 * @returns the id of the new one
 * @throws {Problem} 409 where the task has not ended or was not started by name, 404 where there is no such task, or
 *   nothing is registered under its name any more
 */
export async function retryTask(context: HandlerContext, client: string, id: string): Promise<string> {
  // Read first, so that nothing changes between the checks and the start.
  const launch = await context.registry.launch(client, id);
  const { task } = storedTask(context, client, id);
  if (!isFinal(task.state)) {
    throw new Problem("task_active", `Cannot retry task "${id}": it has not ended, it is ${task.state}`);
  }
  if (launch === undefined) {
    throw new Problem("not_retryable", `Cannot retry task "${id}": it was not started by name`);
  }
  const { tags, metadata, attempt } = task;
  return startTask(context, client, launch.name, [...launch.args], {
    tags,
    metadata,
    attempt: attempt + 1,
    retryOf: id,
  });
}
