import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { freePort } from "../../support/free_port.ts";
import { runProgram, spawnProgram, spawnScript, startProgram } from "../../support/program.ts";
import { Relay } from "../../support/relay.ts";
import { startTaskServer } from "../../support/task_server.ts";
import { until } from "../../support/until.ts";

/** Returns functions that report a task over REST to the server at a URL. */
function reporterAt(url: string, id = "t") {
  const tasks = `${url}/tasks/default`;
  const post = async (path: string, body: unknown) => {
    const { status } = await call("POST", `${tasks}${path}`, { body });
    assert(status < 300, `${path} was answered with ${status}`);
  };
  return {
    create: () => post("", { id, name: "job", started: true }),
    log: (...lines: string[]) => post(`/${id}/logs`, { lines }),
    end: (kind: string) => post(`/${id}/${kind}`, {}),
  };
}

/** Returns lines of text with the numbers in a range. */
function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `line ${first + index}`);
}

Deno.test("logs says that one older line is no longer kept", async () => {
  await using server = startTaskServer({ limits: { logLinesPerTask: 10 } });
  const reporter = reporterAt(server.url);
  await reporter.create();
  await reporter.log(...numbers(1, 11));
  const { stderr } = await runProgram(["logs", "t"], { env: { TASKSCOPE_SERVER: server.url } });
  assertEquals(stderr, "taskscope: 1 older line is no longer kept\n");
});

Deno.test("logs prints all lines that are kept, in pages, or the newest ones", async () => {
  await using server = startTaskServer({ limits: { logLinesPerTask: 2_500 } });
  const reporter = reporterAt(server.url);
  await reporter.create();
  const logs = (...args: string[]) =>
    runProgram(["logs", "t", ...args], { env: { TASKSCOPE_SERVER: server.url } });
  assertEquals(await logs(), { code: 0, stdout: "", stderr: "" });
  for (let from = 1; from <= 2_401; from += 800) await reporter.log(...numbers(from, from + 799));
  const lines = (first: number, last: number) => numbers(first, last).map((line) => `${line}\n`).join("");
  assertEquals(await logs(), {
    code: 0,
    stdout: lines(701, 3_200),
    stderr: "taskscope: 700 older lines are no longer kept\n",
  });
  assertEquals(await logs("--tail", "2"), { code: 0, stdout: lines(3_199, 3_200), stderr: "" });
  assertEquals(await logs("-n", "0"), { code: 0, stdout: "", stderr: "" });
  assertEquals((await logs("-n", "2500")).stdout, lines(701, 3_200));
  const { stdout } = await logs("-t", "-n", "1");
  assertMatch(stdout, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z line 3200\n$/);
});

Deno.test("logs prints no control characters, and exactly one line for each log line", async () => {
  await using server = startTaskServer();
  const reporter = reporterAt(server.url);
  await reporter.create();
  await reporter.log("\x1b[2J\x1b]0;title\x07red\x1b[31m\ttab", "a\rb\nc\u202e\u2028\u009b1m", "", "日本語");
  const { stdout } = await runProgram(["logs", "t", "--server", server.url]);
  assertEquals(stdout, "red\ttab\na b c \n\n日本語\n");
});

Deno.test("logs --follow prints lines as they come, and exits with the status of the task", async () => {
  for (const [end, code] of [["finish", 0], ["fail", 1], ["cancelled", 3]] as const) {
    await using server = startTaskServer({ limits: { logLinesPerTask: 20_000 } });
    const reporter = reporterAt(server.url);
    await reporter.create();
    await reporter.log("old", "new");
    await using logs = await spawnProgram(["logs", "-f", "t", "--tail=1", "--server", server.url]);
    await logs.output(/^new\n$/);
    for (let number = 1; number <= 3; number++) {
      await reporter.log(`line ${number}`);
      await logs.output(new RegExp(`line ${number}\n$`));
    }
    // The last lines and the end arrive together.
    await reporter.log(...numbers(4, 1_000));
    await reporter.log(...numbers(1_001, 1_500));
    await reporter.end(end);
    const expected = ["new", ...numbers(1, 1_500), ""].join("\n");
    assertEquals(await logs.ended(), { code, stdout: expected, stderr: "" });
    const again = await runProgram(["logs", "--follow", "t", "-n", "1", "--server", server.url]);
    assertEquals(again, { code, stdout: "line 1500\n", stderr: "" });
  }
});

Deno.test("logs --follow misses and repeats no line while the connection is lost, or the server crashes", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    await using relay = new Relay(url);
    const env = {
      TASKSCOPE_PORT: String(port),
      TASKSCOPE_DATA: `${folder}/tasks.db`,
      TASKSCOPE_PUBLIC_URL: relay.url,
    };
    const program = await startProgram([], { env });
    const reporter = reporterAt(url);
    await reporter.create();
    await reporter.log("line 1");
    await using logs = await spawnProgram(["logs", "-f", "t", "--server", relay.url]);
    await logs.output(/line 1\n/);
    await until(() => relay.sockets === 1);
    relay.cut();
    await logs.output(/retrying/, "stderr");
    await reporter.log(...numbers(2, 500));
    relay.mend();
    await logs.output(/line 500\n/);
    await reporter.log(...numbers(501, 600));
    program.process.kill("SIGKILL");
    await program.process.ended();
    await using _restarted = await startProgram([], { env });
    const { json } = await call("GET", `${url}/tasks/default/t`);
    assertEquals(json.log_count, 600);
    await reporter.log(...numbers(601, 700));
    await reporter.end("finish");
    const { code, stdout } = await logs.ended();
    assertEquals([code, stdout], [0, [...numbers(1, 700), ""].join("\n")]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("logs --follow goes on with the new log after the server has restarted without its data", async () => {
  const port = freePort();
  const env = { TASKSCOPE_PORT: String(port), TASKSCOPE_DATA: ":memory:" };
  const flags = ["--server", `http://127.0.0.1:${port}`];
  const program = await startProgram([], { env });
  // The command prints each line that it reads.
  await using task = await spawnScript(`taskscope run "$@" --id t --client default -- cat`, flags);
  await task.type("one\ntwo\nthree\n");
  await task.output(/three\n/);
  await using logs = await spawnProgram(["logs", "-f", "t", ...flags]);
  await logs.output(/three\n/);
  program.process.kill("SIGKILL");
  await program.process.ended();
  await using _restarted = await startProgram([], { env });
  await task.type("four\n");
  await logs.output(/four\n/);
  await task.closeInput();
  const { code, stdout } = await logs.ended();
  assertEquals([code, stdout], [0, "one\ntwo\nthree\nfour\n"]);
});

Deno.test("logs stops when the reader of its output does", async () => {
  await using server = startTaskServer({ limits: { logLinesPerTask: 20_000 } });
  const reporter = reporterAt(server.url);
  await reporter.create();
  for (let count = 0; count < 20; count++) await reporter.log(...numbers(1, 1_000));
  const script = "{ taskscope logs t; echo $? >&2; } | head -n 2";
  await using shell = await spawnScript(script, [], { env: { TASKSCOPE_SERVER: server.url } });
  assertEquals(await shell.ended(), { code: 0, stdout: "line 1\nline 2\n", stderr: "141\n" });
});

Deno.test("logs prints the log of a new task that takes the id of the followed one", async () => {
  await using server = startTaskServer();
  const reporter = reporterAt(server.url);
  await reporter.create();
  await reporter.log("first");
  await using relay = new Relay(server.url);
  await using logs = await spawnProgram(["logs", "-f", "t", "--server", relay.url]);
  await logs.output(/first\n/);
  await until(() => relay.sockets === 1);
  relay.cut();
  await logs.output(/retrying/, "stderr");
  await reporter.end("finish");
  assertEquals((await call("DELETE", `${server.url}/tasks/default/t`)).status, 204);
  await reporter.create();
  await reporter.log("second");
  relay.mend();
  await logs.output(/second\n/);
  await reporter.end("finish");
  const { code, stdout } = await logs.ended();
  assertEquals([code, stdout], [0, "first\nsecond\n"]);
});

Deno.test("logs exits with 4 if the task does not exist, and with 2 if the command line is wrong", async () => {
  await using server = startTaskServer();
  for (const flags of [[], ["-f"], ["--tail", "1"]]) {
    const missing = await runProgram(["logs", "none", ...flags, "--server", server.url]);
    assertEquals(missing, {
      code: 4,
      stdout: "",
      stderr: `taskscope: No task "none" of client "default" at ${server.url}\n`,
    });
  }
  const wrong = await runProgram(["logs", "t", "--tail", "few"]);
  assertEquals([wrong.code, wrong.stderr], [
    2,
    'taskscope: --tail must be a number of lines, received "few"\n',
  ]);
});
