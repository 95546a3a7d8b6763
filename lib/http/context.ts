/**
 * What every part of the handler works with.
 *
 * @module
 */

import type { MonitorLimits, ResolvedAccess } from "../config.ts";
import type { Hub } from "../hub.ts";
import { isClientToken, isTaskId } from "../protocol.ts";
import type { Registry } from "../registry.ts";
import type { ReportSink } from "../reporter.ts";
import type { StoredTask } from "../store/store.ts";
import type { PageRenderer } from "../page_renderer.ts";
import type { Startable } from "../wrap.ts";
import { Problem } from "./problem.ts";

/** What somebody wants to do, for {@linkcode Authorize}. */
export interface Access {
  /** Look, start, stop or remove. */
  readonly action: "read" | "start" | "cancel" | "remove";
  /** Whose tasks; `null` for what belongs to nobody. */
  readonly client: string | null;
  /** Which task; `null` for all of the client's. */
  readonly taskId: string | null;
}

/** Decides whether a request may do what it wants; `false` is answered with 403. */
export type Authorize = (request: Request, access: Access) => boolean | Promise<boolean>;

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
  readonly authorize: Authorize | null;
  /** Is given errors that nobody expected. */
  readonly reportError: (error: unknown) => void;
}

/** Reads a client token from a path. */
export function clientFrom(segment: string): string {
  if (isClientToken(segment)) return segment;
  throw new Problem(400, "bad_client", "A client token is 1 to 128 of A-Z a-z 0-9 . _ - and not . or ..");
}

/** Reads a task id from a path. */
export function taskIdFrom(segment: string): string {
  if (isTaskId(segment)) return segment;
  throw new Problem(
    400,
    "bad_task_id",
    "A task id is 1 to 128 of A-Z a-z 0-9 . _ : - and not a reserved word",
  );
}

/** Finds a task, or answers 404. */
export function storedTask(context: HandlerContext, client: string, id: string): StoredTask {
  const stored = context.registry.stored(client, id);
  if (stored === undefined) throw new Problem(404, "task_not_found", `There is no task "${id}"`);
  return stored;
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
 * @throws {Problem} 404 where nothing is registered under the name, 409 where the id is taken
 */
export function startTask(
  context: HandlerContext,
  client: string,
  name: string,
  args: unknown[],
  options: Parameters<Startable["start"]>[1] = {},
): string {
  const startable = context.startables.get(name);
  if (startable === undefined) {
    throw new Problem(
      404,
      "unknown_task_name",
      `No task is registered under the name "${name.slice(0, 200)}"`,
    );
  }
  if (options.id !== undefined && context.registry.stored(client, options.id) !== undefined) {
    throw new Problem(409, "task_exists", `Cannot start task "${options.id}": the id is taken`);
  }
  const full = context.registry.fullness(client);
  if (full !== null) throw full;
  return startable.start(context.sink, { ...options, client }, args).id;
}
