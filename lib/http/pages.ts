/**
 * The pages for people, and the forms on them. What they look like is given by a `PageRenderer`.
 *
 * @module
 */

import { formatCursor } from "../protocol.ts";
import { now } from "../registry.ts";
import type { JsonValue } from "../task.ts";
import { AssetFiles } from "./asset_files.ts";
import { readForm } from "./body.ts";
import {
  clientFrom,
  type HandlerContext,
  startTask,
  storedTask,
  taskIdFrom,
  whenShowable,
} from "./context.ts";
import type { PageContext } from "../page_renderer.ts";
import { Problem, problemOf, titleOf } from "./problem.ts";
import { type Answer, decoded, nothingHere, read, type Route } from "./route.ts";

const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

const CLIENT_COOKIE = "taskscope_client";
/** How long a browser remembers its client token: a year, in seconds. */
const COOKIE_MAX_AGE_SECONDS = 31_536_000;

/** Answers requests for pages, and what their forms send without JavaScript. */
export class Pages {
  readonly #context: HandlerContext;
  readonly #assets: AssetFiles;

  /** @param context what the answers are made of */
  constructor(context: HandlerContext) {
    this.#context = context;
    this.#assets = new AssetFiles(context.pages.assets);
  }

  /** Finds what `/`, and a path below `/t` or `/assets`, stands for. */
  route(request: Request, segments: readonly string[]): Route {
    const [root, first, ...rest] = segments;
    if (root === "" && first === undefined) {
      return { GET: { access: null, answer: () => this.#home(request) } };
    }
    if (first === undefined) throw nothingHere();
    if (root === "assets" && rest.length === 0) {
      return { GET: { access: null, answer: () => this.#assets.answer(first, request) } };
    }
    if (root === "t" && rest.length <= 2) return this.#clientRoute(request, clientFrom(first), rest);
    throw nothingHere();
  }

  #clientRoute(request: Request, client: string, [second, third]: readonly string[]): Route {
    const url = new URL(request.url);
    if (second === undefined) {
      return { GET: { access: read(client), answer: () => this.#clientPage(client, url, null, 200) } };
    }
    if (second === "start" && third !== undefined) {
      const name = decoded(third);
      return {
        POST: {
          access: { action: "start", client, taskId: null },
          answer: () => this.#start(client, name, request, url),
        },
      };
    }
    const id = taskIdFrom(second);
    if (third === undefined) {
      return { GET: { access: read(client, id), answer: () => this.#task(client, id, url) } };
    }
    if (third === "cancel" || third === "remove") {
      return {
        POST: {
          access: { action: third, client, taskId: id },
          answer: () => this.#change(client, id, third, url),
        },
      };
    }
    throw nothingHere();
  }

  /** `GET /`: leads to the tasks of the browser's client token, which is made at the first visit. */
  #home(request: Request): Response {
    const { basePath } = this.#context.access;
    const known = new RegExp(`(?:^|;\\s*)${CLIENT_COOKIE}=([A-Za-z0-9_-]{1,128})(?:;|$)`)
      .exec(request.headers.get("cookie") ?? "")?.[1];
    const client = known ?? mintClientToken();
    const cookie = `${CLIENT_COOKIE}=${client}; Path=${basePath}/; Max-Age=${COOKIE_MAX_AGE_SECONDS}; ` +
      "HttpOnly; SameSite=Lax";
    return redirect(`${basePath}/t/${client}`, { "set-cookie": cookie });
  }

  /** `GET /t/{client}/{id}` */
  #task(client: string, id: string, url: URL): Answer {
    return whenShowable(this.#context, () => this.#taskPage(client, id, url));
  }

  /** `POST /t/{client}/start/{name}` */
  async #start(client: string, name: string, request: Request, url: URL): Promise<Response> {
    const fields = await readForm(request, this.#context.limits);
    const input = this.#context.startables.get(name)?.input ?? null;
    try {
      startTask(this.#context, client, name, this.#context.pages.argumentsFrom(input, fields));
      await this.#context.registry.committed();
    } catch (error) {
      const problem = error instanceof RangeError || error instanceof SyntaxError
        ? new Problem(400, "bad_field", error.message)
        : problemOf(error, this.#context.reportError);
      return this.#clientPage(client, url, problem.message, problem.status);
    }
    return redirect(`${this.#context.access.basePath}/t/${client}`);
  }

  /** `POST /t/{client}/{id}/cancel` and `…/remove` */
  async #change(client: string, id: string, change: "cancel" | "remove", url: URL): Promise<Response> {
    const { registry, access } = this.#context;
    try {
      storedTask(this.#context, client, id);
      if (change === "cancel") registry.requestCancel(client, id);
      else if (!registry.remove(client, id)) {
        throw new Problem(409, "task_active", `Cannot remove task "${id}": it has not ended`);
      }
      await registry.committed();
    } catch (error) {
      const problem = problemOf(error, this.#context.reportError);
      return this.#clientPage(client, url, problem.message, problem.status);
    }
    return redirect(`${access.basePath}/t/${client}`);
  }

  /** A problem, as a page. */
  problem(problem: Problem): Response {
    const { status, message, headers } = problem;
    const { basePath } = this.#context.access;
    const html = this.#context.pages.problem({ status, title: titleOf(status), detail: message, basePath });
    return new Response(html, { status, headers: { ...PAGE_HEADERS, ...headers } });
  }

  /** `GET /t/{client}` */
  #clientPage(client: string, url: URL, error: string | null, status: number): Answer {
    return whenShowable(this.#context, () => this.#clientPageNow(client, url, error, status));
  }

  #clientPageNow(client: string, url: URL, error: string | null, status: number): Response {
    const { registry, pages, startables } = this.#context;
    const offered = [...startables].map(([name, { input }]) => ({
      name,
      title: textOf(input?.title),
      description: textOf(input?.description),
      input,
    }));
    const page = Number(url.searchParams.get("page") ?? 1);
    const tasks = {
      summaries: Array.from(registry.list(client), ({ summary }) => summary),
      record: (id: string) => registry.task(client, id),
    };
    const html = pages.client(this.#pageContext(client, url, error), tasks, page, offered);
    return new Response(html, { status, headers: PAGE_HEADERS });
  }

  #taskPage(client: string, id: string, url: URL): Response {
    const { registry, pages } = this.#context;
    const { task } = storedTask(this.#context, client, id);
    const children = Array.from(registry.list(client))
      .filter(({ summary }) => summary.parent_id === id)
      .map((stored) => stored.task);
    const from = Math.max(0, task.log_count - this.#context.limits.logLinesPerTask);
    const { lines } = registry.log(client, id, from, task.log_count);
    const log = { lines, dropped: task.log_count - lines.length };
    const html = pages.task(this.#pageContext(client, url, null), task, children, log);
    return new Response(html, { headers: PAGE_HEADERS });
  }

  #pageContext(client: string, url: URL, error: string | null): PageContext {
    const { access, registry } = this.#context;
    return {
      basePath: access.basePath,
      origin: access.publicOrigin ?? url.origin,
      client,
      cursor: formatCursor(registry.cursor),
      now: now(),
      trouble: registry.trouble?.error.reason ?? null,
      notice: error === null ? null : { kind: "error", text: error },
    };
  }
}

/** A token of 128 random bits, in the grammar of client tokens. */
export function mintClientToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function redirect(location: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { location, "cache-control": "no-store", "referrer-policy": "same-origin", ...headers },
  });
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
