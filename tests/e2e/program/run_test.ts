/** Tests of `taskscope run` in a process of its own: exit statuses, input and output, and reports. */

import { Keyring } from "../../../lib/access/keyring.ts";
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { freePort } from "../../support/free_port.ts";
import { spawn } from "../../support/program.ts";
import { noise, Runs } from "../../support/runs.ts";
import { findTool } from "../../support/tools.ts";

/** A URL at which no server listens. */
const NOWHERE = `http://127.0.0.1:${freePort()}`;

Deno.test("runCommand() exits with the status of the command, and reports it in the task", async () => {
  await using runs = new Runs();
  const exit = (status: number, why = "") => ({
    type: "exit",
    message: `Exited with status ${status}${why}`,
  });
  const table: [string, number, string, unknown][] = [
    ["exit 0", 0, "FINISHED", null],
    ["exit 1", 1, "ERROR", exit(1)],
    ["exit 42", 42, "ERROR", exit(42)],
    ["echo why >&2; exit 255", 255, "ERROR", { ...exit(255, ": why"), stack: "why" }],
    ["kill -9 $$", 137, "ERROR", { type: "exit", message: "Killed by SIGKILL" }],
    ["kill -TERM $$", 143, "ERROR", { type: "exit", message: "Killed by SIGTERM" }],
    ["kill -SEGV $$", 139, "ERROR", { type: "exit", message: "Killed by SIGSEGV" }],
  ];
  const outcomes = await Promise.all(table.map(async ([script], index) => {
    const { code } = await runs.run(["--id", `t${index}`, "--", "sh", "-c", script]);
    const { state, error } = await runs.task(`t${index}`);
    return [script, code, state, error];
  }));
  assertEquals<unknown>(outcomes, table);
  assertEquals((await runs.task("t0")).result, { exit_status: 0 });
});

Deno.test("runCommand() exits with 125 to 127 and a one-line message if the command cannot be run", async () => {
  await using runs = new Runs();
  const data = runs.file("data", "no program\n");
  const table: [string[], number, string][] = [
    [["--", "no-such-command", "x"], 127, 'Cannot run "no-such-command": command not found'],
    [["--", "./no/such/command"], 127, 'Cannot run "./no/such/command": command not found'],
    [["--", data], 126, `Cannot run "${data}": it is not executable`],
    [["--", runs.folder], 126, `Cannot run "${runs.folder}": it is not executable`],
    [[], 125, "run needs a command, such as: taskscope run -- make all"],
    [["--nmae", "x", "true"], 125, "Unknown flag --nmae; did you mean --name?"],
  ];
  for (const [index, [args, status, line]] of table.entries()) {
    const ended = await runs.run(["--id", `t${index}`, ...args]);
    assertEquals(ended, { code: status, stdout: "", stderr: `taskscope: ${line}\n` });
    if (status === 125) continue;
    const { state, error } = await runs.task(`t${index}`);
    assertEquals([state, error], ["ERROR", { type: "exit", message: line }]);
  }
});

Deno.test("runCommand() --help prints the usage, and exits with 0", async () => {
  await using runs = new Runs();
  const { code, stdout, stderr } = await runs.run(["--help"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /Usage: taskscope run \[flags\] \[--\] <command>/);
});

Deno.test("runCommand() passes stdin, stdout and stderr through byte for byte", async () => {
  await using runs = new Runs();
  const [one, other] = [noise(3_000_001), noise(1_000_003, 7)];
  runs.file("one", one);
  runs.file("other", other);
  const ended = await runs.shell(`$RUN -- sh -c 'cat other >&2 & cat one; wait'`);
  assertEquals(ended.code, 0);
  assert(equalBytes(ended.stdout, one), "stdout differs from what the command wrote");
  assert(equalBytes(ended.stderr, other), "stderr differs from what the command wrote");
  assertEquals((await runs.log()).every((line) => line.length <= 8_192), true);
  assertEquals(
    (await runs.shell(`printf 'a\\0b' | $RUN --id in -- cat`)).stdout,
    new TextEncoder().encode("a\0b"),
  );
});

Deno.test("runCommand() does not change the name, arguments, folder and environment of the command", async () => {
  await using runs = new Runs();
  const script =
    'echo "$0 $# $1 $PWD"; test -t 1 || echo no terminal; env | sort | grep -v -e "^_=" -e "^TASKSCOPE_"';
  const args = ["-c", script, "name", "a b"];
  const env = { TASKSCOPE_SERVER: runs.server.url, TASKSCOPE_CLIENT: "runs", TASKSCOPE_ID: "t" };
  const plain = await spawn("env", ["sh", ...args], { cwd: runs.folder, env }).ended();
  assertEquals(await runs.run(["--", "sh", ...args]), plain);
  // Programs see the name that they were called with: `sh` must not become `/bin/sh`.
  assertEquals((await runs.run(["--id", "name", "sh", "-c", "echo $0"])).stdout, "sh\n");
});

Deno.test("runCommand() passes 50 MB of output through in bounded memory", async () => {
  if (await findTool(["ps"], "The test of memory") === undefined) return;
  await using runs = new Runs();
  const line = "Some line of a log that goes on and on, with 42% of nothing and a number: ";
  const lines = Array.from({ length: 60_000 }, (_, index) => `${line}${index}\n`).join("");
  runs.file("text", lines);
  const copies = Math.ceil(50_000_000 / lines.length);
  runs.file(
    "job",
    `cat text text; echo one >&2; read x; i=2; while [ $i -lt ${copies} ]; do cat text; i=$((i+1)); done
echo two >&2; read x`,
  );
  // The shell redirects the output to a file, and is replaced by taskscope, which then has the pid of the shell.
  const options = { stdin: "piped", within: 'exec "$@" > out' } as const;
  await using process = await runs.start(["--", "sh", "job"], options);
  await process.output(/one/, "stderr");
  const before = await memoryOf(process.pid);
  await process.type("\n");
  await process.output(/two/, "stderr");
  const after = await memoryOf(process.pid);
  await process.type("\n");
  assertEquals((await process.ended()).code, 0);
  assertEquals(await Deno.readTextFile(`${runs.folder}/out`), lines.repeat(copies));
  assertGreater(before, 10);
  assertLess(after - before, 100, `It grew from ${before} MiB to ${after} MiB`);
  assertGreater((await runs.task()).log_count, 1_000);
});

Deno.test("runCommand() passes SIGPIPE on to the command if the reader of the output exits", async () => {
  await using runs = new Runs();
  const { code, stdout, stderr } = await runs.shell(`($RUN -- yes; echo $? >&2) | head -1`);
  assertEquals([code, text(stdout), text(stderr)], [0, "y\n", "141\n"]);
  const { state, error } = await runs.task();
  assertEquals([state, error?.message], ["ERROR", "Killed by SIGPIPE"]);
});

Deno.test("runCommand() reports all output and the reason of a failure, even if nothing reads its own output", async () => {
  await using runs = new Runs();
  // This is more than a pipe holds.
  const script = "seq 1 22000; echo the disk is full >&2; exit 3";
  const reader = "(while [ ! -e go ]; do sleep 0.05; done; cat)";
  const ended = runs.shell(`($RUN -- sh -c '${script}' 2>&1; echo $?) | ${reader}`);
  await runs.shown();
  const { json } = await call("GET", `${runs.taskUrl()}?wait=ended&timeout=60`);
  runs.file("go", "");
  const lines = text((await ended).stdout).trimEnd().split("\n");
  assertEquals([json.state, json.error?.message], ["ERROR", "Exited with status 3: the disk is full"]);
  assertEquals([json.log_count, lines.length, lines.at(-1)], [22_001, 22_002, "3"]);
});

Deno.test("runCommand() does not wait for background processes that hold the output open", async () => {
  await using runs = new Runs();
  const process = await runs.start(["--", "sh", "-c", "sleep 60 & echo $!"]);
  await using _process = process;
  const { code, stdout } = await process.ended();
  assertEquals(code, 0);
  assertEquals((await runs.task()).state, "FINISHED");
  Deno.kill(Number(stdout), "SIGKILL");
});

/** The silence, in milliseconds, after which `run` no longer passes on what background processes write. */
const SILENCE_MS = 1_500;
/**
 * The pause after each line of a background process, in milliseconds: far below that silence, even on a busy
 * machine.
 */
const PAUSE_MS = 200;

Deno.test("runCommand() passes on the output of background processes until they are silent", async (t) => {
  await using runs = new Runs();
  /**
   * Commands that leave a background process behind, which copies to the output what the test writes into a
   * FIFO.
   */
  const scripts = {
    stdout: "cat fifo & echo first; exit 3",
    stderr: "cat fifo >&2 & echo first >&2; exit 3",
  };
  assertEquals((await spawn("mkfifo", ["fifo"], { cwd: runs.folder }).ended()).code, 0);
  for (const output of ["stdout", "stderr"] as const) {
    await t.step(output, async () => {
      await using process = await runs.start(["--id", output, "--", "sh", "-c", scripts[output]]);
      const lines = ["first"];
      {
        using fifo = await Deno.open(`${runs.folder}/fifo`, { write: true });
        await runs.shown(output);
        const { json } = await call("GET", `${runs.taskUrl(output)}?wait=ended&timeout=60`);
        assertEquals(json.state, "ERROR");
        while (lines.length * PAUSE_MS <= 2 * SILENCE_MS) {
          lines.push(`late ${lines.length}`);
          await fifo.write(new TextEncoder().encode(`${lines.at(-1)}\n`));
          await process.output(new RegExp(`^${lines.at(-1)}\n`, "m"), output);
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
      }
      const ended = await process.ended();
      assertEquals([ended.code, ended[output]], [3, `${lines.join("\n")}\n`]);
      // The log of the task has the output of the command, and nothing that was written after the command had
      // ended.
      assertEquals(await runs.log(output), ["first"]);
    });
  }
});

Deno.test("runCommand() --wait-output waits until no process holds the output open, or for a signal; the task ends with the command", async () => {
  await using runs = new Runs();
  for (const end of ["file", "SIGINT", "SIGTERM"] as const) {
    // The loop outlives the signals, and ends when the test removes its folder.
    const isOn = `[ -d "${runs.folder}" ] && [ ! -e end ]`;
    const script = `(while ${isOn}; do sleep 0.1; done; echo late) & echo first; exit 3`;
    await using process = await runs.start(["--id", end, "--wait-output", "--", "sh", "-c", script]);
    const url = `${runs.taskUrl(end)}?wait=ended&timeout=60`;
    await runs.shown(end);
    assertEquals((await call("GET", url)).json.state, "ERROR");
    if (end === "file") runs.file("end", "");
    else process.kill(end);
    const { code, stdout } = await process.ended();
    assertEquals([code, stdout], [3, end === "file" ? "first\nlate\n" : "first\n"]);
    if (end === "file") await Deno.remove(`${runs.folder}/end`);
  }
});

Deno.test("runCommand() gives the command a token for its client, and never the server's key", async (t) => {
  await using runs = new Runs();
  const key = "a secret key of the server".replaceAll(" ", "-");
  const file = runs.file("key", `${key}\n`);
  const grantIn = async (env: Readonly<Record<string, string>>, flags: readonly string[] = []) => {
    const { stdout } = await runs.run([...flags, "--", "env"], { env });
    assert(!stdout.includes(key), stdout);
    const [, token = ""] = /^TASKSCOPE_KEY=(.*)$/m.exec(stdout) ?? [];
    return { token, grant: new Keyring(key).grantOf(token) };
  };
  const table: [string, Readonly<Record<string, string>>, string[]][] = [
    ["variable", { TASKSCOPE_KEY: key }, []],
    ["file", {}, ["--key-file", file]],
    ["variable of the file", { TASKSCOPE_KEY_FILE: file }, []],
  ];
  for (const [index, [name, env, flags]] of table.entries()) {
    await t.step(name, async () => {
      const id = `t${index}`;
      const { grant } = await grantIn(env, [...flags, "--id", id]);
      assert(grant?.kind === "scoped" && grant.expiresAt !== null);
      assertEquals([grant.may, grant.client, grant.taskId], ["write", "runs", null]);
      assertLess(Math.abs(grant.expiresAt - Date.now() / 1_000 - 30 * 86_400), 120);
      const { reporter } = await runs.task(id);
      assertEquals([grant.run?.taskId, grant.run?.reporter], [id, reporter]);
    });
  }
  await t.step("a token stays as it is", async () => {
    const given = new Keyring(key).sign({
      may: "write",
      client: "runs",
      taskId: null,
      expiresAt: null,
    });
    assertEquals((await grantIn({ TASKSCOPE_KEY: given })).token, given);
  });
});

Deno.test("runCommand() reports the name, tags and program, and the arguments only with --show-command", async () => {
  await using runs = new Runs();
  await runs.run(["--", "echo", "--token", "secret"]);
  const { name, metadata, tags, stale_after } = await runs.task();
  assertEquals({ name, metadata, tags, stale_after }, {
    name: "echo",
    metadata: { command: "echo", arguments: 2, host: Deno.hostname(), pid: metadata.pid! },
    tags: [],
    stale_after: null,
  });
  const folder = await Deno.realPath(runs.folder);
  const flags = ["--id", "all", "--name", "Say it", "--tag=a", "--tag", "b", "--stale-after", "60"];
  await runs.run([...flags, "--show-command", "--", "echo", "a b", "it's"]);
  const all = await runs.task("all");
  assertEquals([all.name, all.tags, all.stale_after], ["Say it", ["a", "b"], 60]);
  const { pid, ...others } = all.metadata;
  assertEquals(others, { command: `echo 'a b' 'it'\\''s'`, arguments: 2, host: Deno.hostname(), folder });
  assertEquals(typeof pid, "number");
  const own = await runs.run(["--id", "own", "--", "sh", "-c", "echo $$"]);
  assertEquals((await runs.task("own")).metadata.pid, Number(own.stdout));
  assertEquals(await runs.log("all"), ["a b it's"]);
});

Deno.test("runCommand() names a task after what the command does", async () => {
  await using runs = new Runs();
  for (const [id, script] of [["a", "true && echo x"], ["b", "printf y | cat"]] as const) {
    await runs.run(["--id", id, "--", "sh", "-c", script]);
  }
  runs.file("job.sh", "echo z");
  await runs.run(["--id", "c", "--", "sh", "job.sh"]);
  const names = await Promise.all(["a", "b", "c"].map(async (id) => (await runs.task(id)).name));
  assertEquals(names, ["echo", "printf | cat", "job.sh"]);
});

Deno.test("runCommand() without a server prints one warning, and otherwise behaves as with a server", async () => {
  await using runs = new Runs();
  const script = "echo out; echo err >&2; exit 7";
  const args = ["--server", NOWHERE, "--", "sh", "-c", script];
  const warning = `taskscope: No server answers at ${NOWHERE}, so tasks run unmonitored until one does\n`;
  const { code, stdout, stderr } = await runs.run(args);
  assertEquals([code, stdout], [7, "out\n"]);
  assertEquals([stderr.replace(warning, ""), stderr.split("taskscope:").length], ["err\n", 2]);
  assertEquals(await runs.run(["--quiet", ...args]), { code: 7, stdout: "out\n", stderr: "err\n" });
});

Deno.test("runCommand() with a server that is not Taskscope prints one warning", async () => {
  await using runs = new Runs();
  const answer = () => new Response("no", { status: 404 });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const args = ["--server", `http://127.0.0.1:${server.addr.port}`, "--", "sh", "-c", "echo out; exit 7"];
  const { code, stdout, stderr } = await runs.run(args);
  assertEquals([code, stdout], [7, "out\n"]);
  assertMatch(stderr, /^taskscope: .+ accepts no reports \(.+\), so tasks run unmonitored\n$/);
});

Deno.test("runCommand() prints a warning if the id is already taken, and runs the command", async () => {
  await using runs = new Runs();
  await using _first = await runs.start(["--", "cat"], { stdin: "piped" });
  await runs.shown();
  await using second = await runs.start(["--", "head", "-1"], { stdin: "piped" });
  await second.output(/^taskscope: Task "t" runs unmonitored: .+\n$/, "stderr");
  await second.type("out\n");
  const { code, stdout } = await second.ended();
  assertEquals([code, stdout], [0, "out\n"]);
  assertEquals((await runs.task()).name, "cat");
});

/** Returns the resident memory of a process, in MiB. */
async function memoryOf(pid: number): Promise<number> {
  const { stdout } = await spawn("ps", ["-o", "rss=", "-p", `${pid}`]).ended();
  return Number(stdout) / 1_024;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
