import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "../../support/assert.ts";
import type { Mutation } from "../../support/cluster/sim_database.ts";
import { TIMES } from "../../support/cluster/sim_node.ts";
import { play, simulate } from "../../support/cluster/simulate.ts";
import { Simulation } from "../../support/cluster/simulation.ts";
import { repetitions } from "../../support/repetitions.ts";

/**
 * The number of random schedules of faults to run: `deno task soak` runs more of them than `deno task test`.
 */
const SCHEDULES = repetitions({ gate: 1_500, soak: 10_000 });

/** The seed of a single schedule, to replay and print it. */
const SEED = Deno.env.get("TASKSCOPE_SEED");

/** Returns the seeds of so many schedules: the numbers from 0 on. */
function seeds(count: number): number[] {
  return Array.from({ length: count }, (_, seed) => seed);
}

/**
 * Runs one schedule, prints its events, and returns the guarantee that was violated; `null` if there is none.
 */
async function replay(seed: number): Promise<string | null> {
  const simulation = new Simulation(seed, { isTraced: true });
  await play(simulation);
  // deno-lint-ignore no-console -- the schedule is for the person who runs the test
  console.log(simulation.world.trace!.join("\n"));
  return simulation.world.violation;
}

Deno.test("a cluster keeps its guarantees, also those to watchers, in random schedules of faults", async () => {
  if (SEED !== undefined) return assertEquals(await replay(Number(SEED)), null);
  const failure = await simulate(seeds(SCHEDULES));
  const command = `TASKSCOPE_SEED=${failure?.seed} deno test -A tests/lib/cluster/simulation_test.ts`;
  assert(failure === null, `${failure?.violation}; to see the schedule: ${command}`);
});

/** For each safeguard that is removed: a pattern of the violation that the simulation must then report. */
const MUTATIONS: Readonly<Record<Exclude<Mutation, "the owner in the fence">, RegExp>> = {
  "the owner and the term in the fence": /went back|acknowledged|missed/,
  "the term in the fence": /went back|acknowledged|missed/,
  "the number of commits in the fence": /went back|acknowledged|missed/,
  "one pulled change": /a watcher .* has missed change/,
  "the end of the lease of an owner": /a read .* after|wanted again/,
  "the reserved numbers": /given twice/,
  "the repetition of the same batch": /acknowledged, but/,
  "the deduplication of reports": /applied \d+ of/,
  "waiting for the commit": /acknowledged, but/,
  // Fencing protects commits from a clock that jumps, but not reads: until its next heartbeat, a former owner
  // responds from memory.
  "a steady clock of the database": /a read .* after|wanted again/,
};

for (const [without, violation] of Object.entries(MUTATIONS)) {
  Deno.test(`the simulation detects that a cluster lacks ${without}`, async () => {
    const failure = await simulate(seeds(SCHEDULES), { without: without as Mutation });
    assert(failure !== null, "no schedule breaks a promise");
    assert(violation.test(failure.violation), failure.violation);
  });
}

Deno.test("the simulation of a seed is always the same", async () => {
  const traces: string[][] = [];
  for (const seed of [1, 1, 2]) {
    const simulation = new Simulation(seed, { isTraced: true });
    await play(simulation);
    traces.push([...simulation.world.trace!]);
  }
  assertEquals(traces[0], traces[1]);
  assertNotEquals(traces[0], traces[2]);
});

for (const fault of ["kill", "freeze", "cut off"] as const) {
  Deno.test(`the shards of a failed node are served by others within its lease plus 5 s: ${fault}`, async () => {
    for (const seed of seeds(20)) {
      const simulation = new Simulation(seed, { isCalm: true });
      await play(simulation, 8_000);
      const before = simulation.servedBy(0);
      assert(before.length > 0);
      simulation.strike(fault, 0, 20_000);
      // If its process is killed, slot 0 gets a new node, which may own shards, too.
      const slots = fault === "kill" ? [0, 1, 2] : [1, 2];
      const others = () => slots.flatMap((slot) => simulation.servedBy(slot));
      while (!before.every((shard) => others().includes(shard))) {
        await play(simulation, simulation.world.nowMs + 100);
        assertLessOrEqual(simulation.world.nowMs, 8_000 + TIMES.leaseMs + 5_000);
      }
    }
  });
}

Deno.test("a node that shuts down hands its shards over within a second", async () => {
  for (const seed of seeds(20)) {
    const simulation = new Simulation(seed, { isCalm: true });
    await play(simulation, 8_000);
    simulation.strike("stop", 0, 0);
    await play(simulation, 9_000);
    assertEquals([...simulation.servedBy(1), ...simulation.servedBy(2)].sort(), [0, 1, 2]);
    await play(simulation);
    assertEquals(simulation.world.violation, null);
  }
});
