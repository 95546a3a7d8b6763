/**
 * Tests that a request to start a registered function is accepted by any node, and run by a node that has the
 * function.
 */

import type { MonitoredTask } from "../../../lib/mod.ts";
import type { Task } from "../../../lib/task/task.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { EmbeddedNode } from "../../support/nodes/embedded_node.ts";
import { testPostgres } from "../../support/postgres_cluster.ts";
import { shown } from "../../support/remote_task.ts";

/** A function that runs until its task is cancelled or its node shuts down. */
function endless(task: MonitoredTask): Promise<never> {
  return new Promise((_, reject) => {
    task.signal.addEventListener("abort", () => reject(task.signal.reason), { once: true });
  });
}

function isRunning({ active, started_at }: Task): boolean {
  return active && started_at !== null;
}

function isOver({ active }: Task): boolean {
  return !active;
}

testPostgres(
  "any node can start a function, which runs on a node that has registered it",
  async (cluster) => {
    const started: unknown[] = [];
    const double = (_: MonitoredTask, number: number) => {
      started.push(number);
      return Promise.resolve(2 * number);
    };
    const nodes = await EmbeddedNode.openAll(cluster, [{}, { tasks: { double } }, {}]);
    await using _first = nodes[0]!, _second = nodes[1]!, _third = nodes[2]!;
    const reporters = new Set<string | null>();
    for (const [number, { url }] of nodes.entries()) {
      const { status, json, headers } = await call("POST", `${url}/tasks/default/start/double`, {
        body: { args: [number], tags: ["tagged"] },
      });
      assertEquals([status, headers.get("location")], [202, `/tasks/default/${json.task_id}`]);
      for (const other of nodes) {
        assertEquals((await call("GET", `${other.url}/tasks/default/${json.task_id}`)).status, 200);
      }
      const task = await shown(url, { client: "default", id: json.task_id }, isOver);
      assertEquals([task.state, task.result, task.tags], ["FINISHED", 2 * number, ["tagged"]]);
      reporters.add(task.reporter);
      const again = await call("POST", `${url}/tasks/default/${json.task_id}/retry`);
      assertEquals(again.status, 202);
      const retried = await shown(url, { client: "default", id: again.json.task_id }, isOver);
      assertEquals([retried.result, retried.attempt, retried.retry_of], [2 * number, 2, json.task_id]);
      reporters.add(retried.reporter);
    }
    assertEquals(started, [0, 0, 1, 1, 2, 2]);
    assertEquals(reporters.size, 1);
    assertMatch([...reporters][0]!, /^node:/);
    const form = new URLSearchParams({ args: "[3]" });
    const page = await fetch(`${nodes[2]!.url}/t/default/start/double`, {
      method: "POST",
      body: form,
      redirect: "manual",
    });
    await page.body?.cancel();
    assertEquals([page.status, page.headers.get("location")], [303, "/t/default"]);
    assertEquals(started.at(-1), 3);
    for (const { url } of nodes) {
      const { status, json } = await call("POST", `${url}/tasks/default/start/unknown`);
      assertEquals([status, json.code], [404, "unknown_task_name"]);
    }
  },
);

testPostgres(
  "a node refuses arguments that are too large for a report to the owner of the task, and starts other tasks",
  async (cluster) => {
    const count = (_: MonitoredTask, ...all: unknown[]) => Promise.resolve(all.length);
    const nodes = await EmbeddedNode.openAll(cluster, [{ tasks: { count } }, { tasks: { count } }]);
    await using _first = nodes[0]!, _second = nodes[1]!;
    const owner = await EmbeddedNode.owner(cluster, nodes);
    for (const { url } of [owner, nodes.find((node) => node !== owner)!]) {
      // In a report, each of these numbers has 21 digits.
      const large = await fetch(`${url}/tasks/default/start/count`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: `{"args":[[${Array(60_000).fill("1e20").join()}]]}`,
      });
      assertEquals([large.status, (await large.json()).code], [413, "body_too_large"]);
      const small = await call("POST", `${url}/tasks/default/start/count`, { body: { args: [1, 2] } });
      assertEquals(small.status, 202);
      const task = await shown(url, { client: "default", id: small.json.task_id }, isOver);
      assertEquals([task.state, task.result], ["FINISHED", 2]);
    }
  },
);

testPostgres(
  "when the only node with a function is lost, its tasks are interrupted, and the function is unknown",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster, [{}, { tasks: { endless } }, {}]);
    await using first = nodes[0]!, second = nodes[1]!, _third = nodes[2]!;
    const { status, json } = await call("POST", `${first.url}/tasks/default/start/endless`);
    assertEquals(status, 202);
    await shown(first.url, { client: "default", id: json.task_id }, isRunning);
    second.isolate();
    const task = await shown(first.url, { client: "default", id: json.task_id }, isOver);
    assertEquals([task.state, task.error?.type], ["ERROR", "interrupted"]);
    const again = await call("POST", `${first.url}/tasks/default/start/endless`);
    assertEquals([again.status, again.json.code], [404, "unknown_task_name"]);
    await second.rejoin();
  },
);

testPostgres("a node that shuts down leaves starts to other nodes", async (cluster) => {
  const options = { tasks: { endless }, limits: { leaveMs: 2_000 } };
  const nodes = await EmbeddedNode.openAll(cluster, [options, options, {}]);
  await using first = nodes[0]!, _second = nodes[1]!, third = nodes[2]!;
  const leaving = first.shutdown();
  const ids: string[] = [];
  for (const { url } of [first, third, first, third]) {
    const { status, json } = await call("POST", `${url}/tasks/default/start/endless`);
    assertEquals(status, 202);
    ids.push(json.task_id);
  }
  await leaving;
  for (const id of ids) await shown(third.url, { client: "default", id }, isRunning);
});
