/**
 * Responds to long polls, which wait for a change, or for a state of a task.
 *
 * @module
 */

import { msUntilExpired } from "../../access/expiry.ts";
import { andThen, type MaybePromise } from "../../task/maybe_promise.ts";
import { type Grant, shareOf } from "../../access/grant.ts";
import { type Cursor, formatCursor, parseCursor } from "../../task/cursor.ts";
import type { ChangesSince, StoredTask, TaskRecord } from "../../store/store.ts";
import { isFinal, isTaskState, TASK_STATES, type TaskState } from "../../task/task.ts";
import { type HandlerContext, taskNotFound, taskRecord, whenPublishable } from "../context.ts";
import { Problem } from "../problem.ts";
import { jsonResponse } from "../responses.ts";
import { type Answer, type Call, paramsOf } from "../route.ts";
import { taskText, wantsText } from "./text.ts";
import { type Wait, WaitingRoom } from "./waiting_room.ts";

/** The maximum wait of a request, in seconds: many proxies give up on a response after a minute. */
export const MAX_WAIT_SECONDS = 60;

/** Handles requests that may wait. */
export class Waits {
  readonly #context: HandlerContext;
  readonly #room: WaitingRoom;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
    this.#room = new WaitingRoom(context.limits.waitingRequests);
  }

  /** The number of waiting requests. */
  get count(): number {
    return this.#room.size;
  }

  /** Ends every wait, because the server is shutting down. */
  close(): void {
    this.#room.close();
  }

  /**
   * `GET /tasks/{client}?after={cursor}[&timeout={seconds}]`: responds with the changes since a cursor; if
   * there are no changes, waits for one.
   */
  changes({ client, request, visitor: { grant } }: Pick<Call, "client" | "request" | "visitor">): Answer {
    const params = paramsOf(request);
    checkNames(params, ["after", "timeout"]);
    const after = parseCursor(params.get("after") ?? "");
    const timeoutMs = timeoutFrom(params, 0);
    const { tasks, removed } = this.#changesSince(client, after);
    const answer = () => whenPublishable(this.#context, client, () => this.#changesResponse(client, after));
    if (timeoutMs === 0 || tasks.length > 0 || removed.length > 0) return answer();
    const subscribe = (onEvent: (event: true) => void) =>
      this.#context.hub.onFrame(client, () => onEvent(true));
    return this.#wait({ request, timeoutMs, subscribe }, grant).then(answer);
  }

  /**
   * `GET /tasks/{client}/{id}?wait={states}[&timeout={seconds}]`: responds with the record once the task is
   * in one of the states. The response always has the record: its status is 408, which clients retry, if the
   * timeout elapses, or 409 if the task can no longer reach any of the states.
   */
  async task({ client, id, request, visitor: { grant } }: Call): Promise<Response> {
    const params = paramsOf(request);
    checkNames(params, ["wait", "timeout"]);
    const wanted = statesFrom(params.get("wait") ?? "");
    const timeoutMs = timeoutFrom(params, MAX_WAIT_SECONDS);
    const read = taskRecord(this.#context, client, id);
    const stored = read instanceof Promise ? await read : read;
    const isText = wantsText(request);
    const answer = (stored: TaskRecord) =>
      whenPublishable(this.#context, client, () => recordResponse(stored, statusOf(stored, wanted), isText));
    if (timeoutMs === 0 || statusOf(stored, wanted) !== 408) return await answer(stored);
    const subscribe = (onEvent: (event: TaskRecord | "removed") => void) =>
      this.#context.hub.onTask(client, id, (changed) => {
        if (changed === null) onEvent("removed");
        else if (statusOf(changed, wanted) !== 408) onEvent(changed);
      });
    const outcome = await this.#wait({ request, timeoutMs, subscribe }, grant);
    if (outcome === "removed") throw taskNotFound(id);
    return await answer(outcome ?? await taskRecord(this.#context, client, id));
  }

  /** Waits for an event, but not after the grant of the visitor has expired. */
  #wait<T>(wait: Wait<T>, grant: Grant): Promise<T | null> {
    const timeoutMs = Math.min(wait.timeoutMs, msUntilExpired(grant));
    return this.#room.wait({ ...wait, timeoutMs }, shareOf(grant));
  }

  #changesSince(client: string, after: Cursor): ChangesSince {
    const changes = this.#context.registry.changesSince(client, after);
    if (changes !== undefined) return changes;
    throw new Problem(
      "cursor_gone",
      "The changes since this cursor are not available any more; start again without a cursor",
    );
  }

  #changesResponse(client: string, after: Cursor): MaybePromise<Response> {
    const { registry } = this.#context;
    const changes = this.#changesSince(client, after);
    const cursor = formatCursor(registry.cursorOf(client));
    const removed = JSON.stringify(changes.removed.map((gone) => gone.id));
    return andThen(registry.records(changes.tasks), (records) => {
      const tasks = records.map((record) => record.json).join();
      return jsonResponse(`{"cursor":"${cursor}","tasks":[${tasks}],"removed":${removed}}`);
    });
  }
}

function recordResponse(stored: TaskRecord, status: number, isText: boolean): Response {
  return isText ? taskText(stored.task, status) : jsonResponse(stored.json, status, { vary: "Accept" });
}

/**
 * Returns the status of the response: 200 if the task is in one of the wanted states, 408 if it can still
 * reach one of these states, otherwise 409.
 */
function statusOf({ summary: { state } }: StoredTask, wanted: ReadonlySet<TaskState>): 200 | 408 | 409 {
  if (wanted.has(state)) return 200;
  const place = TASK_STATES.indexOf(state);
  return !isFinal(state) && [...wanted].some((other) => TASK_STATES.indexOf(other) > place) ? 408 : 409;
}

function statesFrom(text: string): ReadonlySet<TaskState> {
  const names = text.toUpperCase().split(",").flatMap((name) =>
    name === "ENDED" ? TASK_STATES.filter(isFinal) : [name]
  );
  if (names.every(isTaskState)) return new Set(names as TaskState[]);
  throw new Problem("bad_filter", 'The parameter "wait" must be "ended" or states, such as FINISHED,ERROR');
}

function timeoutFrom(params: URLSearchParams, fallback: number): number {
  const text = params.get("timeout") ?? String(fallback);
  if (/^\d{1,2}(\.\d{1,3})?$/.test(text) && Number(text) <= MAX_WAIT_SECONDS) return Number(text) * 1000;
  throw new Problem(
    "bad_filter",
    `The parameter "timeout" must be between 0 and ${MAX_WAIT_SECONDS} seconds`,
  );
}

function checkNames(params: URLSearchParams, names: readonly [string, ...string[]]): void {
  const other = params.keys().find((name) => !names.includes(name));
  const twice = names.find((name) => params.getAll(name).length > 1);
  if (other === undefined && twice === undefined) return;
  const complaint = other === undefined
    ? `"${twice}" may be given only once`
    : `"${other.slice(0, 100)}" cannot be combined with "${names[0]}"`;
  throw new Problem("bad_filter", `The parameter ${complaint}`);
}
