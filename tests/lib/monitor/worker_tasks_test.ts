import { NodeSink } from "../../../lib/monitor/cluster/node_sink.ts";
import { OwnerLink } from "../../../lib/monitor/cluster/owner_link.ts";
import { WorkerTasks } from "../../../lib/monitor/cluster/worker_tasks.ts";
import type { ReporterCommand } from "../../../lib/reporter/reporter_command.ts";
import type { Transport, TransportEvents } from "../../../lib/remote/remote_transport.ts";
import { parseJson, parseNodeReport } from "../../../lib/task/protocol.ts";
import type { LogChange, ReportedChange } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RecordingSink } from "../../support/recording_sink.ts";
import { until } from "../../support/until.ts";

/** The tasks of workers, with the reports that the monitor gets and the commands that the workers get. */
class Workers implements Disposable {
  readonly sink: RecordingSink = new RecordingSink();
  readonly told: (readonly [member: string, command: ReporterCommand])[] = [];
  readonly tasks: WorkerTasks;

  constructor(limits: ConstructorParameters<typeof WorkerTasks>[1] = {}) {
    this.tasks = new WorkerTasks(this.sink, limits);
    this.tasks.tell = (member, command) => this.told.push([member, command]);
  }

  /** Reports changes of task "1" of client "c". */
  report(...changes: readonly ReportedChange[]): void {
    for (const change of changes) this.tasks.take("worker", { client: "c", id: "1", at: 1, change });
  }

  [Symbol.dispose](): void {
    this.tasks[Symbol.dispose]();
  }
}

/** Returns the link to an owner that refuses the creation of some tasks; `sent` gets the ids of all created tasks. */
function refusing(isRefused: (id: string) => boolean, sent: string[]): OwnerLink {
  const link = new OwnerLink();
  const open = ({ onOpen, onReply }: TransportEvents): Transport => {
    queueMicrotask(onOpen);
    return {
      window: 8,
      send(batch, reports) {
        for (const report of reports) {
          const { client, id } = parseNodeReport(parseJson(report));
          sent.push(id);
          if (!isRefused(id)) continue;
          queueMicrotask(() => onReply({ type: "refused", client, id, reason: "too many tasks" }));
        }
        queueMicrotask(() => onReply({ type: "taken", batch }));
      },
      close() {},
    };
  };
  link.lead({ key: "1", open });
  return link;
}

function line(first: number): LogChange {
  return { type: "log", first, lines: [{ at: 1, text: "a line" }] };
}

Deno.test("WorkerTasks passes reports on, and commands back to the worker", () => {
  using workers = new Workers();
  workers.report(createChange(), { type: "start" }, { type: "update", current: 1 });
  const [task] = workers.sink.opened;
  task!.cancelRequested();
  task!.interrupted();
  task!.restate([]);
  assertEquals(workers.told, [
    ["worker", { type: "cancel", client: "c", id: "1" }],
    ["worker", { type: "interrupt", client: "c", id: "1" }],
    ["worker", { type: "unknown", client: "c", id: "1" }],
  ]);
  workers.report(createChange(), { type: "start" }, { type: "finish", result: 5 });
  assertEquals([workers.sink.task("1").result, workers.sink.closed], [5, [task!]]);
});

Deno.test("WorkerTasks merges updates while the sink is not ready, and keeps the order", () => {
  using workers = new Workers();
  workers.report(createChange(), { type: "start" });
  workers.sink.ready = false;
  workers.report(
    { type: "update", current: 1, metadata: { a: 1 }, values: { loss: 3 } },
    { type: "update", current: 2, metadata: { b: 2 }, values: { size: 4 } },
    line(0),
    { type: "update", current: 3 },
  );
  assertEquals(workers.sink.types, ["create", "start", "update", "log"]);
  assertEquals(workers.sink.reports[2]!.change, {
    type: "update",
    current: 2,
    metadata: { a: 1, b: 2 },
    values: { loss: [[1, 3]], size: [[1, 4]] },
  });
  workers.sink.ready = true;
  assertEquals([workers.sink.types.length, workers.sink.task("1").current], [5, 3]);
});

Deno.test("WorkerTasks sends all values that were reported while the sink was not ready", () => {
  using workers = new Workers();
  workers.report(createChange(), { type: "start" });
  workers.sink.ready = false;
  for (let n = 1; n <= 5; n++) workers.report({ type: "update", values: { loss: [[n, n * 10]] } });
  workers.sink.ready = true;
  workers.report({ type: "update", values: { loss: [[6, 60]] } });
  assertEquals(workers.sink.reports.slice(2).map(({ change }) => change), [
    { type: "update", values: { loss: [[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]] } },
    { type: "update", values: { loss: [[6, 60]] } },
  ]);
});

Deno.test("WorkerTasks refuses a task whose reports would wait without bound", () => {
  using workers = new Workers({ waitingCharacters: 1_000 });
  workers.report(createChange(), { type: "start" });
  workers.sink.ready = false;
  for (let n = 0; n < 20; n++) workers.report(line(n));
  const [[member, command]] = workers.told as [[string, ReporterCommand]];
  assertEquals([member, command.type], ["worker", "refused"]);
  assertEquals(workers.sink.closed, workers.sink.opened);
});

Deno.test("WorkerTasks closes a refused task, and sends the next run with its id", () => {
  using workers = new Workers();
  workers.report(createChange(), { type: "start" });
  workers.sink.ready = false;
  workers.report({ type: "update", current: 1 });
  const [task] = workers.sink.opened;
  task!.refused("too many tasks");
  assertEquals(workers.sink.closed, [task!]);
  // The worker does not know of the refusal yet. A second answer could refuse its next run.
  workers.report({ type: "update", current: 2 }, { type: "finish", result: null });
  workers.sink.ready = true;
  assertEquals(workers.told, [
    ["worker", { type: "refused", client: "c", id: "1", reason: "too many tasks" }],
  ]);
  workers.report(createChange({ name: "again" }), { type: "start" }, { type: "finish", result: 5 });
  assertEquals(workers.sink.types, ["create", "start", "create", "start", "finish"]);
  assertEquals([workers.sink.task("1").name, workers.sink.task("1").result], ["again", 5]);
  assertEquals(workers.sink.closed, workers.sink.opened);
  assertEquals(workers.told.length, 1);
});

Deno.test("WorkerTasks frees the id and the place of a refused task for other workers", async () => {
  const sent: string[] = [];
  const warnings: string[] = [];
  using sink = new NodeSink("node:1", refusing((id) => id !== "wanted", sent), "http://node", (text) => {
    warnings.push(text);
  });
  using tasks = new WorkerTasks(sink);
  const told: string[] = [];
  tasks.tell = (member, { id, type }) => void told.push(`${member} ${id} ${type}`);
  const create = (member: string, id: string) =>
    tasks.take(member, { client: "c", id, at: 1, change: createChange() });
  // The sink accepts 10,000 tasks at a time.
  for (let n = 0; n < 10_000; n++) create("one", `${n}`);
  await until(() => told.length === 10_000);
  create("other", "0");
  await until(() => told.length === 10_001);
  create("other", "wanted");
  await until(() => sent.includes("wanted"));
  assertEquals([sent.filter((id) => id === "0").length, told.length, warnings], [2, 10_001, []]);
});

Deno.test("WorkerTasks interrupts the tasks of a worker that does not come back", async () => {
  using workers = new Workers({ awayMs: 1 });
  workers.report(createChange(), { type: "start" });
  workers.tasks.gone("worker");
  await until(() => workers.sink.closed.length === 1);
  assertEquals([workers.sink.task("1").state, workers.sink.task("1").error?.type], ["ERROR", "interrupted"]);
  workers.report({ type: "update", current: 1 });
  assertEquals(workers.told, [["worker", { type: "refused", client: "c", id: "1", reason: null }]]);
});

Deno.test("WorkerTasks keeps the tasks of a worker that was only blocked", () => {
  using workers = new Workers({ awayMs: 60_000 });
  workers.report(createChange(), { type: "start" });
  workers.tasks.gone("worker");
  workers.report({ type: "finish", result: null });
  assertEquals(workers.sink.task("1").state, "FINISHED");
});

Deno.test("WorkerTasks repeats its commands to a worker that is back, and no longer counts it as gone", () => {
  using clock = new FakeClock();
  using workers = new Workers({ awayMs: 1_000 });
  workers.report(createChange(), { type: "start" });
  workers.tasks.gone("worker");
  const [task] = workers.sink.opened;
  task!.restate([]);
  task!.cancelRequested();
  const told = workers.told.splice(0);
  workers.tasks.back("worker");
  assertEquals(workers.told.splice(0), told);
  workers.report(createChange(), { type: "start" });
  // The worker was blocked again, and is back without a report.
  for (const _ of [1, 2]) workers.tasks.gone("worker");
  workers.tasks.back("worker");
  assertEquals(workers.told, [["worker", { type: "cancel", client: "c", id: "1" }]]);
  clock.pass(10_000);
  workers.report({ type: "finish", result: null });
  assertEquals(workers.sink.task("1").state, "FINISHED");
});
