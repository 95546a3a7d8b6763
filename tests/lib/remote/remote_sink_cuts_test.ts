/** Tests reports over connections that break at random times. */

import { RemoteSink } from "../../../lib/remote/remote_sink.ts";
import type { Task } from "../../../lib/task/task.ts";
import { linesLeftOut } from "../../../lib/reporter/lines_left_out.ts";
import { assertEquals, assertGreater, assertLess } from "../../support/assert.ts";
import { logOf, RemoteTask, shown } from "../../support/remote_task.ts";
import { startServer } from "../../support/server.ts";
import { randomNumbers } from "../../support/simulated_wire.ts";
import { TestSocket } from "../../support/socket.ts";
import { TcpProxy } from "../../support/tcp_proxy.ts";
import { until } from "../../support/until.ts";

/** Waits for the given time, so that the event loop can run. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Checks the records that a watcher receives: no value may ever decrease. */
class Watched {
  readonly #newest: Map<string, Task> = new Map();
  /** The number of records that were checked. */
  seen = 0;

  take(task: Task): void {
    const before = this.#newest.get(task.id);
    this.seen++;
    if (before !== undefined) {
      const goes = [before.version, before.progress ?? 0, before.log_count, before.report_seq ?? 0];
      const to = [task.version, task.progress ?? 0, task.log_count, task.report_seq ?? 0];
      const isBack = goes.some((value, index) => to[index]! < value) || (!before.active && task.active);
      if (isBack) throw new Error(`${JSON.stringify(before)} went back to ${JSON.stringify(task)}`);
    }
    this.#newest.set(task.id, task);
  }
}

for (const seed of [1, 2, 3]) {
  Deno.test(`RemoteSink neither loses, duplicates nor reverts reports over 25 broken connections, seed ${seed}`, async () => {
    const random = randomNumbers(seed);
    const steps = 400;
    const tasksAtOnce = 12;
    const cuts = 25;
    await using server = startServer({ limits: { logLinesPerTask: 100_000 } });
    await using proxy = new TcpProxy(server.port);
    await using watcher = new TestSocket(`${server.url}/ws/tasks/default?mode=delta`);
    using sink = new RemoteSink(proxy.url);
    let isOver = false;

    async function work(id: string): Promise<number> {
      const task = new RemoteTask(sink, id, { flushIntervalMs: random() < 0.5 ? 0 : 20 });
      const child = random() < 0.5
        ? new RemoteTask(sink, `${id}.child`, { create: { parent_id: id } })
        : null;
      let lines = 0;
      for (let step = 1; step <= steps || !isOver; step++) {
        // Log only in the first steps, so that no task writes more log lines than the sink keeps while it is
        // disconnected.
        if (step <= steps) {
          task.reporter.log(`${id} line ${lines++} ${"x".repeat(Math.floor(random() * 300))}`);
        }
        task.reporter.update({ progress: Math.min(99, step / 5), current: step, status: `step ${step}` });
        child?.reporter.update({ current: step });
        await pause(random() < 0.2 ? 3 : 0);
      }
      task.reporter.update({ metadata: { last: true } });
      child?.finish();
      task.finish({ lines });
      return lines;
    }

    const works = Array.from({ length: tasksAtOnce }, (_, n) => work(`t${n}`));
    for (let cut = 0; cut < cuts; cut++) {
      await until(() => proxy.open > 0 && sink.ready);
      await pause(random() * 40);
      if (random() < 0.3) {
        proxy.refuse();
        await pause(random() * 40);
        await proxy.restore();
      } else {
        proxy.cut();
      }
    }
    isOver = true;
    const lines = await Promise.all(works);
    await sink.settled();
    await until(() => sink.ready);
    await sink.settled();

    const tasks = new Map(server.monitor.registry.tasks("default").map((task) => [task.id, task]));
    for (let n = 0; n < tasksAtOnce; n++) {
      const task = tasks.get(`t${n}`)!;
      assertEquals([task.state, task.progress, task.result], ["FINISHED", 100, { lines: lines[n] }]);
      assertEquals([task.metadata, task.log_count], [{ last: true }, lines[n]]);
      const log = await logOf(server.url, { client: "default", id: `t${n}` });
      assertEquals(
        log.map((line) => Number(line.split(" ")[2])),
        Array.from({ length: lines[n]! }, (_, i) => i),
      );
      assertEquals([tasks.get(`t${n}.child`)?.state ?? "FINISHED"], ["FINISHED"]);
    }
    await watcher.find((message) =>
      message.cursor === `${server.monitor.registry.cursor.epoch}:${server.monitor.registry.cursor.seq}`
    );
    const watched = new Watched();
    for (const { all_tasks, tasks } of watcher.messages) {
      for (const task of tasks ?? Object.values(all_tasks ?? {})) watched.take(task);
    }
    assertGreater(watched.seen, 200);
    assertGreater(proxy.upgrades, cuts, "each cut led to a new connection");
    assertEquals(server.errors, []);
  });
}

Deno.test("RemoteSink keeps a task's last update and a limited number of log lines while it is disconnected", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 100_000 } });
  await using proxy = new TcpProxy(server.port);
  using sink = new RemoteSink(proxy.url);
  const logBuffer = { taskCharacters: 100_000, allCharacters: 1_000_000 };
  const task = new RemoteTask(sink, "t", { flushIntervalMs: 50, logBuffer });
  await shown(server.url, task, () => true);
  proxy.refuse();
  await until(() => !sink.ready);
  const before = proxy.bytes;
  const updates = 1_000_000;
  for (let n = 0; n < updates; n++) {
    task.reporter.update({ current: n, status: `at ${n}` });
    if (n % 100 === 0) task.reporter.log(`line ${n / 100}`);
  }
  await proxy.restore();
  task.finish();
  const seen = await shown(server.url, task, ({ state }) => state === "FINISHED");
  assertEquals([seen.current, seen.status], [updates - 1, `at ${updates - 1}`]);
  const [notice, ...kept] = await logOf(server.url, task);
  assertEquals(kept, Array.from({ length: kept.length }, (_, n) => `line ${10_000 - kept.length + n}`));
  assertEquals(notice, linesLeftOut(10_000 - kept.length));
  assertLess(
    proxy.bytes - before,
    200_000,
    "the amount of held back data does not grow with the number of updates",
  );
});
