/**
 * Reads, starts, cancels and removes tasks over HTTP.
 *
 * @module
 */

import { JSON_HEADERS, jsonResponse, TextResponse } from "../responses.ts";
import { z } from "zod";
import { enclosed, type Text } from "../../hub/long_text.ts";
import { envelopeOf } from "../../hub/messages.ts";
import { formatCursor } from "../../task/cursor.ts";
import { LIMITS } from "../../task/grammar.ts";
import { isFinal, type JsonObject, type JsonValue } from "../../task/task.ts";
import { readJson } from "../body.ts";
import {
  type HandlerContext,
  retryTask,
  startTask,
  storedTask,
  whenCommitted,
  whenPublishable,
} from "../context.ts";
import { Problem } from "../problem.ts";
import { linkToPage, parseTaskQuery, selectTasks } from "./query.ts";
import { type Answer, type Call, paramsOf } from "../route.ts";
import { listText, taskText, wantsText } from "./text.ts";

/** The headers of JSON responses of routes that can also respond with text. */
const NEGOTIATED_HEADERS = { ...JSON_HEADERS, "vary": "Accept" };

/**
 * The maximum length of all cached lists, in characters; beyond it, those that were serialised longest ago are
 * evicted. Many responses to slow readers share a cached list.
 */
const MAX_CACHED_CHARACTERS = 16 * 1024 * 1024;

/** `POST /tasks/{client}/start/{name}` */
export const START_BODY = z.strictObject({
  args: z.array(z.unknown()).max(32).default([]).describe("the arguments of the function, at most 32"),
  id: z.string().describe("the id of the new task; made up by the server if absent").optional(),
  tags: z.array(z.string()).max(LIMITS.tags).describe("labels to filter by").optional(),
  metadata: z.record(z.string(), z.unknown()).describe("any data shown beside the task").optional(),
});

/** A serialised list of tasks, and the cursor of the state that it contains. */
interface CachedList {
  readonly seq: number;
  readonly epoch: string;
  readonly body: Text;
}

/** Handles requests below `/tasks`. */
export class Rest {
  readonly #context: HandlerContext;
  readonly #lists: Map<string, CachedList> = new Map();
  #cachedCharacters = 0;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /tasks/{client}`: responds with all tasks, or one page of those that a query selects. */
  list({ client, request }: Pick<Call, "client" | "request">): Answer {
    const { url } = request;
    const mark = url.indexOf("?");
    const search = mark === -1 ? "" : url.slice(mark + 1);
    const isText = wantsText(request);
    return whenPublishable(this.#context, () => {
      if (search === "" && !isText) return negotiated(this.#all(client));
      const params = paramsOf(request);
      return isText
        ? listText(this.#context.registry.list(client), request)
        : this.#some(client, params, url);
    });
  }

  /** `GET /tasks/{client}/{id}` */
  task({ client, id, request }: Pick<Call, "client" | "id" | "request">): Answer {
    const isText = wantsText(request);
    return whenPublishable(this.#context, () => {
      const stored = storedTask(this.#context, client, id);
      return isText ? taskText(stored.task) : negotiated(stored.json);
    });
  }

  /** `GET /tasks/{client}/{id}/history` */
  history({ client, id }: Call): Answer {
    return whenPublishable(this.#context, () => {
      storedTask(this.#context, client, id);
      return this.#context.registry.history(client, id)
        .then((history) => jsonResponse(JSON.stringify({ history })));
    });
  }

  /** `GET /tasks/{client}/{id}/progress`: responds with the progress over time. */
  progress({ client, id }: Call): Answer {
    return whenPublishable(this.#context, () => {
      storedTask(this.#context, client, id);
      return this.#context.registry.progress(client, id)
        .then((points) => jsonResponse(JSON.stringify({ points })));
    });
  }

  /** `POST /tasks/{client}/start/{name}` */
  async start({ client, name, request }: Call): Promise<Response> {
    const parsed = START_BODY.safeParse(await readJson(request, this.#context.bodies));
    if (!parsed.success) throw badBody(parsed.error.issues[0]);
    const { args, id, tags, metadata } = parsed.data;
    const taskId = startTask(this.#context, client, name, args as JsonValue[], {
      ...(id !== undefined && { id }),
      ...(tags !== undefined && { tags }),
      ...(metadata !== undefined && { metadata: metadata as JsonObject }),
    });
    return this.#started(client, taskId);
  }

  /** `POST /tasks/{client}/{id}/retry` */
  async retry({ client, id }: Call): Promise<Response> {
    return await this.#started(client, await retryTask(this.#context, client, id));
  }

  /** `POST /tasks/{client}/{id}/cancel`; with `force`, the task is cancelled at once, without waiting for its code. */
  cancel({ client, id, request }: Call): Promise<Response> {
    const { registry } = this.#context;
    storedTask(this.#context, client, id);
    const force = paramsOf(request).get("force");
    if (force !== null && force !== "true" && force !== "false") {
      throw new Problem("bad_filter", 'The parameter "force" must be true or false');
    }
    let task = registry.requestCancel(client, id);
    if (force === "true" && !isFinal(task.state)) task = registry.apply(client, id, { type: "cancelled" });
    const answer = { task_id: id, state: task.state, cancel_requested: true };
    return whenCommitted(this.#context, jsonResponse(JSON.stringify(answer), 202));
  }

  /** `DELETE /tasks/{client}/{id}` */
  remove({ client, id }: Call): Promise<Response> {
    const { task } = storedTask(this.#context, client, id);
    if (!this.#context.registry.remove(client, id)) {
      throw new Problem("task_active", `Cannot remove task "${id}": it has not ended, it is ${task.state}`);
    }
    const headers = { "cache-control": "no-store" };
    return whenCommitted(this.#context, new Response(null, { status: 204, headers }));
  }

  /** `POST /tasks/{client}/{id}/restore`: undoes a removal of the last few seconds. */
  restore({ client, id }: Call): Promise<Response> {
    const task = this.#context.registry.restore(client, id);
    return whenCommitted(this.#context, jsonResponse(JSON.stringify(task)));
  }

  /** `DELETE /tasks/{client}?state=`: removes the ended tasks that a query selects. */
  removeMany({ client, request }: Call): Promise<Response> {
    const params = paramsOf(request);
    if (!params.has("state")) {
      throw new Problem(
        "bad_filter",
        'The parameter "state" is required, such as ?state=FINISHED,ERROR,CANCELLED',
      );
    }
    const query = { ...parseTaskQuery(params), limit: Number.MAX_SAFE_INTEGER, page: 1 };
    const { registry } = this.#context;
    const removed = selectTasks(registry.list(client), query).tasks
      .filter(({ id }) => registry.remove(client, id)).length;
    return whenCommitted(this.#context, jsonResponse(JSON.stringify({ removed })));
  }

  #started(client: string, taskId: string): Promise<Response> {
    const location = `${this.#context.access.basePath}/tasks/${client}/${taskId}`;
    const body = JSON.stringify({ task_id: taskId });
    return whenCommitted(this.#context, jsonResponse(body, 202, { location }));
  }

  #all(client: string): Text {
    const { registry } = this.#context;
    const seq = registry.lastSeq(client);
    const { epoch } = registry.cursor;
    const cached = this.#lists.get(client);
    if (cached?.seq === seq && cached.epoch === epoch) return cached.body;
    const body = enclosed("{", envelopeOf(registry, client), `,"cursor":"${formatCursor(registry.cursor)}"}`);
    this.#evict(client);
    // The list of an unknown client is not cached, so that requests for random client tokens take no memory.
    if (seq === 0 || body.length > MAX_CACHED_CHARACTERS) return body;
    this.#lists.set(client, { seq, epoch, body });
    this.#cachedCharacters += body.length;
    for (const oldest of this.#lists.keys()) {
      if (this.#cachedCharacters <= MAX_CACHED_CHARACTERS) break;
      this.#evict(oldest);
    }
    return body;
  }

  #evict(client: string): void {
    this.#cachedCharacters -= this.#lists.get(client)?.body.length ?? 0;
    this.#lists.delete(client);
  }

  #some(client: string, params: URLSearchParams, url: string): Response {
    const { registry } = this.#context;
    const { tasks, total, nextPage } = selectTasks(registry.list(client), parseTaskQuery(params));
    const all = tasks.map((stored) => `${JSON.stringify(stored.id)}:${stored.json}`).join();
    const active = tasks.filter((stored) => stored.active).map((stored) => stored.json).join();
    const body =
      `{"active_tasks":[${active}],"all_tasks":{${all}},"total":${total},"next_page":${nextPage},` +
      `"cursor":"${formatCursor(registry.cursor)}"}`;
    if (nextPage === null) return negotiated(body);
    return jsonResponse(body, 200, { ...NEGOTIATED_HEADERS, link: linkToPage(url, nextPage) });
  }
}

function negotiated(body: Text): Response {
  return new TextResponse(body, { headers: NEGOTIATED_HEADERS });
}

function badBody(issue: z.core.$ZodIssue | undefined): Problem {
  const field = issue?.path.join(".") ?? "";
  if (issue?.code === "unrecognized_keys") {
    return new Problem(
      "bad_body",
      `There is no field "${issue.keys[0]!.slice(0, 100)}"; use args, id, tags, metadata`,
    );
  }
  return new Problem("bad_body", `Cannot read "${field}": ${issue?.message ?? "wrong type"}`);
}
