import { CommandTask } from "../../../../lib/cli/run/command_task.ts";
import { OutputHeartbeat } from "../../../../lib/cli/run/output_heartbeat.ts";
import { LocalSink } from "../../../../lib/registry/local_sink.ts";
import { parseReport } from "../../../../lib/task/protocol.ts";
import { assertEquals } from "../../../support/assert.ts";
import { createChange } from "../../../support/changes.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { RecordingSink } from "../../../support/recording_sink.ts";
import { TestRegistry } from "../../../support/registry.ts";

const HANDLERS = {
  onCancel() {},
  onInterrupt() {},
  warn() {},
  errorOutput: "stderr",
  expectedWeight: null,
} as const;
const KEY = { client: "c", id: "t" };
const encoder = new TextEncoder();

Deno.test("OutputHeartbeat beats a third of the time after the last report, but only if there was output since", () => {
  using clock = new FakeClock();
  const beats: number[] = [];
  const start = performance.now();
  const heartbeat = new OutputHeartbeat(9, () => beats.push(Math.round(performance.now() - start)));
  clock.pass(1_000);
  heartbeat.wrote();
  clock.pass(1_000);
  heartbeat.wrote();
  clock.pass(18_000);
  assertEquals(beats, [3_000], "the output of two seconds, and then none");
  heartbeat.wrote();
  clock.pass(0);
  assertEquals(beats, [3_000, 20_000], "output after a long silence");
  heartbeat.wrote();
  clock.pass(1_000);
  heartbeat.reported();
  clock.pass(10_000);
  assertEquals(beats.length, 2, "the output led to another report");
  heartbeat.wrote();
  heartbeat.stop();
  assertEquals([beats.length, clock.pending], [2, 0]);
});

Deno.test("OutputHeartbeat waits at most ten minutes, and never beats if the task cannot become stale", () => {
  using clock = new FakeClock();
  const beats: (number | null)[] = [];
  const heartbeats = [null, 366 * 86_400].map((each) => new OutputHeartbeat(each, () => beats.push(each)));
  for (const heartbeat of heartbeats) heartbeat.wrote();
  assertEquals(clock.pending, 1);
  clock.pass(599_000);
  assertEquals(beats, []);
  clock.pass(1_000);
  assertEquals(beats, [366 * 86_400]);
});

const OUTPUTS: Readonly<Record<string, (turn: number) => string | Uint8Array<ArrayBuffer>>> = {
  "a bar that is redrawn unchanged": () => "\r  1,234,567,890  12%  107.00MB/s  23:59:59",
  "a spinner": (turn) => `\r${"|/-\\"[turn % 4]} Working`,
  "values in a row that is redrawn": (turn) => `\r{"values": {"loss": ${turn}}}`,
  "text without a line break": () => "word ",
  "binary data": () => new Uint8Array([0, 255, 7, 128]),
};

for (const [what, textOf] of Object.entries(OUTPUTS)) {
  Deno.test(`CommandTask is not stale while the command writes ${what}, and is stale once it stops`, () => {
    using clock = new FakeClock();
    using test = new TestRegistry();
    const command = new CommandTask(
      new LocalSink(test.registry),
      KEY,
      createChange({ stale_after: 30 }),
      HANDLERS,
    );
    const task = () => test.registry.task("c", "t")!;
    command.started(7);
    clock.pass(1_000);
    const { version } = task();
    for (let turn = 0; turn < 600; turn++) {
      const output = textOf(turn);
      command.wrote("stdout", typeof output === "string" ? encoder.encode(output) : output);
      // Measurements between the signs of life are none.
      if (turn % 10 === 0) command.used({ cpu_percent: turn });
      clock.pass(500);
      assertEquals(task().stale, false, `after ${turn / 2} s`);
    }
    // 300 s have at most 30 heartbeats and 60 measurements; a new track of progress may add some changes.
    // Each row of values is reported twice: once it pauses, and once the next row replaces it.
    const values = what.startsWith("values") ? 2 * 600 : 0;
    assertEquals(
      task().version - version <= 30 + 60 + 5 + values,
      true,
      `${task().version - version} changes`,
    );
    clock.pass(29_000);
    assertEquals(task().stale, false);
    clock.pass(15_000);
    assertEquals(task().stale, true);
    command.ended({ status: 0, signal: null, wasCancelled: false });
    assertEquals(task().state, "FINISHED");
  });
}

Deno.test("CommandTask sends no sign of life after a log line, or if the task never becomes stale", () => {
  for (
    const [stale_after, textOf] of [[30, (turn: number) => `line ${turn}\n`], [null, () => "\r12%"]] as const
  ) {
    using clock = new FakeClock();
    const sink = new RecordingSink();
    const command = new CommandTask(sink, KEY, createChange({ stale_after }), HANDLERS);
    command.started(7);
    clock.pass(100);
    for (let turn = 0; turn < 100; turn++) {
      command.wrote("stdout", encoder.encode(textOf(turn)));
      clock.pass(2_000);
    }
    const updates = sink.reports.filter(({ change }) =>
      change.type === "update" && change.progress === undefined
    );
    assertEquals(updates.length, 1, "only the pid");
    command.ended({ status: 0, signal: null, wasCancelled: false });
  }
});

Deno.test("CommandTask sends a sign of life that a measurement with the same report does not hide", () => {
  using clock = new FakeClock();
  const sink = new RecordingSink();
  const command = new CommandTask(sink, KEY, createChange({ stale_after: 3 }), HANDLERS);
  command.started(7);
  clock.pass(5_000);
  sink.ready = false;
  command.used({ cpu_percent: 1 });
  command.wrote("stdout", encoder.encode("."));
  clock.pass(1_000);
  command.used({ cpu_percent: 2 });
  sink.ready = true;
  const report = sink.reports.at(-1)!;
  assertEquals<unknown>({ ...report.change, values: null }, {
    type: "update",
    from_output: true,
    metadata: {},
    values: null,
  });
  assertEquals(parseReport(JSON.parse(JSON.stringify(report))).change, report.change);
  command.ended({ status: 0, signal: null, wasCancelled: false });
});
