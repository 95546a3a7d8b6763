import { assertEquals } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { runProgram } from "../../support/program.ts";
import { startTaskServer } from "../../support/task_server.ts";

Deno.test("cancel requests that a task stop, and exits with 0 only if the server accepts the request", async () => {
  await using server = startTaskServer();
  const start = (name: string, id: string, args: string[] = []) =>
    call("POST", `${server.url}/tasks/c/start/${name}`, { body: { id, args } });
  const cancel = (...args: string[]) => {
    return runProgram(["cancel", "--client", "c", "--server", server.url, ...args]);
  };
  await start("held", "heard");
  await start("held", "deaf", ["deaf"]);
  await start("echo", "ended");
  assertEquals(await cancel("heard"), { code: 0, stdout: "Requested that task heard stop\n", stderr: "" });
  assertEquals((await runProgram(["wait", "heard", "--client=c", `--server=${server.url}`])).code, 3);
  assertEquals((await cancel("heard")).stdout, "Cancelled task heard\n");
  assertEquals((await cancel("deaf")).code, 0);
  assertEquals((await call("GET", `${server.url}/tasks/c/deaf`)).json.active, true);
  assertEquals(await cancel("--force", "deaf"), { code: 0, stdout: "Cancelled task deaf\n", stderr: "" });
  assertEquals((await call("GET", `${server.url}/tasks/c/deaf`)).json.state, "CANCELLED");
  assertEquals(await cancel("ended"), {
    code: 1,
    stdout: "",
    stderr: 'taskscope: Cannot change task "ended": it has ended as FINISHED\n',
  });
  assertEquals(await cancel("none"), {
    code: 4,
    stdout: "",
    stderr: `taskscope: No task "none" of client "c" at ${server.url}\n`,
  });
  server.held.release();
});

Deno.test("cancel exits with 4 if no server can be reached", async () => {
  const { code, stdout, stderr } = await runProgram(["cancel", "t", "--server", "http://127.0.0.1:1"]);
  assertEquals([code, stdout], [4, ""]);
  assertEquals(stderr.startsWith("taskscope: Cannot reach a server at http://127.0.0.1:1; "), true);
});
