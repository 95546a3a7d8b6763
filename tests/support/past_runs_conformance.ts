/**
 * The conformance tests for the past runs of a store.
 *
 * @module
 */

import fc from "fast-check";
import { comparePastRuns, type PastRunLimits } from "../../lib/store/past_run_store.ts";
import { SortedNames } from "../../lib/store/sorted_names.ts";
import type { TaskStore } from "../../lib/store/store.ts";
import { TaskInMemory } from "../../lib/store/task_in_memory.ts";
import { type RunSummary, runSummaryOf } from "../../lib/task/run_summary.ts";
import { assertEquals } from "./assert.ts";
import type { StoreHome } from "./store_home.ts";
import { storedTask } from "./store_model.ts";

/** A time at which past runs may have ended, in epoch seconds. */
const PAST = 1_700_000_000;

/** Creates the summary of a past run. */
function pastRun(finished_at: number, overrides: Partial<RunSummary> = {}): RunSummary {
  const times = { created_at: finished_at - 5, started_at: finished_at - 2.5, finished_at };
  return { id: "1", name: "job", state: "FINISHED", ...times, ...overrides };
}

/**
 * Registers the tests.
 *
 * @param name the name of the store's class
 * @param createHome opens a store with the given limits, and otherwise limits that the tests do not reach
 * @param numRuns the number of random histories
 */
export function testPastRuns(
  name: string,
  createHome: (limits: Partial<PastRunLimits>) => Promise<StoreHome>,
  numRuns: number,
): void {
  Deno.test(`${name}.pastRuns returns the same runs as a naive list, up to the limit of runs per name`, async () => {
    const step = fc.record({
      client: fc.constantFrom("a", "b"),
      name: fc.constantFrom("job", "", "nul \0", "half \ud83d", "nul \ufffd", "__proto__"),
      id: fc.constantFrom("1", "2", "3"),
      finished_at: fc.integer({ min: 0, max: 12 }).map((end) => PAST + end / 8),
      then: fc.oneof(
        { weight: 12, arbitrary: fc.constant("nothing" as const) },
        { weight: 6, arbitrary: fc.constantFrom("begin commit" as const, "commit" as const) },
        { weight: 1, arbitrary: fc.constant("reopen" as const) },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50, size: "max" }), async (steps) => {
        await using home = await createHome({ pastRunsPerName: 4 });
        const known = new Map<string, Map<string, RunSummary>>();
        const check = (store: TaskStore) => {
          for (const client of ["a", "b", "none"]) {
            const lists = [...known].filter(([key]) => key.startsWith(`${client}/`));
            assertEquals(
              store.pastRuns.names(client, null, 99),
              [...new SortedNames(lists.map(([key]) => key.slice(client.length + 1))).after(null)],
            );
            for (const [key, runs] of lists) {
              const newest = [...runs.values()].sort(comparePastRuns).reverse().slice(0, 4);
              const name = key.slice(client.length + 1);
              assertEquals(store.pastRuns.newest(client, name), newest);
              assertEquals(store.pastRuns.newest(client, name, 2), newest.slice(0, 2));
            }
          }
        };
        for (const { client, then, ...fields } of steps) {
          const run = pastRun(fields.finished_at, fields);
          home.store.pastRuns.add(client, run);
          const key = `${client}/${run.name}`;
          if (!known.has(key)) known.set(key, new Map());
          known.get(key)!.set(`${run.finished_at} ${run.id}`, run);
          if (then === "begin commit" || then === "commit") {
            const committed = home.store.committed();
            if (then === "commit") await committed;
          }
          if (then === "reopen" && home.keepsTasks) await home.reopen();
        }
        await home.check(check);
      }),
      { numRuns: Math.ceil(numRuns / 5) },
    );
  });

  Deno.test(`${name}.pastRuns keeps the runs of a task that is removed, restored and purged, once`, async () => {
    await using home = await createHome({});
    const { store } = home;
    const stored = storedTask("1", store.takeSeq(), "FINISHED", { name: "job", finished_at: PAST });
    const ended = stored.task;
    const run = runSummaryOf(ended);
    store.put("c", stored);
    store.pastRuns.add("c", ended);
    await home.check((store) => assertEquals(store.pastRuns.newest("c", "job"), [run]));
    home.store.put("c", new TaskInMemory(ended, home.store.takeSeq()));
    home.store.remove("c", "1", home.store.takeSeq());
    home.store.restore("c", new TaskInMemory(ended, home.store.takeSeq()));
    home.store.pastRuns.add("c", ended);
    await home.check((store) => assertEquals(store.pastRuns.newest("c", "job"), [run]));
    home.store.remove("c", "1", home.store.takeSeq());
    home.store.purge("c", "1");
    await home.check((store) => {
      assertEquals([store.pastRuns.newest("c", "job"), store.pastRuns.names("c", null, 99)], [[run], [
        "job",
      ]]);
      assertEquals(store.index.get("c", "1"), undefined);
    });
  });

  Deno.test(`${name}.pastRuns drops the runs that ended first if all names together exceed their limit`, async () => {
    await using home = await createHome({ pastRuns: 3, pastRunsPerName: 2 });
    const count = (store: TaskStore) =>
      ["a", "b", "c"].map((name) => store.pastRuns.newest("c", name).length);
    for (const [index, name] of ["a", "b", "b", "b"].entries()) {
      home.store.pastRuns.add("c", pastRun(PAST + index, { name }));
    }
    await home.store.committed();
    await home.check((store) => assertEquals(count(store), [1, 2, 0]));
    home.store.pastRuns.add("c", pastRun(PAST + 9, { name: "c" }));
    await home.store.committed();
    await home.check((store) => assertEquals(count(store), [0, 2, 1]));
    home.store.pastRuns.add("other", pastRun(PAST + 10, { name: "c" }));
    await home.store.committed();
    await home.check((store) => {
      assertEquals([count(store), store.pastRuns.newest("other", "c").length], [[0, 1, 1], 1]);
    });
  });

  Deno.test(`${name}.pastRuns drops no run of a client that has less than its share`, async () => {
    await using home = await createHome({ pastRuns: 30 });
    const counts = (store: TaskStore) =>
      ["quiet", "other", "busy"].map((client) =>
        store.pastRuns.names(client, null, 99).reduce(
          (sum, name) => sum + store.pastRuns.newest(client, name).length,
          0,
        )
      );
    const add = (client: string, runs: number, end: number, names = 1) => {
      for (let index = 0; index < runs; index++) {
        const run = { id: `${index}`, name: `job ${index % names}` };
        home.store.pastRuns.add(client, pastRun(end + index, run));
      }
    };
    // The runs of "busy" are added in one commit and in several, with one name and with a name for each run.
    add("quiet", 8, PAST);
    add("busy", 40, PAST + 100);
    await home.store.committed();
    await home.check((store) => assertEquals(counts(store), [8, 0, 22]));
    for (let round = 0; round < 3; round++) {
      add("busy", 20, PAST + 200 + 100 * round, 20);
      await home.store.committed();
    }
    await home.check((store) => assertEquals(counts(store), [8, 0, 22]));
    // Runs that ended before all stored runs displace none of them either.
    add("other", 25, PAST - 100, 25);
    await home.store.committed();
    await home.check((store) => {
      assertEquals(counts(store), [8, 11, 11]);
      assertEquals(store.pastRuns.newest("other", "job 14").map(({ id }) => id), ["14"]);
      assertEquals(store.pastRuns.newest("other", "job 13"), []);
    });
  });

  Deno.test(`${name}.pastRuns returns names in parts, committed or not`, async () => {
    await using home = await createHome({});
    const names = ["job", "job 2", "Job", "", "é", "\u{1f600}", "\ufffd", "\ud800", "nul \0", '"'];
    for (const [index, name] of names.entries()) {
      home.store.pastRuns.add("c", pastRun(PAST + index, { name }));
      if (index === 4) await home.store.committed();
    }
    await home.check((store) => {
      const found: string[] = [];
      for (let after: string | null = null;;) {
        const part: readonly string[] = store.pastRuns.names("c", after, 3);
        found.push(...part);
        if (part.length < 3) break;
        after = part.at(-1)!;
      }
      assertEquals(found, [...new SortedNames(names).after(null)]);
    });
  });

  Deno.test(`${name}.pastRuns returns no run that ended too long ago`, async () => {
    await using home = await createHome({ pastRunAgeMs: 3_600_000 });
    const now = Date.now() / 1_000;
    home.store.pastRuns.add("c", pastRun(now - 3_700, { name: "old" }));
    home.store.pastRuns.add("c", pastRun(now - 3_700, { id: "2" }));
    home.store.pastRuns.add("c", pastRun(now - 60));
    await home.check((store) => {
      assertEquals([store.pastRuns.newest("c", "old"), store.pastRuns.names("c", null, 99)], [[], ["job"]]);
      assertEquals(store.pastRuns.newest("c", "job"), [pastRun(now - 60)]);
    });
  });
}
