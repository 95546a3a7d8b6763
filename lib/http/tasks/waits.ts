/**
 * Answers that wait for something to happen, over plain HTTP.
 *
 * @module
 */

import { type Cursor, formatCursor, parseCursor } from "../../task/cursor.ts";
import type { ChangesSince, StoredTask } from "../../store/store.ts";
import { isFinal, isTaskState, TASK_STATES, type TaskState } from "../../task/task.ts";
import { type HandlerContext, storedTask, taskNotFound, whenPublishable } from "../context.ts";
import { Problem } from "../problem.ts";
import { jsonResponse } from "../responses.ts";
import { type Answer, type Call, paramsOf } from "../route.ts";
import { taskText, wantsText } from "./text.ts";
import { WaitingRoom } from "./waiting_room.ts";

/** The longest wait of a request, in seconds: many proxies give up on a response after a minute. */
export const MAX_WAIT_SECONDS = 60;

/** Answers requests that may wait. */
export class Waits {
  readonly #context: HandlerContext;
  readonly #room: WaitingRoom;

  /** @param context what the answers are made of */
  constructor(context: HandlerContext) {
    this.#context = context;
    this.#room = new WaitingRoom(context.limits.waitingRequests);
  }

  /** How many requests wait. */
  get count(): number {
    return this.#room.size;
  }

  /** Sends everybody away who waits, as the server is about to end. */
  close(): void {
    this.#room.close();
  }

  /** `GET /tasks/{client}?after={cursor}[&timeout={seconds}]`: what changed since, or as soon as something does. */
  changes({ client, request }: Pick<Call, "client" | "request">): Answer {
    const params = paramsOf(request);
    checkNames(params, ["after", "timeout"]);
    const after = parseCursor(params.get("after") ?? "");
    const timeoutMs = timeoutFrom(params, 0);
    const { tasks, removed } = this.#changesSince(client, after);
    const answer = () => whenPublishable(this.#context, () => this.#changesResponse(client, after));
    if (timeoutMs === 0 || tasks.length > 0 || removed.length > 0) return answer();
    const begin = (happened: (what: true) => void) => this.#context.hub.onFrame(client, () => happened(true));
    return this.#room.wait({ request, timeoutMs, begin }).then(answer);
  }

  /**
   * `GET /tasks/{client}/{id}?wait={states}[&timeout={seconds}]`: the record, as soon as the task is in one of the states.
   * Where it is not in time, or never will be, the answer is the record all the same, but with a status that shells take
   * for a failure: 408, which is worth another try, or 409, which is not.
   */
  async task({ client, id, request }: Call): Promise<Response> {
    const params = paramsOf(request);
    checkNames(params, ["wait", "timeout"]);
    const wanted = statesFrom(params.get("wait") ?? "");
    const timeoutMs = timeoutFrom(params, MAX_WAIT_SECONDS);
    const stored = storedTask(this.#context, client, id);
    const isText = wantsText(request);
    const answer = (stored: StoredTask) =>
      whenPublishable(this.#context, () => recordResponse(stored, statusOf(stored, wanted), isText));
    if (timeoutMs === 0 || statusOf(stored, wanted) !== 408) return await answer(stored);
    const begin = (happened: (what: StoredTask | "removed") => void) =>
      this.#context.hub.onTask(client, id, (changed) => {
        if (changed === null) happened("removed");
        else if (statusOf(changed, wanted) !== 408) happened(changed);
      });
    const outcome = await this.#room.wait({ request, timeoutMs, begin });
    if (outcome === "removed") throw taskNotFound(id);
    return await answer(outcome ?? storedTask(this.#context, client, id));
  }

  #changesSince(client: string, after: Cursor): ChangesSince {
    const changes = this.#context.registry.changesSince(client, after);
    if (changes !== undefined) return changes;
    throw new Problem(
      "cursor_gone",
      "What changed after this cursor is not known any more; begin anew without one",
    );
  }

  #changesResponse(client: string, after: Cursor): Response {
    const changes = this.#changesSince(client, after);
    const cursor = formatCursor(this.#context.registry.cursor);
    const tasks = changes.tasks.map((stored) => stored.json).join();
    const removed = JSON.stringify(changes.removed.map((gone) => gone.id));
    return jsonResponse(`{"cursor":"${cursor}","tasks":[${tasks}],"removed":${removed}}`);
  }
}

function recordResponse(stored: StoredTask, status: number, isText: boolean): Response {
  return isText ? taskText(stored.task, status) : jsonResponse(stored.json, status, { vary: "Accept" });
}

/** 200 where a task is in one of the states, 408 where it is not yet, 409 where it never will be. */
function statusOf({ task: { state } }: StoredTask, wanted: ReadonlySet<TaskState>): 200 | 408 | 409 {
  if (wanted.has(state)) return 200;
  const place = TASK_STATES.indexOf(state);
  return !isFinal(state) && [...wanted].some((other) => TASK_STATES.indexOf(other) > place) ? 408 : 409;
}

function statesFrom(text: string): ReadonlySet<TaskState> {
  const names = text.toUpperCase().split(",").flatMap((name) =>
    name === "ENDED" ? TASK_STATES.filter(isFinal) : [name]
  );
  if (names.every(isTaskState)) return new Set(names as TaskState[]);
  throw new Problem("bad_filter", 'The filter "wait" must name states, such as FINISHED,ERROR, or be ended');
}

function timeoutFrom(params: URLSearchParams, fallback: number): number {
  const text = params.get("timeout") ?? String(fallback);
  if (/^\d{1,2}(\.\d{1,3})?$/.test(text) && Number(text) <= MAX_WAIT_SECONDS) return Number(text) * 1000;
  throw new Problem("bad_filter", `The filter "timeout" must be 0 to ${MAX_WAIT_SECONDS} seconds`);
}

function checkNames(params: URLSearchParams, names: readonly [string, ...string[]]): void {
  const given = [...params.keys()];
  const other = given.find((name) => !names.includes(name));
  const twice = given.find((name, index) => given.indexOf(name) < index);
  if (other === undefined && twice === undefined) return;
  const complaint = other === undefined
    ? `"${twice}" may be given once`
    : `"${other}" does not go with "${names[0]}"`;
  throw new Problem("bad_filter", `The filter ${complaint}`);
}
