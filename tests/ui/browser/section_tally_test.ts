import type { Task } from "../../../lib/task/task.ts";
import { SectionTally } from "../../../ui/browser/section_tally.ts";
import { assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

const LATER = EXAMPLE_TIME + 100;

/** Creates a tally of 50 tasks, one of which is loaded. */
function tally(): SectionTally {
  const tally = new SectionTally();
  tally.begin([exampleTask({ id: "known" })], false, () => "active");
  tally.count([{ key: "active", total: 30 }, { key: "ended", total: 20 }], LATER);
  return tally;
}

function newTask(): Task {
  return exampleTask({ id: "new", created_at: LATER + 10, updated_at: LATER + 10 });
}

function totals({ totals }: SectionTally): (number | undefined)[] {
  return [totals.get("active"), totals.get("ended")];
}

Deno.test("SectionTally counts the changes of known and new tasks immediately", () => {
  const sums = tally();
  sums.note(finishedTask({ id: "known", updated_at: LATER + 10 }), "ended");
  sums.note(newTask(), "active");
  assertEquals([totals(sums), sums.isUncertain], [[30, 21], false]);
  sums.remove("known", LATER + 10);
  sums.note(newTask(), null);
  assertEquals([totals(sums), sums.isUncertain], [[29, 20], false]);
});

Deno.test("SectionTally is uncertain after a change of a task that the totals may include, and counts no task twice", () => {
  const sums = tally();
  sums.note(exampleTask({ id: "old" }), "active");
  assertEquals([totals(sums), sums.isUncertain], [[30, 20], true]);
  sums.mark();
  sums.count([{ key: "active", total: 31 }, { key: "ended", total: 20 }], LATER);
  sums.note(finishedTask({ id: "old", updated_at: LATER + 10 }), "ended");
  assertEquals([totals(sums), sums.isUncertain], [[30, 21], false]);
  sums.remove("never heard of", LATER + 10);
  assertEquals(sums.isUncertain, true);
});

Deno.test("SectionTally is certain about every task if the whole list is loaded", () => {
  const sums = new SectionTally();
  sums.begin([exampleTask({ id: "a" })], true, () => "all");
  sums.count([{ key: "all", total: 1 }], LATER);
  sums.note(exampleTask({ id: "old, and new to the list" }), "all");
  assertEquals([sums.totals.get("all"), sums.isUncertain], [2, false]);
});

Deno.test("SectionTally is uncertain if a task moved while the totals were requested, but not if it only changed", () => {
  const sums = tally();
  sums.mark();
  sums.note(exampleTask({ id: "known", progress: 50 }), "active");
  sums.count([{ key: "active", total: 30 }], LATER);
  assertEquals(sums.isUncertain, false);
  sums.mark();
  sums.note(finishedTask({ id: "known" }), "ended");
  sums.count([{ key: "active", total: 30 }], LATER);
  assertEquals(sums.isUncertain, true);
});

Deno.test("SectionTally counts a change once if the totals that include it arrive first", () => {
  const all = new SectionTally();
  all.begin([exampleTask({ id: "a" })], true, () => "active");
  all.count([{ key: "active", total: 1 }, { key: "ended", total: 0 }], LATER);
  all.mark();
  all.count([{ key: "active", total: 2 }, { key: "ended", total: 0 }], LATER);
  all.note(exampleTask({ id: "b", created_at: LATER, updated_at: LATER }), "active");
  assertEquals([totals(all), all.isUncertain], [[2, 0], false]);

  const some = tally();
  some.note(finishedTask({ id: "known", updated_at: LATER }), "ended");
  assertEquals(some.isUncertain, true, "the totals may have included the end of the task");
  const removed = tally();
  removed.remove("known", LATER);
  assertEquals(removed.isUncertain, true);
});
