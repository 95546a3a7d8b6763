/**
 * The interface between the HTTP handler and the code that renders pages.
 *
 * @module
 */

import type { RunStats } from "./task/run_stats.ts";
import type { RunSummary } from "./task/run_summary.ts";
import type {
  HistoryEntry,
  JsonObject,
  JsonValue,
  LogLine,
  LogLineTraits,
  ProgressPoint,
  Task,
} from "./task/task.ts";
import type { TaskValues } from "./task/value_book.ts";
import type { MaybePromise } from "./task/maybe_promise.ts";
import type { ReadRecords, Summarised } from "./task/apply_query.ts";

/** A file that pages load. */
export interface PageAsset {
  readonly body: string;
  readonly contentType: string;
}

/** What the visitor who requested a page is allowed to do. */
export interface PageVisitor {
  /** Whether the visitor may start, cancel, remove and report tasks. */
  readonly mayChange: boolean;
  /** Whether the visitor may open WebSockets; event streams are always allowed. */
  readonly mayOpenSockets: boolean;
  /** Whether the visitor has access to only one task, the one of the page. */
  readonly seesOneTask: boolean;
  /** Whether the visitor may share links. */
  readonly mayShare: boolean;
  /** Whether the visitor has signed in, and so can sign out. */
  readonly isSignedIn: boolean;
  /** Whether programs need a key to use this server. */
  readonly needsKey: boolean;
}

/**
 * A sentence about the outcome of a form that was sent without JavaScript, to show at the top of the page.
 */
export interface PageNotice {
  readonly kind: "info" | "error";
  readonly text: string;
}

/** The data about the request and the server that every page of a client needs. */
export interface PageContext {
  /** The prefix of every path of this server: `""`, or a path such as `/monitor` without a trailing slash. */
  readonly basePath: string;
  /** The server's scheme, host and port as the user sees them, to show in command lines. */
  readonly origin: string;
  /** The client token whose tasks the page shows. */
  readonly client: string;
  readonly visitor: PageVisitor;
  /** The cursor of the state that the page is rendered from. */
  readonly cursor: string;
  /** The time of the server's clock when it rendered the page, in epoch seconds. */
  readonly now: number;
  /** The storage error that prevents the server from committing changes; `null` if there is none. */
  readonly degradation: string | null;
  /** How long a removed task can be restored, in seconds. */
  readonly undoSeconds: number;
  readonly notice: PageNotice | null;
}

/** A registered task that the page can start. */
export interface StartableTask {
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  /**
   * The JSON Schema of the arguments: either of the whole list (`type: "array"` with `prefixItems`), or of
   * the only argument, an object. If `input` is `null`, the form has a single field for a JSON array.
   */
  readonly input: JsonObject | null;
}

/** A task that can be started again, and the arguments of the run that the page shows. */
export interface RunAgain {
  readonly task: StartableTask;
  readonly args: readonly JsonValue[];
}

/** The data that the page of one task shows. */
export interface ShownTask {
  readonly task: Task;
  /** When the task was removed, in epoch seconds; `null` if it was not removed. */
  readonly removedAt: number | null;
  /**
   * All tasks of the client, among which the page finds the task's subtasks and other attempts. `read` reads
   * the records of tasks by their ids.
   */
  readonly all: {
    readonly summaries: Iterable<Pick<Task, "id" | "name" | "parent_id" | "retry_of" | "created_at">>;
    read(ids: readonly string[]): MaybePromise<readonly Task[]>;
  };
  /** The task's history, oldest entry first. */
  readonly history: readonly HistoryEntry[];
  /** The progress history, oldest first. */
  readonly series: readonly ProgressPoint[];
  /** The values that the task reported over time. */
  readonly values: TaskValues;
  readonly log: {
    readonly lines: readonly LogLine[];
    /** The number of log lines before the first line that the page shows. */
    readonly dropped: number;
    /** The number of log lines that the server no longer stores. */
    readonly gone: number;
  };
  /** How to start the task again with other arguments; `null` if the visitor can't. */
  readonly again: RunAgain | null;
  /** The lines that the URL of the page searches the log for; `null` if it does not search. */
  readonly found: FoundLines | null;
}

/** The result of a search of a task's log, for a page without JavaScript. */
export interface FoundLines extends LogLineTraits {
  /** The text that the lines contain; `""` for any. */
  readonly text: string;
  /** The matching lines that the page shows, oldest first, with their numbers. */
  readonly lines: readonly (LogLine & { readonly number: number })[];
  /** The number of matching lines before {@linkcode FoundLines.lines}. */
  readonly index: number;
  /** The number of all matching lines. */
  readonly matches: number;
  /** The number of lines that were searched: all lines that are still stored. */
  readonly searched: number;
}

/** A parameter or a field, as the API reference shows it. */
export interface DocumentedField {
  readonly name: string;
  /**
   * The type of the field, or a list of its values if there are few; `""` if the field can have any JSON
   * value.
   */
  readonly type: string;
  /** The meaning of the field; text between backticks is code. */
  readonly about: string;
}

/** A call, as the API reference shows it. */
export interface DocumentedCall {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  /** Details about the call; text between backticks is code. */
  readonly description: string | null;
  /** The authorisation that the call needs if the server has a key, in words. */
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
  /** A shell command that shows the call. */
  readonly example: string;
}

/** Calls that the API reference shows together. */
export interface DocumentedGroup {
  readonly title: string;
  readonly about: string;
  readonly calls: readonly DocumentedCall[];
}

/** The data that the API reference shows. */
export interface Documentation {
  readonly basePath: string;
  /** The address of the server, base path included. */
  readonly server: string;
  readonly needsKey: boolean;
  readonly groups: readonly DocumentedGroup[];
  readonly sockets: DocumentedGroup;
  /** The fields of a task record. */
  readonly record: readonly DocumentedField[];
  /** The HTTP statuses of errors, with their titles and codes. */
  readonly problems: readonly DocumentedField[];
}

/** The data of the page about reporting to a server. */
export interface InstallPage {
  readonly basePath: string;
  /** The address of the server, base path included. */
  readonly server: string;
  /** The client that the examples report to. */
  readonly client: string;
  readonly needsKey: boolean;
  /** The version of the server. */
  readonly version: string;
}

/** The figures of one client on the page about all clients. */
export interface ClientOverview {
  readonly client: string;
  /** The number of tasks, including ended tasks. */
  readonly tasks: number;
  readonly active: number;
  /** The number of tasks that failed in the last 24 hours. */
  readonly failed: number;
  /** When a task of the client changed last, in epoch seconds. */
  readonly lastActivity: number;
}

/** The data of the page about all clients. */
export interface OverviewPage {
  readonly basePath: string;
  /** The clients whose tasks changed last; the client with the latest change comes first. */
  readonly clients: readonly ClientOverview[];
  /** The number of further clients that the page does not show. */
  readonly omitted: number;
  /** The time of the server's clock, in epoch seconds. */
  readonly now: number;
  /** The version of the server. */
  readonly version: string;
}

/** The tasks of a client, from which a list page selects the tasks that it shows. */
export interface TaskSource<Listed extends Summarised = Summarised> {
  /** All tasks, in the order of creation. */
  readonly tasks: Iterable<Listed>;
  /** Reads the records of some of the tasks. */
  readonly read: ReadRecords<Listed>;
}

/** Renders the pages of the server as HTML. */
export interface PageRenderer {
  /** The files that pages load, by name; each name contains a hash of the file's content. */
  readonly assets: ReadonlyMap<string, PageAsset>;
  /** Renders the list of a client's tasks that a query string selects. */
  client<Listed extends Summarised>(
    context: PageContext,
    source: TaskSource<Listed>,
    params: URLSearchParams,
    registered: readonly StartableTask[],
  ): MaybePromise<string>;
  /**
   * Returns a part of the list of a client's tasks as JSON, for the script of the list page.
   *
   * @throws {RangeError} if the bounds of the part are invalid
   */
  list<Listed extends Summarised>(
    source: TaskSource<Listed>,
    params: URLSearchParams,
    now: number,
  ): MaybePromise<string>;
  /**
   * Returns the canonical form of a query string that a form produced; `null` if the query string is already
   * canonical.
   */
  canonicalSearch(params: URLSearchParams): string | null;
  /** Describes the outcome of a bulk action in a sentence. */
  bulkWords(action: string, done: number, reasons: readonly string[]): string;
  /** Renders the page of one task. */
  task(context: PageContext, shown: ShownTask): MaybePromise<string>;
  /**
   * Renders a page of past runs by name.
   *
   * @param next the name after which the next page begins; `null` on the last page
   */
  names(context: PageContext, names: readonly RunStats[], next: string | null): string;
  /** Renders the page of past runs of one name; `runs` are latest end first. */
  name(context: PageContext, stats: RunStats, runs: readonly RunSummary[]): string;
  /** Renders the API reference. */
  docs(documentation: Documentation): string;
  /** Renders the page about all clients. */
  overview(page: Omit<OverviewPage, "version">): string;
  /** Renders the page about reporting to the server. */
  install(page: Omit<InstallPage, "version">): string;
  /** Renders the sign-in page. */
  signIn(page: {
    readonly basePath: string;
    /** The path to redirect to after signing in. */
    readonly to: string;
    /** Why the last attempt to sign in failed; `null` on the first attempt. */
    readonly problem: string | null;
  }): string;
  /** Renders the page on which a visitor creates a shared link. */
  share(page: {
    readonly basePath: string;
    readonly client: string;
    /** The id of the task that the link gives access to; `null` for all tasks of the client. */
    readonly taskId: string | null;
    /** The shared link; `null` before it is created. */
    readonly link: string | null;
    /** The lifetime of the link, in seconds. */
    readonly seconds: number;
    readonly durations: readonly { readonly seconds: number; readonly words: string }[];
  }): string;
  /** Renders an error page. */
  problem(problem: {
    readonly status: number;
    readonly title: string;
    readonly detail: string;
    readonly basePath: string;
    /** The URL of the sign-in page; `null` if signing in does not help. */
    readonly signInUrl: string | null;
  }): string;
  /**
   * Converts the fields of a start form to the arguments of a task.
   *
   * @throws {Error} if a value is invalid; the message names the field
   */
  argumentsFrom(input: JsonObject | null, fields: URLSearchParams): JsonValue[];
}
