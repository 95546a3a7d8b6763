/**
 * What an operator watches, in the text format of Prometheus. Everything is read when it is asked for. Labels are bounded:
 * no id, no name, no client token, no key.
 *
 * @module
 */

import { Counter, Gauge, Registry as MetricRegistry } from "prom-client";
import type { Registry } from "../../registry/registry.ts";
import { VERSION } from "../../version.ts";
import type { Operations } from "../context.ts";
import { LoopDelay } from "./loop_delay.ts";
import type { TaskTotals } from "./task_totals.ts";
import type { Traffic } from "./traffic.ts";
import type { WatcherCounts } from "../streams/watcher_tally.ts";

/** Where the figures come from. */
export interface MetricSources {
  readonly registry: Registry;
  readonly totals: TaskTotals;
  readonly traffic: Traffic;
  /** How many watch, and what they were sent, by transport. */
  readonly watchers: () => Readonly<Record<"socket" | "events", WatcherCounts>>;
  /** How many requests wait for a change. */
  readonly waiting: () => number;
  /** How many reporters have a socket open. */
  readonly reporters: () => number;
  /** How many reports of theirs came so far, by transport. */
  readonly reports: () => Readonly<Record<"socket" | "http", number>>;
  readonly operations: Operations;
}

/** The values of the labels, and the figure. */
type Sample = readonly [labels: readonly string[], figure: number];

/** Makes the text. */
export class Metrics implements Disposable {
  readonly #registry: MetricRegistry = new MetricRegistry();
  readonly #sources: MetricSources;
  readonly #loopDelay = new LoopDelay();

  /** @param sources where the figures come from */
  constructor(sources: MetricSources) {
    this.#sources = sources;
    this.#defineProcess();
    this.#defineTasks();
    this.#defineWatchers();
    this.#defineRequests();
    this.#defineStorage();
    this.#defineWebhooks();
  }

  /** The figures as of now. */
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
      "The version that runs.",
      ["version"],
      () => [[[VERSION], 1]],
    );
    this.#one(Gauge, "process_start_time_seconds", "When the process was started.", () => {
      return performance.timeOrigin / 1_000;
    });
    this.#one(Gauge, "process_resident_memory_bytes", "Memory of the process.", () => {
      return Deno.memoryUsage().rss;
    });
    this.#one(
      Gauge,
      "taskscope_event_loop_delay_seconds",
      "Longest time in the last half minute that everything had to wait for its turn.",
      () => this.#loopDelay.longestMs / 1_000,
    );
  }

  #defineTasks(): void {
    const { registry, totals } = this.#sources;
    this.#by("state", Gauge, "taskscope_tasks", "Tasks that are known.", () => registry.storeFigures.tasks);
    this.#one(Gauge, "taskscope_clients", "Clients that have tasks.", () => registry.clients().length);
    this.#one(Counter, "taskscope_tasks_created_total", "Tasks that were created, or brought back.", () => {
      return totals.created;
    });
    this.#by(
      "state",
      Counter,
      "taskscope_tasks_ended_total",
      "Tasks that ended, by how.",
      () => totals.ended,
    );
    this.#one(
      Counter,
      "taskscope_tasks_removed_total",
      "Tasks that were removed: by somebody, or as they were too old or too many.",
      () => totals.removed,
    );
    this.#one(Counter, "taskscope_changes_total", "Changes of tasks.", () => totals.changes);
  }

  #defineWatchers(): void {
    const { watchers, waiting, reporters, reports } = this.#sources;
    const of = (figure: keyof WatcherCounts) => () =>
      Object.entries(watchers()).map(([transport, counts]) => [transport, counts[figure]] as const);
    const open = "Sockets and event streams that are open.";
    this.#by("transport", Gauge, "taskscope_watchers", open, of("open"));
    const cut = "Watchers that were cut, as they were slow.";
    this.#by("transport", Counter, "taskscope_watchers_cut_total", cut, of("cut"));
    const messages = "Messages that watchers were sent.";
    this.#by("transport", Counter, "taskscope_sent_messages_total", messages, of("messages"));
    const characters = "Characters of the messages that watchers were sent.";
    this.#by("transport", Counter, "taskscope_sent_characters_total", characters, of("characters"));
    this.#one(Gauge, "taskscope_waiting_requests", "Requests that wait for a change.", waiting);
    this.#one(Gauge, "taskscope_reporters", "Reporters that have a socket open.", reporters);
    const received = "Reports of monitored functions in other processes.";
    this.#by("transport", Counter, "taskscope_reports_total", received, () => Object.entries(reports()));
  }

  #defineRequests(): void {
    const { traffic } = this.#sources;
    const requests = "Requests, by the root of the path and the class of the status.";
    this.#define(Counter, "taskscope_http_requests_total", requests, ["root", "status"], () => {
      return traffic.requests.map((
        { root, statusClass, count },
      ) => [[`/${root}`, `${statusClass}xx`], count]);
    });
    const problems = "Requests that were refused or failed, also as a bound was reached.";
    this.#by("code", Counter, "taskscope_problems_total", problems, () => traffic.problems);
  }

  #defineStorage(): void {
    const { registry, operations } = this.#sources;
    this.#one(Gauge, "taskscope_storage_degraded", "1 while nothing can be stored.", () => {
      return registry.degradation === null ? 0 : 1;
    });
    this.#one(Gauge, "taskscope_storage_uncommitted_changes", "Changes that are not committed yet.", () => {
      return registry.uncommitted;
    });
    this.#one(Gauge, "taskscope_storage_bytes", "Size of the file that tasks are kept in.", () => {
      return operations.storageBytes();
    });
    this.#one(Counter, "taskscope_storage_commits_total", "Commits that succeeded.", () => {
      return registry.storeFigures.commits;
    });
    this.#one(Counter, "taskscope_storage_commit_failures_total", "Attempts to commit that failed.", () => {
      return registry.storeFigures.failedCommits;
    });
    this.#one(
      Counter,
      "taskscope_storage_commit_seconds_total",
      "How long the commits that succeeded took together.",
      () => registry.storeFigures.commitMs / 1_000,
    );
    this.#one(
      Counter,
      "taskscope_storage_left_out_total",
      "Log lines and notes of histories that were left out, as too much waited to be written.",
      () => registry.storeFigures.leftOut,
    );
  }

  #defineWebhooks(): void {
    const { operations } = this.#sources;
    this.#one(Gauge, "taskscope_webhooks_waiting", "Ends of tasks that are still to be told.", () => {
      return operations.deliveries().waiting;
    });
    const told = "Ends of tasks that were told, or given up.";
    this.#by("outcome", Counter, "taskscope_webhooks_total", told, () => {
      const { waiting: _, ...outcomes } = operations.deliveries();
      return Object.entries(outcomes);
    });
  }

  /** A figure without labels; `null` where there is none. */
  #one(kind: typeof Gauge | typeof Counter, name: string, help: string, read: () => number | null): void {
    this.#define(kind, name, help, [], () => {
      const figure = read();
      return figure === null ? [] : [[[], figure]];
    });
  }

  /** Figures by one label. */
  #by(
    label: string,
    kind: typeof Gauge | typeof Counter,
    name: string,
    help: string,
    read: () => Iterable<readonly [string, number]>,
  ): void {
    this.#define(kind, name, help, [label], () => Array.from(read(), ([value, figure]) => [[value], figure]));
  }

  /** Counters are set to what was counted elsewhere, so that counting costs nothing but an addition. */
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
        for (const [labels, figure] of read()) this.inc(labelled(labelNames, labels), figure);
      },
    });
  }
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}
