/**
 * Tests that nothing is lost or duplicated while nodes, connections and PostgreSQL fail. With
 * `TASKSCOPE_SOAK=1`, there are 50 rounds; `TASKSCOPE_SEED` repeats the random choices of another run, but
 * not its timing.
 */

import { parseCursor } from "../../lib/task/cursor.ts";
import { assertEquals, assertLessOrEqual, assertNotEquals } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { freePort } from "../support/free_port.ts";
import { findNginx, Nginx } from "../support/nginx.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import type { Reports } from "../support/nodes/reports.ts";
import { trial } from "../support/nodes/trial.ts";
import { SocketNodeWatcher } from "../support/nodes/watchers.ts";
import { hasPostgres } from "../support/postgres_cluster.ts";
import { IS_SOAK, repetitions } from "../support/repetitions.ts";
import { EXECUTABLE } from "../support/program.ts";
import { shown } from "../support/remote_task.ts";
import { SetClock } from "../support/set_clock.ts";
import { randomNumbers } from "../support/simulated_wire.ts";
import { eventually, until } from "../support/until.ts";

const ROUNDS = repetitions({ gate: 1, soak: 50 });
const SEED = Number(Deno.env.get("TASKSCOPE_SEED") ?? Date.now() % 1_000_000);

/** The function that every node offers to start. */
const TASKS = new URL("../support/nodes/endless.mjs", import.meta.url).pathname;

/** Limits with which nodes give up sooner. */
const SHORT_WAITS = ["--limit", "forwardTimeoutMs=1000", "--limit", "ownerWaitMs=2000"];

/** Reports that are acknowledged before the next fault of a kind. */
const PAUSE_REPORTS = 8;

interface Fault {
  readonly name: string;
  readonly run: (home: ClusterHome, reports: Reports) => Promise<void>;
  /** Whether the fault also happens to the executable, which runs the same code. */
  readonly isForExecutable?: boolean;
  /** Whether the reports pass nginx, if it is installed. */
  readonly isBehindNginx?: boolean;
  /** Whether every watcher reconnects at most once per node. */
  readonly isOrderly?: boolean;
  /** Whether watchers have to start over, because another database with another epoch takes over. */
  readonly startsOver?: boolean;
}

const FAULTS: readonly Fault[] = [
  {
    name: "the owner is killed",
    isForExecutable: true,
    run: async (home, reports) => {
      const owner = await home.owner();
      const { status, json } = await call("POST", `${owner.url}/tasks/inside/start/endless`, { body: {} });
      assertEquals(status, 202);
      await owner.kill();
      const next = await home.owner(owner);
      await reports.acknowledged(PAUSE_REPORTS);
      const task = await shown(next.url, { client: "inside", id: json.task_id }, ({ active }) => !active);
      assertEquals([task.state, task.error?.type], ["ERROR", "interrupted"]);
      await owner.start();
    },
  },
  {
    name: "the owner is frozen longer than its lease, and wakes",
    run: async (home, reports) => {
      const owner = await home.owner();
      owner.freeze();
      home.balancer.drop(owner.port);
      await home.owner(owner);
      await reports.acknowledged(PAUSE_REPORTS);
      owner.thaw();
    },
  },
  {
    name: "connections are cut, to the database and between nodes, and hang half-open between nodes",
    run: async (home, reports) => {
      for (const member of home.members) {
        member.database?.cut();
        member.peers?.cut();
        await reports.acknowledged(PAUSE_REPORTS);
      }
      home.postgres.cutSessions();
      const owner = await home.owner();
      owner.peers?.blackhole();
      await reports.failed(1);
      await owner.peers?.restore();
      owner.peers?.cut();
    },
  },
  {
    name: "the owner's connections to the database hang half-open",
    run: async (home, reports) => {
      const owner = await home.owner();
      owner.database?.blackhole();
      await home.owner(owner);
      await reports.acknowledged(PAUSE_REPORTS);
      await owner.database?.restore();
      owner.database?.cut();
    },
  },
  {
    name: "PostgreSQL is killed and restarted",
    run: (home) => {
      home.postgres.kill();
      home.postgres.restart();
      return Promise.resolve();
    },
  },
  {
    name: "the nodes are replaced one by one",
    isForExecutable: true,
    isBehindNginx: true,
    isOrderly: true,
    run: async (home, reports) => {
      for (const member of home.members) {
        await member.stop();
        await member.start();
        await reports.acknowledged(PAUSE_REPORTS);
      }
    },
  },
  {
    name: "the clock of a node is an hour fast, and the node takes over",
    run: async (home, reports) => {
      using clock = await SetClock.find("A test of a node with a wrong clock");
      if (clock === undefined) return;
      clock.set(3_600);
      const member = await home.follower();
      const others = home.members.filter((other) => other !== member);
      await member.stop();
      await member.start(clock.env);
      await reports.acknowledged(PAUSE_REPORTS);
      await Promise.all(others.map((other) => other.stop()));
      await reports.acknowledged(PAUSE_REPORTS);
      await Promise.all(others.map((other) => other.start()));
      await member.stop();
      await member.start();
    },
  },
  {
    name: "a synchronous standby takes over",
    startsOver: true,
    run: async (home) => {
      const primary = home.postgres;
      const standby = primary.standby();
      await primary.set("synchronous_standby_names", "*");
      primary.kill();
      standby.promote();
      await standby.set("synchronous_standby_names", "");
      home.moveTo(standby);
    },
  },
];

/** Creates a task once a node accepts it. */
async function create(home: ClusterHome, id: string, run: number): Promise<void> {
  const body = { id, name: "work", metadata: { run } };
  const ask = () => call("POST", `${home.balancer.url}/tasks/lossy`, { body }).catch(() => null);
  // The response to an earlier attempt may have been lost.
  await eventually(ask, (answer) => answer?.status === 201 || answer?.status === 200);
}

/** Lets a standby take over that lacks an acknowledged change. */
async function loseChange(home: ClusterHome, random: () => number): Promise<void> {
  const primary = home.postgres;
  const standby = primary.standby();
  const complaints: string[] = [];
  const complain = (complaint: string) => void complaints.push(complaint);
  const watcher = new SocketNodeWatcher({ home, client: "lossy", random, complain });
  await create(home, "kept", 1);
  const kept = "SELECT 1 FROM taskscope.tasks WHERE id = 'kept'";
  await eventually(() => standby.query(kept), (rows) => rows.length > 0);
  standby.stop();
  await create(home, "lost", 2);
  await until(() => watcher.tasks.has("lost"));
  const { cursor } = watcher;
  primary.kill();
  standby.restart();
  standby.promote();
  home.moveTo(standby);
  await create(home, "after", 3);
  await home.ready();
  for (const member of home.members) {
    const held = await member.tasksOf("lossy");
    assertEquals([...held.tasks.keys()].toSorted(), ["after", "kept"]);
    assertNotEquals(parseCursor(held.cursor).epoch, parseCursor(cursor).epoch);
  }
  await until(() => watcher.tasks.has("after"));
  assertEquals([[...watcher.tasks.keys()].toSorted(), complaints], [["after", "kept"], []]);
  await watcher.stop();
}

Deno.test({
  name: "cluster: nothing acknowledged is lost or duplicated, and watchers continue, whatever fails",
  ignore: !hasPostgres,
  fn: async (test) => {
    const random = randomNumbers(SEED);
    const port = freePort();
    await using home = await ClusterHome.start({
      args: ["--tasks", TASKS, "--public-url", `http://127.0.0.1:${port}`, ...SHORT_WAITS],
    });
    const nginx = await findNginx({});
    await using balancer = nginx === undefined
      ? undefined
      : await Nginx.start(nginx, port, { port: home.members.map((member) => member.port) });
    const faults = FAULTS.filter(({ isForExecutable }) =>
      EXECUTABLE === undefined || IS_SOAK || isForExecutable
    );
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [n, fault] of faults.entries()) {
        const { name, run, isBehindNginx = false, isOrderly = false, startsOver = false } = fault;
        await test.step({
          name: `${name}, round ${round}`,
          // The nodes and the proxies outlive this step.
          sanitizeOps: false,
          sanitizeResources: false,
          fn: async () => {
            const client = `round-${round}-${n}`;
            const outcome = await trial({
              home,
              client,
              random,
              fault: (reports) => run(home, reports),
              ...(isBehindNginx && balancer !== undefined && { url: balancer.url }),
            });
            assertEquals(outcome.complaints, [], `seed ${SEED}: ${JSON.stringify(outcome)}`);
            if (!startsOver) assertEquals(outcome.resyncs, 0, "watchers that had to start over");
            if (isOrderly) {
              assertLessOrEqual(outcome.connections, 1 + home.members.length, "connections of a watcher");
            }
          },
        });
      }
    }
    if (EXECUTABLE !== undefined && !IS_SOAK) return;
    await test.step({
      name: "an asynchronous standby takes over, and no node or watcher shows the change that is lost",
      // The nodes and the proxies outlive this step, too; the whole test checks that nothing is left behind.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => loseChange(home, random),
    });
  },
});
