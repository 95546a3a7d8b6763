import { PastRuns } from "../../../lib/registry/past_runs.ts";
import type { TaskSummary } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { finishedTask } from "../../support/example_task.ts";

/** An index that has the same past runs for every name, and counts how often they are read. */
class PastStore {
  asked = 0;
  readonly #runs: readonly TaskSummary[];

  constructor(runs: readonly TaskSummary[]) {
    this.#runs = runs;
  }

  pastRuns(_client: string, _name: string, most: number): readonly TaskSummary[] {
    this.asked++;
    return this.#runs.slice(0, most);
  }
}

function run(seconds: number, overrides: Partial<TaskSummary> = {}): TaskSummary {
  return finishedTask({ name: "job", started_at: 100, finished_at: 100 + seconds, ...overrides });
}

Deno.test("PastRuns.of() reads the newest twenty successful runs", () => {
  const failed = Array.from({ length: 15 }, () => run(9, { state: "ERROR" }));
  const runs = [...failed, run(1, { state: "CANCELLED" }), ...[10, 20, 30].map((seconds) => run(seconds))];
  assertEquals(new PastRuns(new PastStore(runs)).of("c", "job").usual, 20);
  const many = Array.from({ length: 100 }, (_, index) => run(index < 20 ? 5 : 1_000));
  const past = new PastRuns(new PastStore(many)).of("c", "job");
  assertEquals([past.usual, past.left(5)], [5, null]);
  assertEquals(new PastRuns(new PastStore([run(5, { started_at: null })])).of("c", "job").usual, 0);
  assertEquals(
    new PastRuns(new PastStore([run(-5)])).of("c", "job").usual,
    0,
    "the clock was set back during the run",
  );
});

Deno.test("PastRuns reads the runs of a name once, adds later ends, and reads them again after a removal", () => {
  const store = new PastStore([run(10)]);
  const past = new PastRuns(store);
  past.ended("c", run(1_000));
  assertEquals(past.of("c", "job").usual, 10, "the runs of a name are not updated before they are read");
  past.ended("c", run(30));
  past.ended("c", run(1_000, { state: "ERROR" }));
  past.ended("c", run(1_000, { name: "other" }));
  past.ended("d", run(1_000));
  assertEquals([past.of("c", "job").usual, store.asked], [20, 1]);
  past.forget("c", "other");
  past.forget("c", "job");
  assertEquals([past.of("c", "job").usual, store.asked], [10, 2]);
  // If too many names are remembered, the oldest name is forgotten first. When it is read again, it is the
  // newest.
  for (let index = 0; index < 1_000; index++) past.of("c", `name ${index}`);
  past.of("c", "name 999");
  assertEquals(store.asked, 1_002);
  past.of("c", "job");
  assertEquals(store.asked, 1_003);
});
