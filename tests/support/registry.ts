/**
 * Creates a registry that records its changes, and a reporter that records requests.
 *
 * @module
 */

import { DEFAULT_LIMITS, type MonitorLimits } from "../../lib/config/limits.ts";
import { Registry } from "../../lib/registry/registry.ts";
import type { RegistryEvent, Reporter } from "../../lib/registry/registry_types.ts";
import { MemoryStore } from "../../lib/store/memory/memory_store.ts";
import type { TaskStore } from "../../lib/store/store.ts";
import type { CreateChange, ReportedChange, Task } from "../../lib/task/task.ts";
import { createChange } from "./changes.ts";

/** A reporter that runs no tasks. */
export class TestReporter implements Reporter {
  readonly id: string;
  readonly isRemote: boolean;
  /** The tasks for which a cancellation was requested, as `client/id`. */
  readonly cancelled: string[] = [];
  /** The tasks that were interrupted by a shutdown, as `client/id`. */
  readonly interruptions: string[] = [];

  constructor(id = "reporter", isRemote = false) {
    this.id = id;
    this.isRemote = isRemote;
  }

  cancelRequested(client: string, id: string): void {
    this.cancelled.push(`${client}/${id}`);
  }

  interrupted(client: string, id: string): void {
    this.interruptions.push(`${client}/${id}`);
  }
}

/** A registry, the changes it made, and shorthand methods to cause changes. */
export class TestRegistry implements Disposable {
  readonly registry: Registry;
  readonly store: TaskStore;
  readonly reporter: TestReporter = new TestReporter();
  /** All changes that the registry made so far. */
  readonly events: RegistryEvent[] = [];

  /**
   * @param limits limits that differ from the defaults
   * @param epoch the epoch of sequence numbers
   * @param store the store; one in memory by default
   */
  constructor(limits: Partial<MonitorLimits> = {}, epoch = "first", store?: TaskStore) {
    const all = { ...DEFAULT_LIMITS, ...limits };
    this.store = store ?? new MemoryStore(all, epoch);
    this.registry = new Registry({
      store: this.store,
      limits: all,
      unsavedEpoch: "unsaved",
    });
    this.registry.subscribe((event) => this.events.push(event));
  }

  /** The ids of the removed tasks, in the order of their removal. */
  get removed(): string[] {
    return this.events.flatMap(({ client, removedId }) =>
      removedId === undefined ? [] : [`${client}/${removedId}`]
    );
  }

  /** Reports a change of a task; the registry's own test reporter reports it by default. */
  report(client: string, id: string, change: ReportedChange, reporter: Reporter = this.reporter): Task {
    return this.registry.report({ client, id, at: Date.now() / 1000, change }, reporter);
  }

  /** Creates and starts a task. */
  begin(client: string, id: string, create: Partial<CreateChange> = {}): Task {
    this.report(client, id, createChange(create));
    return this.report(client, id, { type: "start" });
  }

  /** Updates a task's progress. */
  progress(client: string, id: string, progress: number | null): Task {
    return this.report(client, id, { type: "update", progress });
  }

  /** Finishes a task. */
  finish(client: string, id: string): Task {
    return this.report(client, id, { type: "finish", result: null });
  }

  /** Creates, starts and finishes tasks. */
  run(client: string, ...ids: string[]): void {
    for (const id of ids) {
      this.begin(client, id);
      this.finish(client, id);
    }
  }

  [Symbol.dispose](): void {
    this.registry[Symbol.dispose]();
  }
}
