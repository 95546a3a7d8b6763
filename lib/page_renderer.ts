/**
 * What the handler asks of the code that makes HTML, which it does not know.
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

/** What whoever looks at a page may do on it. */
export interface PageVisitor {
  /** Whether they may start, stop, remove and report. */
  readonly mayChange: boolean;
  /** Whether sockets are open to them; event streams are. */
  readonly mayOpenSockets: boolean;
  /** Whether they may see no other task than the one of the page. */
  readonly seesOneTask: boolean;
  /** Whether they may make links for others. */
  readonly mayShare: boolean;
  /** Whether they have signed in here, and can sign out. */
  readonly isSignedIn: boolean;
  /** Whether programs need a key. */
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

/** What the page of one task is made of. */
export interface ShownTask {
  readonly task: Task;
  /** Whether it was removed a moment ago. */
  readonly isRemoved: boolean;
  /** How long a task that was removed can be restored, in seconds. */
  readonly undoSeconds: number;
  /** Every task of the client, among which its parts and its other attempts are; the records are read one by one. */
  readonly all: {
    readonly summaries: Iterable<Pick<Task, "id" | "name" | "parent_id" | "retry_of" | "created_at">>;
    record(id: string): Task | undefined;
  };
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  /** How far it was at which times, in epoch seconds and percent, oldest first. */
  readonly series: readonly ProgressPoint[];
  readonly log: {
    readonly lines: readonly LogLine[];
    /** How many lines there were before the first of them. */
    readonly dropped: number;
    /** How many are not kept any more. */
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

/** Makes HTML of tasks. */
export interface PageRenderer {
  /** The files that pages load, by names that change with their content. */
  readonly assets: ReadonlyMap<string, PageAsset>;
  /** The page of those of a client's tasks that a query string asks for. */
  client(
    context: PageContext,
    tasks: Iterable<ListedTask>,
    params: URLSearchParams,
    registered: readonly StartableTask[],
  ): string;
  /** A part of the same list, as JSON for the page's script; throws a `RangeError` where the part makes no sense. */
  list(tasks: Iterable<ListedTask>, params: URLSearchParams, now: number): string;
  /** The usual way to write a query string that a form has made; `null` where it is written so. */
  canonicalSearch(params: URLSearchParams): string | null;
  /** Says what came of a change of many tasks. */
  bulkWords(action: string, done: number, reasons: readonly string[]): string;
  /** The page of one task. */
  task(context: PageContext, shown: ShownTask): string;
  /** The page of what is known of all names. */
  names(context: PageContext, names: readonly RunStats[]): string;
  /** The page of what is known of one name. */
  name(context: PageContext, stats: RunStats): string;
  /** The API reference. */
  docs(documentation: Documentation): string;
  /** The page on which people sign in. */
  signIn(page: {
    readonly basePath: string;
    /** Where it leads. */
    readonly to: string;
    /** Why the last try was in vain. */
    readonly problem: string | null;
  }): string;
  /** The page that makes a link for others. */
  share(page: {
    readonly basePath: string;
    readonly client: string;
    /** The task that it shows; `null` for all of the client's. */
    readonly taskId: string | null;
    /** The link, once it is made. */
    readonly link: string | null;
    /** How long the link is good for, in seconds. */
    readonly seconds: number;
    readonly durations: readonly { readonly seconds: number; readonly words: string }[];
  }): string;
  /** The page that says what went wrong. */
  problem(problem: {
    readonly status: number;
    readonly title: string;
    readonly detail: string;
    readonly basePath: string;
  }): string;
  /** The arguments of a task from the fields of its form; throws an error that names the field. */
  argumentsFrom(input: JsonObject | null, fields: URLSearchParams): JsonValue[];
}
