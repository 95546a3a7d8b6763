/**
 * Tests of a server whose database has damaged records: the server serves all other records, and keeps the
 * damaged bytes.
 */

import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { TestEventStream } from "../support/event_stream.ts";
import { runProgram } from "../support/program.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { StoreFolder } from "../support/store_folder.ts";
import { storedTask } from "../support/store_model.ts";

/**
 * The damaged records: of an ended task, of one whose name is stored only in its record, and of an unfinished
 * task.
 */
const DAMAGED = ["ended", "named", "unfinished"];

/** Creates a database with three damaged records among others, and returns their bytes. */
async function fill(folder: StoreFolder): Promise<string> {
  {
    await using store = folder.open();
    for (const id of ["first", ...DAMAGED.slice(0, 2), "last"]) {
      const name = id === "named" ? "a\0b" : id;
      store.put("c", storedTask(id, store.takeSeq(), "FINISHED", { name }));
    }
    for (const id of ["unfinished", "running"]) store.put("c", storedTask(id, store.takeSeq()));
  }
  folder.execute(
    `UPDATE records SET record = replace(record, '"state"', '"stale"') WHERE place IN
       (SELECT place FROM tasks WHERE id IN ('ended', 'named', 'unfinished'))`,
  );
  return bytesOf(folder);
}

function bytesOf(folder: StoreFolder): string {
  const db = folder.connect();
  const rows = db.prepare('SELECT * FROM records WHERE record LIKE \'%"stale":"%\' ORDER BY place').all();
  db.close();
  assertEquals(rows.length, DAMAGED.length);
  return JSON.stringify(rows);
}

async function idsIn({ url }: TestServer, query = ""): Promise<string[]> {
  const { status, json } = await call("GET", `${url}/tasks/c${query}`);
  assertEquals(status, 200, query);
  return Object.keys(json.all_tasks);
}

Deno.test("a task that takes the id of a damaged one is neither removed with it nor as if it had ended", async () => {
  using folder = new StoreFolder();
  await fill(folder);
  await using server = startServer({ data: folder.file, limits: { endedTasksPerClient: 6 } });
  const tasks = `${server.url}/tasks/c`;
  assertEquals((await call("GET", `${tasks}/ended`)).json.code, "task_damaged");
  const body = { id: "ended", name: "again" };
  assertEquals((await call("POST", tasks, { body })).status, 201);
  assertEquals((await call("DELETE", `${tasks}/ended`)).json.code, "task_active");
  // Beyond the limit, the oldest ended tasks are removed, and the damaged one was older than these.
  const later = ["1", "2", "3", "4", "5", "6"];
  for (const id of later) {
    assertEquals((await call("POST", tasks, { body: { id, name: "later" } })).status, 201);
    assertEquals((await call("POST", `${tasks}/${id}/finish`)).status, 200);
  }
  const { status, json } = await call("POST", `${tasks}/ended`, { body: { progress: 10 } });
  assertEquals([status, json.progress], [200, 10]);
  assertEquals((await idsIn(server)).sort(), [...later, "ended"]);
});

Deno.test("a server with damaged records starts, serves all other records, prints a warning, and keeps the damaged bytes", async () => {
  using folder = new StoreFolder();
  const bytes = await fill(folder);
  const notices: string[] = [];
  const start = () => startServer({ data: folder.file, onNotice: (text) => notices.push(text) });
  for (const read of ["list", "filter", "page", "socket", "events"]) {
    await using server = start();
    const { url } = server;
    if (read === "filter") assertEquals((await idsIn(server, "?q=FINISHED")).includes("ended"), false);
    if (read === "page") assertEquals((await call("GET", `${url}/t/c`)).status, 200);
    if (read === "events") {
      await using stream = await TestEventStream.open(`${url}/events/tasks/c`);
      const { all_tasks: all } = await stream.find("initial_state");
      assertEquals(Object.keys(all), ["first", "last", "running"]);
    }
    if (read === "socket") {
      await using socket = new TestSocket(`${url}/ws/tasks/c`);
      const { all_tasks: all } = await socket.find(({ type }) => type === "initial_state");
      assertEquals(Object.keys(all!), ["first", "last", "running"]);
    }
    assertEquals(await idsIn(server), ["first", "last", "running"]);
    for (const id of DAMAGED) {
      const { status, json } = await call("GET", `${url}/tasks/c/${id}`);
      assertEquals([status, json.code], [404, "task_damaged"]);
    }
    assertEquals((await call("GET", `${url}/tasks/c/none`)).json.code, "task_not_found");
    assertEquals((await call("GET", `${url}/readyz`)).json, { status: "ready", damaged_records: 3 });
    const { text } = await call("GET", `${url}/metrics`);
    assertStringIncludes(text, "\ntaskscope_storage_damaged_records 3\n");
    assertEquals(server.errors, []);
  }
  for (const id of DAMAGED) {
    assert(notices.some((text) => text.startsWith(`The record of task "${id}" of client "c" is`)));
  }
  assertEquals(bytesOf(folder), bytes);

  const copy = `${folder.path}/copy.db`;
  const made = await runProgram(["backup", copy, "--data", folder.file]);
  assertEquals([made.code, made.stdout], [1, `Copied ${folder.file} to ${copy}\n`]);
  assertStringIncludes(made.stderr, "3 records, such as the record of task");

  // Other tasks may take the ids, which neither changes the damaged bytes nor confuses the next start.
  {
    await using server = start();
    await call("GET", `${server.url}/tasks/c`);
    for (const id of DAMAGED) {
      assertEquals((await call("POST", `${server.url}/tasks/c`, { body: { id } })).status, 201);
    }
    await call("POST", `${server.url}/tasks/c/ended/finish`, { body: {} });
  }
  await using server = start();
  assertEquals(await idsIn(server), ["first", "last", "running", ...DAMAGED]);
  assertEquals((await call("DELETE", `${server.url}/tasks/c/ended`)).status, 204);
  assertEquals(await idsIn(server), ["first", "last", "running", ...DAMAGED.slice(1)]);
  assertEquals(server.errors, []);
  assertEquals(bytesOf(folder), bytes);
});
