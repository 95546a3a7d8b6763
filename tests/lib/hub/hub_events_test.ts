/** Tests the events of the hub: when, in which order, and to which watchers it sends them. */

import { atHand } from "../../support/at_hand.ts";
import { assert, assertEquals, assertLess, assertMatch, assertStrictEquals } from "../../support/assert.ts";
import { EventWatcher } from "../../support/event_watcher.ts";
import { HeldHub } from "../../support/held_hub.ts";
import { RecordingWatcher } from "../../support/recording_watcher.ts";

const line = (text: string) => ({ at: 1, text });

Deno.test("Hub.watchEvents() sends the same full state as a WebSocket, and then every event", async () => {
  using it = new HeldHub();
  const watcher = it.eventWatcher();
  const socket = it.watcher("full");
  assertEquals(watcher.text, `event: initial_state\ndata: ${socket.texts[0]}\nid: first:2\n\n`);
  it.test.begin("c", "2");
  it.test.report("c", "2", { type: "log", lines: [line("hello")] });
  it.test.progress("c", "1", 5);
  await it.clock.passAsync(0);
  assertEquals(watcher.words.slice(1), ["2 created", "2 started", "2 log", "2 progress", "1 progress"]);
  const ids = watcher.events.map(({ lastEventId }) => lastEventId);
  assertEquals(ids, ["first:2", "first:2", "first:2", "first:2", "first:2", "first:6"]);
  const record = atHand(it.test.registry.stored("c", "1")).json;
  assertMatch(watcher.text, /\ndata: .*\nid: first:6\n\n$/);
  assertEquals(watcher.events.at(-1)!.data, record);
  assertEquals(watcher.events[3]!.data, '{"id":"2","first":0,"lines":[{"at":1,"text":"hello"}]}');
});

Deno.test("Hub.watchEvents() sends the creation, start and end of a task in one frame in order, and coalesces only progress", async () => {
  using it = new HeldHub();
  const watcher = it.eventWatcher();
  it.test.progress("c", "1", 1);
  await it.clock.passAsync(0);
  for (let progress = 2; progress < 50; progress++) {
    it.test.progress("c", "1", progress);
    await it.clock.passAsync(1);
  }
  it.test.run("c", "2");
  it.test.registry.remove("c", "2");
  await it.clock.passAsync(50);
  assertEquals(watcher.words.slice(1), [
    "1 progress",
    "1 progress",
    "2 created",
    "2 started",
    "2 finished",
    "2 removed",
  ]);
  assertEquals(it.timers, 0);
});

Deno.test("Hub.watchEvents() sends the same string to all watchers", async () => {
  using it = new HeldHub();
  const [first, second] = [it.eventWatcher(), it.eventWatcher()];
  it.test.run("c", "2");
  await it.clock.passAsync(50);
  assertStrictEquals(first.texts[1], second.texts[1]);
});

Deno.test("Hub.watchEvents() sends starts, ends and removals only after their commit, and progress at once", async () => {
  using it = new HeldHub();
  const watcher = it.eventWatcher();
  const ofTask = it.taskEventWatcher("1");
  it.store.hold();
  it.test.progress("c", "1", 5);
  await it.clock.passAsync(50);
  assertEquals(watcher.words, ["initial_state", "1 progress"]);
  assertEquals(ofTask.words, ["1 initial_state", "1 progress"]);
  it.test.begin("c", "2");
  await it.clock.passAsync(50);
  it.test.finish("c", "1");
  await it.clock.passAsync(50);
  assertEquals(watcher.words.length, 2);
  await it.store.commit();
  await it.clock.passAsync(50);
  // The final state is in the next frame, because it was committed together with the first frame.
  assertEquals(watcher.words.slice(2), ["2 created", "2 started", "1 finished"]);
  assertEquals([ofTask.words.slice(2), ofTask.ends], [["1 finished"], 1]);
  it.test.registry.remove("c", "1");
  await it.clock.passAsync(50);
  assertEquals(watcher.words.length, 5);
  await it.store.release();
  assertEquals(watcher.words.slice(5), ["1 removed"]);
});

Deno.test("Hub.watchEvents() with a cursor sends removals, and then the present state of each changed task", async () => {
  using it = new HeldHub();
  for (const id of ["2", "3"]) it.test.begin("c", id);
  const first = it.eventWatcher();
  const { cursor } = first;
  it.test.run("c", "4");
  it.test.progress("c", "2", 5);
  it.test.finish("c", "3");
  it.test.registry.remove("c", "3");
  it.test.begin("c", "3");
  it.test.registry.remove("c", "4");
  const back = it.eventWatcher(cursor);
  assertEquals(back.words, ["3 removed", "4 removed", "2 progress", "3 started"]);
  assertEquals(back.cursor, it.test.registry.cursor);
  const again = it.eventWatcher(back.cursor);
  assertEquals(again.text, ": nothing missed\n\n");
  it.test.progress("c", "1", 5);
  await it.clock.passAsync(50);
  assertEquals(again.words, ["1 progress"]);
});

Deno.test("Hub.watchEvents() sends resync and the full state if missed changes are not available", () => {
  using it = new HeldHub();
  for (const after of [{ epoch: "other", seq: 1 }, { epoch: "first", seq: 1_000 }]) {
    const watcher = it.eventWatcher(after);
    assertEquals(watcher.words, ["resync", "initial_state"]);
    assert(watcher.text.startsWith('event: resync\ndata: {"type":"resync"}\n\n'));
    const ofTask = it.taskEventWatcher("1", after);
    assertEquals(ofTask.words, ["resync", "1 initial_state"]);
  }
});

Deno.test("Hub.watchEvents() sends each change exactly once to a watcher that joins while a frame is pending", async () => {
  using it = new HeldHub();
  const early = it.eventWatcher();
  it.store.hold();
  it.test.begin("c", "2");
  await it.clock.passAsync(50);
  // The following changes are in no frame yet, but in the first messages of the late watcher.
  it.test.begin("c", "3");
  it.test.progress("c", "1", 5);
  it.test.report("c", "1", { type: "log", lines: [line("before")] });
  const late = it.eventWatcher();
  const ofTask = it.taskEventWatcher("1");
  it.test.progress("c", "1", 6);
  it.test.progress("c", "3", 7);
  it.test.finish("c", "1");
  await it.store.release();
  await it.clock.passAsync(50);
  assertEquals(early.words.slice(1), [
    ...["2 created", "2 started"],
    ...["3 created", "3 started", "1 log", "1 progress"],
    // The first messages of the late watcher contain the earlier events, so the hub does not merge these with
    // later ones.
    ...["1 progress", "3 progress", "1 finished"],
  ]);
  assertEquals(late.words, ["initial_state", "1 progress", "3 progress", "1 finished"]);
  assertEquals(ofTask.words, ["1 initial_state", "1 progress", "1 finished"]);
  assertEquals(late.cursor, early.cursor);
});

Deno.test("Hub.watchTaskEvents() sends only the events of its task, and ends after the final state", async () => {
  using it = new HeldHub();
  it.test.begin("c", "2");
  const watcher = it.taskEventWatcher("1");
  const state = JSON.parse(watcher.events[0]!.data);
  assertEquals(state, { type: "initial_state", ...it.test.registry.task("c", "1") });
  it.test.progress("c", "2", 5);
  await it.clock.passAsync(50);
  it.test.report("c", "1", { type: "log", lines: [line("a")] });
  it.test.finish("c", "1");
  it.test.registry.remove("c", "1");
  it.test.begin("c", "1");
  await it.clock.passAsync(50);
  assertEquals(watcher.words, ["1 initial_state", "1 log", "1 progress", "1 finished"]);
  assertEquals(watcher.ends, 1);
  it.test.progress("c", "1", 5);
  await it.clock.passAsync(50);
  assertEquals([watcher.words.length, watcher.ends, it.timers], [4, 1, 0]);
});

Deno.test("Hub.watchTaskEvents() of an ended task sends its state and ends", () => {
  using it = new HeldHub();
  const { cursor } = it.taskEventWatcher("1");
  it.test.finish("c", "1");
  const fresh = it.taskEventWatcher("1");
  assertEquals([fresh.words, fresh.ends], [["1 initial_state"], 1]);
  const back = it.taskEventWatcher("1", cursor);
  assertEquals([back.words, back.ends], [["1 finished"], 1]);
  // A new task now has the same id.
  it.test.registry.remove("c", "1");
  it.test.run("c", "1");
  const other = it.taskEventWatcher("1", back.cursor);
  assertEquals([other.words, other.ends], [["1 removed", "1 finished"], 1]);
});

Deno.test("Hub.watchTaskEvents() of a task that reuses an id continues when the earlier task's watchers leave", async () => {
  using it = new HeldHub();
  const first = new EventWatcher();
  const leave = it.hub.watchTaskEvents("c", atHand(it.test.registry.stored("c", "1")), first, null);
  it.test.finish("c", "1");
  it.test.registry.remove("c", "1");
  it.test.begin("c", "1");
  const second = it.taskEventWatcher("1");
  await it.clock.passAsync(50);
  leave();
  it.test.progress("c", "1", 5);
  await it.clock.passAsync(50);
  assertEquals([first.words.at(-1), second.words], ["1 finished", ["1 initial_state", "1 progress"]]);
});

Deno.test("Hub tells event watchers when the store becomes degraded and when it has recovered, and new ones in their first messages", async () => {
  using it = new HeldHub();
  const watcher = it.eventWatcher();
  const ofTask = it.taskEventWatcher("1");
  const socket = it.watcher();
  await it.store.fail("the disk is full");
  assertEquals(watcher.events.at(-1)!.data, socket.texts.at(-1));
  const { cursor } = it.test.registry;
  const [fresh, back, freshOfTask] = [it.eventWatcher(), it.eventWatcher(cursor), it.taskEventWatcher("1")];
  assertEquals([fresh.words, back.words], [["initial_state", "degraded"], ["degraded"]]);
  assertEquals(freshOfTask.words, ["1 initial_state", "degraded"]);
  assertEquals(fresh.cursor.epoch, "unsaved", "its sequence numbers have no meaning after a restart");
  await it.store.recover();
  for (const { events } of [watcher, fresh, back, ofTask, freshOfTask]) {
    assertEquals([events.at(-1)!.type, events.at(-1)!.data], [
      "degraded",
      '{"type":"degraded","detail":null}',
    ]);
  }
  assertEquals(ofTask.words, ["1 initial_state", "degraded", "degraded"]);
});

Deno.test("Hub disconnects event watchers, but no other watchers, if too many events are pending", async () => {
  using it = new HeldHub(undefined, 20_000);
  const watcher = it.eventWatcher();
  const ofTask = it.taskEventWatcher("1");
  const ofEnded = it.taskEventWatcher("1");
  const socket = it.watcher();
  it.test.begin("c", "2");
  const other = it.taskEventWatcher("2");
  it.test.begin("c", "4");
  const ofEarly = it.taskEventWatcher("4");
  it.store.hold();
  it.test.begin("c", "3");
  await it.clock.passAsync(50);
  it.test.finish("c", "4");
  for (let lines = 0; lines < 30; lines++) {
    it.test.report("c", "1", { type: "log", lines: [line("x".repeat(1_000))] });
    await it.clock.passAsync(50);
  }
  it.test.finish("c", "1");
  await it.store.commit();
  await it.clock.passAsync(50);
  assertEquals([watcher, ofTask, ofEnded, other].map(({ ends }) => ends), [1, 1, 1, 1]);
  assertEquals(
    [ofEarly.words.at(-1), ofEarly.ends],
    ["4 finished", 1],
    "this event was pending before there were too many",
  );
  assertLess(watcher.text.length, 10_000);
  assertEquals(socket.last.tasks.map(({ id, state }) => `${id} ${state}`), ["4 FINISHED", "1 FINISHED"]);
  // A watcher that reconnects receives the current state of each changed task.
  const back = it.eventWatcher(watcher.cursor);
  assertEquals(back.words, ["4 finished", "1 finished"]);
  it.test.progress("c", "2", 5);
  await it.store.release();
  await it.clock.passAsync(50);
  assertEquals(back.words.slice(2), ["2 progress"]);
});

Deno.test("Hub drops a client's event feed and its timers when the last watcher of the events leaves", async () => {
  using it = new HeldHub();
  const watchers = [new EventWatcher(), new EventWatcher()];
  const stored = atHand(it.test.registry.stored("c", "1"));
  const leaves = [
    it.hub.watchEvents("c", watchers[0]!, null),
    it.hub.watchTaskEvents("c", atHand(stored), watchers[1]!, null),
    it.hub.onFrame("c", () => {}),
    it.hub.onTask("c", "1", () => {}),
  ];
  it.test.progress("c", "1", 1);
  await it.clock.passAsync(0);
  it.test.progress("c", "1", 2);
  assertEquals(it.timers, 1);
  for (const leave of [...leaves, ...leaves]) leave();
  assertEquals(it.timers, 0);
  it.test.progress("c", "1", 3);
  await it.clock.passAsync(100);
  assertEquals(watchers.map(({ words }) => words.length), [2, 2]);
});

Deno.test("Hub sends no more events to a watcher that left while a frame or its first messages were pending", async () => {
  using it = new HeldHub();
  const [early, late] = [new EventWatcher(), new EventWatcher()];
  const leaveEarly = it.hub.watchEvents("c", early, null);
  it.store.hold();
  it.test.begin("c", "2");
  await it.clock.passAsync(0);
  const leaveLate = it.hub.watchEvents("c", late, null);
  leaveEarly();
  leaveLate();
  await it.store.release();
  await it.clock.passAsync(100);
  assertEquals([early.words, late.words, it.timers], [["initial_state"], [], 0]);
});

Deno.test("Hub.onFrame() calls the listener once for all changes of a frame, after their commit", async () => {
  using it = new HeldHub();
  let calls = 0;
  const leave = it.hub.onFrame("c", () => calls++);
  it.test.progress("c", "1", 1);
  it.test.progress("c", "1", 2);
  await it.clock.passAsync(0);
  assertEquals(calls, 1);
  it.test.begin("d", "1");
  await it.clock.passAsync(100);
  assertEquals(calls, 1, "this change was of another client");
  it.store.hold();
  it.test.finish("c", "1");
  await it.clock.passAsync(100);
  assertEquals(calls, 1);
  await it.store.commit();
  assertEquals(calls, 2);
  leave();
  it.test.begin("c", "2");
  await it.store.release();
  await it.clock.passAsync(100);
  assertEquals([calls, it.timers], [2, 0]);
});

Deno.test("Hub.onTask() calls the listener synchronously with each change, and the listener can remove itself", async () => {
  using it = new HeldHub();
  it.store.hold();
  const seen: (string | null)[] = [];
  const leave = it.hub.onTask("c", "1", (stored) => {
    seen.push(stored?.task.state ?? null);
    if (stored === null) leave();
  });
  it.test.begin("c", "2");
  it.test.progress("c", "1", 5);
  it.test.finish("c", "1");
  it.test.registry.remove("c", "1");
  assertEquals(seen, ["PROCESSING", "FINISHED", null]);
  it.test.begin("c", "1");
  await it.store.release();
  await it.clock.passAsync(100);
  assertEquals([seen.length, it.timers], [3, 0]);
});

Deno.test("Hub creates no events without event watchers", async () => {
  using it = new HeldHub();
  const socket = new RecordingWatcher();
  it.hub.watch("c", socket, "delta", null);
  let read = 0;
  it.test.registry.subscribe(({ stored }) => {
    if (stored === undefined) return;
    Object.defineProperty(stored, "json", {
      get() {
        read++;
        return JSON.stringify(this.task);
      },
    });
  });
  for (let progress = 0; progress < 50; progress++) it.test.progress("c", "1", progress);
  await it.clock.passAsync(100);
  assertEquals([read, socket.types.length], [1, 2]);
});
