/**
 * What an operator watches, in the text format of Prometheus. Everything is read when it is asked for. Labels are bounded:
 * no id, no name, no client token, no key.
 *
 * @module
 */

import { Counter, Gauge, Registry as MetricRegistry } from "prom-client";
import type { Registry } from "../registry.ts";
import { VERSION } from "../version.ts";
import type { Operations } from "./context.ts";
import type { TaskTotals } from "./task_totals.ts";
import type { Traffic } from "./traffic.ts";

/** Where the figures come from. */
export interface MetricSources {
  readonly registry: Registry;
  readonly totals: TaskTotals;
  readonly traffic: Traffic;
  /** How many watch now, and how many were cut because they were too slow. */
  readonly watchers: () => {
    readonly [transport in "socket" | "events"]: { readonly open: number; readonly cut: number };
  };
  /** How many requests wait for a change. */
  readonly waiting: () => number;
  /** How many reporters have a socket open. */
  readonly reporters: () => number;
  readonly operations: Operations;
}

/** Makes the text. */
export class Metrics {
  readonly #registry: MetricRegistry = new MetricRegistry();
  readonly #sources: MetricSources;

  /** @param sources where the figures come from */
  constructor(sources: MetricSources) {
    this.#sources = sources;
    this.#define();
  }

  /** The figures as of now. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  #define(): void {
    const { registry, totals, traffic, watchers, waiting, reporters, operations } = this.#sources;
    const startedAt = Date.now() / 1_000;
    this.#gauge("taskscope_build_info", "The version that runs.", ["version"], () => [[[VERSION], 1]]);
    this.#gauge("process_start_time_seconds", "When the server was started.", [], () => [[[], startedAt]]);
    this.#gauge("process_resident_memory_bytes", "Memory of the process.", [], () => {
      return [[[], Deno.memoryUsage().rss]];
    });

    this.#gauge("taskscope_tasks", "Tasks that are known.", ["phase"], () => {
      const all = registry.clientCounts();
      const sum = (phase: "live" | "ended") => all.reduce((total, counts) => total + counts[phase], 0);
      return [[["unfinished"], sum("live")], [["ended"], sum("ended")]];
    });
    this.#gauge("taskscope_clients", "Clients that have tasks.", [], () => [[[], registry.clients().length]]);
    this.#counter(
      "taskscope_tasks_created_total",
      "Tasks that were created.",
      [],
      () => [[[], totals.created]],
    );
    this.#counter("taskscope_tasks_ended_total", "Tasks that ended, by how.", ["state"], () => {
      return [...totals.ended].map(([state, count]) => [[state], count]);
    });
    this.#counter("taskscope_changes_total", "Changes of tasks.", [], () => [[[], totals.changes]]);

    this.#gauge("taskscope_watchers", "Sockets and event streams that are open.", ["transport"], () => {
      return Object.entries(watchers()).map(([transport, { open }]) => [[transport], open]);
    });
    this.#counter(
      "taskscope_watchers_cut_total",
      "Watchers that were cut, as they were slow.",
      ["transport"],
      () => {
        return Object.entries(watchers()).map(([transport, { cut }]) => [[transport], cut]);
      },
    );
    this.#gauge(
      "taskscope_waiting_requests",
      "Requests that wait for a change.",
      [],
      () => [[[], waiting()]],
    );
    this.#gauge("taskscope_reporters", "Reporters that have a socket open.", [], () => [[[], reporters()]]);

    this.#counter(
      "taskscope_http_requests_total",
      "Requests, by the root of the path.",
      ["root", "status"],
      () => {
        return traffic.requests.map((
          { root, statusClass, count },
        ) => [[`/${root}`, `${statusClass}xx`], count]);
      },
    );
    this.#counter("taskscope_problems_total", "Requests that were refused or failed.", ["code"], () => {
      return [...traffic.problems].map(([code, count]) => [[code], count]);
    });

    this.#gauge("taskscope_storage_degraded", "1 while nothing can be stored.", [], () => {
      return [[[], registry.trouble === null ? 0 : 1]];
    });
    this.#gauge("taskscope_storage_uncommitted_changes", "Changes that are not committed yet.", [], () => {
      return [[[], registry.uncommitted]];
    });
    this.#gauge("taskscope_storage_bytes", "Size of the file that tasks are kept in.", [], () => {
      const bytes = operations.storageBytes();
      return bytes === null ? [] : [[[], bytes]];
    });

    this.#gauge("taskscope_webhooks_waiting", "Ends of tasks that are still to be told.", [], () => {
      return [[[], operations.deliveries().waiting]];
    });
    this.#counter(
      "taskscope_webhooks_total",
      "Ends of tasks that were told, or given up.",
      ["outcome"],
      () => {
        const { waiting: _, ...outcomes } = operations.deliveries();
        return Object.entries(outcomes).map(([outcome, count]) => [[outcome], count]);
      },
    );
  }

  #gauge(name: string, help: string, labelNames: string[], read: () => readonly Sample[]): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labelled(labelNames, labels), value);
      },
    });
  }

  /** What only grows, and is counted elsewhere. */
  #counter(name: string, help: string, labelNames: string[], read: () => readonly Sample[]): void {
    new Counter({
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

/** The values of the labels, and the figure. */
type Sample = readonly [labels: readonly string[], value: number];

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}
