/**
 * Tests that nodes can be replaced one by one under load, behind a load balancer that checks them: no report
 * fails, nothing is lost or duplicated, and every watcher reconnects at most once per node. With
 * `TASKSCOPE_SOAK=1`, the load is that of a busy cluster.
 */

import { assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "../support/assert.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import { trial } from "../support/nodes/trial.ts";
import { hasPostgres } from "../support/postgres_cluster.ts";
import { IS_SOAK } from "../support/repetitions.ts";
import { randomNumbers } from "../support/simulated_wire.ts";

/** The clients, and the watchers of each kind that each of them has. */
const CLIENTS = IS_SOAK ? 10 : 2;
const WATCHERS = IS_SOAK ? 15 : 3;
/** The tasks of each client that run at the same time, and the time between two updates of a task, in milliseconds. */
const TASKS = IS_SOAK ? 10 : 2;
const STEP_MS = 100;
/** How long a client waits for a response, in milliseconds: longer than nodes hold a change back until one owns the tasks. */
const ATTEMPT_MS = 15_000;
/** The minimum number of changes per second; 0 for a small load. */
const RATE = IS_SOAK ? 500 : 0;
/** How long each node runs until the next one is replaced, in milliseconds. */
const BETWEEN_MS = IS_SOAK ? 5_000 : 500;
/**
 * How long a node that ends keeps accepting requests, in milliseconds: longer than the balancer takes to
 * notice that it ends.
 */
const LEAVE_MS = IS_SOAK ? 5_000 : 2_000;

Deno.test({
  name: "cluster: nodes replaced one by one under load fail no report, and each disconnects a watcher once",
  ignore: !hasPostgres,
  fn: async () => {
    await using home = await ClusterHome.start({
      isProxied: false,
      leaseMs: 10_000,
      leaveMs: LEAVE_MS,
      checksHealth: true,
    });
    let rate = 0;
    const replaceAll = async () => {
      const [before, sinceMs] = [await changes(home), performance.now()];
      for (const member of home.members) {
        await pause(BETWEEN_MS);
        await member.stop();
        await member.start();
      }
      await pause(BETWEEN_MS);
      rate = (await changes(home) - before) / (performance.now() - sinceMs) * 1_000;
    };
    const random = randomNumbers(1);
    const begun = Promise.withResolvers<void>();
    const replaced = begun.promise.then(replaceAll);
    let waiting = CLIENTS;
    const outcomes = await Promise.all(Array.from({ length: CLIENTS }, (_, n) =>
      trial({
        ...{ home, client: `client-${n}`, random, url: home.balancer.url, watchers: WATCHERS },
        ...{ width: 1, sinks: 1, tasksPerSink: TASKS, stepMs: STEP_MS, attemptMs: ATTEMPT_MS },
        fault: () => {
          if (--waiting === 0) begun.resolve();
          return replaced;
        },
      })));
    assertEquals(outcomes.flatMap(({ complaints, failures }) => [...complaints, ...failures]), []);
    for (const { attempts, resyncs } of outcomes) {
      assertEquals(resyncs, 0, "watchers that had to start over");
      assertLessOrEqual(attempts, 1 + home.members.length, "connections of a watcher");
    }
    assertGreaterOrEqual(rate, RATE, "changes a second");
  },
});

/** Counts the changes of all tasks: each began, and each line of their logs came with an update. */
async function changes({ postgres }: ClusterHome): Promise<number> {
  const [row] = await postgres.query(
    "SELECT ((SELECT count(*) FROM taskscope.tasks) + (SELECT count(*) FROM taskscope.log_lines))::int AS changes",
  );
  return row.changes;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
