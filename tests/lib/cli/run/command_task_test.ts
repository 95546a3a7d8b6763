import { CommandTask } from "../../../../lib/cli/run/command_task.ts";
import type { OutputName } from "../../../../lib/cli/run/output_pipe.ts";
import { LIMITS } from "../../../../lib/task/grammar.ts";
import type { Task } from "../../../../lib/task/task.ts";
import { isMeasurement } from "../../../../lib/task/transition.ts";
import { assertEquals, assertStringIncludes } from "../../../support/assert.ts";
import { createChange } from "../../../support/changes.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { RecordingSink } from "../../../support/recording_sink.ts";

const encoder = new TextEncoder();
const GOOD = { status: 0, signal: null, wasCancelled: false };

class Subject {
  readonly sink = new RecordingSink();
  readonly command: CommandTask;

  constructor(
    errorOutput: OutputName = "stderr",
    expectedWeight: number | null = null,
    warn: (message: string) => void = () => {},
  ) {
    const options = { onCancel() {}, onInterrupt() {}, warn, errorOutput, expectedWeight };
    this.command = new CommandTask(this.sink, { client: "c", id: "t" }, createChange(), options);
  }

  get task(): Task {
    return this.sink.task("t");
  }

  get log(): string[] {
    return this.sink.lines.map(({ text }) => text);
  }

  write(text: string, output: OutputName = "stdout"): void {
    this.command.wrote(output, encoder.encode(text));
  }
}

Deno.test("CommandTask is PROCESSING once the command runs, and FINISHED if it exits with 0", () => {
  using clock = new FakeClock();
  const subject = new Subject();
  assertEquals(subject.task.state, "STARTING");
  subject.command.started(7);
  clock.pass(100);
  assertEquals([subject.task.state, subject.task.progress], ["PROCESSING", null]);
  subject.command.ended(GOOD);
  assertEquals([subject.task.state, subject.task.result], ["FINISHED", { exit_status: 0 }]);
  assertEquals(clock.pending, 0);
});

Deno.test("CommandTask logs stdout and stderr with their colours, and reads progress from both", () => {
  using clock = new FakeClock();
  const subject = new Subject();
  subject.command.started(7);
  subject.write("\x1b[32mfirst\x1b[0m\nhalf of ");
  subject.write("10%\r20%\r", "stderr");
  subject.write("a line\n");
  clock.pass(100);
  assertEquals(subject.task.progress, 10);
  subject.write("30%\nlast", "stderr");
  subject.command.ended(GOOD);
  assertEquals(subject.log, ["\x1b[0;32mfirst\x1b[0m", "half of a line", "30%", "last"]);
});

Deno.test("CommandTask reads progress from an unfinished line once the output pauses", () => {
  using clock = new FakeClock();
  const subject = new Subject();
  subject.command.started(7);
  subject.write("10%\r4");
  clock.pass(150);
  assertEquals(subject.task.progress, 10);
  subject.write("2%");
  clock.pass(150);
  assertEquals(subject.task.progress, 10);
  clock.pass(100);
  assertEquals(subject.task.progress, 42);
  subject.command.ended(GOOD);
});

Deno.test("CommandTask reads a row of results that grows without a pause once a second", () => {
  using clock = new FakeClock();
  const subject = new Subject();
  subject.command.started(7);
  subject.write("Inspecting 20 files\n");
  for (let file = 0; file < 11; file++) {
    subject.write(".");
    clock.pass(100);
  }
  assertEquals(subject.task.progress, 50);
  subject.command.ended(GOOD);
});

Deno.test("CommandTask marks what it reads from the output, and reports the expected weight of subtasks", () => {
  using clock = new FakeClock();
  const subject = new Subject("stderr", 3);
  subject.command.started(7);
  subject.write('{"progress": 10, "status": "reading"}\n');
  clock.pass(100);
  assertEquals([subject.task.progress, subject.task.expected_weight], [10, 3]);
  subject.sink.opened[0]!.restate([]);
  subject.command.ended(GOOD);
  const updates = subject.sink.reports.map(({ change }) => change).filter(({ type }) => type === "update");
  const read = { type: "update", from_output: true, expected_weight: 3, progress: 10, status: "reading" };
  assertEquals<unknown>(updates, [{ ...read, metadata: { pid: 7 } }, read]);
  const creations = subject.sink.reports.map(({ change }) => change).filter(({ type }) => type === "create");
  assertEquals(creations.map((change) => change.type === "create" && change.metadata.pid), [undefined, 7]);
  assertEquals(subject.task.own_progress, false);
});

/** Returns the names of the values in each update of a task. */
function valueNames({ sink }: Subject): string[][] {
  return sink.reports.flatMap(({ change }) =>
    change.type === "update" && change.values !== undefined ? [Object.keys(change.values)] : []
  );
}

Deno.test("CommandTask reports the usage of the command, and prefers values of the output", () => {
  using clock = new FakeClock();
  const subject = new Subject();
  subject.command.started(7);
  clock.pass(100);
  subject.command.used({ cpu_percent: 50, memory_bytes: 4_096 });
  clock.pass(100);
  const { change } = subject.sink.reports.at(-1)!;
  assertEquals(isMeasurement(change), true);
  subject.write('{"values": {"cpu_percent": 3}}\n');
  clock.pass(100);
  subject.command.used({ cpu_percent: 60, memory_bytes: 8_192 });
  clock.pass(100);
  subject.command.used({});
  subject.command.ended(GOOD);
  subject.command.used({ cpu_percent: 70 });
  assertEquals(valueNames(subject), [["cpu_percent", "memory_bytes"], ["cpu_percent"], ["memory_bytes"]]);
});

Deno.test("CommandTask reports no usage if the output has as many series of values as a task can have", () => {
  using clock = new FakeClock();
  const warnings: string[] = [];
  const subject = new Subject("stderr", null, (message) => warnings.push(message));
  subject.command.started(7);
  for (let index = 1; index < LIMITS.valueSeries; index++) subject.write(`{"values": {"v${index}": 1}}\n`);
  clock.pass(100);
  subject.command.used({ cpu_percent: 50, memory_bytes: 4_096 });
  clock.pass(100);
  const own = Array.from({ length: LIMITS.valueSeries - 1 }, (_, index) => `v${index + 1}`);
  assertEquals(valueNames(subject).flat(), [...own, "cpu_percent"]);
  subject.command.ended(GOOD);
  assertEquals(warnings, []);
});

Deno.test("CommandTask takes back words that were read from the output once they no longer apply", () => {
  using clock = new FakeClock();
  const read = (...lines: readonly string[]) => {
    const subject = new Subject();
    subject.command.started(7);
    for (const line of lines) {
      subject.write(`${line}\n`);
      clock.pass(500);
    }
    return subject;
  };
  const copying = ["Copying a.txt: 10%", "Copying a.txt: 50%", "Copying a.txt: 90%"];
  const copied = read(...copying);
  assertEquals([copied.task.progress, copied.task.status], [90, "Copying a.txt"]);
  copied.command.ended(GOOD);
  assertEquals([copied.task.state, copied.task.status], ["FINISHED", "Finished"]);
  // The bar no longer appears.
  const silent = read(...copying, ...Array(20).fill("checking a row"));
  assertEquals([silent.task.progress, silent.task.status], [null, "Processing"]);
  silent.command.ended(GOOD);
  // A second phase fails: the task shows why.
  const installing = read("Downloading: 50%", "Downloading: 100%", "Installing: 10%", "Installing: 42%");
  assertEquals([installing.task.progress, installing.task.status], [null, "Installing 42 %"]);
  installing.command.ended({ status: 1, signal: null, wasCancelled: false });
  assertEquals([installing.task.state, installing.task.status], ["ERROR", "Error: Exited with status 1"]);
  // What a program says on purpose stays.
  const own = read('{"progress": 10, "status": "Reading a.txt"}');
  own.command.ended(GOOD);
  assertEquals([own.task.state, own.task.status], ["FINISHED", "Reading a.txt"]);
});

Deno.test("CommandTask fails with the exit status and the last lines of stderr", () => {
  const subject = new Subject();
  subject.write("not an error\n");
  for (let line = 1; line <= 30; line++) subject.write(`line ${line}\n\n`, "stderr");
  subject.write("no such file", "stderr");
  subject.command.ended({ status: 3, signal: null, wasCancelled: false });
  const { state, error } = subject.task;
  assertEquals(state, "ERROR");
  assertEquals([error!.type, error!.message], ["exit", "Exited with status 3: no such file"]);
  assertEquals(error!.stack!.split("\n").length, 20);
  assertEquals(error!.stack!.split("\n").slice(-2), ["line 30", "no such file"]);
});

Deno.test("CommandTask fails with the message of an error whose stack is long", () => {
  const subject = new Subject();
  const frames = Array.from({ length: 40 }, (_, index) => `    at f${index} (job.mjs:${index}:1)`);
  subject.write(
    ["throw error;", "^", "Error: no disk", ...frames, "", "Node.js v20.20.2", ""].join("\n"),
    "stderr",
  );
  subject.command.ended({ status: 1, signal: null, wasCancelled: false });
  const { message, stack } = subject.task.error!;
  assertEquals(message, "Exited with status 1: Error: no disk");
  assertEquals(stack!.split("\n"), ["Error: no disk", ...frames, "Node.js v20.20.2"]);
});

Deno.test("CommandTask names the signal that killed the command, and truncates the error", () => {
  const subject = new Subject();
  for (let line = 1; line <= 30; line++) subject.write(`${"x".repeat(10_000)}\n`, "stderr");
  subject.command.ended({ status: 137, signal: "SIGKILL", wasCancelled: false });
  assertEquals(subject.task.error!.message, "Killed by SIGKILL");
  assertEquals(subject.task.error!.stack!.length <= LIMITS.errorStackLength, true);
});

Deno.test("CommandTask fails with only the exit status if the command wrote nothing to stderr", () => {
  const subject = new Subject();
  subject.write("out\n");
  subject.command.ended({ status: 1, signal: null, wasCancelled: false });
  assertEquals(subject.task.error, { type: "exit", message: "Exited with status 1" });
  const inTerminal = new Subject("stdout");
  inTerminal.write("out\n");
  inTerminal.command.ended({ status: 1, signal: null, wasCancelled: false });
  assertEquals(inTerminal.task.error!.message, "Exited with status 1: out");
});

Deno.test("CommandTask is CANCELLED if the command was cancelled, whatever its exit status", () => {
  for (const status of [0, 1, 143]) {
    const subject = new Subject();
    subject.command.ended({ status, signal: null, wasCancelled: true });
    assertEquals(subject.task.state, "CANCELLED");
  }
});

Deno.test("CommandTask.failedToStart() ends the task as ERROR", () => {
  const subject = new Subject();
  subject.command.failedToStart('Cannot run "x": command not found');
  assertEquals(subject.task.state, "ERROR");
  assertStringIncludes(subject.task.error!.message, "command not found");
});
