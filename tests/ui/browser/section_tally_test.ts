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

function totals({ totals }: SectionTally): (number | undefined)[] {
  return [totals.get("active"), totals.get("ended")];
}

Deno.test("SectionTally counts the changes of known and new tasks immediately", () => {
  const sums = tally();
  sums.note(finishedTask({ id: "known" }), "ended");
  sums.note(exampleTask({ id: "new", created_at: LATER + 10 }), "active");
  assertEquals([totals(sums), sums.isUncertain], [[30, 21], false]);
  sums.remove("known");
  sums.note(exampleTask({ id: "new", created_at: LATER + 10 }), null);
  assertEquals([totals(sums), sums.isUncertain], [[29, 20], false]);
});

Deno.test("SectionTally is uncertain after a change of a task that the totals may include, and counts no task twice", () => {
  const sums = tally();
  sums.note(exampleTask({ id: "old" }), "active");
  assertEquals([totals(sums), sums.isUncertain], [[30, 20], true]);
  sums.mark();
  sums.count([{ key: "active", total: 31 }, { key: "ended", total: 20 }], LATER);
  sums.note(finishedTask({ id: "old" }), "ended");
  assertEquals([totals(sums), sums.isUncertain], [[30, 21], false]);
  sums.remove("never heard of");
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
