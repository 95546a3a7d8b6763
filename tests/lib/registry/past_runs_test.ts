import { PastRuns } from "../../../lib/registry/past_runs.ts";
import { StorageError } from "../../../lib/errors.ts";
import type { RunSummary } from "../../../lib/task/run_summary.ts";
import { assertEquals } from "../../support/assert.ts";
import { finishedTask } from "../../support/example_task.ts";

/** A store with the same past runs for every name; it counts how often past runs are read. */
class PastStore {
  asked = 0;
  isBroken = false;
  readonly #runs: readonly RunSummary[];

  constructor(runs: readonly RunSummary[]) {
    this.#runs = runs;
  }

  newest(_client: string, _name: string, most?: number): readonly RunSummary[] {
    this.asked++;
    if (this.isBroken) throw new StorageError("tasks.db", "the disk is broken");
    return this.#runs.slice(0, most);
  }
}

function run(seconds: number, overrides: Partial<RunSummary> = {}): RunSummary {
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

Deno.test("PastRuns reads the runs of a name once, and adds later ends", () => {
  const store = new PastStore([run(10)]);
  const past = new PastRuns(store);
  past.ended("c", run(1_000));
  assertEquals(past.of("c", "job").usual, 10, "the runs of a name are not updated before they are read");
  past.ended("c", run(30));
  past.ended("c", run(1_000, { state: "ERROR" }));
  past.ended("c", run(1_000, { name: "other" }));
  past.ended("d", run(1_000));
  assertEquals([past.of("c", "job").usual, store.asked], [20, 1]);
  // If too many names are remembered, the oldest name is forgotten first. After another read, a name is the
  // newest.
  for (let index = 0; index < 1_000; index++) past.of("c", `name ${index}`);
  past.of("c", "name 999");
  assertEquals(store.asked, 1_001);
  past.of("c", "job");
  assertEquals(store.asked, 1_002);
});

Deno.test("PastRuns.of() returns no durations if the runs cannot be read, and reads them later", () => {
  const store = new PastStore([run(10)]);
  const past = new PastRuns(store);
  store.isBroken = true;
  assertEquals(past.of("c", "job").usual, 0);
  store.isBroken = false;
  assertEquals(past.of("c", "job").usual, 10);
});
