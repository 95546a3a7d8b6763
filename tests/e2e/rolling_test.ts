/**
 * Tests that nodes can be replaced one by one under load: no report fails, nothing is lost or doubled, and every watcher
 * reconnects at most once per node. With `TASKSCOPE_SOAK=1`, there are 300 watchers and at least 500 changes a second.
 */

import { assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "../support/assert.ts";
import { freePort } from "../support/free_port.ts";
import { findNginx, Nginx } from "../support/nginx.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import { trial } from "../support/nodes/trial.ts";
import { hasPostgres } from "../support/postgres_cluster.ts";
import { EXECUTABLE } from "../support/program.ts";
import { IS_SOAK, repetitions } from "../support/repetitions.ts";
import { randomNumbers } from "../support/simulated_wire.ts";

/** The clients, and the watchers of each kind that each of them has. */
const CLIENTS = repetitions({ gate: 2, soak: 10 });
const WATCHERS = repetitions({ gate: 5, soak: 15 });
/** The tasks of each client that run at the same time, and the time between two updates of a task, in milliseconds. */
const TASKS = 10;
const STEP_MS = 100;
/** How many changes a second there are at least. */
const RATE = repetitions({ gate: 20, soak: 500 });
/** How long each node runs until the next one is replaced, in milliseconds. */
const BETWEEN_MS = repetitions({ gate: 1_000, soak: 5_000 });

const nginx = await findNginx({});

Deno.test({
  name: "cluster: nodes replaced one by one under load fail no report, and each disconnects a watcher once",
  // The executable runs the same code, and passes a shorter test of this.
  ignore: !hasPostgres || nginx === undefined || (EXECUTABLE !== undefined && !IS_SOAK),
  fn: async () => {
    const port = freePort();
    await using home = await ClusterHome.start({
      isProxied: false,
      leaseMs: 10_000,
      args: ["--public-url", `http://127.0.0.1:${port}`],
    });
    await using balancer = await Nginx.start(nginx!, port, { port: home.members.map(({ port }) => port) });
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
        ...{ home, client: `client-${n}`, random, url: balancer.url, watchers: WATCHERS },
        ...{ width: 1, sinks: 1, tasksPerSink: TASKS, stepMs: STEP_MS },
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
