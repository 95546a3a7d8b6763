/** Tests that `taskscope run` reads the progress of real programs, and of recordings of other programs. */

import { withoutSequences } from "../../../lib/text/escape_sequences.ts";
import type { Task } from "../../../lib/task/task.ts";
import { assert, assertEquals, assertGreater, assertMatch } from "../../support/assert.ts";
import { type Ended, moduleArgs } from "../../support/program.ts";
import { play, readRecording, type Recording } from "../../support/recordings.ts";
import { noise, Runs } from "../../support/runs.ts";
import { taskIn, TestSocket } from "../../support/socket.ts";
import { findTool } from "../../support/tools.ts";

/** The values that a watcher received while a task ran. */
interface Seen {
  /** The values of `progress`, in order, without consecutive duplicates. */
  readonly progress: readonly (number | null)[];
  /** The values of `current`, in order, without consecutive duplicates. */
  readonly current: readonly number[];
  readonly last: Task;
}

/** Runs a command, which is told the progress that a watcher has received, while that watcher records its task. */
async function watched(
  runs: Runs,
  run: (received: () => number) => Promise<Ended>,
): Promise<Ended & { readonly seen: Seen }> {
  await using socket = new TestSocket(`${runs.server.url}/ws/tasks/runs?mode=delta`);
  await socket.opened();
  const outcome = await run(() => taskIn(socket.messages.at(-1)!, "t")?.progress ?? 0);
  const last = await socket.task("t", ({ state }) => state !== "STARTING" && state !== "PROCESSING");
  const tasks = socket.messages.flatMap((message) => taskIn(message, "t") ?? []);
  // The final state is left out, because its progress is always 100.
  const during = tasks.filter(({ state }) => state === "PROCESSING");
  const progress = during.map(({ progress }) => progress).filter((value, at, all) => value !== all[at - 1]);
  const current = during.flatMap(({ current }) => current ?? []).filter((value, at, all) =>
    value !== all[at - 1]
  );
  return { ...outcome, seen: { progress, current, last } };
}

/**
 * Starts a server that sends a file slowly, and after each fifth only crumbs until a watcher has received the progress, so that
 * even a machine that is busy reports some values in between. Without crumbs, programs would print nothing.
 */
function startFileServer(
  content: Uint8Array,
  received: () => number = () => 100,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    let sent = 0;
    let fifth = 1;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (sent === content.length) return controller.close();
        await new Promise((resolve) => setTimeout(resolve, 50));
        // A line of dots is 2.5 % of the file, and is read once it is complete.
        if (sent >= content.length * fifth / 5 && received() > 20 * fifth - 5) fifth++;
        const most = sent < content.length * fifth / 5 ? content.length / 40 : 16;
        const piece = content.slice(sent, sent + most);
        sent += piece.length;
        controller.enqueue(piece);
      },
    });
    return new Response(body, { headers: { "content-length": `${content.length}` } });
  });
}

function urlOf(server: Deno.HttpServer<Deno.NetAddr>): string {
  return `http://127.0.0.1:${server.addr.port}/file.bin`;
}

function assertRises(values: readonly (number | null)[], least: number): void {
  assert(values.length >= least, `Too few values: ${values.join()}`);
  const numbers = values.map((value) => value ?? 0);
  assertEquals(numbers, numbers.toSorted((one, other) => one - other));
}

/** Registers a test of a program, which prints a warning instead if the program is not installed. */
function testTool(tool: string, run: () => Promise<void>): void {
  Deno.test(`runCommand() reads the progress of ${tool}`, async () => {
    if (await findTool([tool], `The test of run around ${tool}`) !== undefined) await run();
  });
}

testTool("tar", async () => {
  await using runs = new Runs();
  for (let file = 0; file < 8; file++) runs.file(`file${file}`, noise(1_000_000, file + 1));
  // Each checkpoint slows tar down, so that the watcher receives intermediate values.
  const args = ["tar", "-cf", "all.tar", "--checkpoint=100", "--checkpoint-action=echo"];
  const command = [
    ...args,
    "--checkpoint-action=exec=sleep 0.3",
    ...Array.from({ length: 8 }, (_, n) => `file${n}`),
  ];
  const { code, stdout, stderr, seen } = await watched(runs, () => runs.run(["--", ...command]));
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /^(tar: Write checkpoint \d00\n)+$/);
  assertRises(seen.current, 3);
  // tar prints no total, so there is no percentage.
  assertEquals(seen.progress, [null]);
  const { state, current, total, unit } = seen.last;
  assertEquals({ state, current, total, unit }, {
    state: "FINISHED",
    current: 700,
    total: null,
    unit: "records",
  });
  assertEquals(await runs.log(), stderr.trimEnd().split("\n"));
  assertEquals((await runs.shell("tar -tf all.tar | wc -l")).stdout, new TextEncoder().encode("8\n"));
});

testTool("wget", async () => {
  const content = noise(2_000_000);
  for (const style of ["dot", "bar:force:noscroll"]) {
    await using runs = new Runs();
    const { code, seen } = await watched(runs, async (received) => {
      await using server = startFileServer(content, received);
      return await runs.run(["--", "wget", `--progress=${style}`, "-O", "file.bin", urlOf(server)]);
    });
    assertEquals(code, 0);
    assertRises(seen.progress, 4);
    const { state, current, total, unit } = seen.last;
    assertEquals({ state, current, total, unit }, {
      state: "FINISHED",
      current: 2_000_000,
      total: 2_000_000,
      unit: "B",
    });
    assertEquals(await Deno.readFile(`${runs.folder}/file.bin`), content);
  }
});

testTool("curl", async () => {
  const content = noise(2_000_000);
  await using runs = new Runs();
  const bar = await watched(runs, async (received) => {
    await using server = startFileServer(content, received);
    return await runs.run(["--", "curl", "-#", "-o", "file.bin", urlOf(server)]);
  });
  assertEquals(bar.code, 0);
  assertRises(bar.seen.progress, 4);
  assertEquals(await Deno.readFile(`${runs.folder}/file.bin`), content);
  // The default progress meter updates once a second, and the file itself goes to stdout.
  await using server = startFileServer(content);
  await using others = new Runs();
  const { code, stdout } = await others.shell(`$RUN -- curl ${urlOf(server)}`);
  assertEquals([code, stdout.length], [0, content.length]);
  assertEquals(stdout, content);
  const { state, total, unit } = await others.task();
  assertEquals({ state, total, unit }, {
    state: "FINISHED",
    total: Math.floor(2e6 / 1_024) * 1_024,
    unit: "B",
  });
});

testTool("rsync", async () => {
  await using runs = new Runs();
  await Deno.mkdir(`${runs.folder}/from`);
  for (let file = 0; file < 8; file++) runs.file(`from/file${file}`, noise(1_000_000, file + 1));
  const command = ["rsync", "-a", "--bwlimit=4000", "--info=progress2", "from/", "to/"];
  const { code, stderr, seen } = await watched(runs, () => runs.run(["--", ...command]));
  assertEquals([code, stderr], [0, ""]);
  assertRises(seen.progress, 4);
  assertEquals(seen.last.state, "FINISHED");
  assertEquals((await runs.shell("diff -r from to")).code, 0);
});

testTool("zstd", async () => {
  await using runs = new Runs();
  runs.file("noise", noise(24_000_000));
  const { code, seen } = await watched(
    runs,
    () => runs.run(["--", "zstd", "--progress", "-15", "-T1", "noise"]),
  );
  assertEquals(code, 0);
  assertRises(seen.progress, 4);
  const { state, unit } = seen.last;
  assertEquals({ state, unit }, { state: "FINISHED", unit: "B" });
});

testTool("xz", async () => {
  await using runs = new Runs();
  runs.file("noise", noise(20_000_000));
  // Without a terminal, xz writes its progress only if it is asked to with a signal.
  const { code, seen } = await watched(
    runs,
    () => runs.run(["--pty", "--", "xz", "-v", "-T1", "-6", "noise"]),
  );
  assertEquals(code, 0);
  assertRises(seen.progress, 4);
  assertEquals(seen.last.state, "FINISHED");
});

/** Two nested bars of tqdm, of which the outer one is the progress of the program. */
const NESTED_BARS = `
import time
from tqdm import tqdm
for outer in tqdm(range(5), desc="outer"):
    for inner in tqdm(range(20), desc="inner", leave=False):
        time.sleep(0.05)
`;

testTool("python3", async () => {
  const python = new Deno.Command("/usr/bin/python3", { args: ["-c", "import tqdm"], stderr: "null" });
  if (!(await python.output().catch(() => ({ success: false }))).success) {
    // deno-lint-ignore no-console -- otherwise a test that did not run would look as if it had passed
    console.warn("The test of run around tqdm did not run: there is no python3-tqdm here");
    return;
  }
  for (const how of [[], ["--pty"]]) {
    await using runs = new Runs();
    runs.file("nested.py", NESTED_BARS);
    const command = [...how, "--", "/usr/bin/python3", "nested.py"];
    const { code, seen } = await watched(runs, () => runs.run(command));
    assertEquals(code, 0);
    assert(seen.progress.every((progress) => progress === null || progress % 20 === 0), seen.progress.join());
    assertRises(seen.progress, 3);
  }
});

/** The recordings that are replayed with their original timing; each takes a few seconds. */
const RECORDINGS = [
  ...["tqdm", "git_clone", "ffmpeg_encode", "ffmpeg_progress", "pip_terminal", "pip_raw", "apt"],
  ...["docker_terminal", "json_lines", "tqdm_nested", "dd", "cmake_make"],
];

Deno.test("runCommand() reads the progress of replayed recordings", async (t) => {
  const replay = await moduleArgs("tests/support/replay.ts", ["--allow-read"]);
  const left = [...RECORDINGS];
  const test = async (name: string) => {
    await using runs = new Runs();
    const recording = await readRecording(name);
    const { code, stdout, stderr, seen } = await watched(
      runs,
      () => runs.run(["--", Deno.execPath(), ...replay, name]),
    );
    assertEquals(code, 0);
    for (const [wanted, text] of [["stdout", stdout], ["stderr", stderr]] as const) {
      const parts = recording.written.filter(({ output }) => output === wanted);
      assertEquals(text, parts.map(({ text }) => text).join(""));
    }
    const { exactProgress, lines } = play(recording);
    assertEquals((await runs.log()).map(withoutSequences).toSorted(), lines.toSorted());
    assertShown(seen, recording, exactProgress);
  };
  // Three recordings are replayed at a time, because replaying is mostly waiting.
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await test(name);
  };
  await t.step(RECORDINGS.join(", "), async () => void await Promise.all([work(), work(), work()]));
});

/**
 * Asserts that all values of the watcher are from the output, in its order; values in quick succession may be missing. When
 * a value is withdrawn depends on the clock, so those moments are left out.
 */
function assertShown(
  seen: Seen,
  { name, truth, written }: Recording,
  said: readonly (number | null)[],
): void {
  let at = 0;
  const shown = seen.progress.filter((progress) => progress !== null);
  for (const progress of shown) {
    at = said.indexOf(progress, at);
    assert(at !== -1, `${name} was shown at ${progress}, but wrote ${said.join()}`);
  }
  // The number of values depends on how busy the machine is; progress of less than a second may be missing altogether.
  const knownMs = truth.reduce(
    (sum, [ms, value], at) => value === null ? sum : sum + (truth[at + 1]?.[0] ?? written.at(-1)!.ms) - ms,
    0,
  );
  if (knownMs >= 1_000) assertGreater(shown.length, 0, name);
}
