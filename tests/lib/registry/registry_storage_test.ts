/** Tests a registry with its store: opening, commits, and degradation. */

import { ClosedError, LimitError, StorageError } from "../../../lib/errors.ts";
import { TransitionError } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";
import { HeldStore } from "../../support/held_store.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";
import { reopened } from "../../support/reopened.ts";
import { StoreFolder } from "../../support/store_folder.ts";

Deno.test("Registry interrupts the tasks that ran in the previous process, with versions above all that were published", async () => {
  using clock = new FakeClock();
  using before = new TestRegistry();
  before.report("c", "waiting", createChange());
  before.begin("c", "running");
  before.progress("c", "running", 30);
  before.report("c", "running", { type: "update", status: "Copying" });
  before.run("c", "done");
  const seen = new Map(before.registry.tasks("c").map((task) => [task.id, task]));
  clock.pass(60_000);

  // Before the crash, changes with sequence numbers up to 1,000 may have been published without a commit.
  using after = reopened(before, 1_000);
  const { registry } = after;
  for (const id of ["waiting", "running"]) {
    const task = registry.task("c", id)!;
    assertEquals([task.state, task.active, task.finished_at], ["ERROR", false, CLOCK_START + 60]);
    assertEquals(task.error, { type: "interrupted", message: "The server ended while the task ran" });
    // Each of these changes after that of the stored record may have been a version of this task.
    const { seq } = before.registry.stored("c", id)!;
    assertGreater(task.version, seen.get(id)!.version + (1_000 - seq));
    assertGreater(registry.stored("c", id)!.seq, 1_000);
    assertEquals((await registry.history("c", id)).at(-1)?.version, task.version);
  }
  assertEquals(registry.task("c", "running")?.status, "Copying");
  assertEquals(registry.task("c", "done"), seen.get("done"));
  assertEquals(registry.count("c"), 3);
  assertEquals([registry.runningCount, registry.cursor.epoch], [0, "first"]);
  // The reporter of the task reconnects after the task was interrupted.
  assertThrows(() => after.progress("c", "running", 50), TransitionError, "it has ended as ERROR");
});

Deno.test("Registry enforces its limits on the tasks of an opened store", () => {
  using before = new TestRegistry();
  for (const id of ["1", "2", "3"]) before.run("a", id);
  before.begin("a", "4");
  before.begin("a", "5");
  before.run("b", "6", "7");
  using after = reopened(before, 100, { endedTasksPerClient: 2, liveTasksPerClient: 1, clients: 1 });
  assertEquals(after.registry.tasks("a").map(({ id }) => id), ["5", "4"]);
  assertEquals(after.registry.tasks("b").map(({ id }) => id), ["7", "6"]);
  assertEquals(after.registry.creationError("a"), null);
  assertEquals((after.registry.creationError("c") as LimitError).limit, "clients");
});

Deno.test("Registry removes the tasks of an opened store that are too old, at once and later", () => {
  using clock = new FakeClock();
  using before = new TestRegistry();
  before.run("c", "old");
  clock.pass(50_000);
  before.run("c", "young");
  before.registry[Symbol.dispose]();
  clock.pass(11_000);
  using after = reopened(before, 100, { endedTaskAgeMs: 60_000 });
  assertEquals(after.registry.tasks("c").map(({ id }) => id), ["young"]);
  clock.pass(50_000);
  assertEquals([after.registry.tasks("c"), after.removed], [[], ["c/young"]]);
});

Deno.test("Registry removes a restored task of an opened store at its age", () => {
  using clock = new FakeClock();
  using before = new TestRegistry();
  before.run("c", "old");
  clock.pass(50_000);
  before.run("c", "young");
  before.registry.remove("c", "old");
  before.registry.restore("c", "old");
  before.registry[Symbol.dispose]();
  using after = reopened(before, 100, { endedTaskAgeMs: 60_000 });
  clock.pass(15_000);
  assertEquals(after.registry.tasks("c").map(({ id }) => id), ["young"]);
});

Deno.test("Registry sets no timer for an empty store", () => {
  using clock = new FakeClock();
  using _test = new TestRegistry();
  assertEquals(clock.pending, 0);
});

Deno.test("Registry.announceShutdown() tells each reporter about its tasks, and changes no task", () => {
  using test = new TestRegistry();
  const other = new TestReporter("other");
  test.begin("a", "1");
  test.report("b", "2", createChange(), other);
  test.run("a", "ended");
  test.registry.apply("a", "nobody's", createChange());
  const { seq } = test.registry.cursor;
  test.registry.announceShutdown();
  assertEquals([test.reporter.interruptions, other.interruptions], [["a/1"], ["b/2"]]);
  assertEquals([test.reporter.cancelled, test.registry.cursor.seq], [[], seq]);
});

Deno.test("Registry.announceShutdown() allows tasks to end afterwards", () => {
  using test = new TestRegistry();
  const reporter = new TestReporter();
  reporter.interrupted = (client, id) => {
    const error = { type: "interrupted", message: "stopped" };
    test.report(client, id, { type: "fail", error }, reporter);
  };
  for (const id of ["1", "2", "3"]) test.report("c", id, createChange(), reporter);
  test.registry.announceShutdown();
  assertEquals(test.registry.runningCount, 0);
});

Deno.test("Registry.interruptAll() ends only unfinished tasks", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  const { registry } = test;
  test.begin("a", "1");
  test.report("b", "2", createChange());
  test.run("a", "ended");
  const ended = registry.task("a", "ended");
  const version = registry.task("a", "1")!.version;
  clock.pass(1_000);
  registry.interruptAll("The server was shut down");
  for (const [client, id] of [["a", "1"], ["b", "2"]] as const) {
    const { state, error, finished_at } = registry.task(client, id)!;
    assertEquals([state, finished_at], ["ERROR", CLOCK_START + 1]);
    assertEquals(error, { type: "interrupted", message: "The server was shut down" });
  }
  assertEquals([registry.task("a", "1")?.version, registry.runningCount], [version + 1, 0]);
  assertEquals(registry.task("a", "ended"), ended);
  registry.interruptAll("again");
  assertThrows(() => test.progress("a", "1", 5), TransitionError, "it has ended as ERROR");
});

Deno.test("Registry.cursor has another epoch while nothing can be committed, and cursors of both epochs are accepted", async () => {
  const store = new HeldStore();
  using test = new TestRegistry({}, "first", store);
  const { registry } = test;
  test.begin("c", "1");
  const committed = registry.cursor;
  assertEquals([committed, registry.degradation], [{ epoch: "first", seq: 2 }, null]);
  await store.fail("the disk is full");
  assertEquals([registry.cursor, registry.degradation?.error.reason], [
    { epoch: "unsaved", seq: 2 },
    "the disk is full",
  ]);
  test.progress("c", "1", 5);
  const unsaved = registry.cursor;
  test.progress("c", "1", 6);
  await store.recover();
  assertEquals([registry.cursor, registry.degradation], [{ epoch: "first", seq: 4 }, null]);
  test.begin("c", "2");
  for (const after of [committed, unsaved]) {
    assertEquals(registry.changesSince("c", after)?.tasks.map(({ id }) => id), ["1", "2"]);
    assertEquals(registry.allChangesSince(after)?.get("c")?.tasks.length, 2);
  }
  assertEquals(registry.changesSince("c", { epoch: "other", seq: 1 }), undefined);
  assertEquals(registry.changesSince("c", { epoch: "unsaved", seq: 100 }), undefined);
});

Deno.test("Registry.creationError() returns the error about a limit that is reached, or the storage error", async () => {
  const store = new HeldStore();
  using test = new TestRegistry({ liveTasksPerClient: 1, clients: 1 }, "first", store);
  const { registry } = test;
  assertEquals(registry.creationError("c"), null);
  test.begin("c", "1");
  assertEquals((registry.creationError("c") as LimitError).limit, "liveTasksPerClient");
  assertEquals((registry.creationError("d") as LimitError).limit, "clients");
  await store.fail("the disk is full");
  for (const client of ["c", "d"]) {
    const obstacle = registry.creationError(client);
    assert(obstacle instanceof StorageError);
    assertEquals(obstacle.reason, "the disk is full");
  }
  await store.recover();
  assert(registry.creationError("c") instanceof LimitError);
  test.finish("c", "1");
  assertEquals(registry.creationError("c"), null);
  registry[Symbol.dispose]();
  assert(registry.creationError("c") instanceof ClosedError);
});

Deno.test("Registry.whenPublishable() waits after a task was created, ended, removed or restored, but not after progress", async () => {
  const store = new HeldStore();
  using test = new TestRegistry({}, "first", store);
  const { registry } = test;
  assertEquals(registry.whenPublishable(), null);
  const steps: Record<string, () => void> = {
    begin: () => test.begin("c", "1"),
    finish: () => test.finish("c", "1"),
    remove: () => registry.remove("c", "1"),
    restore: () => registry.restore("c", "1"),
  };
  for (const [name, step] of Object.entries(steps)) {
    store.hold();
    step();
    const publishable = registry.whenPublishable();
    assert(publishable !== null, name);
    let isPublished = false;
    publishable.then(() => isPublished = true);
    await Promise.resolve();
    assertEquals(isPublished, false, name);
    await store.commit();
    assertEquals([isPublished, registry.whenPublishable()], [true, null], name);
  }
  test.begin("c", "2");
  await store.commit();
  const progress: (() => void)[] = [
    () => test.progress("c", "2", 5),
    () => test.report("c", "2", { type: "log", first: 0, lines: [{ at: 1, text: "a" }] }),
    () => registry.requestCancel("c", "2"),
    () => registry.reporterLost(test.reporter.id),
  ];
  for (const change of progress) {
    change();
    assertEquals(registry.whenPublishable(), null);
  }
});

Deno.test("Registry.whenPublishable() does not wait if nothing can be committed", async () => {
  const store = new HeldStore();
  using test = new TestRegistry({}, "first", store);
  store.hold();
  test.begin("c", "1");
  const publishable = test.registry.whenPublishable();
  await store.fail();
  await publishable;
  assertEquals(test.registry.whenPublishable(), null);
  await assertRejects(() => test.registry.committed(), StorageError, "the disk is full");
  await store.recover();
  await test.registry.committed();
});

Deno.test("Registry.onDegradation() calls the listener when the store becomes degraded and recovers", async () => {
  const store = new HeldStore();
  using test = new TestRegistry({}, "first", store);
  const heard: (string | undefined)[] = [];
  const leave = test.registry.onDegradation((degradation) => heard.push(degradation?.error.reason));
  await store.fail("the disk is full");
  await store.recover();
  leave();
  await store.fail();
  assertEquals(heard, ["the disk is full", undefined]);
});

Deno.test("Registry refuses changes and stays unchanged if no sequence numbers are left", () => {
  const store = new HeldStore();
  using test = new TestRegistry({ liveTasksPerClient: 1 }, "first", store);
  const { registry } = test;
  test.begin("c", "1");
  const take = store.takeSeq;
  store.takeSeq = () => {
    throw new StorageError("tasks.db", "no sequence numbers are left");
  };
  const before = registry.task("c", "1");
  assertThrows(() => test.finish("c", "1"), StorageError);
  assertThrows(() => test.begin("d", "1"), StorageError);
  assertThrows(() => registry.interruptAll("gone"), StorageError);
  assertEquals([registry.task("c", "1"), registry.runningCount, registry.clients()], [before, 1, ["c"]]);
  store.takeSeq = take;
  test.finish("c", "1");
  test.begin("c", "2");
  assertEquals([registry.cursor.seq, registry.clients()], [5, ["c"]]);
});

Deno.test("Registry.sweep() does not throw when its timer calls it and no sequence numbers are left", () => {
  using clock = new FakeClock();
  const store = new HeldStore();
  using test = new TestRegistry({ endedTaskAgeMs: 60_000, sweepIntervalMs: 1_000 }, "first", store);
  test.run("c", "old");
  test.begin("c", "silent", { stale_after: 5 });
  const take = store.takeSeq;
  store.takeSeq = () => {
    throw new StorageError("tasks.db", "no sequence numbers are left");
  };
  // A timer calls sweep(), so an error would end the process.
  clock.pass(62_000);
  assertEquals([test.registry.task("c", "silent")?.stale, test.registry.count("c")], [false, 2]);
  store.takeSeq = take;
  clock.pass(1_000);
  assertEquals([test.registry.task("c", "silent")?.stale, test.registry.count("c")], [true, 1]);
});

Deno.test("Registry.history() returns changes of state and status, but not of progress alone", async () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ historyPerTask: 3 });
  const { registry } = test;
  test.begin("c", "1");
  const says = (update: object) => {
    clock.pass(1_000);
    test.report("c", "1", { type: "update", ...update });
  };
  for (let progress = 0; progress < 50; progress++) says({ progress });
  for (const status of ["one", "two", "two", "three", "four"]) says({ status });
  clock.pass(1_000);
  test.finish("c", "1");
  const { version, finished_at } = registry.task("c", "1")!;
  const history = await registry.history("c", "1");
  assertEquals(history.map(({ state, status }) => `${state} ${status}`), [
    "NOT_STARTED Not started",
    "STARTING Starting",
    "PROCESSING Processing",
    // The history keeps all changes of state, but only the newest of the other entries.
    "PROCESSING two",
    "PROCESSING three",
    "PROCESSING four",
    "FINISHED four",
  ]);
  assertEquals(history.at(-1), {
    at: finished_at!,
    state: "FINISHED",
    status: "four",
    progress: 100,
    version,
  });
  assertEquals(history.map(({ version }) => version), history.map(({ version }) => version).toSorted());
  assertEquals([history[2]?.progress, history[3]?.progress], [0, 49]);
  assertEquals(await registry.history("c", "unknown"), []);
});

Deno.test("Registry.launch() returns the name and the arguments of a task that was started by name, otherwise undefined", async () => {
  using test = new TestRegistry();
  const { registry } = test;
  test.begin("c", "1");
  test.begin("c", "2");
  registry.setLaunch("c", "1", { name: "copy", args: ["a", { b: [null] }] });
  assertEquals(await registry.launch("c", "1"), { name: "copy", args: ["a", { b: [null] }] });
  assertEquals([
    await registry.launch("c", "2"),
    await registry.launch("c", "3"),
    await registry.launch("d", "1"),
  ], [
    undefined,
    undefined,
    undefined,
  ]);
  test.finish("c", "1");
  assertEquals((await registry.launch("c", "1"))?.name, "copy");
  registry.remove("c", "1");
  test.begin("c", "1");
  assertEquals(await registry.launch("c", "1"), undefined, "another task has the id");
});

Deno.test("Registry does not have the tasks again that it had removed, but not purged, before a crash", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  using test = new TestRegistry({ endedTasksPerClient: 2 }, "first", store);
  test.run("c", "1", "2", "3", "4");
  test.run("c", "1");
  await store.committed();
  const ids = ["1", "4"];
  assertEquals(test.registry.tasks("c").map(({ id }) => id), ids);
  using copy = folder.crashed();
  const places = () => copy.query("SELECT id FROM tasks ORDER BY id").map(({ id }) => id);
  assertGreater(places().length, 2);
  await using reopened = copy.open();
  // The limits may have been raised.
  using after = new TestRegistry({}, "first", reopened);
  assertEquals([after.registry.tasks("c").map(({ id }) => id), places()], [ids, ids]);
  const missed = reopened.index.changesSince("c", test.registry.cursor.seq)!;
  assertEquals([missed.tasks, missed.removed], [[], []]);
});

Deno.test("Registry purges the tasks beyond its limits before it closes", async () => {
  using folder = new StoreFolder();
  {
    await using store = folder.open();
    using test = new TestRegistry({ endedTasksPerClient: 2 }, "first", store);
    test.run("c", "1", "2", "3", "4");
  }
  assertEquals(folder.query("SELECT id, removed FROM tasks").map((row) => Object.values(row)), [["3", 0], [
    "4",
    0,
  ]]);
});
