/** Tests watchers that resume after they or the server restarted: they get every missed change, or a resync. */

import { atHand } from "../../support/at_hand.ts";
import fc from "fast-check";
import { DEFAULT_LIMITS, type MonitorLimits } from "../../../lib/config/limits.ts";
import { parseCursor } from "../../../lib/task/cursor.ts";
import { assert, assertEquals, assertGreater, assertStrictEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { repetitions } from "../../support/repetitions.ts";
import { JournalDisk, type ResumeDisk } from "../../support/resume/disk.ts";
import { SqliteDisk } from "../../support/resume/sqlite_disk.ts";
import { worldLimits, type WorldStep, worldSteps } from "../../support/resume/steps.ts";
import { type ResumeCounts, ResumeWorld } from "../../support/resume/world.ts";

/** Creates the simulated disk on which the server of a world stores its tasks. */
type DiskMaker = (limits: MonitorLimits, pass: (milliseconds: number) => void) => ResumeDisk;

const DISKS: readonly (readonly [where: string, make: DiskMaker])[] = [
  ["in memory", (limits) => new JournalDisk(limits)],
  ["on a real database", (limits, pass) => new SqliteDisk(limits, pass)],
  ["in memory with records that are read", (limits) => new JournalDisk(limits, { readsRecords: true })],
];

/**
 * Completes the limits of a world: turns off automatic sweeps, and sets time limits that fall between two
 * steps of the clock.
 */
function limitsOf(limits: Partial<MonitorLimits>): MonitorLimits {
  return {
    ...DEFAULT_LIMITS,
    emptyClients: 1_000,
    endedTaskAgeMs: 20_025,
    restoreWindowMs: 5_025,
    sweepIntervalMs: 1_000_000_000,
    ...limits,
  };
}

interface HistoryOptions {
  readonly numRuns: number;
  readonly maxLength: number;
  readonly restartWeight: number;
  readonly limits?: Partial<MonitorLimits>;
}

/** Runs random histories, and counts how often a resuming watcher got the changes that it had missed. */
async function runHistories(makeDisk: DiskMaker, options: HistoryOptions): Promise<ResumeCounts> {
  const { numRuns, maxLength, restartWeight, limits = {} } = options;
  using clock = new FakeClock();
  const sums: ResumeCounts = { known: 0, forgotten: 0, foreign: 0, messages: 0, restarts: 0 };
  const pass = (milliseconds: number) => clock.pass(milliseconds);
  await fc.assert(
    fc.asyncProperty(
      worldLimits,
      worldSteps(maxLength, restartWeight),
      async (some, steps) => {
        const all = limitsOf({ ...some, ...limits });
        await using world = new ResumeWorld(makeDisk(all, pass), all, pass);
        await world.run(steps);
        await world.finish();
        for (const name of Object.keys(sums) as (keyof ResumeCounts)[]) sums[name] += world.counts[name];
      },
    ),
    { numRuns },
  );
  return sums;
}

/**
 * The indexes of four watchers: three of client "a" (by delta, by full state, over REST), and one of client
 * "c".
 */
const [DELTA, FULL, REST, C] = [0, 2, 3, 6];

/**
 * Registers a test that runs a scenario on every kind of disk. At the end, each watcher must have the present
 * state.
 */
function testStory(
  name: string,
  tell: (world: ResumeWorld) => Promise<void>,
  limits: Partial<MonitorLimits> = {},
): void {
  for (const [where, makeDisk] of DISKS) {
    Deno.test(`${name}, ${where}`, async () => {
      using clock = new FakeClock();
      const pass = (milliseconds: number) => clock.pass(milliseconds);
      const all = limitsOf(limits);
      await using world = new ResumeWorld(makeDisk(all, pass), all, pass);
      await tell(world);
      await world.finish();
      if (all.emptyClients > 1) assertEquals(world.counts.forgotten, 0);
    });
  }
}

function watch(...watchers: number[]): WorldStep[] {
  return watchers.map((watcher) => ({ do: "watch", watcher, from: "last" }));
}

function begin(id: string): WorldStep {
  return { do: "begin", client: "a", id, isStarted: true };
}

function update(id: string, progress: number): WorldStep {
  return { do: "update", client: "a", id, progress };
}

function finish(id: string): WorldStep {
  return { do: "end", client: "a", id, change: { type: "finish", result: null } };
}

function remove(id: string): WorldStep {
  return { do: "remove", client: "a", id };
}

const TURN: WorldStep = { do: "turn" };
const CRASH: WorldStep = { do: "restart", how: "crash" };

/** Returns the state and the progress of each task, as a watcher knows them. */
function beliefs(world: ResumeWorld, watcher: number): Record<string, string> {
  const { tasks } = world.watcher(watcher).model;
  return Object.fromEntries(
    Array.from(tasks.values(), ({ id, state, progress }) => [id, `${state} ${progress}`]),
  );
}

function epoch(world: ResumeWorld, watcher: number): string {
  return parseCursor(world.watcher(watcher).model.cursor!).epoch;
}

Deno.test("Registry.changesSince(), Hub and Rest bring every watcher of a random history up to date, with a simulated disk", async () => {
  const numRuns = repetitions({ gate: 1_200, soak: 4_000 });
  const counts = await runHistories(DISKS[0]![1], { numRuns, maxLength: 100, restartWeight: 3 });
  assertGreater(counts.known, 5 * numRuns);
  assertGreater(counts.forgotten, numRuns / 8, "the limits were reached");
  assertGreater(counts.foreign, numRuns / 8, "cursors of other epochs were tried");
  assertGreater(counts.restarts, numRuns / 2);
});

Deno.test("Registry.changesSince(), Hub and Rest bring every watcher of a random history up to date, with records that are read", async () => {
  const numRuns = repetitions({ gate: 600, soak: 4_000 });
  const counts = await runHistories(DISKS[2]![1], { numRuns, maxLength: 100, restartWeight: 3 });
  assertGreater(counts.known, 5 * numRuns);
  assertGreater(counts.forgotten, numRuns / 8, "the limits were reached");
  assertGreater(counts.restarts, numRuns / 2);
});

Deno.test("Registry.changesSince(), Hub and Rest bring every watcher of a random history up to date, with a real database", async () => {
  const numRuns = repetitions({ gate: 80, soak: 200 });
  const counts = await runHistories(DISKS[1]![1], {
    numRuns,
    maxLength: 80,
    restartWeight: 1,
    // The age limit is never reached, because after a restart the age of a task counts from the commit of its
    // final state, which may have been delayed.
    limits: { endedTaskAgeMs: 1_000_000_000_000 },
  });
  assertGreater(counts.known, 5 * numRuns);
  assertGreater(counts.restarts, numRuns / 4);
});

testStory(
  "Hub sends progress while a commit is pending, with a cursor that is valid after a crash",
  async (world) => {
    await world.run([begin("t1"), ...watch(DELTA, FULL, REST), TURN, { do: "hold" }]);
    await world.run([update("t1", 10), TURN, update("t1", 50), TURN, ...watch(REST), TURN]);
    for (const watcher of [DELTA, FULL, REST]) {
      assertEquals(beliefs(world, watcher), { t1: "PROCESSING 50" });
      assertEquals(epoch(world, watcher), "kept");
    }
    const { cursor, tasks } = world.watcher(DELTA).model;
    const seen = tasks.get("t1")!;
    await world.run([CRASH]);
    const changes = world.registry.changesSince("a", parseCursor(cursor!));
    assertEquals(changes?.removed, []);
    assertEquals(changes?.tasks.map(({ summary: { id, state } }) => [id, state]), [["t1", "ERROR"]]);
    assertGreater(atHand(changes!.tasks[0]).task.version, seen.version);
  },
);

testStory(
  "Hub sends no outdated record to a watcher that joins after the only receiver of a pending frame has left",
  async (world) => {
    const log: WorldStep = { do: "log", client: "a", id: "t1" };
    await world.run([...watch(1), { do: "begin", client: "a", id: "t1", isStarted: false }, ...watch(FULL)]);
    await world.run([log, { do: "leave", watcher: 1 }, log, ...watch(DELTA)]);
  },
);

testStory("Hub and Rest do not show a start, an end or a removal that a crash would undo", async (world) => {
  await world.run([begin("t1"), begin("t2"), finish("t2"), ...watch(DELTA, FULL, REST), TURN]);
  const before = { t1: "STARTING null", t2: "FINISHED 100" };
  await world.run([{ do: "hold" }, finish("t1"), begin("t3"), TURN, remove("t2"), TURN]);
  await world.run([...watch(REST, 1), update("t3", 30), TURN, TURN]);
  for (const watcher of [DELTA, FULL, REST]) assertEquals(beliefs(world, watcher), before);
  assertEquals(beliefs(world, 1), {}, "a watcher that joins meanwhile is sent nothing");
  assert(world.watcher(REST).isConnected, "the response is pending");
  const { cursor } = world.watcher(DELTA).model;
  await world.run([CRASH]);
  assertEquals(
    Array.from(world.registry.list("a"), ({ summary: { id, state } }) => [id, state]).reverse(),
    [["t2", "FINISHED"], ["t1", "ERROR"]],
  );
  const changes = world.registry.changesSince("a", parseCursor(cursor!));
  assertEquals(changes?.tasks.map(({ id }) => id), ["t1"]);
});

testStory("Hub and Rest show pending changes after their commit", async (world) => {
  await world.run([begin("t1"), begin("t2"), finish("t2"), ...watch(DELTA, FULL, REST), TURN]);
  await world.run([{ do: "hold" }, finish("t1"), begin("t3"), TURN, remove("t2"), ...watch(REST), TURN]);
  await world.run([{ do: "heal" }, TURN, TURN, ...watch(REST), TURN]);
  for (const watcher of [DELTA, FULL, REST]) {
    assertEquals(beliefs(world, watcher), { t1: "FINISHED 100", t3: "STARTING null" });
    assertEquals(epoch(world, watcher), "kept");
  }
});

testStory(
  "Hub and Rest show changes that cannot be committed, with a cursor that no later process accepts",
  async (world) => {
    await world.run([begin("t1"), begin("t2"), finish("t2"), ...watch(DELTA, FULL, REST), TURN]);
    await world.run([{ do: "fail" }, finish("t1"), begin("t3"), remove("t2"), ...watch(REST), TURN, TURN]);
    for (const watcher of [DELTA, FULL, REST]) {
      assertEquals(beliefs(world, watcher), { t1: "FINISHED 100", t3: "STARTING null" });
      assertEquals(epoch(world, watcher), "unsaved1");
    }
    const { cursor } = world.watcher(DELTA).model;
    assert(world.registry.changesSince("a", parseCursor(cursor!)), "this process knows the cursor");
    await world.run([CRASH]);
    assertStrictEquals(world.registry.changesSince("a", parseCursor(cursor!)), undefined);
    await world.run([...watch(DELTA, FULL, REST), TURN]);
    for (const watcher of [DELTA, FULL, REST]) {
      assertEquals(beliefs(world, watcher), { t1: "ERROR null", t2: "FINISHED 100" });
      assertEquals(epoch(world, watcher), "kept");
    }
  },
);

testStory(
  "Hub sends cursors that are valid after a restart again once the store has recovered, but not before",
  async (world) => {
    await world.run([
      begin("t1"),
      ...watch(DELTA, FULL, REST),
      TURN,
      { do: "fail" },
      begin("t2"),
      TURN,
      TURN,
    ]);
    await world.run([...watch(REST), TURN]);
    for (const watcher of [DELTA, FULL, REST]) assertEquals(epoch(world, watcher), "unsaved1");
    const unsaved = world.watcher(DELTA).model.cursor!;
    await world.run([{ do: "heal" }, update("t2", 70), TURN, TURN, ...watch(REST), TURN]);
    for (const watcher of [DELTA, FULL, REST]) {
      assertEquals(beliefs(world, watcher), { t1: "STARTING null", t2: "PROCESSING 70" });
      assertEquals(epoch(world, watcher), "kept");
    }
    const saved = world.watcher(DELTA).model.cursor!;
    assertEquals(
      world.registry.changesSince("a", parseCursor(unsaved))?.tasks.map(({ id }) => id),
      ["t2"],
      "both cursors are valid in this process",
    );
    await world.run([CRASH]);
    assertStrictEquals(world.registry.changesSince("a", parseCursor(unsaved)), undefined);
    assert(world.registry.changesSince("a", parseCursor(saved)));
  },
);

testStory(
  "Hub sends progress whose commit fails later, with a cursor that is valid after a crash",
  async (world) => {
    await world.run([begin("t1"), ...watch(DELTA), TURN, { do: "hold" }, update("t1", 20), TURN]);
    const { cursor } = world.watcher(DELTA).model;
    assertEquals([beliefs(world, DELTA), epoch(world, DELTA)], [{ t1: "PROCESSING 20" }, "kept"]);
    await world.run([{ do: "heal" }, { do: "fail" }, update("t1", 40)]);
    await Promise.resolve();
    await world.run([TURN, update("t1", 60), TURN, TURN, CRASH]);
    const changes = world.registry.changesSince("a", parseCursor(cursor!));
    assertEquals(changes?.tasks.map(({ summary: { id, state } }) => [id, state]), [["t1", "ERROR"]]);
  },
);

testStory(
  "Registry.changesSince() still knows after a restart which clients were forgotten",
  async (world) => {
    const [task, other] = [{ client: "c", id: "t1" }, { client: "a", id: "t1" }];
    const end = { do: "end", change: { type: "finish", result: null } } as const;
    await world.run([...watch(C), { do: "begin", ...task, isStarted: true }, TURN, {
      do: "leave",
      watcher: C,
    }]);
    const cursor = parseCursor(world.watcher(C).model.cursor!);
    await world.run([{ ...end, ...task }, { do: "remove", ...task }, TURN]);
    assertEquals(world.registry.changesSince("c", cursor)?.removed.map(({ id }) => id), ["t1"]);
    await world.run([begin("t1"), { ...end, ...other }, remove("t1"), TURN]);
    assertStrictEquals(world.registry.changesSince("c", cursor), undefined);
    await world.run([CRASH]);
    assertStrictEquals(world.registry.changesSince("c", cursor), undefined);
  },
  { emptyClients: 1 },
);

testStory(
  "Hub sends no cursor that is ahead of the changes that it sent if a task is removed in the turn of its end",
  async (world) => {
    await world.run([begin("t1"), { do: "watch task", client: "a", id: "t1" }, ...watch(DELTA, FULL), TURN]);
    await world.run([finish("t1"), TURN, TURN]);
    for (const watcher of [DELTA, FULL]) assertEquals(beliefs(world, watcher), {});
  },
  { endedTasksPerClient: 0 },
);

testStory(
  "Hub.watchTask() sends the final state of a task whose id is reused while a frame is pending",
  async (world) => {
    const watchTask: WorldStep = { do: "watch task", client: "a", id: "t1" };
    await world.run([begin("t1"), watchTask, ...watch(DELTA, FULL), TURN, { do: "hold" }, begin("t2"), TURN]);
    await world.run([finish("t1"), remove("t1"), begin("t1"), TURN, { do: "heal" }, TURN, TURN]);
    for (const watcher of [DELTA, FULL]) {
      assertEquals(beliefs(world, watcher), { t1: "STARTING null", t2: "STARTING null" });
    }
  },
);

testStory(
  "Hub.watchTask() sends the final state even if all other watchers left before the next frame",
  async (world) => {
    const watchTask: WorldStep = { do: "watch task", client: "a", id: "t1" };
    await world.run([begin("t1"), watchTask, ...watch(DELTA), TURN]);
    await world.run([update("t1", 10), finish("t1"), { do: "leave", watcher: DELTA }, TURN, TURN]);
  },
);

testStory(
  "Hub.watch() sends the missed changes, even if the commit for which they wait purges a changed task",
  async (world) => {
    await world.run([...watch(DELTA), begin("t1"), TURN, { do: "leave", watcher: DELTA }]);
    await world.run([finish("t1"), TURN, TURN, { do: "hold" }, begin("t2"), TURN]);
    // The watcher waits for a commit that purges the first task, because the client may keep only one ended
    // task.
    await world.run([begin("t3"), ...watch(DELTA), finish("t2"), { do: "heal" }, TURN, TURN]);
    assertEquals(beliefs(world, DELTA), { t2: "FINISHED 100", t3: "STARTING null" });
  },
  { endedTasksPerClient: 1 },
);
