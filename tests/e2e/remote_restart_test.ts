/** Tests of a program that reports while its server is killed, restarted and disconnected. */

import type { Task } from "../../lib/task/task.ts";
import { assert, assertEquals, assertGreater } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { HeldServer } from "../support/held_server.ts";
import { JobFolder } from "../support/job_folder.ts";
import { type Process, startProgram } from "../support/program.ts";
import { IS_SOAK } from "../support/repetitions.ts";
import { RemotePlace } from "../support/remote_place.ts";
import { logOf } from "../support/remote_task.ts";
import { TestSocket } from "../support/socket.ts";
import { WatcherModel } from "../support/watcher_model.ts";

/** The time without a connection, in milliseconds: long enough for a task to become stale. */
const CUT_MS = IS_SOAK ? 60_000 : 5_000;
/** The time without a connection after which a task becomes stale, in milliseconds. */
const AWAY_MS = 2_000;

/** Returns the source of a program that works until a file exists, and then runs the code `end`. */
function working(url: string, end: string): string {
  return `import { monitored } from "${url}/monitored.ts";

const work = monitored(async (task, parts: number) => {
  const part = task.child("part");
  let line = 0;
  for (let n = 1; !await isEnough(); n++) {
    if (n % 4 === 0) task.log("line " + line++);
    part.update({ current: n });
    await task.update({ progress: Math.min(90, n / 10), current: n, status: "at " + n });
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  part.finish("part done");
  task.log("line " + line++);
  ${end}
}, { name: "work", id: "work", metadata: { run: 1 } });

function isEnough(): Promise<boolean> {
  return Deno.stat("enough").then(() => true, () => false);
}

console.log("begins");
const result = await work(2);
console.log("ends with", JSON.stringify(Object.keys(result)));
`;
}

const ENDS = {
  result: "return { lines: line, parts };",
  error: 'throw new RangeError("as it was told");',
};

/** Starts the program, which ends with a result or with an error. */
function start(place: RemotePlace, end: keyof typeof ENDS): Process {
  return place.run(working(place.proxy.url, ENDS[end]));
}

/** Makes the program end. */
function enough(place: RemotePlace): void {
  place.folder.write("enough", "");
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test(`monitored() by URL: no report is lost when the server is killed and the connection is lost for ${CUT_MS / 1_000} s`, async () => {
  await using place = new RemotePlace(["--limit", `reporterAwayMs=${AWAY_MS}`]);
  await place.start();
  await using job = start(place, "result");
  const model = new WatcherModel("the watcher");
  /** Watches from the last cursor until the task satisfies a condition. */
  const watch = async (until: (task: Task) => boolean, during = () => Promise.resolve()) => {
    const after = model.cursor === null ? "" : `&after=${encodeURIComponent(model.cursor)}`;
    await using socket = new TestSocket(`${place.url}/ws/tasks/default?mode=delta${after}`);
    model.connect("delta");
    await socket.opened();
    await during();
    await socket.task("work", until);
    for (const message of socket.messages) {
      if (model.cursor !== null && message.type === "resync") {
        throw new Error("The server rejected the watcher's cursor");
      }
      model.receive(withRuns(message));
    }
  };
  await place.task(({ current }) => (current ?? 0) >= 20);
  await watch(({ current }) => (current ?? 0) >= 40);

  await place.kill();
  await pause(500);
  await place.start();
  const back = await place.task((task) => task.active);
  assertEquals([back.state, back.error], ["PROCESSING", null]);
  await watch(({ current }) => (current ?? 0) > (back.current ?? 0) + 20);

  const cutAt = await place.task(() => true);
  await watch(
    ({ current, stale }) => !stale && (current ?? 0) > (cutAt.current ?? 0) + CUT_MS / 100,
    async () => {
      place.proxy.refuse();
      await pause(CUT_MS);
      assert((await place.task(() => true)).stale, "the task is not stale");
      await place.proxy.restore();
    },
  );

  enough(place);
  await place.task(({ state }) => state === "FINISHED");
  await watch(({ state }) => state === "FINISHED");
  const { code, stdout } = await job.ended();
  assertEquals([code, stdout], [0, 'begins\nends with ["lines","parts"]\n']);

  const task = await place.task(() => true);
  const { lines, parts } = task.result as { readonly lines: number; readonly parts: number };
  assertEquals([task.state, task.progress, parts, task.log_count], ["FINISHED", 100, 2, lines]);
  const log = await logOf(place.url, { client: "default", id: "work" });
  assertEquals(log, Array.from({ length: lines }, (_, n) => `line ${n}`));
  const { json } = await call("GET", `${place.url}/tasks/default`);
  const part = (Object.values(json.all_tasks) as Task[]).find(({ name }) => name === "part");
  assertEquals([part?.state, part?.result, part?.parent_id], ["FINISHED", "part done", "work"]);
  assertEquals(model.tasks.get("work")?.state, "FINISHED");
  assertGreater(task.version, back.version);
});

/** Adds `metadata.run` to each task in a message, which the watcher model needs; the subtask gets a number of its own. */
function withRuns<Message>(message: Message): Message {
  const runs = new Map<string, number>([["work", 1]]);
  return JSON.parse(JSON.stringify(message), (key, value) => {
    if (key !== "" && typeof value === "object" && value?.name === "part") {
      return { ...value, metadata: { run: 2 } };
    }
    return runs.has(value?.id) ? { ...value, metadata: { run: 1 } } : value;
  });
}

/** What happens to a server while a program reports to it. */
const FATES = ["stays", "is killed", "is killed and comes back", "is gone", "says nothing"] as const;

for (const end of ["result", "error"] as const) {
  Deno.test(`monitored() by URL: a program ends with the same ${end}, whatever happens to the server`, async () => {
    const outcomes = await Promise.all(FATES.map(async (fate) => {
      await using place = new RemotePlace();
      await place.start();
      if (fate === "is gone") {
        // An earlier run of the program caches the module, because the server is gone when the tested run
        // starts.
        await using before = start(place, end);
        await place.task(({ active }) => active);
        enough(place);
        await before.ended();
        await Deno.remove(`${place.folder.path}/enough`);
        await place.kill();
      }
      await using job = start(place, end);
      await job.output(/begins/);
      if (fate !== "is gone") await place.task(({ current }) => (current ?? 0) > 10);
      if (fate.startsWith("is killed")) await place.kill();
      if (fate.endsWith("comes back")) await place.start();
      if (fate === "says nothing") place.proxy.blackhole();
      await pause(300);
      enough(place);
      const { code, stdout, stderr } = await job.ended();
      const said = stderr.replace(/^Download .*\n/gm, "").replace(/^\[taskscope\] No server answers.*\n/m, "")
        // The stack frames of Deno's own code depend on the timing.
        .replace(/^ +at .*\(ext:.*\n/gm, "")
        .replaceAll(place.folder.path, "").replaceAll(place.proxy.url, "");
      return { fate, outcome: [code, stdout, said] };
    }));
    const [wanted] = outcomes;
    for (const { fate, outcome } of outcomes) assertEquals(outcome, wanted?.outcome, fate);
    const [code, stdout] = wanted?.outcome as [number, string];
    assertEquals([code, stdout.split("\n")[0]], [end === "result" ? 0 : 1, "begins"]);
  });
}

Deno.test("monitored() by URL: a program exits although its server acknowledges nothing", async () => {
  await using server = new HeldServer();
  server.store.hold();
  using folder = new JobFolder();
  folder.write("job.ts", working(server.url, ENDS.result));
  folder.write("enough", "");
  const imported = `--allow-import=${new URL(server.url).host}`;
  await using job = folder.deno(["run", "--no-prompt", "--allow-net", "--allow-read=.", imported, "job.ts"]);
  const { code, stdout } = await job.ended();
  assertEquals([code, stdout], [0, 'begins\nends with ["lines","parts"]\n']);
  assertEquals(server.test.registry.task("default", "work")?.state, "FINISHED");
});

Deno.test("monitored() by URL: an unfinished task does not keep the program alive", async () => {
  await using program = await startProgram(["--no-demo"]);
  using folder = new JobFolder();
  folder.write(
    "job.ts",
    `import { monitored } from "${program.url}/monitored.ts";
monitored(async (task) => {
  for (let n = 0; n < 20; n++) {
    await task.update({ current: n });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log("waits for ever");
  await new Promise(() => {});
}, { name: "stuck" }).start();
`,
  );
  const imported = `--allow-import=${new URL(program.url).host}`;
  for (const isThere of [true, false]) {
    if (!isThere) program.process.kill("SIGKILL");
    await using job = folder.deno(["run", "--no-prompt", "--allow-net", imported, "job.ts"]);
    const { code, stdout } = await job.ended();
    assertEquals([code, stdout], [0, "waits for ever\n"]);
  }
});
