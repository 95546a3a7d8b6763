/** Tests watchers whose first messages need records that are not in memory. */

import { Hub } from "../../../lib/hub/hub.ts";
import type { WatchMode } from "../../../lib/hub/watcher.ts";
import { assertEquals } from "../../support/assert.ts";
import { EventWatcher } from "../../support/event_watcher.ts";
import { RecordingWatcher } from "../../support/recording_watcher.ts";
import { TestRegistry } from "../../support/registry.ts";
import { SlowRecords } from "../../support/slow_records.ts";

/** A hub with an ended and an unfinished task, whose records are read asynchronously. */
class SlowHub implements Disposable {
  readonly store: SlowRecords = new SlowRecords();
  readonly test: TestRegistry = new TestRegistry({}, "first", this.store);
  readonly hub: Hub = new Hub(this.test.registry, { frameIntervalMs: 0, fullStateBytesPerSecond: 1e9 });

  constructor() {
    this.test.begin("c", "ended");
    this.test.report("c", "ended", { type: "finish", result: 1 });
    this.test.begin("c", "live");
  }

  update(progress: number): Promise<void> {
    this.test.report("c", "live", { type: "update", progress });
    return this.hub.flush();
  }

  watch(mode: WatchMode, after: number | null = null): FailingWatcher {
    const watcher = new FailingWatcher();
    this.hub.watch("c", watcher, mode, after === null ? null : { epoch: "first", seq: after });
    return watcher;
  }

  [Symbol.dispose](): void {
    this.hub[Symbol.dispose]();
    this.test[Symbol.dispose]();
  }
}

/** A watcher that records the errors that are passed to `fail()`. */
class FailingWatcher extends RecordingWatcher {
  readonly failures: unknown[] = [];

  override fail(error: unknown): void {
    this.failures.push(error);
  }
}

Deno.test("Hub.watch() sends the state at the time of the call once its records are read, and later changes after it", async () => {
  using it = new SlowHub();
  const { seq } = it.test.registry.cursor;
  const watcher = it.watch("delta");
  await it.update(10);
  await it.update(20);
  assertEquals(watcher.texts, []);
  await it.store.release();
  assertEquals(watcher.types, ["initial_state", "task_update", "task_update"]);
  const [first, ...updates] = watcher.messages;
  assertEquals([first!.cursor, first!.all_tasks.live?.progress], [`first:${seq}`, null]);
  assertEquals(Object.keys(first!.all_tasks), ["ended", "live"]);
  assertEquals(updates.map(({ tasks }) => tasks[0]!.progress), [10, 20]);
  await it.update(30);
  assertEquals(watcher.last.tasks[0]!.progress, 30);
});

Deno.test("Hub.watch() resumes with the records of tasks that ended meanwhile, and later changes after them", async () => {
  using it = new SlowHub();
  const watcher = it.watch("delta", 1);
  it.test.registry.remove("c", "ended");
  await it.hub.flush();
  await it.store.release();
  assertEquals(watcher.messages.map(({ tasks, removed }) => [tasks.map(({ id }) => id), removed]), [
    [["ended", "live"], []],
    [[], ["ended"]],
  ]);
});

Deno.test("Hub.watchEvents() sends events after a state whose records are read", async () => {
  using it = new SlowHub();
  const watcher = new EventWatcher();
  it.hub.watchEvents("c", watcher, null);
  await it.update(10);
  assertEquals(watcher.texts, []);
  await it.store.release();
  assertEquals(watcher.events.map(({ type }) => type), ["initial_state", "task.progress"]);
});

Deno.test("Hub does not delay other watchers because a new watcher waits for its first messages", async () => {
  using it = new SlowHub();
  const early = it.watch("delta");
  await it.store.release();
  it.watch("delta");
  await it.update(10);
  assertEquals(early.types, ["initial_state", "task_update"]);
  await it.store.release();
});

Deno.test("Hub sends full states one after another while their records are read, and the newest last", async () => {
  using it = new SlowHub();
  const watcher = it.watch("full");
  await it.store.release();
  assertEquals(watcher.types, ["initial_state"]);
  await it.update(10);
  const { seq } = it.test.registry.cursor;
  await it.update(20);
  assertEquals([watcher.types, it.store.reads], [["initial_state"], 1]);
  await it.store.release();
  assertEquals([watcher.last.cursor, watcher.last.all_tasks.live?.progress], [`first:${seq}`, 10]);
  await it.store.release();
  assertEquals(watcher.last.all_tasks.live?.progress, 20);
});

Deno.test("Hub disconnects a watcher whose records cannot be read, and sends it nothing later", async () => {
  using it = new SlowHub();
  const watcher = it.watch("delta");
  await it.update(10);
  const error = new Error("broken");
  await it.store.release(error);
  await it.update(20);
  assertEquals([watcher.failures, watcher.texts], [[error], []]);
});
