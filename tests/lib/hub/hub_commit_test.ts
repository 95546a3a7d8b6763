/** Tests that starts, ends and removals are published after their commit, and all other changes at once. */

import { atHand } from "../../support/at_hand.ts";
import fc from "fast-check";
import { LimitError } from "../../../lib/errors.ts";
import { formatCursor } from "../../../lib/task/cursor.ts";
import { isFinal, type Task } from "../../../lib/task/task.ts";
import { TransitionError } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { HeldHub } from "../../support/held_hub.ts";
import { type ReceivedMessage, RecordingWatcher } from "../../support/recording_watcher.ts";

/** Summarises the messages that a watcher received after its first message. */
function newsOf({ messages }: RecordingWatcher): string[] {
  return messages.slice(1).map(({ type, tasks, all_tasks, removed, state }) => {
    const told = tasks ?? Object.values(all_tasks ?? {});
    const words = told.map((task) => `${task.id} ${task.state} ${task.progress}`);
    return [type, ...words, ...(removed ?? []).map((id) => `-${id}`), ...(state === undefined ? [] : [state])]
      .join(", ");
  });
}

for (const mode of ["full", "delta"] as const) {
  Deno.test(`Hub sends a start, an end, a removal and a restored task only after its commit (${mode})`, async () => {
    using it = new HeldHub();
    const { registry } = it.test;
    const watcher = it.watcher(mode);
    const steps: Record<string, () => void> = {
      begin: () => it.test.begin("c", "2"),
      finish: () => it.test.finish("c", "2"),
      remove: () => registry.remove("c", "2"),
      restore: () => registry.restore("c", "2"),
    };
    for (const [name, step] of Object.entries(steps)) {
      const before = watcher.texts.length;
      it.store.hold();
      step();
      await it.clock.passAsync(1_000);
      assertEquals(watcher.texts.length, before, `${name} is not committed`);
      await it.store.commit();
      assertEquals(watcher.texts.length, before + 1, name);
      assertEquals(watcher.last.cursor, formatCursor(registry.cursor));
    }
    const type = mode === "full" ? "state_update, 1 STARTING null" : "task_update";
    assertEquals(newsOf(watcher), [
      `${type}, 2 STARTING null`,
      `${type}, 2 FINISHED 100`,
      `${type}${mode === "full" ? "" : ", -2"}`,
      `${type}, 2 FINISHED 100`,
    ]);
    assertEquals(it.timers, 0);
  });
}

Deno.test("Hub sends progress at once, committed or not", async () => {
  using it = new HeldHub();
  const watchers = [it.watcher("full"), it.watcher("delta"), it.taskWatcher("1")];
  it.store.hold();
  it.test.progress("c", "1", 40);
  await it.clock.passAsync(0);
  for (const watcher of watchers) assertEquals(watcher.texts.length, 2);
  assertEquals(newsOf(watchers[1]!), ["task_update, 1 PROCESSING 40"]);
});

Deno.test("Hub holds back all changes after a pending change, and then sends only the newest of them", async () => {
  using it = new HeldHub();
  const watcher = it.watcher();
  it.store.hold();
  it.test.begin("c", "2");
  await it.clock.passAsync(100);
  for (let progress = 1; progress <= 50; progress++) {
    it.test.progress("c", "1", progress);
    await it.clock.passAsync(20);
  }
  assertEquals(newsOf(watcher), []);
  await it.store.commit();
  await it.clock.passAsync(100);
  assertEquals(newsOf(watcher), ["task_update, 2 STARTING null", "task_update, 1 PROCESSING 50"]);
  assertEquals(it.timers, 0);
});

Deno.test("Hub sends nothing before the first messages and nothing twice to a watcher that joins while a frame is pending", async () => {
  using it = new HeldHub();
  const early = it.watcher();
  it.store.hold();
  it.test.begin("c", "2");
  await it.clock.passAsync(100);
  const late = it.watcher();
  const lateFull = it.watcher("full");
  assertEquals([late.types, lateFull.types], [[], []], "the state contains a task that a crash would undo");
  await it.store.commit();
  assertEquals(newsOf(early), ["task_update, 2 STARTING null"]);
  for (const watcher of [late, lateFull]) {
    assertEquals(watcher.types, ["initial_state"]);
    assertEquals(Object.keys(watcher.last.all_tasks), ["1", "2"]);
  }
  it.test.progress("c", "2", 5);
  await it.clock.passAsync(100);
  assertEquals(newsOf(late), ["task_update, 2 PROCESSING 5"]);
});

Deno.test("Hub sends the missed changes after their commit to a watcher that resumes while a frame is pending", async () => {
  using it = new HeldHub();
  const before = it.test.registry.cursor;
  it.watcher();
  it.store.hold();
  it.test.begin("c", "2");
  const back = new RecordingWatcher();
  it.hub.watch("c", back, "delta", before);
  assertEquals(back.types, []);
  await it.store.commit();
  assertEquals([back.types, back.last.tasks.map(({ id }) => id)], [["task_update"], ["2"]]);
});

Deno.test("Hub.watchTask() sends progress at once, and the final state only after its commit", async () => {
  using it = new HeldHub();
  const watcher = it.taskWatcher("1");
  it.store.hold();
  it.test.progress("c", "1", 40);
  await it.clock.passAsync(100);
  assertEquals([watcher.last.state, watcher.last.progress], ["PROCESSING", 40]);
  it.test.finish("c", "1");
  await it.clock.passAsync(1_000);
  assertEquals([watcher.last.state, watcher.ends], ["PROCESSING", 0]);
  const late = it.taskWatcher("1");
  assertEquals([late.types, late.ends], [[], 0]);
  await it.store.commit();
  for (const { last, ends } of [watcher, late]) assertEquals([last.state, ends], ["FINISHED", 1]);
  assertEquals([watcher.texts.length, late.types], [3, ["initial_state"]]);
});

Deno.test("Hub.watchTask() sends the final state of a task that is removed before its commit", async () => {
  using it = new HeldHub();
  const watcher = it.taskWatcher("1");
  it.store.hold();
  // A change of another task is already pending when this task ends.
  it.test.begin("c", "2");
  it.watcher();
  await it.clock.passAsync(100);
  it.test.finish("c", "1");
  it.test.registry.remove("c", "1");
  await it.store.release();
  await it.clock.passAsync(100);
  assertEquals([watcher.last.state, watcher.ends], ["FINISHED", 1]);
});

Deno.test("Hub sends all changes at once while the store is degraded, including those that were pending", async () => {
  using it = new HeldHub();
  const watcher = it.watcher("full");
  const delta = it.watcher();
  const ofTask = it.taskWatcher("1");
  it.store.hold();
  it.test.begin("c", "2");
  await it.clock.passAsync(100);
  const late = it.watcher();
  assertEquals([newsOf(watcher), newsOf(delta), late.types], [[], [], []]);
  await it.store.fail();
  // The commit of these changes failed, so the cursors are marked as `unsaved`: after a restart, other
  // changes may get the same sequence numbers.
  const shown = [watcher.last, delta.messages[1]!, late.messages[0]!];
  assertEquals(shown.map(({ cursor }) => cursor.split(":")[0]), ["unsaved", "unsaved", "unsaved"]);
  assertEquals(newsOf(watcher), ["state_update, 1 STARTING null, 2 STARTING null"]);
  await it.clock.passAsync(100);
  it.test.finish("c", "1");
  await it.clock.passAsync(100);
  assertEquals(newsOf(watcher).at(-1), "state_update, 1 FINISHED 100, 2 STARTING null");
  assertEquals([ofTask.last.state, ofTask.ends], ["FINISHED", 1]);
  await it.store.recover();
  it.store.hold();
  it.test.finish("c", "2");
  await it.clock.passAsync(1_000);
  assertEquals(watcher.last.all_tasks["2"]?.state, "STARTING", "the hub waits for commits again");
});

Deno.test("Hub tells watchers when the store becomes degraded and when it has recovered, and new watchers in their first messages", async () => {
  using it = new HeldHub();
  const delta = it.watcher();
  const others = [it.watcher("full"), it.taskWatcher("1")];
  await it.store.fail("the disk is full");
  assertEquals(delta.texts.slice(1), ['{"type":"degraded","detail":"the disk is full"}']);
  const { cursor } = it.test.registry;
  const [fresh, back, full] = [new RecordingWatcher(), new RecordingWatcher(), new RecordingWatcher()];
  it.hub.watch("c", fresh, "delta", null);
  it.hub.watch("c", back, "delta", cursor);
  it.hub.watch("c", full, "full", null);
  assertEquals([fresh.types, back.types], [["initial_state", "degraded"], ["task_update", "degraded"]]);
  assertEquals([fresh.texts[1], back.texts[1]], [delta.texts[1], delta.texts[1]]);
  assert(
    fresh.messages[0]!.cursor.startsWith("unsaved:"),
    "its sequence numbers have no meaning after a restart",
  );
  await it.store.recover();
  for (const watcher of [delta, fresh, back]) {
    assertEquals(watcher.texts.at(-1), '{"type":"degraded","detail":null}');
  }
  const after = it.watcher();
  assertEquals(after.types, ["initial_state"]);
  for (const watcher of [...others, full]) assertEquals(watcher.types.includes("degraded"), false);
});

Deno.test("Hub sends pending first messages, and then the message that the store is degraded", async () => {
  using it = new HeldHub();
  it.store.hold();
  it.test.begin("c", "2");
  const watcher = it.watcher();
  assertEquals(watcher.types, []);
  await it.store.fail("the disk is full");
  await it.clock.passAsync(100);
  assertEquals(watcher.types, ["initial_state", "degraded"]);
});

Deno.test("Hub.flush() also sends the changes after a pending frame, and resolves once they are sent", async () => {
  using it = new HeldHub();
  const watchers = [it.watcher("delta"), it.taskWatcher("1"), it.watcher("full")];
  it.store.hold();
  it.test.begin("c", "2");
  await it.clock.passAsync(0);
  it.test.finish("c", "1");
  it.test.finish("c", "2");
  let isFlushed = false;
  const flushed = it.hub.flush().then(() => isFlushed = true);
  await it.clock.passAsync(0);
  assertEquals(isFlushed, false);
  await it.store.release();
  await flushed;
  // No time has passed, so these changes were sent by flush(), not by the timer of the next frame.
  const [delta, ofTask, full] = watchers.map(({ last }) => last);
  assertEquals(delta?.tasks?.map(({ state }) => state), ["FINISHED", "FINISHED"]);
  assertEquals([ofTask?.state, watchers[1]?.ends], ["FINISHED", 1]);
  assertEquals(Object.values(full?.all_tasks ?? {}).map(({ state }) => state), ["FINISHED", "FINISHED"]);
});

Deno.test("Hub.flush() sends the pending changes of every client", async () => {
  using it = new HeldHub();
  it.test.begin("d", "1");
  const watchers = ["c", "d"].flatMap((client) =>
    (["full", "delta"] as const).map((mode) => {
      const watcher = new RecordingWatcher();
      it.hub.watch(client, watcher, mode, null);
      return watcher;
    })
  );
  it.store.hold();
  for (const client of ["c", "d"]) it.test.progress(client, "1", 5);
  await it.clock.passAsync(0);
  for (const client of ["c", "d"]) it.test.finish(client, "1");
  const flushed = it.hub.flush();
  await it.store.release();
  await flushed;
  for (const { last } of watchers) {
    const task = last.tasks?.[0] ?? last.all_tasks["1"];
    assertEquals(task?.state, "FINISHED");
  }
});

Deno.test("Hub.watchTask() sends the final state even if another watcher leaves before it is sent", async () => {
  for (const isHeld of [false, true]) {
    using it = new HeldHub();
    const other = new RecordingWatcher();
    const leave = it.hub.watch("c", other, "delta", null);
    const watcher = it.taskWatcher("1");
    it.test.progress("c", "1", 5);
    await it.clock.passAsync(0);
    if (isHeld) it.store.hold();
    // The task ends within the frame interval, so its final state is sent later.
    it.test.finish("c", "1");
    leave();
    await it.clock.passAsync(100);
    await it.store.release();
    assertEquals([watcher.last.state, watcher.ends], ["FINISHED", 1]);
  }
});

for (const mode of ["full", "delta"] as const) {
  Deno.test(`Hub.watch() sends later changes to a watcher that joins just before the only other watcher gets its final state (${mode})`, async () => {
    using it = new HeldHub();
    const ofTask = it.taskWatcher("1");
    it.test.progress("c", "1", 5);
    await it.clock.passAsync(0);
    it.test.finish("c", "1");
    const watcher = it.watcher(mode);
    assertEquals(ofTask.ends, 1);
    it.test.begin("c", "2");
    await it.clock.passAsync(100);
    assertEquals(watcher.types.length, 2);
  });
}

Deno.test("Hub.flush() also sends full states that were throttled", async () => {
  using it = new HeldHub(100);
  const watcher = it.watcher("full");
  for (const progress of [1, 2]) {
    it.test.progress("c", "1", progress);
    await it.clock.passAsync(100);
  }
  it.test.finish("c", "1");
  await it.hub.flush();
  assertEquals(watcher.last.all_tasks["1"]?.state, "FINISHED");
});

Deno.test("Hub sends nothing more to a watcher that left while a frame was pending", async () => {
  using it = new HeldHub();
  const watchers = [new RecordingWatcher(), new RecordingWatcher(), new RecordingWatcher()];
  const stored = atHand(it.test.registry.stored("c", "1"));
  const leaves = [
    it.hub.watch("c", watchers[0]!, "delta", null),
    it.hub.watch("c", watchers[1]!, "full", null),
    it.hub.watchTask("c", atHand(stored), watchers[2]!),
  ];
  it.store.hold();
  it.test.finish("c", "1");
  await it.clock.passAsync(0);
  it.test.begin("c", "2");
  for (const leave of leaves) leave();
  await it.store.release();
  await it.clock.passAsync(1_000);
  assertEquals(watchers.map(({ texts, ends }) => [texts.length, ends]), [[1, 0], [1, 0], [1, 0]]);
  assertEquals(it.timers, 0);
});

Deno.test("Hub sends nothing more and has no timer if it is disposed of while a frame is pending", async () => {
  using it = new HeldHub(100);
  const watchers = [it.watcher(), it.watcher("full"), it.taskWatcher("1")];
  it.test.progress("c", "1", 5);
  await it.clock.passAsync(100);
  it.store.hold();
  it.test.finish("c", "1");
  await it.clock.passAsync(0);
  it.test.begin("c", "2");
  it.hub[Symbol.dispose]();
  await it.store.release();
  await it.clock.passAsync(0);
  assertEquals(it.timers, 0);
  await it.clock.passAsync(1_000);
  assertEquals(watchers.map(({ texts }) => texts.length), [2, 2, 2]);
});

/** Returns the state of a client that has applied the messages. */
function followed(messages: readonly ReceivedMessage[]): Map<string, Task> {
  let tasks = new Map<string, Task>();
  for (const { type, all_tasks, removed, tasks: changed } of messages) {
    if (type === "degraded" || type === "resync") continue;
    if (type === "task_update") {
      for (const id of removed) tasks.delete(id);
      for (const task of changed) tasks.set(task.id, task);
    } else tasks = new Map(Object.entries(all_tasks));
  }
  return tasks;
}

Deno.test("Hub sends random histories in order, no change before its commit, and every change in the end", async () => {
  const step = fc.record({
    do: fc.constantFrom(
      ...["begin", "begin", "update", "update", "finish", "remove", "restore"],
      ...["hold", "commit", "commit", "pass", "pass", "join", "back", "fail", "recover"],
    ),
    id: fc.constantFrom("1", "2", "3"),
  });
  let shown = 0;
  let waited = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      using it = new HeldHub();
      const { test: { registry }, store } = it;
      // The sequence numbers of the changes that must not be published before they are committed.
      const membership: number[] = [];
      const known = new Set(["1"]);
      registry.subscribe(({ seq, stored, removedId }) => {
        if (stored === undefined) known.delete(removedId);
        const isNew = stored !== undefined && !known.has(stored.id);
        if (stored === undefined || isNew || isFinal(stored.task.state)) membership.push(seq);
        if (stored !== undefined) known.add(stored.id);
      });
      const watchers: RecordingWatcher[] = [];
      let wasInTrouble = false;
      const join = (after: { epoch: string; seq: number } | null) => {
        let lastSeq = 0;
        const watcher: RecordingWatcher = new RecordingWatcher(() => {
          const { type, cursor } = watcher.last;
          if (type === "degraded" || type === "resync") return;
          const seq = Number(cursor.split(":")[1]);
          assert(seq >= lastSeq, `${seq} was sent after ${lastSeq}`);
          lastSeq = seq;
          shown++;
          if (wasInTrouble) return;
          const early = membership.filter((number) => number <= seq && number > store.committedSeq);
          assertEquals(early, [], "a change was published before its commit");
        });
        watchers.push(watcher);
        it.hub.watch("c", watcher, watchers.length % 3 === 0 ? "full" : "delta", after);
        if (watcher.texts.length === 0) waited++;
      };
      join(null);
      for (const { do: what, id } of steps) {
        try {
          if (what === "begin") it.test.begin("c", id);
          if (what === "update") it.test.progress("c", id, registry.cursor.seq % 100);
          if (what === "finish") it.test.finish("c", id);
          if (what === "remove") registry.remove("c", id);
          if (what === "restore") registry.restore("c", id);
        } catch (error) {
          assert(error instanceof TransitionError || error instanceof LimitError, String(error));
        }
        if (what === "hold" && registry.degradation === null) store.hold();
        if (what === "commit" && registry.degradation === null) await store.commit();
        if (what === "pass") await it.clock.passAsync(30);
        if (what === "join") join(null);
        if (what === "back") join({ epoch: "first", seq: Math.max(0, registry.cursor.seq - 3) });
        if (what === "fail" && id === "1") {
          wasInTrouble = true;
          await store.fail();
        }
        if (what === "recover" && registry.degradation !== null) await store.recover();
      }
      if (registry.degradation !== null) await store.recover();
      await store.release();
      await it.clock.passAsync(200);
      const now = new Map(registry.tasks("c").map((task) => [task.id, task]));
      for (const watcher of watchers) {
        // A watcher that resumed from a cursor already had the state at that cursor.
        const tasks = followed(watcher.messages);
        const isWhole = watcher.types.includes("initial_state");
        for (const [id, task] of tasks) assertEquals(task, now.get(id));
        if (isWhole) assertEquals(tasks.size, now.size);
        assert(watcher.types[0] !== "degraded", "nothing comes before the first messages");
      }
      assertEquals(it.timers, 0);
    }),
    { numRuns: 500 },
  );
  assertGreater(shown, 2_000);
  assertGreater(waited, 200);
});
