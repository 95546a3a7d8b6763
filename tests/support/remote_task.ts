/**
 * Reports tasks step by step to a server over its API, and reads them there.
 *
 * @module
 */

import type { RemoteSink } from "../../lib/remote/remote_sink.ts";
import { LOG_BUFFER_LIMITS } from "../../lib/reporter/log_buffer.ts";
import { type ReporterOptions, TaskReporter } from "../../lib/reporter/task_reporter.ts";
import type { CreateChange, Task } from "../../lib/task/task.ts";
import { call } from "./calls.ts";
import { createChange } from "./changes.ts";
import { eventually } from "./until.ts";

/** Options of a {@linkcode RemoteTask}. */
export interface RemoteTaskOptions extends Partial<ReporterOptions> {
  readonly client?: string;
  readonly create?: Partial<CreateChange>;
}

/** A task that a test reports step by step; updates are not coalesced by default. */
export class RemoteTask {
  readonly client: string;
  readonly id: string;
  readonly reporter: TaskReporter;
  /** The number of cancellation requests received so far. */
  cancelled = 0;
  /** The warnings of the reporter so far. */
  readonly warnings: string[] = [];

  /**
   * Starts a task.
   *
   * @param sink the sink that sends the reports
   * @param id the id of the task
   * @param options the client, the fields to create the task with, and how updates are coalesced
   */
  constructor(sink: RemoteSink, id: string, options: RemoteTaskOptions = {}) {
    const { client = "default", create = {}, flushIntervalMs = 0, logBuffer = LOG_BUFFER_LIMITS } = options;
    this.client = client;
    this.id = id;
    this.reporter = new TaskReporter(sink, { client, id }, {
      onCancel: () => this.cancelled++,
      onInterrupt: () => {},
      warn: (message) => this.warnings.push(message),
    }, { flushIntervalMs, logBuffer });
    this.reporter.begin(createChange(create));
  }

  /** Finishes the task with a result. */
  finish(result: CreateChange["metadata"] | null = null): void {
    this.reporter.end({ type: "finish", result });
  }
}

/** Waits until a task on the server satisfies a condition. */
export async function shown(
  url: string,
  key: { readonly client: string; readonly id: string },
  fits: (task: Task) => boolean,
): Promise<Task> {
  const ask = () => call("GET", `${url}/tasks/${key.client}/${key.id}`);
  return (await eventually(ask, ({ status, json }) => status === 200 && fits(json))).json;
}

/** Reads all lines of a task's log from the server. */
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
