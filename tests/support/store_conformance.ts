/**
 * The conformance tests that every implementation of a store must pass.
 *
 * @module
 */

import { recordIn } from "./at_hand.ts";
import fc from "fast-check";
import type { PastRunLimits } from "../../lib/store/past_run_store.ts";
import type { Delivery } from "../../lib/store/store.ts";
import { assert, assertEquals, assertGreater } from "./assert.ts";
import { testPastRuns } from "./past_runs_conformance.ts";
import type { StoreHome } from "./store_home.ts";
import {
  appendHistory,
  appendLog,
  delivery,
  entry,
  histories,
  historyOf,
  launchOf,
  line,
  logOf,
  putLaunch,
  putSeries,
  seriesOf,
  storedTask,
  StoreModel,
} from "./store_model.ts";

export { storedTask } from "./store_model.ts";

/** The limits of a store under test. */
export interface ConformanceLimits extends PastRunLimits {
  readonly logLinesPerTask: number;
  readonly logLinesPerTaskOnDisk: number;
  readonly logCharacters: number;
  readonly historyPerTask: number;
  readonly historyEntries: number;
  readonly progressPoints: number;
  readonly valuePoints: number;
  readonly removalsPerClient: number;
  readonly emptyClients: number;
}

const AMPLE: ConformanceLimits = {
  logLinesPerTask: 100,
  logLinesPerTaskOnDisk: 100,
  logCharacters: 1_000_000,
  historyPerTask: 20,
  historyEntries: 100_000,
  progressPoints: 100_000,
  valuePoints: 100_000,
  removalsPerClient: 1_000,
  emptyClients: 1_000,
  pastRunsPerName: 1_000,
  pastRuns: 1_000_000,
  pastRunAgeMs: Number.MAX_SAFE_INTEGER,
};

type CreateHome = (limits: ConformanceLimits) => Promise<StoreHome>;

/**
 * Compares a store with the model over random histories, and resumes from past cursors; returns how many cursors the store
 * still knew, and how many it had forgotten.
 */
async function checkHistories(
  createHome: CreateHome,
  limits: ConformanceLimits,
  numRuns: number,
): Promise<{ readonly known: number; readonly forgotten: number }> {
  let known = 0;
  let forgotten = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      await using home = await createHome(limits);
      const model = new StoreModel(home, limits);
      for (const step of steps) await model.take(step);
      const now = await model.check(home.store);
      await model.take({ do: "commit" });
      assertEquals(await model.check(home.store), now, "a commit changes which cursors are forgotten");
      await model.take({ do: "reopen" });
      assertEquals(await model.check(home.store), now, "reopening changes which cursors are forgotten");
      known += now.known;
      forgotten += now.forgotten.length;
    }),
    { numRuns },
  );
  return { known, forgotten };
}

/**
 * Registers the conformance tests of a store.
 *
 * @param name the name of the class, used in test names
 * @param createHome creates an empty store; its disposal removes its files
 * @param numRuns the number of random histories with ample limits, and again with small ones
 */
export function testStore(name: string, createHome: CreateHome, numRuns: number): void {
  Deno.test(`${name} returns the changes since every cursor of a random history, and keeps all entries`, async () => {
    const { known, forgotten } = await checkHistories(createHome, AMPLE, numRuns);
    assertEquals(forgotten, 0, "no cursor is forgotten below the limits");
    assertGreater(known, 30 * numRuns);
  });

  Deno.test(`${name} returns the changes since a cursor or rejects it, with small limits`, async () => {
    const limits = { ...AMPLE, logLinesPerTask: 3, historyPerTask: 2, removalsPerClient: 2, emptyClients: 1 };
    const { known, forgotten } = await checkHistories(createHome, limits, numRuns);
    assertGreater(known, 30 * numRuns);
    assertGreater(forgotten, numRuns, "the limits were reached");
  });

  Deno.test(`${name}.takeSeq() continues after the store is reopened`, async () => {
    await using home = await createHome(AMPLE);
    assertEquals(home.store.seq, 0);
    const taken = Array.from({ length: 5 }, () => home.store.takeSeq());
    assertEquals(taken, [1, 2, 3, 4, 5]);
    await home.check(({ seq }) => assertEquals(seq, 5));
    assertEquals(home.store.takeSeq(), 6);
  });

  Deno.test(`${name}.changesSince() returns a single removal for an id that was removed twice`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    store.put("c", storedTask("1", store.takeSeq()));
    store.remove("c", "1", store.takeSeq());
    store.put("c", storedTask("1", store.takeSeq()));
    store.remove("c", "1", store.takeSeq());
    await home.check((store) => {
      assertEquals(store.index.changesSince("c", 0), { tasks: [], removed: [{ id: "1", seq: 4 }] });
      assertEquals(store.index.changesSince("c", 4), { tasks: [], removed: [] });
    });
  });

  Deno.test(`${name}.changesSince() returns a reused id both as removed and as a task`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    for (const seq of [1, 3]) {
      store.put("c", storedTask("1", store.takeSeq()));
      if (seq === 1) store.remove("c", "1", store.takeSeq());
    }
    const removals = (store: typeof home.store, since: number) => {
      const { tasks, removed } = store.index.changesSince("c", since)!;
      return [tasks.map(({ id, seq }) => [id, seq]), removed.map(({ id, seq }) => [id, seq])];
    };
    await home.check((store) => {
      assertEquals(removals(store, 1), [[["1", 3]], [["1", 2]]]);
      assertEquals(removals(store, 2), [[["1", 3]], []]);
    });
  });

  Deno.test(`${name}.put() replaces a task at its place in the list, before the commit`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    store.put("c", storedTask("1", store.takeSeq()));
    store.put("c", storedTask("2", store.takeSeq(), "FINISHED"));
    const newest = storedTask("1", store.takeSeq());
    store.put("c", newest);
    await home.check(async (store) => {
      const stored = (await recordIn(store, "c", "1"))!;
      assertEquals([stored.id, stored.active, stored.seq], ["1", false, 3]);
      assertEquals([stored.task, stored.json], [newest.task, newest.json]);
      assertEquals(Array.from(store.index.list("c"), ({ id }) => id), ["1", "2"]);
      assertEquals([store.index.count("c"), store.index.lastSeq("c")], [2, 3]);
      assertEquals(store.index.changesSince("c", 1)?.tasks.map(({ id }) => id), ["2", "1"]);
    });
  });

  Deno.test(`${name}.remove() of an unknown task changes nothing`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    store.put("c", storedTask("1", store.takeSeq()));
    store.remove("c", "2", store.takeSeq());
    store.remove("d", "1", store.takeSeq());
    await home.check((store) => {
      assertEquals([store.index.count("c"), store.index.lastSeq("c"), store.index.lastSeq("d")], [1, 1, 0]);
      assertEquals(store.index.changesSince("c", 1), { tasks: [], removed: [] });
      assertEquals(store.removed("c", "2"), undefined);
    });
  });

  Deno.test(`${name}.restore() restores a task at its place in the list, with its log and its other entries`, async () => {
    for (const isCommitted of [false, true]) {
      await using home = await createHome(AMPLE);
      const { store } = home;
      for (const id of ["1", "2", "3"]) store.put("c", storedTask(id, store.takeSeq(), "FINISHED"));
      appendLog(store, "c", "2", 0, [line("kept")]);
      appendHistory(store, "c", "2", entry(2), true);
      putLaunch(store, "c", "2", { name: "job", args: [1] });
      putSeries(store, "c", "2", [[1, 0], [2, 50]]);
      const { task } = (await recordIn(store, "c", "2"))!;
      const removed = async () => (await store.records([store.removed("c", "2")!]))[0]!.task;
      if (isCommitted) await store.committed();
      store.remove("c", "2", store.takeSeq());
      assertEquals(await removed(), task);
      assertEquals([store.index.get("c", "2"), store.index.count("c")], [undefined, 2]);
      if (isCommitted) await store.committed();
      assertEquals(await removed(), task);
      const restored = storedTask("2", store.takeSeq(), "FINISHED");
      assertEquals(store.restore("c", restored), true);
      assertEquals(store.restore("c", restored), false, "it is already restored");
      await home.check(async (store) => {
        assertEquals(store.removed("c", "2"), undefined);
        assertEquals((await recordIn(store, "c", "2"))?.task, restored.task);
        assertEquals(Array.from(store.index.list("c"), ({ id }) => id), ["1", "2", "3"]);
        assertEquals(await logOf(store, "c", "2", 0, 9), { first: 0, lines: [line("kept")] });
        assertEquals(await historyOf(store, "c", "2"), [entry(2)]);
        assertEquals(await launchOf(store, "c", "2"), { name: "job", args: [1] });
        assertEquals(await seriesOf(store, "c", "2"), [[1, 0], [2, 50]]);
        const { tasks, removed } = store.index.changesSince("c", 3)!;
        assertEquals(tasks.map(({ id, seq }) => [id, seq]), [["2", 5]]);
        assertEquals(removed, [{ id: "2", seq: 4 }]);
      });
    }
  });

  Deno.test(`${name}.purge() deletes a removed task for good, and no other`, async () => {
    for (const isCommitted of [false, true]) {
      await using home = await createHome(AMPLE);
      const { store } = home;
      for (const id of ["gone", "kept"]) {
        store.put("c", storedTask(id, store.takeSeq(), "FINISHED"));
        appendLog(store, "c", id, 0, [line(id)]);
        appendHistory(store, "c", id, entry(store.seq), false);
        putLaunch(store, "c", id, { name: id, args: [] });
        putSeries(store, "c", id, [[1, 0]]);
      }
      if (isCommitted) await store.committed();
      store.remove("c", "gone", store.takeSeq());
      for (const id of ["gone", "kept", "unknown"]) store.purge("c", id);
      assertEquals(store.restore("c", storedTask("gone", store.takeSeq())), false);
      const next = storedTask("gone", store.takeSeq());
      store.put("c", next);
      await home.check(async (store) => {
        assertEquals(store.removed("c", "gone"), undefined);
        assertEquals((await recordIn(store, "c", "gone"))?.json, next.json);
        assertEquals(Array.from(store.index.list("c"), ({ id }) => id), ["kept", "gone"]);
        assertEquals((await logOf(store, "c", "gone", 0, 9)).lines, []);
        assertEquals([await historyOf(store, "c", "gone"), await launchOf(store, "c", "gone")], [
          [],
          undefined,
        ]);
        assertEquals([await seriesOf(store, "c", "gone"), await seriesOf(store, "c", "kept")], [[], [[
          1,
          0,
        ]]]);
        assertEquals((await logOf(store, "c", "kept", 0, 9)).lines, [line("kept")]);
        assertEquals([await historyOf(store, "c", "kept"), (await launchOf(store, "c", "kept"))?.name], [[
          entry(2),
        ], "kept"]);
      });
    }
  });

  Deno.test(`${name}.put() of a removed id keeps nothing of the earlier task`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    store.put("c", storedTask("1", store.takeSeq()));
    store.put("c", storedTask("2", store.takeSeq()));
    appendLog(store, "c", "1", 0, [line("old")]);
    appendHistory(store, "c", "1", entry(1), true);
    putLaunch(store, "c", "1", { name: "old", args: [] });
    putSeries(store, "c", "1", [[1, 0]]);
    store.remove("c", "1", store.takeSeq());
    assertEquals((await logOf(store, "c", "1", 0, 9)).lines, [], "the log of a removed task is not readable");
    assertEquals([await historyOf(store, "c", "1"), await launchOf(store, "c", "1")], [[], undefined]);
    assertEquals(await seriesOf(store, "c", "1"), []);
    store.put("c", storedTask("1", store.takeSeq()));
    appendLog(store, "c", "1", 0, [line("new")]);
    await home.check(async (store) => {
      assertEquals(store.removed("c", "1"), undefined);
      assertEquals(await logOf(store, "c", "1", 0, 9), { first: 0, lines: [line("new")] });
      assertEquals([await historyOf(store, "c", "1"), await launchOf(store, "c", "1")], [[], undefined]);
      assertEquals(await seriesOf(store, "c", "1"), []);
      assertEquals(
        Array.from(store.index.list("c"), ({ id }) => id),
        ["2", "1"],
        "the new task is the last in the list",
      );
    });
    assertEquals(home.store.restore("c", storedTask("1", home.store.takeSeq())), false);
  });

  Deno.test(`${name} ignores entries of unknown clients and tasks`, async () => {
    await using home = await createHome({ ...AMPLE, emptyClients: 1 });
    for (let i = 0; i < 10; i++) {
      const client = `unknown-${i}`;
      appendLog(home.store, client, "1", 0, [line("lost")]);
      appendHistory(home.store, client, "1", entry(1), true);
      putLaunch(home.store, client, "1", { name: "lost", args: [] });
      putSeries(home.store, client, "1", [[1, 0]]);
      await home.check(async (store) => {
        assertEquals([store.index.get(client, "1"), store.removed(client, "1")], [undefined, undefined]);
        assertEquals([...store.index.list(client)], []);
        assertEquals([store.index.count(client), store.index.lastSeq(client)], [0, 0]);
        assertEquals(store.index.changesSince(client, 0), { tasks: [], removed: [] });
        assertEquals((await logOf(store, client, "1", 0, 9)).lines, []);
        assertEquals([await historyOf(store, client, "1"), await launchOf(store, client, "1")], [
          [],
          undefined,
        ]);
        assertEquals(await seriesOf(store, client, "1"), []);
        assertEquals([...store.index.allChangesSince(0)!], []);
      });
    }
  });

  Deno.test(`${name}.readEntries() returns the newest log lines of a task in order`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    for (const [client, id] of [["c", "1"], ["c", "2"], ["d", "1"]] as const) {
      store.put(client, storedTask(id, store.takeSeq()));
      for (let i = 0; i < 250; i++) appendLog(store, client, id, i, [line(`${client}${id} ${i}`, i)]);
      await store.committed();
    }
    await home.check(async (store) => {
      const texts = (await logOf(store, "c", "1", 150, 250)).lines.map(({ text }) => text);
      assertEquals(texts, Array.from({ length: 100 }, (_, i) => `c1 ${150 + i}`));
      assertEquals(await logOf(store, "d", "1", 249, 1_000), { first: 249, lines: [line("d1 249", 249)] });
      assertEquals((await logOf(store, "d", "1", 200, 203)).lines.map(({ at }) => at), [200, 201, 202]);
      assertEquals((await logOf(store, "d", "1", 0, 250)).lines.at(-1)?.text, "d1 249");
      for (const [from, to] of [[250, 260], [200, 200], [200, 199]] as const) {
        assertEquals((await logOf(store, "d", "1", from, to)).lines, []);
      }
    });
    await home.check(async (store) => {
      // Pages that are read from the oldest kept line on have no gaps.
      let next = 0;
      for (let first = 0; next < 250; next = first) {
        const page = await logOf(store, "d", "1", next, 250, 7);
        assert(page.lines.length > 0 && page.lines.length <= 7, `${page.lines.length} lines`);
        assert(next === 0 ? page.first <= 150 : page.first === next, `${page.first} follows ${next}`);
        assertEquals(page.lines.map(({ at }) => at), page.lines.map((_, i) => page.first + i));
        first = page.first + page.lines.length;
      }
      assertEquals((await logOf(store, "d", "1", 200, 250, 0)).lines, []);
    });
    appendLog(home.store, "c", "1", 250, Array.from({ length: 5_000 }, (_, i) => line(`much ${i}`)));
    await home.check(async (store) => {
      const { first, lines } = await logOf(store, "c", "1", 5_150, 5_250);
      assertEquals([first, lines.length, lines[0]?.text], [5_150, 100, "much 4900"]);
    });
    const { lines } = await logOf(home.store, "c", "1", 0, 5_250);
    assert(lines.length < 1_000, "lines above the limit are removed eventually");
  });

  Deno.test(`${name}.searchLog() searches every kept line of a task`, async () => {
    await using home = await createHome({ ...AMPLE, logLinesPerTask: 10_000, logLinesPerTaskOnDisk: 10_000 });
    const { store } = home;
    for (const id of ["1", "2"]) store.put("c", storedTask(id, store.takeSeq()));
    const texts = Array.from(
      { length: 5_000 },
      (_, i) => i % 100 === 7 ? `\x1b[1mÉrr\x1b[0mor ${i}` : `line ${i}`,
    );
    appendLog(store, "c", "1", 0, texts.map((text, i) => line(text, i)));
    appendLog(store, "c", "2", 0, [line("error of another task")]);
    const query = { text: "érrOR", from: 0, to: Infinity, most: 3, keep: "newest" } as const;
    await home.check(async (store) => {
      const newest = await store.searchLog("c", "1", query);
      assertEquals(newest.lines.map(({ number, at }) => [number, at]), [[4_707, 4_707], [4_807, 4_807], [
        4_907,
        4_907,
      ]]);
      assertEquals([newest.index, newest.matches, newest.searched], [47, 50, 5_000]);
      const oldest = await store.searchLog("c", "1", { ...query, from: 200, keep: "oldest" });
      assertEquals(oldest.lines.map(({ text }) => text), [2, 3, 4].map((i) => texts[i * 100 + 7]));
      assertEquals([oldest.index, oldest.matches], [2, 50]);
      const next = await store.searchLog("c", "1", { ...query, from: 200, keep: "next" });
      assertEquals([next.lines, next.matches], [oldest.lines, 3]);
      for (const [id, searched] of [["2", 1], ["none", 0]] as const) {
        assertEquals(await store.searchLog("c", id, query), { lines: [], index: 0, matches: 0, searched });
      }
    });
  });

  Deno.test(`${name}.readEntries() returns every change of state, and the newest of the other history entries`, async () => {
    await using home = await createHome({ ...AMPLE, historyPerTask: 3 });
    const { store } = home;
    for (const id of ["1", "2"]) store.put("c", storedTask(id, store.takeSeq()));
    for (let version = 1; version <= 30; version++) {
      appendHistory(store, "c", "1", entry(version), version % 10 === 1);
      if (version === 14) await store.committed();
    }
    appendHistory(store, "c", "2", { ...entry(1), progress: null, state: "STARTING" }, true);
    await home.check(async (store) => {
      assertEquals(
        await historyOf(store, "c", "1"),
        [1, 11, 21, 28, 29, 30].map((version) => entry(version)),
      );
      assertEquals(await historyOf(store, "c", "2"), [{ ...entry(1), progress: null, state: "STARTING" }]);
    });
  });

  Deno.test(`${name}.readEntries() returns the newest launch of a task`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    store.put("c", storedTask("1", store.takeSeq()));
    const args = ["text", 1.5, null, [true], { "": { __proto__: 1, deep: [] } }];
    putLaunch(store, "c", "1", { name: "first", args: [] });
    await store.committed();
    putLaunch(store, "c", "1", { name: "second", args });
    await home.check(async (store) =>
      assertEquals(await launchOf(store, "c", "1"), { name: "second", args })
    );
  });

  Deno.test(`${name}.readEntries() returns the newest progress history of a task`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    const points = Array.from({ length: 200 }, (_, i) => [1_700_000_000.125 + i, i / 2] as const);
    for (const id of ["1", "2"]) store.put("c", storedTask(id, store.takeSeq()));
    putSeries(store, "c", "1", points.slice(0, 9));
    putSeries(store, "c", "2", [[1, 99.5]]);
    await store.committed();
    putSeries(store, "c", "1", points);
    await home.check(async (store) => {
      assertEquals([await seriesOf(store, "c", "1"), await seriesOf(store, "c", "2")], [points, [[1, 99.5]]]);
    });
    putSeries(home.store, "c", "1", []);
    await home.check(async (store) => assertEquals(await seriesOf(store, "c", "1"), []));
  });

  Deno.test(`${name}.deliveries() returns messages in order until they are removed, whatever happens to the task`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    const put = (taskId: string, text: string) => {
      const stored = storedTask(taskId, store.takeSeq(), "FINISHED");
      store.put("c", stored);
      const message = delivery("c", taskId, stored.seq, text);
      store.putDelivery(message, text);
      return message;
    };
    const first = put("1", "first");
    // The messages of one sequence number are queued in the reverse order of their ids.
    const second = put("2", "second");
    const sibling = { ...second, id: "a sibling", receiver: "another" };
    store.putDelivery(sibling, "x".repeat(100_000));
    await home.check(async (store) => {
      assertEquals(store.deliveries(), [first, second, sibling]);
      assertEquals(await store.deliveryText(second.id), "second");
      assertEquals((await store.deliveryText(sibling.id))?.length, 100_000);
    });
    home.store.remove("c", "1", home.store.takeSeq());
    home.store.purge("c", "1");
    home.store.removeDelivery(second.id);
    home.store.removeDelivery("unknown");
    await home.check(async (store) => {
      assertEquals(store.deliveries(), [first, sibling]);
      assertEquals([await store.deliveryText(first.id), await store.deliveryText(second.id)], [
        "first",
        undefined,
      ]);
    });
    for (const { id } of home.store.deliveries()) home.store.removeDelivery(id);
    await home.check((store) => assertEquals(store.deliveries(), []));
  });

  Deno.test(`${name}.removeDelivery() removes messages before, during and after their commit`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    const [first, second, third] = [1, 2, 3].map((seq) => delivery("c", "1", seq, "text")) as [
      Delivery,
      Delivery,
      Delivery,
    ];
    store.putDelivery(first, "text");
    const committed = store.committed();
    // The commit is in progress from the next microtask on.
    await Promise.resolve();
    store.removeDelivery(first.id);
    for (const message of [second, third]) store.putDelivery(message, "text");
    store.removeDelivery(second.id);
    assertEquals(store.deliveries(), [third]);
    const texts = [first, second].map(({ id }) => store.deliveryText(id));
    assertEquals(await Promise.all(texts), [undefined, undefined]);
    await committed;
    await home.check((store) => assertEquals(store.deliveries(), [third]));
  });

  testPastRuns(name, (limits) => createHome({ ...AMPLE, ...limits }), numRuns);

  Deno.test(`${name}.committed() resolves once all earlier writes are committed`, async () => {
    await using home = await createHome(AMPLE);
    const { store } = home;
    await store.committed();
    const waits: Promise<void>[] = [];
    for (let i = 0; i < 20; i++) {
      store.put("c", storedTask(`${i}`, store.takeSeq()));
      const { seq } = store;
      waits.push(store.committed().then(() => assert(store.committedSeq >= seq)));
      if (i % 7 === 0) await waits[0];
    }
    await Promise.all(waits);
    assertEquals(store.degradation, null);
    await home.check((store) => assertEquals(store.index.count("c"), 20));
  });

  Deno.test(`${name} may be disposed of twice at once`, async () => {
    await using home = await createHome(AMPLE);
    home.store.put("c", storedTask("1", home.store.takeSeq()));
    const ends = [home.store[Symbol.asyncDispose](), home.store[Symbol.asyncDispose]()];
    await Promise.all(ends);
    await home.store[Symbol.asyncDispose]();
    if (!home.keepsTasks) return;
    await home.reopen();
    assertEquals(home.store.index.count("c"), 1);
  });
}
