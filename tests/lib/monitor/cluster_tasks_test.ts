/** Tests the tasks that run inside the nodes of a cluster, in programs that embed them. */

import type { MonitoredTask } from "../../../lib/mod.ts";
import type { Task } from "../../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
} from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { EmbeddedNode, LEASE_MS } from "../../support/nodes/embedded_node.ts";
import { testPostgres } from "../../support/postgres_cluster.ts";
import { logOf, shown } from "../../support/remote_task.ts";
import { until } from "../../support/until.ts";

/** A monitored function that runs until the test calls `end()`. */
class Work {
  readonly #end = Promise.withResolvers<string>();
  readonly #began = Promise.withResolvers<MonitoredTask>();

  readonly run = async (task: MonitoredTask): Promise<string> => {
    this.#began.resolve(task);
    const aborted = new Promise<never>((_, reject) => {
      task.signal.addEventListener("abort", () => reject(task.signal.reason), { once: true });
    });
    return await Promise.race([this.#end.promise, aborted]);
  };

  /** Resolves with the task once the function runs. */
  get task(): Promise<MonitoredTask> {
    return this.#began.promise;
  }

  end(result = "done"): void {
    this.#end.resolve(result);
  }
}

function keyOf(id: string, client = "default"): { readonly client: string; readonly id: string } {
  return { client, id };
}

function isRunning({ active, started_at }: Task): boolean {
  return active && started_at !== null;
}

function isOver({ active }: Task): boolean {
  return !active;
}

testPostgres("monitored() runs on every node, and every node shows it", async (cluster) => {
  const nodes = await EmbeddedNode.openAll(cluster);
  await using _first = nodes[0]!, _second = nodes[1]!, _third = nodes[2]!;
  const reporters = new Set<string>();
  for (const [index, { monitor }] of nodes.entries()) {
    const double = monitor.monitored(async (task, numbers: number[]) => {
      task.log(`from node ${index}`);
      for await (const _ of task.track(numbers));
      return numbers.length * 2;
    }, { name: "double" });
    const run = double.start([1, 2, 3]);
    assertEquals(await run.done, 6);
    for (const { url } of nodes) {
      const task = await shown(url, keyOf(run.id), isOver);
      assertEquals([task.state, task.current, task.result, task.log_count], ["FINISHED", 3, 6, 1]);
      assertMatch(task.reporter!, /^node:/);
      reporters.add(task.reporter!);
    }
  }
  assertEquals(reporters.size, 3);
});

testPostgres(
  "a running task loses and duplicates no reports while its shard moves between nodes",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster);
    await using first = nodes[0]!, second = nodes[1]!, third = nodes[2]!;
    const works = [second, third].map((node) => {
      const work = new Work();
      return { node, work, run: node.monitor.monitored(work.run, { name: "long" }).start(), lines: 0 };
    });
    const log = async (count: number) => {
      for (let line = 0; line < count; line++) {
        for (const each of works) {
          const task = await each.work.task;
          task.log(`line ${each.lines}`);
          await task.update({ current: each.lines++, total: 300 });
        }
      }
    };
    await log(100);
    const handingOver = first.shutdown();
    await log(100);
    await handingOver;
    for (const { run } of works) await shown(second.url, keyOf(run.id), ({ log_count }) => log_count === 200);
    // The next owner loses all of its connections, as if its machine failed.
    const owner = await EmbeddedNode.owner(cluster, [second, third]);
    owner.isolate();
    const { node, run, work } = works.find((each) => each.node !== owner)!;
    await log(100);
    work.end();
    assertEquals(await run.done, "done");
    const ended = await shown(node.url, keyOf(run.id), isOver);
    assertEquals([ended.state, ended.current, ended.result], ["FINISHED", 299, "done"]);
    assertEquals(
      await logOf(node.url, keyOf(run.id)),
      Array.from({ length: 300 }, (_, index) => `line ${index}`),
    );
    await owner.rejoin();
  },
);

testPostgres(
  "the tasks of a node continue when the node loses the ownership of all tasks",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster, [{}, {}]);
    await using owner = nodes[0]!, other = nodes[1]!;
    const work = new Work();
    const run = owner.monitor.monitored(work.run, { name: "long" }).start();
    (await work.task).log("before");
    await shown(other.url, keyOf(run.id), ({ log_count }) => log_count === 1);
    owner.database.blackhole();
    await EmbeddedNode.owner(cluster, [other]);
    await owner.database.restore();
    owner.database.cut();
    (await work.task).log("after");
    await shown(other.url, keyOf(run.id), ({ log_count }) => log_count === 2);
    work.end();
    assertEquals(await run.done, "done");
    assertEquals((await shown(other.url, keyOf(run.id), isOver)).state, "FINISHED");
    await shown(owner.url, keyOf(run.id), isOver);
  },
);

testPostgres(
  "the tasks of a node that is unreachable for longer than its lease are interrupted, also in that node",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster);
    await using first = nodes[0]!, _second = nodes[1]!, third = nodes[2]!;
    const works = [new Work(), new Work()];
    const [stays, goes] = [first, third].map(({ monitor }, index) =>
      monitor.monitored(works[index]!.run, { name: "long" }).start()
    );
    await Promise.all(
      [stays!, goes!].map(({ id }) => shown(first.url, keyOf(id), isRunning)),
    );
    const startMs = performance.now();
    third.isolate();
    const ended = await shown(first.url, keyOf(goes!.id), isOver);
    assertLessOrEqual(performance.now() - startMs, LEASE_MS + 5_000);
    assertEquals([ended.state, ended.error?.type], ["ERROR", "interrupted"]);
    assertEquals((await call("GET", `${first.url}/tasks/default/${stays!.id}`)).json.active, true);
    await third.rejoin();
    (await works[1]!.task).log("awake");
    const { signal } = await works[1]!.task;
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    assertEquals(await goes!.done.catch(() => "interrupted"), "interrupted");
    works[0]!.end();
    await stays!.done;
  },
);

testPostgres(
  "a node that takes over the tasks stops its own tasks that were interrupted in the meantime",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster, [{}, {}]);
    await using first = nodes[0]!, second = nodes[1]!;
    const work = new Work();
    const run = second.monitor.monitored(work.run, { name: "long" }).start();
    await shown(first.url, keyOf(run.id), isRunning);
    second.isolate();
    assertEquals((await shown(first.url, keyOf(run.id), isOver)).error?.type, "interrupted");
    await first.shutdown();
    await second.rejoin();
    await EmbeddedNode.owner(cluster, [second]);
    const task = await work.task;
    task.log("awake");
    await until(() => task.signal.aborted);
    assertEquals(await run.done.catch(() => "interrupted"), "interrupted");
  },
);

testPostgres(
  "a node that shuts down waits for its tasks during the grace period, and then interrupts the others",
  async (cluster) => {
    for (const leaver of [0, 1]) {
      cluster.clear();
      const nodes = await EmbeddedNode.openAll(cluster, [{}, {}]);
      await using _first = nodes[0]!, _second = nodes[1]!;
      const leaving = nodes[leaver]!;
      const staying = nodes[1 - leaver]!;
      const { monitored } = leaving.monitor;
      const steps: string[] = [];
      const tidy = monitored(async (task) => {
        await new Promise((resolve) => task.signal.addEventListener("abort", resolve, { once: true }));
        const { json } = await call("GET", `${staying.url}/nodes`);
        steps.push(`${json.nodes.length} nodes`);
        await task.update({ status: "tidied up" });
        return "tidy";
      }, { name: "tidy" }).start();
      const endless = monitored(() => new Promise<never>(() => {}), { name: "endless" }).start();
      await Promise.all(
        [tidy, endless].map(({ id }) => shown(staying.url, keyOf(id), isRunning)),
      );
      await leaving.shutdown(500);
      assertEquals(await tidy.done, "tidy");
      assertEquals(steps, ["2 nodes"]);
      const [finished, interrupted] = await Promise.all(
        [tidy, endless].map(({ id }) => shown(staying.url, keyOf(id), isOver)),
      );
      assertEquals([finished!.state, finished!.status, finished!.result], ["FINISHED", "tidied up", "tidy"]);
      assertEquals([interrupted!.state, interrupted!.error?.type], ["ERROR", "interrupted"]);
    }
  },
);

testPostgres("a cancellation reaches the function, whichever node runs it", async (cluster) => {
  const nodes = await EmbeddedNode.openAll(cluster);
  await using first = nodes[0]!, second = nodes[1]!, third = nodes[2]!;
  for (const [runs, asked] of [[third, first], [third, second], [first, third]] as const) {
    const work = new Work();
    const run = runs.monitor.monitored(work.run, { name: "long" }).start();
    await shown(asked.url, keyOf(run.id), isRunning);
    assertEquals((await call("POST", `${asked.url}/tasks/default/${run.id}/cancel`)).status, 202);
    assertEquals((await shown(asked.url, keyOf(run.id), isOver)).state, "CANCELLED");
    assert((await work.task).signal.aborted);
    await run.done.catch(() => {});
  }
});

testPostgres("only the node itself can report in its name", async (cluster) => {
  const nodes = await EmbeddedNode.openAll(cluster, [{}, {}]);
  await using owner = nodes[0]!, other = nodes[1]!;
  const work = new Work();
  const run = other.monitor.monitored(work.run, { name: "long" }).start();
  const { reporter } = await shown(owner.url, keyOf(run.id), isRunning);
  assertNotEquals(reporter, null);
  const report = { ...keyOf(run.id), at: 1, seq: 1_000_000, change: { type: "finish", result: "forged" } };
  const body = { batch: 1, sent_at: 1, reports: [report] };
  for (const { url } of nodes) {
    for (const id of [reporter!, reporter!.slice("node:".length)]) {
      const { status, json } = await call("POST", `${url}/report?reporter=${encodeURIComponent(id)}`, {
        body,
      });
      assertEquals(
        id === reporter ? [status, json.code] : status,
        id === reporter ? [400, "bad_reporter"] : 200,
      );
    }
    const signed = { "taskscope-forwarded": `v1.${Date.now()}.${"a".repeat(16)}-1.e30.${"a".repeat(43)}` };
    const { status, json } = await call("POST", `${url}/report?reporter=${reporter}`, {
      body,
      headers: signed,
    });
    assertEquals([status, json.code], [403, "bad_forwarding"]);
  }
  assertEquals((await call("GET", `${owner.url}/tasks/default/${run.id}`)).json.active, true);
  work.end();
  await run.done;
  assertEquals((await shown(owner.url, keyOf(run.id), isOver)).result, "done");
});
