/**
 * What a store is: the tests that every implementation runs.
 *
 * @module
 */

import fc from "fast-check";
import type { ChangesSince, StoredTask, TaskStore } from "../../lib/store/store.ts";
import { type LogLine, type Task, transition } from "../../lib/task.ts";
import { assert, assertEquals, assertGreater } from "./assert.ts";
import { createChange } from "./changes.ts";

/** The bounds that a store is made with; a store has at least these. */
export interface ConformanceLimits {
  readonly logLinesPerTask: number;
  readonly logCharacters: number;
  readonly removalsPerClient: number;
  readonly emptyClients: number;
}

const AMPLE: ConformanceLimits = {
  logLinesPerTask: 100,
  logCharacters: 100_000,
  removalsPerClient: 1_000,
  emptyClients: 1_000,
};

/** What a store holds of a task, made by hand. */
export function storedTask(id: string, seq: number): StoredTask {
  const task: Task = { ...transition(undefined, id, createChange(), 1_000), version: seq };
  return { task, seq, json: JSON.stringify(task) };
}

type Step = {
  readonly do: "put" | "remove";
  readonly client: string;
  readonly id: string;
};

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.constantFrom("put" as const, "remove" as const),
    client: fc.constantFrom("a", "b", "c"),
    id: fc.constantFrom("1", "2", "__proto"),
  }),
  { minLength: 1, maxLength: 40, size: "max" },
);

/** The tasks of each client by id, with the number of their last change: the naive model of a store. */
type Model = ReadonlyMap<string, ReadonlyMap<string, number>>;

function modelAfter(model: Model, { do: what, client, id }: Step, seq: number): Model {
  const tasks = new Map(model.get(client));
  // A map keeps the place of a key that is set again, as a store keeps the order of creation.
  if (what === "put") tasks.set(id, seq);
  else tasks.delete(id);
  return new Map(model).set(client, tasks);
}

function applied(before: ReadonlyMap<string, number>, changes: ChangesSince): Map<string, number> {
  const tasks = new Map(before);
  for (const { id } of changes.removed) tasks.delete(id);
  for (const { task, seq } of changes.tasks) tasks.set(task.id, seq);
  return tasks;
}

function assertChanges(
  changes: ChangesSince,
  after: number,
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): void {
  const byId = (a: [string, number], b: [string, number]) => a[0] < b[0] ? -1 : 1;
  assertEquals([...applied(before, changes)].sort(byId), [...now].sort(byId));
  for (const list of [changes.tasks, changes.removed]) {
    const seqs = list.map(({ seq }) => seq);
    assertEquals(seqs, [...seqs].sort((a, b) => a - b), "not in the order of the changes");
    assert(
      seqs.every((seq) => seq > after),
      `something that had not changed since ${after} is among the changes`,
    );
  }
  const ids = new Set(changes.tasks.map(({ task }) => task.id));
  assertEquals(ids.size, changes.tasks.length, "a task is among the changes twice");
  assert(changes.removed.every(({ id }) => !ids.has(id)), "a task is both there and gone");
}

/** Runs random histories; every position of the past has to lead to the present. Gives back how often it was forgotten. */
async function checkHistories(
  createStore: (limits: ConformanceLimits) => TaskStore | Promise<TaskStore>,
  limits: ConformanceLimits,
  numRuns: number,
): Promise<{ readonly known: number; readonly forgotten: number }> {
  let known = 0;
  let forgotten = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      await using store = await createStore(limits);
      const history: Model[] = [new Map()];
      for (const step of steps) {
        const seq = history.length;
        if (step.do === "put") store.put(step.client, storedTask(step.id, seq));
        else if (store.get(step.client, step.id) === undefined) continue;
        else store.remove(step.client, step.id, seq);
        history.push(modelAfter(history.at(-1)!, step, seq));
      }
      const now = history.at(-1)!;
      for (const [after, then] of history.entries()) {
        const all = store.allChangesSince(after);
        if (all === undefined) forgotten++;
        for (const client of ["a", "b", "c", "unknown"]) {
          const before = then.get(client) ?? new Map();
          const state = now.get(client) ?? new Map();
          const changes = store.changesSince(client, after);
          if (changes === undefined) forgotten++;
          else assertChanges(changes, after, before, state), known++;
          if (all !== undefined) {
            assertChanges(all.get(client) ?? { tasks: [], removed: [] }, after, before, state);
          }
        }
      }
      for (const client of ["a", "b", "c"]) {
        const state: [string, number][] = [...now.get(client) ?? []];
        assertEquals(Array.from(store.list(client), ({ task, seq }) => [task.id, seq]), state);
        assertEquals(store.count(client), state.length);
        for (const [id, seq] of state) assertEquals(store.get(client, id)?.seq, seq);
      }
    }),
    { numRuns },
  );
  return { known, forgotten };
}

function line(text: string, at = 1): LogLine {
  return { at, text };
}

/**
 * Registers the tests of a store.
 *
 * @param name the name of the class, for the names of the tests
 * @param createStore makes an empty store; whatever it needs beyond memory goes with its disposal
 */
export function testStore(
  name: string,
  createStore: (limits: ConformanceLimits) => TaskStore | Promise<TaskStore>,
): void {
  Deno.test(`${name}.changesSince() leads from every position of a random history to the present`, async () => {
    const { known, forgotten } = await checkHistories(createStore, AMPLE, 1_000);
    assertEquals(forgotten, 0, "nothing is forgotten below the bounds");
    assertGreater(known, 10_000);
  });

  Deno.test(`${name}.changesSince() either leads to the present or says that it can't, with small bounds`, async () => {
    const limits = { ...AMPLE, removalsPerClient: 2, emptyClients: 1 };
    const { known, forgotten } = await checkHistories(createStore, limits, 1_000);
    assertGreater(known, 1_000);
    assertGreater(forgotten, 100, "the bounds were reached");
  });

  Deno.test(`${name}.changesSince() names a task once that was removed twice`, async () => {
    await using store = await createStore(AMPLE);
    store.put("c", storedTask("1", 1));
    store.remove("c", "1", 2);
    store.put("c", storedTask("1", 3));
    store.remove("c", "1", 4);
    assertEquals(store.changesSince("c", 0), { tasks: [], removed: [{ id: "1", seq: 4 }] });
  });

  Deno.test(`${name}.put() replaces a task in its place, and is seen at once`, async () => {
    await using store = await createStore(AMPLE);
    store.put("c", storedTask("1", 1));
    store.put("c", storedTask("2", 2));
    const newest = storedTask("1", 3);
    store.put("c", newest);
    assertEquals(store.get("c", "1"), newest);
    assertEquals(Array.from(store.list("c"), ({ task }) => task.id), ["1", "2"]);
    assertEquals([store.count("c"), store.lastSeq("c")], [2, 3]);
    assertEquals(store.changesSince("c", 1)?.tasks.map(({ task }) => task.id), ["2", "1"]);
    await store.committed();
  });

  Deno.test(`${name}.remove() of what is not there changes nothing`, async () => {
    await using store = await createStore(AMPLE);
    store.put("c", storedTask("1", 1));
    store.remove("c", "2", 2);
    store.remove("d", "1", 3);
    assertEquals([store.count("c"), store.lastSeq("c"), store.lastSeq("d")], [1, 1, 0]);
    assertEquals(store.changesSince("c", 1), { tasks: [], removed: [] });
  });

  Deno.test(`${name} keeps nothing of clients that were only asked for`, async () => {
    await using store = await createStore({ ...AMPLE, emptyClients: 1 });
    for (let i = 0; i < 100; i++) {
      const client = `unknown-${i}`;
      assertEquals(store.get(client, "1"), undefined);
      assertEquals([...store.list(client)], []);
      assertEquals([store.count(client), store.lastSeq(client)], [0, 0]);
      assertEquals(store.changesSince(client, 0), { tasks: [], removed: [] });
      assertEquals(store.log(client, "1"), []);
    }
    assertEquals([...store.allChangesSince(0)!], []);
  });

  Deno.test(`${name}.log() gives the newest lines in order, of each task its own`, async () => {
    await using store = await createStore(AMPLE);
    for (const [client, id] of [["c", "1"], ["c", "2"], ["d", "1"]] as const) {
      store.put(client, storedTask(id, 1));
      for (let i = 0; i < 250; i++) store.appendLog(client, id, [line(`${client}${id} ${i}`, i)]);
    }
    const texts = store.log("c", "1").map(({ text }) => text);
    assertEquals(texts, Array.from({ length: 100 }, (_, i) => `c1 ${150 + i}`));
    assertEquals(store.log("d", "1").at(-1), line("d1 249", 249));
    store.appendLog("c", "1", Array.from({ length: 5_000 }, (_, i) => line(`much ${i}`)));
    assertEquals(store.log("c", "1").length, 100);
    assertEquals(store.log("c", "1")[0]?.text, "much 4900");
  });

  Deno.test(`${name}.log() is gone with its task, also for one that takes its id`, async () => {
    await using store = await createStore(AMPLE);
    store.put("c", storedTask("1", 1));
    store.appendLog("c", "1", [line("old")]);
    store.remove("c", "1", 2);
    assertEquals(store.log("c", "1"), []);
    store.put("c", storedTask("1", 3));
    assertEquals(store.log("c", "1"), []);
  });

  Deno.test(`${name}.log() loses the logs that were quiet for longest where all are too many`, async () => {
    await using store = await createStore({ ...AMPLE, logCharacters: 1_000 });
    for (let i = 0; i < 20; i++) {
      store.put("c", storedTask(`${i}`, i + 1));
      store.appendLog("c", `${i}`, [line("x".repeat(100))]);
      store.appendLog("c", "0", [line("y")]);
    }
    const kept = Array.from({ length: 20 }, (_, i) => i).filter((i) => store.log("c", `${i}`).length > 0);
    const characters = kept.flatMap((i) => store.log("c", `${i}`)).reduce(
      (sum, { text }) => sum + text.length,
      0,
    );
    assert(characters <= 1_000, `${characters} characters are kept`);
    assertEquals(kept.includes(0), true, "the log that was written last");
    assertEquals(kept.at(-1), 19);
    assertEquals(kept.includes(1), false);
    assertGreater(kept.length, 3);
  });
}
