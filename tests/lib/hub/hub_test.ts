import { atHand } from "../../support/at_hand.ts";
import { Hub, type HubOptions, type WatchMode } from "../../../lib/hub/hub.ts";
import { formatCursor } from "../../../lib/task/cursor.ts";
import { MemoryStore } from "../../../lib/store/memory/memory_store.ts";
import type { StoredTask } from "../../../lib/store/store.ts";
import { DEFAULT_LIMITS, type MonitorLimits } from "../../../lib/config/limits.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertStrictEquals,
} from "../../support/assert.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";
import { ForwardingIndex } from "../../support/forwarding_index.ts";
import { RecordingWatcher } from "../../support/recording_watcher.ts";
import { TestRegistry } from "../../support/registry.ts";

/**
 * A task index that counts how often all tasks of a client are listed, as the hub does to build a full state.
 */
class CountingIndex extends ForwardingIndex {
  lists = 0;

  override list(client: string): Iterable<StoredTask> {
    this.lists++;
    return super.list(client);
  }
}

class CountingStore extends MemoryStore {
  readonly #index = new CountingIndex(super.index);

  override get index(): CountingIndex {
    return this.#index;
  }
}

/** A hub with its own registry and a fake clock. */
class TestHub implements Disposable {
  readonly clock: FakeClock = new FakeClock();
  readonly store: CountingStore = new CountingStore(DEFAULT_LIMITS, "first");
  readonly test: TestRegistry;
  readonly hub: Hub;

  constructor(options: Partial<HubOptions> = {}, limits: Partial<MonitorLimits> = {}) {
    // The registry never sweeps during a test, so that all timers but the one of its sweep are those of the
    // hub.
    this.test = new TestRegistry({ ...limits, sweepIntervalMs: 1_000_000_000 }, "first", this.store);
    this.hub = new Hub(this.test.registry, {
      frameIntervalMs: 50,
      fullStateBytesPerSecond: 1_000_000,
      ...options,
    });
    this.test.begin("other", "keeps the sweeper's timer set");
    this.test.begin("c", "1");
    this.clock.pass(1_000);
  }

  /** The number of timers that the hub has set. */
  get timers(): number {
    return this.clock.pending - 1;
  }

  watch(watcher: RecordingWatcher, mode: WatchMode = "delta"): () => void {
    return this.hub.watch("c", watcher, mode, null);
  }

  [Symbol.dispose](): void {
    this.hub[Symbol.dispose]();
    this.test[Symbol.dispose]();
    this.clock[Symbol.dispose]();
  }
}

/** Waits for the next turn of the event loop. */
async function nextTurn(): Promise<void> {
  await Promise.resolve();
}

Deno.test("Hub.watch() sends the full state and then every change, in the documented message format", async () => {
  using it = new TestHub();
  it.test.run("c", "2");
  const full = new RecordingWatcher();
  const delta = new RecordingWatcher();
  it.watch(full, "full");
  it.watch(delta);
  for (const watcher of [full, delta]) {
    const { type, active_tasks, all_tasks, cursor } = watcher.last;
    assertEquals(Object.keys(watcher.last), ["type", "active_tasks", "all_tasks", "cursor"]);
    assertEquals([type, active_tasks.map(({ id }) => id), Object.keys(all_tasks)], ["initial_state", ["1"], [
      "1",
      "2",
    ]]);
    assertEquals([active_tasks[0], cursor], [all_tasks["1"], formatCursor(it.test.registry.cursor)]);
  }
  it.test.begin("c", "3");
  await nextTurn();
  const cursor = formatCursor(it.test.registry.cursor);
  const task = it.test.registry.task("c", "3")!;
  assertEquals(JSON.parse(delta.texts[1]!), { type: "task_update", cursor, tasks: [task], removed: [] });
  assertEquals([full.last.type, full.last.active_tasks.map(({ id }) => id)], ["state_update", ["3", "1"]]);
  assertEquals([full.last.cursor, full.last.all_tasks["3"]], [cursor, task]);
});

Deno.test("Hub sends the first change at once, then one frame per interval with the newest record of each task", async () => {
  using it = new TestHub();
  const watcher = new RecordingWatcher();
  it.watch(watcher);
  it.test.progress("c", "1", 1);
  assertEquals(watcher.types.length, 1, "the hub waits for more changes in this turn");
  await nextTurn();
  assertEquals(watcher.last.tasks.map(({ progress }) => progress), [1]);
  for (let progress = 2; progress <= 40; progress++) {
    await it.clock.passAsync(1);
    it.test.progress("c", "1", progress);
  }
  it.test.begin("c", "2");
  assertEquals(watcher.types.length, 2);
  await it.clock.passAsync(50);
  assertEquals(watcher.types.length, 3);
  assertEquals(watcher.last.tasks.map(({ id, progress }) => [id, progress]), [["1", 40], ["2", null]]);
  await it.clock.passAsync(10_000);
  assertEquals([watcher.types.length, it.timers], [3, 0]);
});

Deno.test("Hub puts the changes of one turn into one frame, even into the first frame", async () => {
  using it = new TestHub();
  const watcher = new RecordingWatcher();
  it.watch(watcher);
  for (let progress = 0; progress < 100; progress++) it.test.progress("c", "1", progress);
  await nextTurn();
  assertEquals([watcher.types.length, watcher.last.tasks[0]?.progress], [2, 99]);
});

Deno.test("Hub sends a frame after each turn if the frame interval is 0", async () => {
  using it = new TestHub({ frameIntervalMs: 0 });
  const watcher = new RecordingWatcher();
  it.watch(watcher);
  for (let progress = 0; progress < 5; progress++) {
    it.test.progress("c", "1", progress);
    await nextTurn();
  }
  assertEquals(watcher.types.length, 6);
});

Deno.test("Hub sends frames in time if the clock is set back or forward", async () => {
  for (const jump of [-86_400, -3_600, 3_600, 86_400]) {
    using it = new TestHub();
    const watchers = { full: new RecordingWatcher(), delta: new RecordingWatcher() };
    it.watch(watchers.full, "full");
    it.watch(watchers.delta, "delta");
    it.test.progress("c", "1", 1);
    await nextTurn();
    it.clock.set(CLOCK_START + jump);
    it.test.progress("c", "1", 2);
    it.clock.pass(50);
    await nextTurn();
    assertEquals(watchers.full.last.active_tasks[0]?.progress, 2);
    assertEquals(watchers.delta.last.tasks[0]?.progress, 2);
  }
});

Deno.test("Hub sends the same string to all watchers of the same kind", async () => {
  using it = new TestHub();
  const watchers = Array.from({ length: 6 }, () => new RecordingWatcher());
  for (const [i, watcher] of watchers.entries()) it.watch(watcher, i % 2 === 0 ? "full" : "delta");
  const before = it.store.index.lists;
  it.test.progress("c", "1", 5);
  await nextTurn();
  assertEquals(it.store.index.lists - before, 1, "each frame is serialised once");
  for (const [i, watcher] of watchers.entries()) {
    assertStrictEquals(watcher.texts[1], watchers[i % 2]!.texts[1]);
  }
});

Deno.test("Hub sends both the removal and the new task if an id was reused within a frame", async () => {
  using it = new TestHub();
  it.test.run("c", "2", "3");
  const watcher = new RecordingWatcher();
  it.watch(watcher);
  it.test.registry.remove("c", "2");
  it.test.registry.remove("c", "3");
  it.test.begin("c", "3");
  await nextTurn();
  // Another task now has the id "3"; a watcher that applies removals first drops the old task and adds the
  // new one.
  assertEquals([watcher.last.removed, watcher.last.tasks.map(({ id }) => id)], [["2", "3"], ["3"]]);
});

Deno.test("Hub.watch() with a cursor sends the missed changes, and nothing twice", async () => {
  using it = new TestHub();
  it.test.run("c", "2");
  const first = new RecordingWatcher();
  const leave = it.watch(first);
  it.test.progress("c", "1", 5);
  await nextTurn();
  leave();
  const { cursor } = first;
  it.test.begin("c", "3");
  it.test.registry.remove("c", "2");
  const second = new RecordingWatcher();
  it.hub.watch("c", second, "delta", cursor);
  assertEquals(second.types, ["task_update"]);
  assertEquals([second.last.tasks.map(({ id }) => id), second.last.removed], [["3"], ["2"]]);
  const third = new RecordingWatcher();
  it.hub.watch("c", third, "delta", second.cursor);
  assertEquals([third.types, third.last.tasks, third.last.removed], [["task_update"], [], []]);
  await it.clock.passAsync(1_000);
  assertEquals([second.types.length, third.types.length], [1, 1]);
});

Deno.test("Hub.watch() with an unknown cursor sends resync and the full state", () => {
  using it = new TestHub({}, { removalsPerClient: 1 });
  for (const after of [{ epoch: "other", seq: 3 }, { epoch: "first", seq: 1_000 }]) {
    const watcher = new RecordingWatcher();
    it.hub.watch("c", watcher, "delta", after);
    assertEquals([watcher.texts[0], watcher.types], ['{"type":"resync"}', ["resync", "initial_state"]]);
  }
  const full = new RecordingWatcher();
  it.hub.watch("c", full, "full", { epoch: "first", seq: 1 });
  assertEquals(full.types, ["initial_state"]);
});

Deno.test("Hub.watch() first sends pending changes to the other watchers, so that no watcher receives them twice", async () => {
  using it = new TestHub();
  const early = new RecordingWatcher();
  it.watch(early);
  it.test.progress("c", "1", 7);
  const late = new RecordingWatcher();
  it.watch(late);
  assertEquals([early.types, early.last.tasks[0]?.progress], [["initial_state", "task_update"], 7]);
  assertEquals(late.last.all_tasks["1"]?.progress, 7);
  await it.clock.passAsync(1_000);
  assertEquals([early.types.length, late.types.length], [2, 1]);
});

Deno.test("Hub.watchTask() sends only its task, and ends after the final state", async () => {
  using it = new TestHub();
  it.test.begin("c", "2");
  const watcher = new RecordingWatcher();
  it.hub.watchTask("c", atHand(it.test.registry.stored("c", "1")), watcher);
  const { type, ...record } = JSON.parse(watcher.texts[0]!);
  assertEquals([type, record], ["initial_state", it.test.registry.task("c", "1")]);
  it.test.progress("c", "2", 5);
  await it.clock.passAsync(100);
  assertEquals(watcher.types.length, 1);
  it.test.progress("c", "1", 5);
  await it.clock.passAsync(100);
  assertEquals([watcher.last.type, watcher.last.id, watcher.last.progress], ["state_update", "1", 5]);
  it.test.finish("c", "1");
  await it.clock.passAsync(100);
  assertEquals([watcher.types.length, watcher.last.state, watcher.ends], [3, "FINISHED", 1]);
  it.test.registry.remove("c", "1");
  await it.clock.passAsync(100);
  assertEquals([watcher.types.length, watcher.ends, it.timers], [3, 1, 0]);
});

Deno.test("Hub.watchTask() of an ended task sends its record and ends", () => {
  using it = new TestHub();
  it.test.finish("c", "1");
  const watcher = new RecordingWatcher();
  it.hub.watchTask("c", atHand(it.test.registry.stored("c", "1")), watcher)();
  assertEquals([watcher.types, watcher.last.state, watcher.ends], [["initial_state"], "FINISHED", 1]);
});

Deno.test("Hub.watchTask() sends the final state of a task that is removed in the same frame", async () => {
  using it = new TestHub({}, { endedTasksPerClient: 0 });
  const watcher = new RecordingWatcher();
  it.hub.watchTask("c", atHand(it.test.registry.stored("c", "1")), watcher);
  it.test.finish("c", "1");
  await it.clock.passAsync(100);
  assertEquals(watcher.ends, 1);
  assertEquals(watcher.last.state, "FINISHED");
});

Deno.test("Hub.watchTask() of a task that reuses an id continues when the earlier task's watchers leave", async () => {
  using it = new TestHub();
  const first = new RecordingWatcher();
  const leaveFirst = it.hub.watchTask("c", atHand(it.test.registry.stored("c", "1")), first);
  it.test.finish("c", "1");
  await it.clock.passAsync(100);
  it.test.registry.remove("c", "1");
  it.test.begin("c", "1");
  const second = new RecordingWatcher();
  it.hub.watchTask("c", atHand(it.test.registry.stored("c", "1")), second);
  // The first watcher unsubscribes only after the second one has subscribed.
  leaveFirst();
  it.test.progress("c", "1", 50);
  await it.clock.passAsync(100);
  assertEquals(second.last.progress, 50);
});

Deno.test("Hub throttles full states by their size, and skips all but the newest", async () => {
  using it = new TestHub({ fullStateBytesPerSecond: 1_000 });
  const watcher = new RecordingWatcher();
  it.watch(watcher, "full");
  const seen: (number | null | undefined)[] = [];
  for (let i = 0; i < 200; i++) {
    it.test.progress("c", "1", i / 2);
    await it.clock.passAsync(50);
  }
  await it.clock.passAsync(5_000);
  for (const { all_tasks } of watcher.messages) seen.push(all_tasks["1"]?.progress);
  const bytes = watcher.texts.slice(1).reduce((sum, text) => sum + text.length, 0);
  assertLessOrEqual(bytes, 1_000 * 15 + watcher.texts[0]!.length);
  assertGreaterOrEqual(watcher.types.length, 8);
  assertEquals(seen.at(-1), 99.5);
  assertEquals(seen, seen.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  assertEquals(it.timers, 0);
});

Deno.test("Hub offers a saturated watcher the newest full state later, and never an older one", async () => {
  using it = new TestHub();
  const watcher = new RecordingWatcher();
  it.watch(watcher, "full");
  watcher.saturated = true;
  for (let progress = 1; progress <= 20; progress++) {
    it.test.progress("c", "1", progress);
    await it.clock.passAsync(50);
  }
  assertEquals(watcher.types.length, 1);
  watcher.saturated = false;
  await it.clock.passAsync(500);
  assertEquals([watcher.types.length, watcher.last.all_tasks["1"]?.progress], [2, 20]);
  await it.clock.passAsync(5_000);
  assertEquals([watcher.types.length, it.timers], [2, 0]);
});

Deno.test("Hub delays no other watcher because of a saturated one", async () => {
  const framesBeside = async (saturated: boolean) => {
    using it = new TestHub();
    const healthy = new RecordingWatcher();
    const slow = new RecordingWatcher();
    it.watch(slow, "full");
    it.watch(healthy, "full");
    slow.saturated = saturated;
    for (let progress = 1; progress <= 40; progress++) {
      it.test.progress("c", "1", progress);
      await it.clock.passAsync(50);
    }
    return healthy.types.length;
  };
  assertEquals(await framesBeside(true), await framesBeside(false));
});

Deno.test("Hub drops a client's feed and its timers when the last watcher leaves", async () => {
  using it = new TestHub();
  const watchers = [new RecordingWatcher(), new RecordingWatcher(), new RecordingWatcher()];
  const leaves = [
    it.watch(watchers[0]!, "full"),
    it.watch(watchers[1]!),
    it.hub.watchTask("c", atHand(it.test.registry.stored("c", "1")), watchers[2]!),
  ];
  it.test.progress("c", "1", 1);
  await nextTurn();
  it.test.progress("c", "1", 2);
  it.test.progress("c", "1", 2.5);
  assertEquals(it.timers, 1);
  for (const leave of leaves) leave();
  for (const leave of leaves) leave();
  assertEquals(it.timers, 0);
  const lists = it.store.index.lists;
  for (let progress = 3; progress < 50; progress++) {
    it.test.progress("c", "1", progress);
    await it.clock.passAsync(50);
  }
  assertEquals([it.store.index.lists - lists, it.timers], [0, 0]);
  assertEquals(watchers.map(({ types }) => types.length), [2, 2, 2]);
});

Deno.test("Hub does no work for clients without watchers", async () => {
  using it = new TestHub();
  const watcher = new RecordingWatcher();
  it.watch(watcher, "full");
  const lists = it.store.index.lists;
  it.test.begin("d", "1");
  await it.clock.passAsync(1_000);
  assertEquals([watcher.types, it.store.index.lists - lists, it.timers], [["initial_state"], 0, 0]);
});

for (const mode of ["full", "delta", "task"] as const) {
  Deno.test(`Hub lets a watcher (${mode}) leave from within its own send()`, async () => {
    using it = new TestHub();
    const watch = (watcher: RecordingWatcher) =>
      mode === "task"
        ? it.hub.watchTask("c", atHand(it.test.registry.stored("c", "1")), watcher)
        : it.watch(watcher, mode);
    const before = new RecordingWatcher();
    const after = new RecordingWatcher();
    const leaver: RecordingWatcher = new RecordingWatcher(() => {
      if (leaver.texts.length === 2) leave();
    });
    watch(before);
    const leave = watch(leaver);
    const leaveAfter = watch(after);
    for (let progress = 1; progress <= 3; progress++) {
      it.test.progress("c", "1", progress);
      await it.clock.passAsync(100);
    }
    assertEquals([before, leaver, after].map(({ texts }) => texts.length), [4, 2, 4]);
    leaveAfter();
    it.test.progress("c", "1", 50);
    await it.clock.passAsync(100);
    assertEquals([before, leaver, after].map(({ texts }) => texts.length), [5, 2, 4]);
  });
}

Deno.test("Hub has no timer left when the last watchers leave from within a frame, one of them saturated", async () => {
  using it = new TestHub();
  const saturated = new RecordingWatcher();
  const leaver: RecordingWatcher = new RecordingWatcher(() => {
    if (leaver.texts.length < 2) return;
    leaveSaturated();
    leave();
  });
  const leaveSaturated = it.watch(saturated, "full");
  const leave = it.watch(leaver, "full");
  saturated.saturated = true;
  it.test.progress("c", "1", 1);
  await nextTurn();
  assertEquals(it.timers, 0);
  it.test.progress("c", "1", 2);
  await it.clock.passAsync(10_000);
  assertEquals([saturated.texts.length, leaver.texts.length, it.timers], [1, 2, 0]);
});

Deno.test("Hub sends nothing more after it is disposed of", async () => {
  using it = new TestHub();
  const watcher = new RecordingWatcher();
  it.watch(watcher, "full");
  it.test.progress("c", "1", 1);
  it.hub[Symbol.dispose]();
  it.test.progress("c", "1", 2);
  await it.clock.passAsync(1_000);
  assertEquals([watcher.types.length, it.timers], [1, 0]);
  assert(it.test.registry.task("c", "1")?.progress === 2);
});
