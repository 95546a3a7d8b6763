/** Tests the tasks that run in workers of the nodes of a cluster. */

import type { Task } from "../../../lib/task/task.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { Isolate } from "../../support/isolate.ts";
import { EmbeddedNode } from "../../support/nodes/embedded_node.ts";
import { testPostgres } from "../../support/postgres_cluster.ts";
import { logOf, shown } from "../../support/remote_task.ts";

const WORKER = new URL("./lines_worker.ts", import.meta.url);

/** The names of the nodes' broadcast channels. */
const CHANNELS = ["workers-0", "workers-1"];

function keyOf(id: string): { readonly client: string; readonly id: string } {
  return { client: "default", id };
}

function isOver({ active }: Task): boolean {
  return !active;
}

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index}`);
}

testPostgres(
  "functions in workers of every node report, even while the tasks move to another node",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster, [...CHANNELS.map((channel) => ({ channel })), {}]);
    await using first = nodes[0]!, second = nodes[1]!, third = nodes[2]!;
    using one = new Isolate(WORKER), other = new Isolate(WORKER);
    const workers = [one, other];
    const log = async (count: number) =>
      void await Promise.all(workers.map((worker) => worker.call("log", count)));
    for (const [n, worker] of workers.entries()) {
      await worker.call("start", { id: `task-${n}`, channel: CHANNELS[n] });
    }
    await log(20);
    const reporters = new Set<string>();
    for (const n of workers.keys()) {
      for (const { url } of nodes) {
        const task = await shown(url, keyOf(`task-${n}`), ({ current }) => current === 20);
        assertMatch(task.reporter!, /^node:/);
        reporters.add(task.reporter!);
      }
    }
    assertEquals(reporters.size, 2);
    // The first node, which owns the tasks, loses its database, so another node takes them over.
    first.database.blackhole();
    await log(10);
    await EmbeddedNode.owner(cluster, [second, third]);
    await log(10);
    await first.database.restore();
    first.database.cut();
    await log(10);
    for (const [n, worker] of workers.entries()) {
      assertEquals(await worker.call("end"), "ended");
      const task = await shown(third.url, keyOf(`task-${n}`), isOver);
      assertEquals([task.state, task.result, task.current], ["FINISHED", "ended", 50]);
      assertEquals(await logOf(third.url, keyOf(`task-${n}`)), lines(50));
    }
  },
);

testPostgres(
  "a cancellation and the shutdown of a node reach the functions in its workers",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster, [{}, { channel: CHANNELS[1]! }]);
    await using first = nodes[0]!, second = nodes[1]!;
    using one = new Isolate(WORKER), other = new Isolate(WORKER);
    for (const [n, worker] of [one, other].entries()) {
      await worker.call("start", { id: `task-${n}`, channel: CHANNELS[1] });
      await worker.call("log", 1);
      await shown(first.url, keyOf(`task-${n}`), ({ current }) => current === 1);
    }
    assertEquals((await call("POST", `${first.url}/tasks/default/task-0/cancel`)).status, 202);
    assert(await one.call("aborted"));
    assertEquals((await shown(first.url, keyOf("task-0"), isOver)).state, "CANCELLED");
    await second.shutdown();
    assert(await other.call("aborted"));
    const task = await shown(first.url, keyOf("task-1"), isOver);
    assertEquals([task.state, task.error?.type], ["ERROR", "interrupted"]);
  },
);
