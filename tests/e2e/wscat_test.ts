/** Tests of wscat and curl with the commands that the page suggests. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type Process, spawn } from "../support/program.ts";
import { startServer } from "../support/server.ts";
import { findTool } from "../support/tools.ts";
import type { MonitoredTask } from "../../lib/mod.ts";
import { eventually } from "../support/until.ts";

/** Starts the npm package wscat in a process that is permitted to connect to this machine only. */
function wscat(url: string): Process {
  const flags = [
    "--no-prompt",
    "--no-lock",
    "--no-config",
    "--allow-net=127.0.0.1",
    "--allow-read",
    "--allow-env",
  ];
  const address = url.replace(/^http/, "ws");
  return spawn(Deno.execPath(), ["run", ...flags, "npm:wscat@6.1.0", "-c", address], {
    stdin: "piped",
  });
}

/** Returns the messages that wscat has printed so far. */
function messagesOf(process: Process): { readonly type: string }[] {
  return process.stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

Deno.test("wscat: prints the current tasks of a client, then every change", async () => {
  await using server = startServer();
  const go = Promise.withResolvers<void>();
  const run = server.monitor.monitored(async (task) => {
    task.update({ progress: 50 });
    await go.promise;
  }, { name: "watched", client: "people", id: "watched" });
  await using process = wscat(`${server.url}/ws/tasks/people`);
  await process.output(/"type":"initial_state".*\n/);
  const { done } = run.start();
  await process.output(/"type":"state_update".*"state":"PROCESSING".*\n/);
  go.resolve();
  await done;
  await process.output(/"state":"FINISHED".*\n/);
  const messages = messagesOf(process);
  assertEquals(messages[0]?.type, "initial_state");
  assertEquals(new Set(messages.slice(1).map(({ type }) => type)), new Set(["state_update"]));
  assertEquals(server.errors, []);
});

Deno.test("wscat: prints the changes of one task, and exits when the task ends", async () => {
  await using server = startServer();
  const go = Promise.withResolvers<void>();
  const run = server.monitor.monitored(() => go.promise, { name: "one", client: "people", id: "one" });
  const { done } = run.start();
  await using process = wscat(`${server.url}/ws/tasks/people/one`);
  await process.output(/"type":"initial_state".*\n/);
  go.resolve();
  await done;
  assertEquals((await process.ended()).code, 0);
  assertEquals(messagesOf(process).map(({ type }) => type), ["initial_state", "state_update"]);
  assertMatch(process.stdout, /"state":"FINISHED".*\n$/);
  assertEquals(server.errors, []);
});

Deno.test("wscat: gets an error for a task that does not exist", async () => {
  await using server = startServer();
  await using process = wscat(`${server.url}/ws/tasks/people/unknown`);
  const { stdout, stderr } = await process.ended();
  assertStringIncludes(stdout + stderr, "404");
});

Deno.test("curl: lists, starts, shows, cancels and removes tasks", async () => {
  if (await findTool(["curl"], "The test of curl") === undefined) return;
  await using server = startServer({
    tasks: {
      waiting: async (task: MonitoredTask) => {
        const { promise, reject } = Promise.withResolvers<never>();
        task.signal.addEventListener("abort", () => reject(task.signal.reason));
        await promise;
      },
    },
  });
  const curl = async (...args: string[]) => {
    const { stdout, code } = await spawn("curl", ["-sS", "-i", "--max-time", "10", ...args]).ended();
    assertEquals(code, 0);
    const [head = "", body = ""] = stdout.split("\r\n\r\n");
    return { status: Number(head.split(" ")[1]), head, json: body === "" ? null : JSON.parse(body) };
  };
  const tasks = `${server.url}/tasks/people`;

  const empty = await curl(tasks);
  assertEquals(empty.status, 200);
  assertEquals(empty.json.active_tasks, []);
  assertEquals(empty.json.all_tasks, {});

  const started = await curl("-X", "POST", `${tasks}/start/waiting`);
  assertEquals(started.status, 202);
  const id: string = started.json.task_id;
  assertMatch(started.head, new RegExp(`location: /tasks/people/${id}`, "i"));

  assertEquals((await curl(`${tasks}/${id}`)).json.name, "waiting");
  assertEquals((await curl(tasks)).json.active_tasks.map((task: { id: string }) => task.id), [id]);
  assertEquals((await curl("-X", "DELETE", `${tasks}/${id}`)).status, 409);

  const cancelled = await curl("-X", "POST", `${tasks}/${id}/cancel`);
  assertEquals(cancelled.status, 202);
  await eventually(() => curl(`${tasks}/${id}`), ({ json }) => json.state === "CANCELLED");
  assertEquals((await curl("-X", "DELETE", `${tasks}/${id}`)).status, 204);
  assertEquals((await curl(`${tasks}/${id}`)).status, 404);

  const head = await curl("-I", tasks);
  assert(head.status === 200 && head.json === null, "the response to HEAD has a body");
  assertEquals(server.errors, []);
});
