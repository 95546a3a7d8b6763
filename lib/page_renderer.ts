/**
 * The interface between the HTTP handler and the code that renders pages.
 *
 * @module
 */

import type { RunStats } from "./task/run_stats.ts";
import type { HistoryEntry, JsonObject, JsonValue, LogLine, ProgressPoint, Task } from "./task/task.ts";
import type { ListedTask } from "./task/task_query.ts";

/** A file that pages load. */
export interface PageAsset {
  readonly body: string;
  readonly contentType: string;
}

/** The permissions of the person who requested a page. */
export interface PageVisitor {
  /** Whether they may start, cancel, remove and report tasks. */
  readonly mayChange: boolean;
  /** Whether they may open WebSockets. Event streams are always allowed. */
  readonly mayOpenSockets: boolean;
  /** Whether they may see only the task of the page. */
  readonly seesOneTask: boolean;
  /** Whether they may share links. */
  readonly mayShare: boolean;
  /** Whether they have signed in, so that they can sign out. */
  readonly isSignedIn: boolean;
  /** Whether programs need a key for this server. */
  readonly needsKey: boolean;
}

/** A sentence above the page: the outcome of a form that was sent without JavaScript. */
export interface PageNotice {
  readonly kind: "info" | "error";
  readonly text: string;
}

/** What the server knows about the request for a page of a client. */
export interface PageContext {
  /** The prefix of every path of this server: empty, or `/x` without a trailing slash. */
  readonly basePath: string;
  /** Scheme, host and port as the user sees them, for command lines. */
  readonly origin: string;
  /** The client token. */
  readonly client: string;
  readonly visitor: PageVisitor;
  /** The position, in the order of all changes, of the state that the page is rendered from. */
  readonly cursor: string;
  /** The server's clock when it rendered the page, in epoch seconds. */
  readonly now: number;
  /** The storage error because of which the server cannot commit changes; `null` if there is none. */
  readonly degradation: string | null;
  readonly notice: PageNotice | null;
}

/** A registered task that the page can start. */
export interface StartableTask {
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  /**
   * JSON Schema of the arguments: of the whole list (`type: "array"` with `prefixItems`), or of the only argument, an
   * object. If it is `null`, the form has a single field for an array of JSON.
   */
  readonly input: JsonObject | null;
}

/** The content of the page of one task. */
export interface ShownTask {
  readonly task: Task;
  /** Whether the task was removed and can still be restored. */
  readonly isRemoved: boolean;
  /** How long a removed task can be restored, in seconds. */
  readonly undoSeconds: number;
  /** All tasks of the client, to find subtasks and other attempts. Each record may have to be read from disk. */
  readonly all: {
    readonly summaries: Iterable<Pick<Task, "id" | "name" | "parent_id" | "retry_of" | "created_at">>;
    record(id: string): Task | undefined;
  };
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  /** The progress history, oldest first. */
  readonly series: readonly ProgressPoint[];
  readonly log: {
    readonly lines: readonly LogLine[];
    /** The number of lines before the first one. */
    readonly dropped: number;
    /** The number of lines that the server no longer keeps. */
    readonly gone: number;
  };
}

/** A parameter or a field, as the API reference shows it. */
export interface DocumentedField {
  readonly name: string;
  /** Its type, or its values if there are few; empty if it can be any JSON. */
  readonly type: string;
  /** What it means; parts between backticks are code. */
  readonly about: string;
}

/** A call, as the API reference shows it. */
export interface DocumentedCall {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  /** Details; parts between backticks are code. */
  readonly description: string | null;
  /** What it needs if the server has a key. */
  readonly access: string;
  /** The parameters of the query. */
  readonly parameters: readonly DocumentedField[];
  /** The request headers that change the response. */
  readonly headers: readonly DocumentedField[];
  /** The fields of the request body. */
  readonly body: readonly DocumentedField[];
  /** The formats that the request body may have. */
  readonly bodyTypes: readonly string[];
  readonly responses: readonly { readonly status: number; readonly about: string }[];
  /** A shell command. */
  readonly example: string;
}

/** Calls that the API reference shows together. */
export interface DocumentedGroup {
  readonly title: string;
  readonly about: string;
  readonly calls: readonly DocumentedCall[];
}

/** The content of the API reference. */
export interface Documentation {
  readonly basePath: string;
  /** The address of the server, base path included. */
  readonly server: string;
  readonly needsKey: boolean;
  readonly groups: readonly DocumentedGroup[];
  readonly sockets: DocumentedGroup;
  /** The fields of a task's record. */
  readonly record: readonly DocumentedField[];
  /** The HTTP statuses of errors, with their titles and codes. */
  readonly problems: readonly DocumentedField[];
}

/** Renders pages. */
export interface PageRenderer {
  /** The files that pages load, by names that contain a hash of their content. */
  readonly assets: ReadonlyMap<string, PageAsset>;
  /** Renders the list of a client's tasks that a query string selects. */
  client(
    context: PageContext,
    tasks: Iterable<ListedTask>,
    params: URLSearchParams,
    registered: readonly StartableTask[],
  ): string;
  /**
   * Returns a part of the same list as JSON, for the page's script.
   *
   * @throws {RangeError} if the bounds of the part are invalid
   */
  list(tasks: Iterable<ListedTask>, params: URLSearchParams, now: number): string;
  /** Returns the canonical form of a query string that a form produced; `null` if it is canonical already. */
  canonicalSearch(params: URLSearchParams): string | null;
  /** Describes the outcome of a bulk action. */
  bulkWords(action: string, done: number, reasons: readonly string[]): string;
  /** Renders the page of one task. */
  task(context: PageContext, shown: ShownTask): string;
  /** Renders the page of past runs of all names. */
  names(context: PageContext, names: readonly RunStats[]): string;
  /** Renders the page of past runs of one name. */
  name(context: PageContext, stats: RunStats): string;
  /** Renders the API reference. */
  docs(documentation: Documentation): string;
  /** Renders the sign-in page. */
  signIn(page: {
    readonly basePath: string;
    /** The path to redirect to afterwards. */
    readonly to: string;
    /** Why the last attempt failed; `null` on the first one. */
    readonly problem: string | null;
  }): string;
  /** Renders the page that creates a share link. */
  share(page: {
    readonly basePath: string;
    readonly client: string;
    /** The task that the link gives access to; `null` for all tasks of the client. */
    readonly taskId: string | null;
    /** The link; `null` before it is created. */
    readonly link: string | null;
    /** How long the link is valid, in seconds. */
    readonly seconds: number;
    readonly durations: readonly { readonly seconds: number; readonly words: string }[];
  }): string;
  /** Renders an error page. */
  problem(problem: {
    readonly status: number;
    readonly title: string;
    readonly detail: string;
    readonly basePath: string;
  }): string;
  /**
   * Converts the fields of a start form to the arguments of a task.
   *
   * @throws {Error} that names the field, if a value is invalid
   */
  argumentsFrom(input: JsonObject | null, fields: URLSearchParams): JsonValue[];
}
