/**
 * What the handler asks of the code that makes HTML, which it does not know.
 *
 * @module
 */

import type { JsonObject, JsonValue, LogLine, Task, TaskSummary } from "./task.ts";

/** A file that pages load. */
export interface PageAsset {
  readonly body: string;
  readonly contentType: string;
}

/** What a page shows beside tasks. */
export interface PageContext {
  readonly basePath: string;
  /** Scheme, host and port as the user sees them. */
  readonly origin: string;
  readonly client: string;
  readonly cursor: string;
  /** The server's clock, in epoch seconds. */
  readonly now: number;
  /** Why nothing can be stored at present. */
  readonly trouble: string | null;
  readonly notice: { readonly kind: "info" | "error"; readonly text: string } | null;
}

/** All tasks of a client in short, and the record of each, which may have to be read from disk. */
export interface ListedTasks {
  readonly summaries: Iterable<TaskSummary>;
  record(id: string): Task | undefined;
}

/** A registered task, as a page offers it. */
export interface OfferedTask {
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly input: JsonObject | null;
}

/** Makes HTML of tasks. */
export interface PageRenderer {
  /** The files that pages load, by names that change with their content. */
  readonly assets: ReadonlyMap<string, PageAsset>;
  /** The page of a client's tasks. */
  client(
    context: PageContext,
    tasks: ListedTasks,
    page: number,
    offered: readonly OfferedTask[],
  ): string;
  /** The page of one task. */
  task(
    context: PageContext,
    task: Task,
    children: readonly Task[],
    log: { readonly lines: readonly LogLine[]; readonly dropped: number },
  ): string;
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
