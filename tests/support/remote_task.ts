/**
 * Tasks that are reported by hand to a server in another process, and what can be seen of them there.
 *
 * @module
 */

import type { RemoteSink } from "../../lib/remote/remote_sink.ts";
import { type ReporterOptions, TaskReporter } from "../../lib/reporter/task_reporter.ts";
import type { CreateChange, Task } from "../../lib/task/task.ts";
import { call } from "./calls.ts";
import { createChange } from "./changes.ts";

/** What a {@linkcode RemoteTask} is to be. */
export interface RemoteTaskOptions extends Partial<ReporterOptions> {
  readonly client?: string;
  readonly create?: Partial<CreateChange>;
}

/** A task whose reporter a test moves itself; nothing is merged unless it says so. */
export class RemoteTask {
  readonly client: string;
  readonly id: string;
  readonly reporter: TaskReporter;
  /** How often it was asked to stop. */
  cancelled = 0;
  /** What was complained about. */
  readonly warnings: string[] = [];

  /**
   * Begins a task.
   *
   * @param sink where its reports go
   * @param id its id
   * @param options whose it is, what it is created with, how it merges
   */
  constructor(sink: RemoteSink, id: string, options: RemoteTaskOptions = {}) {
    const { client = "default", create = {}, flushIntervalMs = 0, unsentLogLines = 1_000 } = options;
    this.client = client;
    this.id = id;
    this.reporter = new TaskReporter(sink, { client, id }, {
      onCancel: () => this.cancelled++,
      onInterrupt: () => {},
      warn: (message) => this.warnings.push(message),
    }, { flushIntervalMs, unsentLogLines });
    this.reporter.begin(createChange(create));
  }

  /** Ends it well. */
  finish(result: CreateChange["metadata"] | null = null): void {
    this.reporter.end({ type: "finish", result });
  }
}

/** Waits until a server shows a task in a certain way. */
export async function shown(
  url: string,
  key: { readonly client: string; readonly id: string },
  fits: (task: Task) => boolean,
): Promise<Task> {
  const end = performance.now() + 20_000;
  let task: Task | undefined;
  do {
    const { status, json } = await call("GET", `${url}/tasks/${key.client}/${key.id}`);
    if (status === 200) task = json as unknown as Task;
    if (task !== undefined && fits(task)) return task;
  } while (performance.now() < end);
  throw new Error(`Task "${key.id}" never fitted ${fits}: ${JSON.stringify(task)}`);
}

/** Every line of a task's log that a server keeps. */
export async function logOf(
  url: string,
  key: { readonly client: string; readonly id: string },
): Promise<string[]> {
  const lines: string[] = [];
  while (true) {
    const { json } = await call(
      "GET",
      `${url}/tasks/${key.client}/${key.id}/logs?after=${lines.length}&limit=10000`,
    );
    const page = json.lines as { readonly text: string }[];
    if (page.length === 0) return lines;
    lines.push(...page.map(({ text }) => text));
  }
}
