import { assertEquals, assertMatch } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { freePort } from "../../support/free_port.ts";
import { runProgram } from "../../support/program.ts";
import { openTerminal } from "../../support/terminal.ts";
import { startTaskServer } from "../../support/task_server.ts";
import { startTerminalServer } from "../../support/terminal_server.ts";

Deno.test("ls lists the tasks of a client with their ids, live tasks first", async () => {
  await using server = startTerminalServer();
  assertEquals(await server.run("ls"), { code: 0, stdout: "", stderr: "" });
  const ended = await server.start("ended");
  const running = await server.start("running");
  await server.start("foreign", "other");
  ended.end();
  await running.update({ progress: 42, status: "Half way\x1b[2J\nor so" });
  await server.run("wait", "ended");
  const { code, stdout, stderr } = await server.run("ls");
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines.length, 2);
  assertMatch(
    lines[0]!,
    // An earlier run of this name was short, so there may be an estimate immediately.
    /^running {2}stepped {2}\[█{8}░{12}\] {3}42 % {2}Half way or so +\S+ {2,}(estimating…|\S.* left|almost done)$/,
  );
  assertMatch(lines[1]!, /^ended {4}stepped {2}\[█{20}\] {2}100 % {2}Finished +\S+ +just now$/);
  const other = await server.run("ls", "--client", "other");
  assertMatch(other.stdout, /^foreign {2}stepped/);
  running.end();
});

Deno.test("ls filters by state and name, across pages", async () => {
  await using server = startTaskServer({ limits: { endedTasksPerClient: 5_000 } });
  const env = { TASKSCOPE_SERVER: server.url };
  const echo = server.monitor.monitored((_task, n: number) => n, { name: "echo", client: "default" });
  await Promise.all(Array.from({ length: 1_100 }, (_, n) => echo(n)));
  await server.monitor.monitored(() => {}, { name: "job-1" })();
  await server.monitor.monitored(() => Promise.reject(new Error("no")), { name: "job-2" })().catch(() => {});
  const names = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProgram(["ls", "--json", ...args], { env });
    assertEquals([code, stderr], [0, ""]);
    return stdout.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).name);
  };
  assertEquals((await names()).length, 1_102);
  assertEquals((await names("--state", "finished")).length, 1_101);
  assertEquals((await names("--name", "job-*")).sort(), ["job-1", "job-2"]);
  assertEquals(await names("--name=job-*", "--state", "FINISHED", "--state", "CANCELLED,processing"), [
    "job-1",
  ]);
  assertEquals(await names("--name", "job"), []);
});

Deno.test("ls --json prints the records as the server sends them, without control characters", async () => {
  await using server = startTerminalServer();
  const task = await server.start("t");
  await task.update({ status: "\x1b[2J \u009b31m \u202e", metadata: { key: [1, null] } });
  // Waits for the update, which is sent with a delay because it follows another update closely.
  await call("GET", `${server.url}/tasks/c/t?wait=PROCESSING&timeout=20`);
  const { stdout } = await server.run("ls", "--json");
  assertEquals(JSON.parse(stdout), (await call("GET", `${server.url}/tasks/c/t`)).json);
  assertMatch(stdout, /^[ -~]+\n$/);
  task.end();
});

Deno.test("ls exits with 4 if no server can be reached, or if the server has another base path", async () => {
  const port = freePort();
  const gone = await runProgram(["ls", "--server", `http://127.0.0.1:${port}/x/`]);
  assertEquals([gone.code, gone.stdout], [4, ""]);
  assertEquals(
    gone.stderr,
    `taskscope: Cannot reach a server at http://127.0.0.1:${port}/x; ` +
      'start one with "taskscope serve", or pass its URL with --server\n',
  );
  await using server = startTaskServer({ basePath: "/x" });
  const wrong = await runProgram(["ls", "--server", server.url]);
  assertEquals([wrong.code, wrong.stdout], [4, ""]);
  assertEquals(
    wrong.stderr,
    `taskscope: ${server.url} refused the request: Every path on this server starts with /x/\n`,
  );
  assertEquals((await runProgram(["ls", "--server", `${server.url}/x/`])).code, 0);
});

Deno.test("ls and run say that a server has no TLS", async () => {
  await using server = startTerminalServer();
  const url = server.url.replace("http:", "https:");
  const listed = await runProgram(["ls", "--server", url]);
  assertEquals([listed.code, listed.stdout], [4, ""]);
  assertEquals(
    listed.stderr,
    `taskscope: Cannot use the server at ${url}: it responds without TLS; use http://\n`,
  );
  assertEquals(await runProgram(["run", "--server", url, "--", "echo", "x"]), {
    code: 0,
    stdout: "x\n",
    stderr:
      `taskscope: ${url} accepts no reports (it responds without TLS; use http://), so tasks run unmonitored\n`,
  });
});

Deno.test("ls fits the width of a terminal, and uses colours unless NO_COLOR is set", async () => {
  await using server = startTerminalServer();
  const task = await server.start("t");
  await task.update({
    progress: 42,
    status: "日本語 and so much more that no terminal is wide enough for all of it",
  });
  task.end();
  await server.run("wait", "t");
  for (const [noColor, isColored] of [["", true], ["1", false]] as const) {
    await using terminal = await openTerminal(server, ["ls"], { NO_COLOR: noColor });
    if (terminal === undefined) return;
    assertEquals(await terminal.ended(), 0);
    const { lines, colored } = terminal.screen;
    assertEquals([lines.length, colored > 0], [1, isColored]);
    assertMatch(lines[0]!, /^t {2}stepped {2}\[█{10}\] {2}100 % {2}Finished · 日本語.*… {2}\S+ +just now$/);
  }
});
