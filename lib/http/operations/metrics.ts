/**
 * Collects the metrics in the text format of Prometheus. Values are read on each scrape. Every label has a
 * bounded set of values: no task id, name, client token or key is used as a label.
 *
 * @module
 */

import { Counter, Gauge, Registry as MetricRegistry } from "prom-client";
import type { TaskRegistry } from "../../registry/task_registry.ts";
import { VERSION } from "../../version.ts";
import type { NodeFigures, Operations } from "../context.ts";
import { LoopDelay } from "./loop_delay.ts";
import type { TaskTotals } from "./task_totals.ts";
import type { Traffic } from "./traffic.ts";
import type { WatcherCounts } from "../streams/watcher_tally.ts";

/** The sources of the metrics' values. */
export interface MetricSources {
  readonly registry: TaskRegistry;
  readonly totals: TaskTotals;
  readonly traffic: Traffic;
  /** Returns the number of watchers, and the counts of messages sent to them, by transport. */
  readonly watchers: () => Readonly<Record<"socket" | "events", WatcherCounts>>;
  /** Returns the number of requests that wait for a change. */
  readonly waiting: () => number;
  /** Returns the number of reporters that have an open socket. */
  readonly reporters: () => number;
  /** Returns the number of reports received, by transport. */
  readonly reports: () => Readonly<Record<"socket" | "http", number>>;
  readonly operations: Operations;
}

/** One value of a metric, with the values of its labels. */
type Sample = readonly [labels: readonly string[], value: number];

/** Collects the metrics of a server. */
export class Metrics implements Disposable {
  readonly #registry: MetricRegistry = new MetricRegistry();
  readonly #sources: MetricSources;
  readonly #loopDelay = new LoopDelay();

  /** @param sources the sources of the metrics' values */
  constructor(sources: MetricSources) {
    this.#sources = sources;
    this.#defineProcess();
    this.#defineTasks();
    this.#defineWatchers();
    this.#defineRequests();
    this.#defineStorage();
    this.#defineWebhooks();
    this.#defineNode();
  }

  /** Returns the current metrics as text. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  [Symbol.dispose](): void {
    this.#loopDelay[Symbol.dispose]();
  }

  #defineProcess(): void {
    this.#define(
      Gauge,
      "taskscope_build_info",
      "The version of the server.",
      ["version"],
      () => [[[VERSION], 1]],
    );
    this.#one(Gauge, "process_start_time_seconds", "Start time of the process, in epoch seconds.", () => {
      return performance.timeOrigin / 1_000;
    });
    this.#one(Gauge, "process_resident_memory_bytes", "Resident memory of the process.", () => {
      return Deno.memoryUsage().rss;
    });
    this.#one(
      Gauge,
      "taskscope_event_loop_delay_seconds",
      "Longest delay of the event loop in the last half minute.",
      () => this.#loopDelay.longestMs / 1_000,
    );
  }

  #defineTasks(): void {
    const { registry, totals } = this.#sources;
    this.#by("state", Gauge, "taskscope_tasks", "Tasks in the store.", () => registry.storeFigures.tasks);
    this.#one(Gauge, "taskscope_clients", "Clients that have tasks.", () => registry.clients().length);
    this.#one(Counter, "taskscope_tasks_created_total", "Tasks created or restored.", () => {
      return totals.created;
    });
    this.#by(
      "state",
      Counter,
      "taskscope_tasks_ended_total",
      "Tasks ended, by final state.",
      () => totals.ended,
    );
    this.#one(
      Counter,
      "taskscope_tasks_removed_total",
      "Tasks removed, by a request or because of a retention limit.",
      () => totals.removed,
    );
    this.#one(Counter, "taskscope_changes_total", "Changes to tasks.", () => totals.changes);
  }

  #defineWatchers(): void {
    const { watchers, waiting, reporters, reports } = this.#sources;
    const of = (count: keyof WatcherCounts) => () =>
      Object.entries(watchers()).map(([transport, counts]) => [transport, counts[count]] as const);
    const open = "Open sockets and event streams.";
    this.#by("transport", Gauge, "taskscope_watchers", open, of("open"));
    const disconnected = "Watchers disconnected because they read too slowly.";
    this.#by("transport", Counter, "taskscope_watchers_cut_total", disconnected, of("disconnected"));
    const messages = "Messages sent to watchers.";
    this.#by("transport", Counter, "taskscope_sent_messages_total", messages, of("messages"));
    const characters = "Characters of the messages sent to watchers.";
    this.#by("transport", Counter, "taskscope_sent_characters_total", characters, of("characters"));
    this.#one(Gauge, "taskscope_waiting_requests", "Requests waiting for a change.", waiting);
    this.#one(Gauge, "taskscope_reporters", "Reporters with an open socket.", reporters);
    const received = "Reports received from monitored functions in other processes.";
    this.#by("transport", Counter, "taskscope_reports_total", received, () => Object.entries(reports()));
  }

  #defineRequests(): void {
    const { traffic, operations } = this.#sources;
    const requests = "Requests, by the first segment of the path and the class of the status.";
    this.#define(Counter, "taskscope_http_requests_total", requests, ["root", "status"], () => {
      return traffic.requests.map((
        { root, statusClass, count },
      ) => [[`/${root}`, `${statusClass}xx`], count]);
    });
    const problems = "Requests that were refused or failed, by problem code.";
    this.#by("code", Counter, "taskscope_problems_total", problems, () => traffic.problems);
    this.#one(
      Counter,
      "taskscope_port_reopenings_total",
      "How often the port was opened again after it had stopped accepting connections.",
      () => operations.portReopenings(),
    );
  }

  #defineStorage(): void {
    const { registry, operations } = this.#sources;
    this.#one(Gauge, "taskscope_storage_degraded", "1 while the server cannot commit, else 0.", () => {
      return registry.degradation === null ? 0 : 1;
    });
    this.#one(Gauge, "taskscope_storage_uncommitted_changes", "Changes not committed yet.", () => {
      return registry.uncommitted;
    });
    this.#one(Gauge, "taskscope_storage_bytes", "Size of the database file.", () => {
      return operations.storageBytes();
    });
    this.#one(Counter, "taskscope_storage_commits_total", "Successful commits.", () => {
      return registry.storeFigures.commits;
    });
    this.#one(Counter, "taskscope_storage_commit_failures_total", "Failed commits.", () => {
      return registry.storeFigures.failedCommits;
    });
    this.#one(
      Counter,
      "taskscope_storage_commit_seconds_total",
      "Total duration of successful commits.",
      () => registry.storeFigures.commitMs / 1_000,
    );
    this.#one(
      Counter,
      "taskscope_storage_left_out_total",
      "Log lines and history entries dropped because the write queue was full.",
      () => registry.storeFigures.leftOut,
    );
    this.#one(
      Gauge,
      "taskscope_storage_damaged_records",
      "Tasks left out because their records are damaged.",
      () => {
        return registry.storeFigures.damaged;
      },
    );
  }

  #defineWebhooks(): void {
    const { operations } = this.#sources;
    this.#one(Gauge, "taskscope_webhooks_waiting", "Webhook deliveries waiting.", () => {
      return operations.deliveries().waiting;
    });
    const done = "Webhook deliveries, by outcome.";
    this.#by("outcome", Counter, "taskscope_webhooks_total", done, () => {
      const { waiting: _, ...outcomes } = operations.deliveries();
      return Object.entries(outcomes);
    });
  }

  /** Defines the metrics of a node of a cluster. Servers that are no nodes leave them out. */
  #defineNode(): void {
    const { operations } = this.#sources;
    const figure = (read: (figures: NodeFigures) => number) => () => {
      const figures = operations.node();
      return figures === null ? null : read(figures);
    };
    this.#one(
      Gauge,
      "taskscope_node_shards",
      "Shards of the tasks that this node owns.",
      figure(({ shards }) => shards),
    );
    this.#one(
      Counter,
      "taskscope_node_losses_total",
      "How often this node has lost a shard to another node without handing it over.",
      figure(({ lost }) => lost),
    );
    this.#one(
      Counter,
      "taskscope_node_missed_notifications_total",
      "How often this node found changes in the database without a notification.",
      figure(({ missedHints }) => missedHints),
    );
    this.#one(
      Gauge,
      "taskscope_node_forwarded_sockets",
      "Open sockets over which this node forwards reporters' messages to the nodes that own the tasks.",
      figure(({ forwardedSockets }) => forwardedSockets),
    );
    const forwarded = "Requests that this node has forwarded to the owners of tasks, by outcome.";
    this.#by("outcome", Counter, "taskscope_node_forwarded_requests_total", forwarded, () => {
      return Object.entries(operations.node()?.forwarded ?? {});
    });
  }

  /** Defines a metric without labels, which is omitted while its value is `null`. */
  #one(kind: typeof Gauge | typeof Counter, name: string, help: string, read: () => number | null): void {
    this.#define(kind, name, help, [], () => {
      const value = read();
      return value === null ? [] : [[[], value]];
    });
  }

  /** Defines a metric with one label. */
  #by(
    label: string,
    kind: typeof Gauge | typeof Counter,
    name: string,
    help: string,
    read: () => Iterable<readonly [string, number]>,
  ): void {
    this.#define(kind, name, help, [label], () => Array.from(read(), ([label, value]) => [[label], value]));
  }

  /**
   * Defines a metric whose value is counted elsewhere and read on each scrape, so that counting costs only an
   * addition.
   */
  #define(
    Kind: typeof Gauge | typeof Counter,
    name: string,
    help: string,
    labelNames: string[],
    read: () => readonly Sample[],
  ): void {
    new Kind({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labelled(labelNames, labels), value);
      },
    });
  }
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}
