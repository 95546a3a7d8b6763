import { type GroupedTask, RunGroups } from "../../../lib/store/run_groups.ts";
import { assertEquals } from "../../support/assert.ts";
import { storedTask } from "../../support/store_model.ts";

function ended(place: number, finished_at: number, name = "job"): GroupedTask {
  return { place, stored: storedTask(`${place}`, place, "FINISHED", { name, finished_at }) };
}

function idsOf(groups: RunGroups, name = "job", most = 99): string[] {
  return groups.newest(name, most).map(({ id }) => id);
}

Deno.test("RunGroups.newest() returns the run that ended last first, and the newer task first if the ends are equal", () => {
  const groups = new RunGroups();
  for (const task of [ended(1, 30), ended(2, 10), ended(3, 20), ended(5, 20), ended(4, 20), ended(6, 40)]) {
    groups.add(task);
  }
  assertEquals(idsOf(groups), ["6", "1", "5", "4", "3", "2"]);
  assertEquals([idsOf(groups, "job", 2), idsOf(groups, "job", 0), idsOf(groups, "other")], [
    ["6", "1"],
    [],
    [],
  ]);
});

Deno.test("RunGroups ignores unfinished, deleted and unknown tasks", () => {
  const groups = new RunGroups();
  const live = { place: 1, stored: storedTask("1", 1, "NOT_STARTED", { name: "job" }) };
  const [first, second] = [ended(2, 10), ended(3, 20)];
  for (const task of [live, first, second]) groups.add(task);
  for (const task of [live, first, ended(9, 15), ended(2, 10)]) groups.delete(task);
  assertEquals(idsOf(groups), ["3"]);
  groups.delete(second);
  assertEquals(idsOf(groups), []);
});

Deno.test("RunGroups accepts any text as a name", () => {
  const groups = new RunGroups();
  for (const [index, name] of ["", "__proto__", "constructor"].entries()) {
    groups.add(ended(index, index, name));
  }
  assertEquals(["", "__proto__", "constructor"].map((name) => idsOf(groups, name)), [["0"], ["1"], ["2"]]);
});
