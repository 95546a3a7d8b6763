/**
 * Handles requests for pages and requests from the forms on pages. A `PageRenderer` creates the HTML.
 *
 * @module
 */

import type { Access } from "../../access/grant.ts";
import { formatCursor } from "../../task/cursor.ts";
import { CLIENT_RULE, DEFAULT_CLIENT, isClientToken } from "../../task/grammar.ts";
import { NO_VALUES } from "../../task/value_book.ts";
import { now } from "../../clock.ts";
import { andThen, type MaybePromise } from "../../task/maybe_promise.ts";
import { overviewOf } from "./overview.ts";
import { runAgain, startableTask } from "./run_again.ts";
import { NameStats } from "../../registry/name_stats.ts";
import { AssetFiles } from "./asset_files.ts";
import { readForm } from "../body.ts";
import { changeMany } from "./bulk.ts";
import { type HandlerContext, serverAddress, storedTask, taskRecord, whenPublishable } from "../context.ts";
import { retryTask, startTask } from "../start_task.ts";
import { defaultClient } from "../../reporter/default_client.ts";
import type { PageContext } from "../../page_renderer.ts";
import type { Task } from "../../task/task.ts";
import type { Visitor } from "../gate.ts";
import { queryFields } from "../fields.ts";
import { Problem, problemOf, titleOf } from "../problem.ts";
import { jsonResponse, pageResponse, redirect } from "../responses.ts";
import { type Answer, type Call, paramsOf, wantsJson } from "../route.ts";
import { PageLogs } from "./page_logs.ts";
import { pageVisitor } from "./page_visitor.ts";
import { RenderedPages } from "./rendered_pages.ts";
import type { LogSearches } from "../tasks/log_searches.ts";
import { logParamsOf } from "../tasks/log_params.ts";

/** The headers of routes that respond with a page to browsers and with JSON to the page's script. */
const VARY = { "vary": "Accept" };

/** The maximum number of names on a page about past runs. */
const PAGE_NAMES = 100;

/** The access that the page about all clients needs, as `GET /clients` does. */
const LIST_CLIENTS: Access = { action: "operate", client: null, taskId: null };

/** An action that a form on a task's page applies to the task. */
export type TaskAction = "cancel" | "remove" | "restore" | "retry";

/** The page of a task as one visitor sees it. */
interface TaskView extends Pick<Call, "client" | "id" | "visitor"> {
  /** Whether the visitor has access to no other task of the client. */
  readonly seesOneTask: boolean;
  /** Whether the visitor may start the task again, and so sees its arguments. */
  readonly mayStart: boolean;
  readonly url: URL;
  /** Why the form that was sent from the page failed; `null` if it did not. */
  readonly problem: Problem | null;
}

/** Handles requests for pages and requests from the forms on pages, which work without JavaScript. */
export class Pages {
  readonly #context: HandlerContext;
  readonly #assets: AssetFiles;
  readonly #logs: PageLogs;
  readonly #rendered: RenderedPages = new RenderedPages();

  /**
   * @param context the parts of the monitor to use
   * @param searches searches the logs
   */
  constructor(context: HandlerContext, searches: LogSearches) {
    this.#context = context;
    this.#assets = new AssetFiles(context.pages.assets);
    this.#logs = new PageLogs(context.registry, searches);
  }

  /** `GET /assets/{file}` */
  asset({ file, request }: Call): Answer {
    return this.#assets.answer(file, request);
  }

  /**
   * `GET /`: the page about all clients, if the visitor may list the clients and a client other than the
   * default one has tasks. Otherwise redirects to the list page of the default client, or to the tasks that
   * the visitor's token gives access to.
   */
  home({ visitor, request }: Call): Answer {
    const { access: { basePath }, registry, pages, gate } = this.#context;
    const { grant } = visitor;
    if (grant.kind !== "full") {
      return redirect(`${basePath}/t/${grant.client}${grant.taskId === null ? "" : `/${grant.taskId}`}`);
    }
    return andThen(gate.may(visitor, request, LIST_CLIENTS), (mayListClients) => {
      const clients = mayListClients ? registry.clientCounts().map(({ client }) => client) : [];
      const first = defaultClient();
      if (clients.every((client) => client === first)) return redirect(`${basePath}/t/${first}`);
      return overviewOf(registry, clients).then((overview) =>
        pageResponse(pages.overview({ basePath, now: now(), ...overview }))
      );
    });
  }

  /**
   * `GET /install`: examples that report to the client that the parameter `client` names; by default to `default`.
   *
   * @throws {Problem} 400 if the client is not valid
   */
  install({ request }: Call): Response {
    const { pages, access: { basePath }, keyring } = this.#context;
    const client = paramsOf(request).get("client") ?? DEFAULT_CLIENT;
    if (!isClientToken(client)) throw new Problem("bad_client", `A client token must be ${CLIENT_RULE}`);
    const server = serverAddress(this.#context, request);
    return pageResponse(pages.install({ basePath, server, client, needsKey: keyring !== null }));
  }

  /**
   * `GET /t/{client}/{id}`: the page of a task. The parameters `q`, `stream`, `level`, `after` and `before`
   * select the log lines to show; pages without JavaScript use them.
   */
  task(call: Call): Answer {
    return this.#taskPage(call, new URL(call.request.url), null);
  }

  /** `GET /t/{client}`: the list page, or a part of the list for the page's script. */
  list({ client, visitor, request }: Call): Answer {
    const url = new URL(request.url);
    const { pages, access } = this.#context;
    if (wantsJson(request)) {
      return whenPublishable(this.#context, client, () => {
        try {
          const list = pages.list(this.#source(client), paramsOf(request), now());
          return andThen(list, (json) => jsonResponse(json, 200, VARY));
        } catch (error) {
          if (error instanceof RangeError) throw new Problem("bad_filter", error.message);
          throw error;
        }
      });
    }
    const search = pages.canonicalSearch(paramsOf(request));
    if (search !== null) return redirect(`${access.basePath}/t/${client}${search}`);
    return this.#clientPage(client, visitor, url, null, 200);
  }

  /**
   * `POST /t/{client}?do=remove`, with a field `id` for each task: sent by a form of the list page, or by the
   * page's script.
   */
  async bulk(call: Call): Promise<Response> {
    const { client, visitor, request } = call;
    const url = new URL(request.url);
    const action = paramsOf(request).get("do") ?? "";
    const fields = await readForm(request, this.#context.bodies);
    const result = await changeMany(this.#context, client, action, fields.getAll("id"));
    if (wantsJson(request)) return jsonResponse(JSON.stringify(result), 200, VARY);
    const { done, failed } = result;
    if (failed.length === 0 || !(await this.#may(call, "read", null))) return redirect(listAddress(url));
    const words = this.#context.pages.bulkWords(action, done.length, failed.map(({ detail }) => detail));
    return this.#clientPage(client, visitor, url, words, 409);
  }

  /** `POST /t/{client}/start/{name}`; with `?from=task`, redirects to the page of the new task. */
  async start(call: Call): Promise<Response> {
    const { client, name, request } = call;
    const url = new URL(request.url);
    const fields = await readForm(request, this.#context.bodies);
    const input = this.#context.startables.get(name)?.input ?? null;
    let id: string;
    try {
      const args = this.#context.pages.argumentsFrom(input, fields);
      id = await startTask(this.#context, client, name, args);
      await this.#context.registry.committed(client);
      if (wantsJson(request)) return jsonResponse(JSON.stringify({ task_id: id }), 202, VARY);
    } catch (error) {
      const problem = error instanceof RangeError || error instanceof SyntaxError
        ? new Problem("bad_field", error.message)
        : problemOf(error, this.#context.reportError);
      if (wantsJson(request)) throw problem;
      return await this.#listWithProblem(call, url, problem);
    }
    const list = `${this.#context.access.basePath}/t/${client}`;
    return redirect(paramsOf(request).get("from") === "task" ? `${list}/${id}` : list);
  }

  /**
   * `POST /t/{client}/{id}/cancel`, `…/remove`, `…/restore` and `…/retry`: applies the action and redirects
   * to the list, or to the task's page if the form was on it (`?from=task`).
   */
  async change(action: TaskAction, call: Call): Promise<Response> {
    const { client, id, request } = call;
    const url = new URL(request.url);
    const { registry, access } = this.#context;
    const list = `${access.basePath}/t/${client}`;
    const isFromTask = paramsOf(request).get("from") === "task";
    try {
      const shown = await this.#changed(client, id, action);
      await registry.committed(client);
      return redirect(isFromTask ? `${list}/${shown}` : list);
    } catch (error) {
      const problem = problemOf(error, this.#context.reportError);
      const isShown = isFromTask && registry.stored(client, id) !== undefined &&
        await this.#may(call, "read", id);
      return await (isShown ? this.#taskPage(call, url, problem) : this.#listWithProblem(call, url, problem));
    }
  }

  /** Applies an action, and returns the id of the task to show next. */
  async #changed(client: string, id: string, action: TaskAction): Promise<string> {
    const { registry } = this.#context;
    if (action === "restore") return (await registry.restore(client, id)).id;
    storedTask(this.#context, client, id);
    if (action === "retry") return await retryTask(this.#context, client, id);
    if (action === "cancel") registry.requestCancel(client, id);
    else if (!registry.remove(client, id)) {
      throw new Problem("task_active", `Cannot remove task "${id}": it has not ended`);
    }
    return id;
  }

  /** Responds with an error page, which links to the sign-in page if signing in may help. */
  problem(problem: Problem, signInUrl: string | null): Response {
    const { status, message, headers } = problem;
    const { basePath } = this.#context.access;
    const html = this.#context.pages.problem({
      status,
      title: titleOf(status),
      detail: message,
      basePath,
      signInUrl,
    });
    return pageResponse(html, status, { ...VARY, ...headers });
  }

  /** Returns whether the visitor has an access to the client of a call; `taskId` is `null` for all its tasks. */
  #may({ client, visitor, request }: Call, action: Access["action"], taskId: string | null) {
    return this.#context.gate.may(visitor, request, { action, client, taskId });
  }

  /** Shows the problem of a form on the list page, or alone if the visitor has no access to the list. */
  async #listWithProblem(call: Call, url: URL, problem: Problem): Promise<Response> {
    if (!(await this.#may(call, "read", null))) throw problem;
    return this.#clientPage(call.client, call.visitor, url, problem.message, problem.status);
  }

  /** `GET /t/{client}` */
  #clientPage(client: string, visitor: Visitor, url: URL, error: string | null, status: number): Answer {
    return whenPublishable(
      this.#context,
      client,
      () => this.#clientPageNow(client, visitor, url, error, status),
    );
  }

  #clientPageNow(client: string, visitor: Visitor, url: URL, error: string | null, status: number): Answer {
    const { pages, startables } = this.#context;
    const offered = [...startables].map(([name, { input }]) => startableTask(name, input));
    const context = this.#pageContext(client, visitor, url, error);
    // The cursor in the context stands for the tasks of the client, which it identifies.
    const key = JSON.stringify([{ ...context, now: null }, url.search, offered]);
    const page = this.#rendered.page(
      key,
      () => pages.client(context, this.#source(client), queryFields(url.href), offered),
    );
    return andThen(page, (html) => pageResponse(html, status, VARY));
  }

  /** Returns the tasks of a client, from which a list page selects the tasks that it shows. */
  #source(client: string) {
    const { registry } = this.#context;
    const read = (tasks: Parameters<typeof registry.records>[0]) => registry.records(tasks);
    return { tasks: registry.list(client), read };
  }

  /** `GET /stats/{client}`: past runs by name; `?after={name}` begins after a name. */
  names({ client, visitor, request }: Call): Answer {
    return whenPublishable(this.#context, client, async () => {
      const context = this.#pageContext(client, visitor, new URL(request.url), null);
      const after = paramsOf(request).get("after");
      const { names, next } = await new NameStats(this.#context.registry, client).part(after, PAGE_NAMES);
      return pageResponse(this.#context.pages.names(context, names, next));
    });
  }

  /** `GET /stats/{client}/{name}` */
  runs({ client, name, visitor, request }: Call): Answer {
    return whenPublishable(this.#context, client, () => {
      const known = new NameStats(this.#context.registry, client).one(name);
      if (known === undefined) throw new Problem("unknown_name", "There are no tasks of this name");
      const context = this.#pageContext(client, visitor, new URL(request.url), null);
      return pageResponse(this.#context.pages.name(context, known.stats, known.runs));
    });
  }

  /** Responds with the page of a task, which shows only what the visitor has access to. */
  #taskPage(call: Call, url: URL, problem: Problem | null): Answer {
    const { client, id, visitor } = call;
    // The access is decided before anything is read, so that all reads match the cursor of the page.
    return andThen(
      this.#may(call, "read", null),
      (seesClient) =>
        andThen(this.#may(call, "start", id), (mayStart) => {
          const view = { client, id, visitor, seesOneTask: !seesClient, mayStart, url, problem };
          return whenPublishable(this.#context, client, () => this.#taskPageNow(view));
        }),
    );
  }

  #taskPageNow(view: TaskView): Answer {
    const { client, id } = view;
    const { registry } = this.#context;
    const isRemoved = registry.stored(client, id) === undefined && registry.removed(client, id) !== undefined;
    if (!isRemoved) {
      return andThen(
        taskRecord(this.#context, client, id),
        ({ task }) => this.#pageOf(view, task, isRemoved),
      );
    }
    return andThen(registry.removed(client, id), (task) => {
      // While the record was read, the task may have been restored or purged.
      if (task === undefined || registry.stored(client, id) !== undefined) return this.#taskPageNow(view);
      return this.#pageOf(view, task, isRemoved);
    });
  }

  #pageOf(view: TaskView, task: Task, isRemoved: boolean): Promise<Response> {
    const { registry, pages } = this.#context;
    const { client, id, visitor, seesOneTask, mayStart, url, problem } = view;
    const context = this.#pageContext(client, visitor, url, problem?.message ?? null, seesOneTask);
    // A visitor who has access to only one task must not learn of other tasks.
    const relatives = seesOneTask ? [] : registry.list(client);
    const summaries = Array.from(relatives, (stored) => stored.summary);
    const wanted = logParamsOf(queryFields(url.href), task.log_count);
    // All reads start at the same time, so that their results match the cursor of the page.
    const reads = Promise.all([
      isRemoved ? [] : registry.history(client, id),
      registry.progress(client, id),
      task.value_count > 0 ? registry.values(client, id) : NO_VALUES,
      this.#logs.lines(client, task, wanted),
      this.#logs.found(client, id, wanted),
      !isRemoved && mayStart ? registry.launch(client, id) : undefined,
    ]);
    return reads.then(async ([history, series, values, log, found, launch]) => {
      const html = await pages.task(context, {
        task,
        removedAt: isRemoved ? registry.removedAt(client, id) ?? 0 : null,
        all: { summaries, read: (ids) => this.#tasksOf(client, ids) },
        history,
        series,
        values,
        log,
        found,
        again: launch === undefined ? null : runAgain(this.#context, launch),
      });
      // The status is 410 (Gone) although the removal can still be undone.
      const status = problem?.status ?? (isRemoved ? 410 : 200);
      return pageResponse(html, status);
    });
  }

  #tasksOf(client: string, ids: readonly string[]): MaybePromise<readonly Task[]> {
    const { registry } = this.#context;
    const found = ids.map((id) => registry.stored(client, id)).filter((stored) => stored !== undefined);
    return andThen(registry.records(found), (records) => records.map(({ task }) => task));
  }

  #pageContext(
    client: string,
    visitor: Visitor,
    url: URL,
    error: string | null,
    seesOneTask = false,
  ): PageContext {
    const { access, registry, limits } = this.#context;
    return {
      basePath: access.basePath,
      origin: access.publicOrigin ?? url.origin,
      client,
      visitor: { ...pageVisitor(visitor, access), seesOneTask },
      cursor: formatCursor(registry.cursorOf(client)),
      now: now(),
      undoSeconds: limits.restoreWindowMs / 1_000,
      degradation: registry.degradation?.error.reason ?? null,
      notice: error === null ? null : { kind: "error", text: error },
    };
  }
}

/** Returns the address of the list page that a bulk form was sent from. */
function listAddress({ pathname, search }: URL): string {
  const params = new URLSearchParams(search);
  params.delete("do");
  return params.size === 0 ? pathname : `${pathname}?${params}`;
}
