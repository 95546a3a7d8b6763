/** Tests what happens to the functions that run in a node when its process is killed. */

import type { Task } from "../../lib/task/task.ts";
import { assertEquals, assertLessOrEqual, assertMatch } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import { startEmbedding } from "../support/nodes/embedding_program.ts";
import { hasPostgres } from "../support/postgres_cluster.ts";
import { shown } from "../support/remote_task.ts";

const LEASE_MS = 1_000;

function keyOf(id: string): { readonly client: string; readonly id: string } {
  return { client: "default", id };
}

function isRunning({ current }: Task): boolean {
  return current !== null;
}

function isOver({ active }: Task): boolean {
  return !active;
}

Deno.test({
  name:
    "cluster: if a follower is killed, the tasks of its functions are marked as interrupted, and other tasks continue",
  ignore: !hasPostgres,
  fn: async () => {
    await using home = await ClusterHome.start({ nodes: 1, isProxied: false, leaseMs: LEASE_MS });
    const { url } = home.members[0]!;
    await using killed = await startEmbedding(home.postgres.url, "killed", LEASE_MS);
    await using _other = await startEmbedding(home.postgres.url, "other", LEASE_MS);
    await call("POST", `${url}/tasks/default`, { body: { id: "over-http", name: "work", started: true } });
    const { reporter } = await shown(url, keyOf("killed"), isRunning);
    await shown(url, keyOf("other"), isRunning);
    const startMs = performance.now();
    killed.kill("SIGKILL");
    const task = await shown(url, keyOf("killed"), isOver);
    assertLessOrEqual(performance.now() - startMs, LEASE_MS + 5_000);
    assertEquals([task.state, task.error?.type, task.reporter], ["ERROR", "interrupted", reporter]);
    assertMatch(reporter!, /^node:/);
    assertEquals(task.error?.message, `Node ${reporter!.slice("node:".length)} ended while the task ran`);
    const { current } = await shown(url, keyOf("other"), isRunning);
    await shown(url, keyOf("other"), (task) => task.current! > current!);
    assertEquals((await call("GET", `${url}/tasks/default/over-http`)).json.active, true);
  },
});
