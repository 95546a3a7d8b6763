/**
 * The tasks over plain HTTP.
 *
 * @module
 */

import { z } from "zod";
import { envelopeOf } from "../hub.ts";
import { formatCursor } from "../protocol.ts";
import { isTerminal, type JsonObject } from "../task.ts";
import { readJson } from "./body.ts";
import { type HandlerContext, startTask, storedTask } from "./context.ts";
import { Problem } from "./problem.ts";
import { parseTaskQuery, selectTasks } from "./query.ts";

const JSON_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Larger lists are written anew for each request; smaller ones are kept until they change. */
const KEPT_LIST_CHARACTERS = 256 * 1024;
/** Lists that are kept; the one that was asked for longest ago goes. */
const KEPT_LISTS = 64;

const START_BODY = z.strictObject({
  args: z.array(z.json()).max(32).default([]),
  id: z.string().optional(),
  tags: z.array(z.string()).optional(),
  metadata: z.record(z.string(), z.json()).optional(),
});

/** Answers requests below `/tasks`. */
export class Rest {
  readonly #context: HandlerContext;
  readonly #lists: Map<string, { readonly seq: number; readonly body: string }> = new Map();

  /** @param context what the answers are made of */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /tasks/{client}`: all tasks, or with a query some of them. */
  list(client: string, url: string): Response {
    const mark = url.indexOf("?");
    const search = mark === -1 ? "" : url.slice(mark + 1);
    return search === ""
      ? jsonResponse(this.#all(client))
      : this.#some(client, new URLSearchParams(search), url);
  }

  /** `GET /tasks/{client}/{id}` */
  task(client: string, id: string): Response {
    return jsonResponse(storedTask(this.#context, client, id).json);
  }

  /** `GET /tasks/{client}/{id}/logs`: the newest lines, or with `after` those behind a number. */
  logs(client: string, id: string, params: URLSearchParams): Response {
    const { task } = storedTask(this.#context, client, id);
    const lines = this.#context.registry.log(client, id);
    const first = task.log_count - lines.length;
    const after = params.get("after") ?? "0";
    if (!/^\d{1,15}$/.test(after)) {
      throw new Problem(400, "bad_filter", 'The filter "after" must be the number of a line');
    }
    const skipped = Math.min(lines.length, Math.max(0, Number(after) - first));
    const wanted = lines.slice(skipped);
    return jsonResponse(JSON.stringify({ lines: wanted, first: first + skipped, next: task.log_count }));
  }

  /** `POST /tasks/{client}/start/{name}` */
  async start(client: string, name: string, request: Request): Promise<Response> {
    const parsed = START_BODY.safeParse(await readJson(request, this.#context.limits));
    if (!parsed.success) throw badBody(parsed.error.issues[0]);
    const { args, id, tags, metadata } = parsed.data;
    const taskId = startTask(this.#context, client, name, args, {
      ...(id !== undefined && { id }),
      ...(tags !== undefined && { tags }),
      ...(metadata !== undefined && { metadata: metadata as JsonObject }),
    });
    const location = `${this.#context.access.basePath}/tasks/${client}/${taskId}`;
    return jsonResponse(JSON.stringify({ task_id: taskId }), 202, { location });
  }

  /** `POST /tasks/{client}/{id}/cancel`; with `force` the task ends at once, whatever its code does. */
  cancel(client: string, id: string, params: URLSearchParams): Response {
    const { registry } = this.#context;
    storedTask(this.#context, client, id);
    const force = params.get("force");
    if (force !== null && force !== "true" && force !== "false") {
      throw new Problem(400, "bad_filter", 'The filter "force" must be true or false');
    }
    let task = registry.requestCancel(client, id);
    if (force === "true" && !isTerminal(task.state)) task = registry.apply(client, id, { type: "cancelled" });
    return jsonResponse(JSON.stringify({ task_id: id, state: task.state, cancel_requested: true }), 202);
  }

  /** `DELETE /tasks/{client}/{id}` */
  remove(client: string, id: string): Response {
    const { task } = storedTask(this.#context, client, id);
    if (!this.#context.registry.remove(client, id)) {
      throw new Problem(
        409,
        "task_active",
        `Cannot remove task "${id}": it has not ended, it is ${task.state}`,
      );
    }
    return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
  }

  /** `DELETE /tasks/{client}?state=`: removes the ended tasks that a query names. */
  removeMany(client: string, params: URLSearchParams): Response {
    if (!params.has("state")) {
      throw new Problem(
        400,
        "bad_filter",
        "Say which tasks to remove, such as ?state=FINISHED,ERROR,CANCELLED",
      );
    }
    const query = { ...parseTaskQuery(params), limit: Number.MAX_SAFE_INTEGER, page: 1 };
    const ended = selectTasks(this.#context.registry.list(client), query).tasks
      .filter((stored) => isTerminal(stored.task.state));
    for (const { task } of ended) this.#context.registry.remove(client, task.id);
    return jsonResponse(JSON.stringify({ removed: ended.length }));
  }

  #all(client: string): string {
    const { registry } = this.#context;
    const seq = registry.lastSeq(client);
    const kept = this.#lists.get(client);
    if (kept?.seq === seq) return kept.body;
    const body = `{${envelopeOf(registry, client)}}`;
    this.#lists.delete(client);
    // What nobody reports to is not kept, so that made-up tokens cost nothing.
    if (seq === 0 || body.length > KEPT_LIST_CHARACTERS) return body;
    this.#lists.set(client, { seq, body });
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > KEPT_LISTS && oldest !== undefined) this.#lists.delete(oldest);
    return body;
  }

  #some(client: string, params: URLSearchParams, url: string): Response {
    const { registry } = this.#context;
    const { tasks, total, nextPage } = selectTasks(registry.list(client), parseTaskQuery(params));
    const all = tasks.map((stored) => `${JSON.stringify(stored.task.id)}:${stored.json}`).join();
    const active = tasks.filter((stored) => stored.task.active).map((stored) => stored.json).join();
    const body =
      `{"active_tasks":[${active}],"all_tasks":{${all}},"total":${total},"next_page":${nextPage},` +
      `"cursor":"${formatCursor(registry.cursor)}"}`;
    if (nextPage === null) return jsonResponse(body);
    const next = new URL(url);
    next.searchParams.set("page", String(nextPage));
    return jsonResponse(body, 200, { link: `<${next.pathname}${next.search}>; rel="next"` });
  }
}

/** An answer that is JSON already. */
export function jsonResponse(
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> | null = null,
): Response {
  return new Response(body, {
    status,
    headers: headers === null ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
  });
}

function badBody(issue: z.core.$ZodIssue | undefined): Problem {
  const field = issue?.path.join(".") ?? "";
  if (issue?.code === "unrecognized_keys") {
    return new Problem(
      400,
      "bad_body",
      `There is no field "${issue.keys[0]}"; there are args, id, tags, metadata`,
    );
  }
  return new Problem(
    400,
    "bad_body",
    `The field "${field}" can't be read: ${issue?.message ?? "wrong type"}`,
  );
}
