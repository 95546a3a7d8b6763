import { NameStats } from "../../../lib/registry/name_stats.ts";
import { TASK_FILTERS } from "../../../lib/task/task_query.ts";
import { assertEquals } from "../../support/assert.ts";
import { TestRegistry } from "../../support/registry.ts";

/** Runs a task with the given name to its end. */
function run(test: TestRegistry, id: string, name: string, client = "c"): void {
  test.begin(client, id, { name });
  test.finish(client, id);
}

Deno.test("NameStats.all() compares names exactly, and sorts them", async () => {
  using test = new TestRegistry();
  const names = ["job", "Job", "job ", "", "__proto__", "constructor", "é", "nul \0"];
  for (const [index, name] of names.entries()) run(test, `${index}`, name);
  run(test, "other", "job", "d");
  test.begin("c", "active", { name: "only active" });
  const all = await new NameStats(test.registry, "c").all();
  assertEquals(
    all.map(({ name, runs, active }) => [name, runs, active]),
    [...names.map((name) => [name, 1, 0]), ["only active", 0, 1]].sort(([one], [other]) =>
      one! < other! ? -1 : 1
    ),
  );
  assertEquals(await new NameStats(test.registry, "nobody").all(), []);
});

Deno.test("NameStats.part() returns the names of past and active tasks in parts, each name once", async () => {
  using test = new TestRegistry();
  const names = Array.from({ length: 10 }, (_, index) => `job ${index}`);
  for (const [index, name] of names.entries()) {
    if (index % 3 > 0) run(test, `ended-${index}`, name);
    if (index % 2 === 0) test.begin("c", `active-${index}`, { name });
  }
  const stats = new NameStats(test.registry, "c");
  const found: string[] = [];
  let parts = 0;
  for (let after: string | null = null;; parts++) {
    const part = await stats.part(after, 4);
    found.push(...part.names.map(({ name }) => name));
    if (part.next === null) break;
    assertEquals(part.next, found.at(-1));
    after = part.next;
  }
  assertEquals([found, parts], [names.filter((_, index) => index % 3 > 0 || index % 2 === 0), 1]);
});

Deno.test("NameStats.one() detects which records still exist, even if another task has reused an id", () => {
  using test = new TestRegistry();
  const stats = new NameStats(test.registry, "c");
  assertEquals(stats.one("job"), undefined);
  run(test, "1", "job");
  run(test, "2", "job");
  const kept = () => stats.one("job")!.stats.last.map(({ id, kept }) => `${id} ${kept}`).sort();
  assertEquals(kept(), ["1 true", "2 true"]);
  test.registry.remove("c", "1");
  assertEquals(kept(), ["1 false", "2 true"]);
  test.begin("c", "1", { name: "another" });
  assertEquals(kept(), ["1 false", "2 true"]);
  assertEquals(stats.one("job")!.runs.length, 2);
});

Deno.test("NameStats.all() reads only the runs of the names that the conditions allow", async () => {
  using test = new TestRegistry();
  for (let index = 0; index < 20; index++) run(test, `${index}`, `job ${index}`);
  test.begin("c", "active", { name: "Job 7" });
  const read: string[] = [];
  const reader = {
    list: test.registry.list.bind(test.registry),
    stored: test.registry.stored.bind(test.registry),
    pastRunNames: test.registry.pastRunNames.bind(test.registry),
    pastRuns: (client: string, name: string) => {
      read.push(name);
      return test.registry.pastRuns(client, name);
    },
  };
  const isNamed = TASK_FILTERS.name.condition(["*b 7"], 0);
  const all = await new NameStats(reader, "c").all([isNamed]);
  assertEquals([all.map(({ name }) => name), read.sort()], [["Job 7", "job 7"], ["Job 7", "job 7"]]);
});
