/** Tests of the Python reporter while its server is killed, restarted, cut off or missing. */

import { linesLeftOut } from "../../../../lib/reporter/lines_left_out.ts";
import type { LogLine } from "../../../../lib/task/task.ts";
import { assertEquals, assertGreater, assertLess, assertLessOrEqual } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { freePort } from "../../../support/free_port.ts";
import { type Process, type Program, startProgram } from "../../../support/program.ts";
import {
  logLines,
  outline,
  runPython,
  startPython,
  tasksAt,
  taskWhere,
  testPython,
} from "../../../support/python.ts";
import { startServer } from "../../../support/server.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";

/**
 * A program that works one step for each line of its stdin, and prints the step; the line "fail" makes it
 * fail.
 */
const STEPS = `
import sys, taskscope

@taskscope.monitored(metadata={"run": 1})
def work(task):
    idle = task.child("idle")
    part = task.child("part")
    for step, line in enumerate(sys.stdin, 1):
        if line == "fail\\n": raise ValueError("told to")
        if line == "end\\n": break
        task.log(f"line {step}")
        part.update(current=step, total=10, status=f"step {step}")
        print("step", step, flush=True)
    return "done"

try:
    print(work())
except taskscope.TaskCancelled:
    print("cancelled")
`;

/** Lets the program work a step, and waits for the output of the step. */
async function step(process: Process, number: number): Promise<void> {
  await process.type("\n");
  await process.output(new RegExp(`step ${number}\n`));
}

async function kill(server: Program): Promise<void> {
  server.process.kill("SIGKILL");
  await server.process.ended();
}

for (const [what, isKept] of [["kept its data", true], ["lost its data", false]] as const) {
  testPython(`python reporter: a server that was killed and ${what} gets the missing reports`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "taskscope-python-" });
    try {
      const port = freePort();
      const data = isKept ? `${folder}/tasks.db` : ":memory:";
      const args = ["--port", `${port}`, "--data", data, "--no-demo"];
      const first = await startProgram(args);
      await using process = startPython(STEPS, { server: first.url });
      await step(process, 1);
      const before = await taskWhere(first.url, ({ name, current }) => name === "part" && current === 1);
      await taskWhere(first.url, ({ name, log_count }) => name === "work" && log_count === 1);
      await kill(first);
      await step(process, 2);
      await step(process, 3);
      const steppedAt = (Date.now() + 1) / 1_000;
      await using second = await startProgram(args);
      const part = await taskWhere(second.url, ({ name, current }) => name === "part" && current === 3);
      assertEquals([part.id, part.status, part.state], [before.id, "step 3", "PROCESSING"]);
      // The second server also learns of the task "idle", which has no updates to report.
      await taskWhere(
        second.url,
        ({ name, state, stale }) => name === "idle" && state === "STARTING" && !stale,
      );
      const work = await taskWhere(second.url, ({ name, log_count }) => name === "work" && log_count > 1);
      assertEquals(work.metadata, { run: 1 });
      const lines = isKept ? ["line 1", "line 2", "line 3"] : ["line 2", "line 3"];
      assertEquals(await logLines(second.url, work), lines);
      // A report that had to wait keeps the time at which it was made.
      const { json } = await call("GET", `${second.url}/tasks/py/${work.id}/logs`);
      assertLessOrEqual(json.lines.at(-1).at, steppedAt);
      await step(process, 4);
      await process.type("end\n");
      assertEquals(await process.ended(), {
        code: 0,
        stdout: "step 1\nstep 2\nstep 3\nstep 4\ndone\n",
        stderr: "",
      });
      const tasks = (await tasksAt(second.url)).sort((a, b) => a.name.localeCompare(b.name));
      assertEquals(outline(tasks), [
        ["idle", "FINISHED", null, null, "work"],
        ["part", "FINISHED", 4, 10, "work"],
        ["work", "FINISHED", null, null, null],
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

testPython("python reporter: a task that ends without a server is reported once it is back", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-python-" });
  try {
    const args = ["--port", `${freePort()}`, "--data", `${folder}/tasks.db`, "--no-demo"];
    const first = await startProgram(args);
    const source = `${STEPS.replace("except taskscope.TaskCancelled:", "except ValueError:")}
print("ended", flush=True)
sys.stdin.readline()
`;
    await using process = startPython(source, { server: first.url });
    await step(process, 1);
    await taskWhere(first.url, ({ name, current }) => name === "part" && current === 1);
    await kill(first);
    await process.type("fail\n");
    await process.output(/ended/);
    await using second = await startProgram(args);
    const { error } = await taskWhere(second.url, ({ name, state }) => name === "work" && state === "ERROR");
    assertEquals([error?.type, error?.message], ["ValueError", "told to"]);
    await process.type("\n");
    assertEquals((await process.ended()).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testPython("python reporter: the result stays the same if the server dies for good", async () => {
  const server = await startProgram(["--no-demo"]);
  await using process = startPython(STEPS, { server: server.url });
  await step(process, 1);
  await taskWhere(server.url, ({ name, current }) => name === "part" && current === 1);
  await kill(server);
  await step(process, 2);
  await process.type("end\n");
  assertEquals(await process.ended(), { code: 0, stdout: "step 1\nstep 2\ndone\n", stderr: "" });
});

testPython(
  "python reporter: an exit waits as long as the server commits, however many batches are left",
  async () => {
    // The server accepts no batch before the exit. From then on, each batch takes a second, by the clock of
    // the reporter.
    const source = `
import atexit, json, threading, time
atexit.register(lambda: print(reporter._is_settled, transport.posts > 3))
import taskscope
from taskscope import _process, _reporter

class Transport:
    posts = 0
    def __init__(self, *_): self.exits = threading.Event()
    def post(self, body):
        self.exits.wait()
        Transport.posts += 1
        batch = json.loads(body)["batch"]
        return [{"type": "taken", "batch": batch}] if batch > 0 else []
    def close(self): pass
    def interrupt(self): pass

_reporter.Transport = Transport
monotonic = time.monotonic
time.monotonic = lambda: monotonic() + Transport.posts
with taskscope.task("whole") as whole:
    for number in range(1_000): whole.child(f"part {number}").finish()
reporter = _process.reporter()
transport = reporter._sender.transport
atexit.register(transport.exits.set)
`;
    const { code, stdout, stderr } = await runPython(source, { server: "http://127.0.0.1:1" });
    assertEquals([code, stdout, stderr], [0, "True True\n", ""]);
  },
);

testPython("python reporter: no report is lost if a connection is cut, refused or silent", async () => {
  await using server = startServer();
  await using proxy = new TcpProxy(server.port);
  await using process = startPython(STEPS, { server: proxy.url });
  await step(process, 1);
  await taskWhere(server.url, ({ name, current }) => name === "part" && current === 1);
  proxy.cut();
  await step(process, 2);
  await taskWhere(server.url, ({ name, current }) => name === "part" && current === 2);
  proxy.refuse();
  await step(process, 3);
  await proxy.restore();
  await taskWhere(server.url, ({ name, current }) => name === "part" && current === 3);
  const [work] = await tasksAt(server.url);
  assertEquals(await logLines(server.url, work!), ["line 1", "line 2", "line 3"]);
  proxy.blackhole();
  await step(process, 4);
  // The process exits although the server does not respond.
  await process.type("end\n");
  const { code, stderr } = await process.ended();
  assertEquals([code, stderr], [0, ""]);
});

for (const force of [false, true]) {
  const how = force ? "that was ended by force" : "that was cancelled";
  testPython(`python reporter: a task ${how} raises TaskCancelled with the next call`, async () => {
    await using server = startServer();
    await using process = startPython(STEPS, { server: server.url });
    await step(process, 1);
    const work = await taskWhere(server.url, ({ name }) => name === "work");
    await call("POST", `${server.url}/tasks/py/${work.id}/cancel?force=${force}`);
    // The program learns of the cancellation with its next poll, and works on until then.
    for (let number = 2; !process.stdout.includes("cancelled"); number++) {
      await process.type("\n");
      await process.output(new RegExp(`step ${number}\n|cancelled`));
    }
    assertEquals((await process.ended()).code, 0);
    for (const { state, cancel_requested } of await tasksAt(server.url)) {
      assertEquals([state, cancel_requested], ["CANCELLED", true]);
    }
  });
}

testPython(
  "python reporter: a cancelled subtask cancels its own subtasks, but not its siblings",
  async () => {
    await using server = startServer();
    const source = `
import sys, taskscope
with taskscope.task("whole") as whole:
    one, two = whole.child("one"), whole.child("two")
    below = one.child("below")
    print("ready", flush=True)
    while not below.cancelled: pass
    print(one.cancelled, two.cancelled, whole.cancelled)
    try: below.track([1]).__next__()
    except taskscope.TaskCancelled as error: print(error)
    one.fail(taskscope.TaskCancelled())
`;
    await using process = startPython(source, { server: server.url });
    await process.output(/ready/);
    const { id } = await taskWhere(server.url, ({ name }) => name === "one");
    await call("POST", `${server.url}/tasks/py/${id}/cancel`);
    assertEquals((await process.ended()).stdout, "ready\nTrue False False\nThe task was cancelled\n");
    assertEquals((await tasksAt(server.url)).map(({ name, state }) => `${name} ${state}`), [
      "whole FINISHED",
      "one CANCELLED",
      "two FINISHED",
      "below CANCELLED",
    ]);
  },
);

testPython(
  "python reporter: keeps ten thousand tasks while there is no server, and no data of further tasks",
  async () => {
    await using server = startServer({ limits: { endedTasks: 20_000 } });
    await using proxy = new TcpProxy(server.port);
    proxy.refuse();
    const source = `
import gc, taskscope
def held():
    gc.collect()
    return len(gc.get_objects())
for number in range(10_000):
    with taskscope.task("first") as task:
        task.update(current=number, status="x" * 100)
before = held()
with taskscope.task("beyond") as task:
    for number in range(200_000):
        task.update(current=number, status=f"at {number}")
for number in range(2_000):
    with taskscope.task("beyond"): pass
print(held() - before)
input()
`;
    await using process = startPython(source, { server: proxy.url });
    const [, objects] = await process.output(/^(-?\d+)\n/);
    assertLess(Number(objects), 500);
    await proxy.restore();
    while (true) {
      const { text } = await call("GET", `${server.url}/metrics`);
      const finished = /^taskscope_tasks_ended_total\{state="FINISHED"\} (\d+)$/m.exec(text)?.[1];
      if (Number(finished) === 10_000) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await process.type("\n");
    const { code, stderr } = await process.ended();
    assertEquals([code, stderr.split("\n").length], [0, 2], stderr);
  },
);

testPython(
  "python reporter: bounds the log lines that wait for a server, and first logs how many were dropped",
  async () => {
    await using server = startServer({ limits: { logLinesPerTask: 10_000 } });
    await using proxy = new TcpProxy(server.port);
    await using process = startPython(
      `
import taskscope
with taskscope.task("logs") as task:
    task.log("first")
    input()
    for number in range(5_000): task.log(f"line {number} ".ljust(4_000))
    print("logged", flush=True)
    input()
`,
      { server: proxy.url },
    );
    const task = await taskWhere(server.url, ({ log_count }) => log_count === 1);
    proxy.refuse();
    await process.type("\n");
    await process.output(/logged/);
    await proxy.restore();
    await taskWhere(server.url, ({ log_count }) => log_count > 1_000);
    await process.type("\n");
    assertEquals((await process.ended()).code, 0);
    const { json } = await call("GET", `${server.url}/tasks/py/${task.id}/logs?after=0&limit=10000`);
    const [first, ...lines]: string[] = json.lines.map(({ text }: LogLine) => text.trimEnd());
    assertEquals(first, "first");
    // The batch that was being sent when the buffer overflowed may contain lines before the dropped ones.
    let [next, dropped] = [0, 0];
    for (const line of lines) {
      const count = Number(/^\(([\d,]+) lines left out/.exec(line)?.[1]?.replaceAll(",", "") ?? 0);
      assertEquals(line, count === 0 ? `line ${next}` : linesLeftOut(count));
      next += count || 1;
      dropped += count;
    }
    assertEquals(next, 5_000);
    assertGreater(dropped, 1_000);
    assertGreater(lines.length, 1_000);
  },
);

testPython("python reporter: a program without tasks is not changed, and starts no thread", async () => {
  const source = "import threading, taskscope; print(threading.active_count())";
  assertEquals(await runPython(source, { server: "http://127.0.0.1:9" }), {
    code: 0,
    stdout: "1\n",
    stderr: "",
  });
});

testPython("python reporter: subtasks that no server accepts use no memory after their end", async () => {
  const source = `
import gc, taskscope
with taskscope.task("parent") as task:
    for number in range(100):
        with task.child("block"): pass
        task.child("call").finish()
    print(sum(type(each) is taskscope.Task for each in gc.get_objects()))
`;
  const { code, stdout } = await runPython(source, { server: "ftp://nowhere" });
  assertEquals([code, stdout], [0, "1\n"]);
});
