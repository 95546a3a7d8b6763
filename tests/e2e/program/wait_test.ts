import { assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { freePort } from "../../support/free_port.ts";
import { runProgram, spawnProgram, startProgram } from "../../support/program.ts";
import { Relay } from "../../support/relay.ts";
import { startTaskServer } from "../../support/task_server.ts";
import { startTerminalServer } from "../../support/terminal_server.ts";
import { until } from "../../support/until.ts";

Deno.test("wait exits immediately with the status of an ended task", async () => {
  await using server = startTaskServer();
  const wait = (...args: string[]) => {
    return runProgram(["wait", ...args], { env: { TASKSCOPE_SERVER: server.url, TASKSCOPE_CLIENT: "c" } });
  };
  for (const [name, id] of [["echo", "good"], ["fails", "bad"], ["held", "stopped"], ["held", "runs"]]) {
    await call("POST", `${server.url}/tasks/c/start/${name}`, { body: { id } });
  }
  await call("POST", `${server.url}/tasks/c/stopped/cancel?force=true`);
  const seen = await Promise.all(["good", "bad", "stopped"].map((id) => wait(id)));
  assertEquals(seen.map(({ code, stderr }) => [code, stderr]), [[0, ""], [1, ""], [3, ""]]);
  assertMatch(seen[0]!.stdout, /^echo +\[█{20}\] +100 % +Finished +\S+\n$/);
  assertMatch(seen[1]!.stdout, /^fails +\[·{20}\] +— +Error: as it was told +\S+\n$/);
  assertMatch(seen[2]!.stdout, /^held +\[·{20}\] +— +Cancelled +\S+\n$/);

  const late = await Promise.all(["0", "0.2"].map((seconds) => wait("runs", "--timeout", seconds)));
  assertEquals(
    late,
    ["0", "0.2"].map((seconds) => {
      return { code: 124, stdout: "", stderr: `taskscope: Task runs did not end within ${seconds} s\n` };
    }),
  );
  for (const args of [["none"], ["none", "--timeout", "0"], ["good", "--client", "other"]]) {
    const { code, stdout, stderr } = await wait(...args);
    assertEquals([code, stdout], [4, ""]);
    assertMatch(stderr, /^taskscope: No task "(none|good)" of client "(c|other)" at http:\S+\n$/);
  }
  server.held.release();
});

Deno.test("wait exits with 4 if no server can be reached when it starts", async () => {
  const server = `http://127.0.0.1:${freePort()}`;
  for (const args of [[], ["--timeout", "0"], ["--timeout", "60"]]) {
    const { code, stdout, stderr } = await runProgram(["wait", "t", "--server", server, ...args]);
    assertEquals([code, stdout], [4, ""]);
    assertStringIncludes(stderr, `Cannot reach a server at ${server}`);
  }
});

Deno.test("wait exits when the task ends", async () => {
  await using server = startTerminalServer();
  const task = await server.start("t");
  await using wait = await server.spawn("wait", "t", "--timeout=60");
  await until(() => server.monitor.watchers === 1);
  await task.update({ progress: 50 });
  task.end(new Error("no such file"));
  const { code, stdout, stderr } = await wait.ended();
  assertEquals([code, stderr], [1, ""]);
  assertMatch(stdout, /^stepped +\[█{10}░{10}\] +50 % +Error: no such file +\S+\n$/);
});

Deno.test("wait reconnects to a server that was unreachable, until --timeout", async () => {
  await using server = startTerminalServer();
  await using relay = new Relay(server.url);
  const task = await server.start("t");
  const args = ["wait", "t", "--client", "c", "--server", relay.url];
  await using patient = await spawnProgram(args);
  await using other = await spawnProgram([...args, "--timeout", "3"]);
  await until(() => server.monitor.watchers === 2);
  relay.cut();
  await patient.output(/Cannot reach a server/, "stderr");
  task.end();
  assertEquals((await other.ended()).code, 124);
  relay.mend();
  const { code, stderr } = await patient.ended();
  assertEquals(code, 0);
  assertEquals(stderr, `taskscope: Cannot reach a server at ${relay.url}; retrying\n`);
});

Deno.test("wait continues after a crash and restart of the server, and reports the state of the task after it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    for (const [data, expected] of [[`${folder}/tasks.db`, 1], [":memory:", 4]] as const) {
      const port = freePort();
      await using relay = new Relay(`http://127.0.0.1:${port}`);
      const env = {
        TASKSCOPE_PORT: String(port),
        TASKSCOPE_DATA: data,
        TASKSCOPE_PUBLIC_URL: relay.url,
      };
      const program = await startProgram([], { env });
      await call("POST", `${program.url}/tasks/default/start/long_running_task`, { body: { id: "t" } });
      await using wait = await spawnProgram(["wait", "t", "--server", relay.url, "--timeout", "60"]);
      await until(() => relay.sockets === 1);
      program.process.kill("SIGKILL");
      await program.process.ended();
      await wait.output(/retrying/, "stderr");
      await using _restarted = await startProgram([], { env });
      assertEquals((await wait.ended()).code, expected);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
