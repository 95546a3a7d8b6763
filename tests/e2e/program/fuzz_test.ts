/** Tests of the program with malformed requests and WebSocket frames, which are generated at random. */

import type { Task } from "../../../lib/task/task.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { Fuzzer } from "../../support/fuzz.ts";
import type { FuzzCase } from "../../support/fuzz_case.ts";
import { hasPostgres, PostgresCluster } from "../../support/postgres_cluster.ts";
import { type Program, spawn, startProgram } from "../../support/program.ts";
import { closeQuietly, readResponse, send } from "../../support/raw_http.ts";
import { TestSocket } from "../../support/socket.ts";
import { ended } from "../../support/task_server.ts";

const CASES = 5_000;
const CASES_ON_POSTGRES = 1_000;
const AT_ONCE = 8;
/** The time after which a server that has not responded to a complete request counts as hanging, in milliseconds. */
const ANSWER_MS = 10_000;

const TASKS = `
export const echo = (_task, ...args) => args;
export const heap_bytes = () => {
  globalThis.gc();
  return Deno.memoryUsage().heapUsed;
};
export const fails = () => { throw new Error("as it was told"); };
export const held = (task) => new Promise((_, reject) => {
  task.signal.addEventListener("abort", () => reject(task.signal.reason));
});
`;

/** Starts a server with few tasks; `args` are further arguments. */
async function startVictim(args: readonly string[] = []): Promise<Program> {
  const module = await Deno.makeTempFile({ prefix: "taskscope-", suffix: ".js" });
  await Deno.writeTextFile(module, TASKS);
  const limits = ["endedTasksPerClient=20", "liveTasksPerClient=20", "clients=50"].flatMap((
    limit,
  ) => ["--limit", limit]);
  try {
    return await startProgram(["--no-demo", "--tasks", module, ...limits, ...args], {
      runFlags: ["--v8-flags=--expose-gc"],
    });
  } finally {
    await Deno.remove(module);
  }
}

/** Sends a malformed request and its frames; returns the status of the response, or 0 if there was none. */
async function play(port: number, { bytes, frames, isWhole }: FuzzCase): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  // A truncated request gets no response, so the connection is closed after the request is sent.
  const timer = isWhole ? setTimeout(() => closeQuietly(connection), ANSWER_MS) : undefined;
  try {
    const sending = send(connection, bytes).catch(() => {});
    if (!isWhole) {
      await sending;
      return 0;
    }
    const { status } = await readResponse(connection, "head");
    if (status === 101) { for (const frame of frames) await send(connection, frame).catch(() => {}); }
    return status;
  } finally {
    clearTimeout(timer);
  }
}

/** Sends many malformed requests, several at a time; returns the number of responses by status. */
async function playAll(port: number, fuzzer: Fuzzer, cases = CASES): Promise<ReadonlyMap<number, number>> {
  const statuses = new Map<number, number>();
  let left = cases;
  const player = async () => {
    while (left-- > 0) {
      const status = await play(port, fuzzer.next());
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, player));
  return statuses;
}

/** Returns the records of the clients that the requests are about, by client and id. */
async function readAll({ url }: Program): Promise<ReadonlyMap<string, Task>> {
  const lists = await Promise.all(["c", "r"].map(async (client) => {
    const { json } = await call("GET", `${url}/tasks/${client}`);
    return Object.values<Task>(json.all_tasks).map((task): [string, Task] => [`${client}/${task.id}`, task]);
  }));
  return new Map(lists.flat());
}

/** Cancels all live tasks, so that their limit permits further ones. */
async function cancelAll(program: Program): Promise<void> {
  for (const client of ["c", "r"]) {
    const { json } = await call("GET", `${program.url}/tasks/${client}`);
    for (const { id, finished_at } of Object.values<Task>(json.all_tasks)) {
      if (finished_at !== null) continue;
      const { status } = await call("POST", `${program.url}/tasks/${client}/${id}/cancel?force=true`);
      assertEquals(status, 202, id);
    }
  }
}

/** The memory that a program uses, in MiB. */
interface Memory {
  /** The size of the JavaScript heap after a garbage collection. */
  readonly heap: number;
  /** The resident memory when it no longer decreases; 0 if the platform does not report it. */
  readonly resident: number;
}

async function memoryOf({ url, process }: Program): Promise<Memory> {
  const { json } = await call("POST", `${url}/tasks/memory/start/heap_bytes`);
  const { result } = await ended(`${url}/tasks/memory/${json.task_id}`);
  let resident = Deno.build.os === "linux" ? Infinity : 0;
  for (let unchanged = 0; unchanged < 10 && resident > 0; unchanged++) {
    // The test itself has no permission to read /proc, so cat reads it.
    const { stdout } = await spawn("cat", [`/proc/${process.pid}/statm`]).ended();
    const now = Number(stdout.split(" ")[1]) * 4_096 / 2 ** 20;
    if (now < resident) unchanged = 0;
    resident = Math.min(resident, now);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { heap: Number(result) / 2 ** 20, resident };
}

Deno.test("Handler: 35,000 malformed requests neither break the server nor leak memory", async () => {
  await using program = await startVictim();
  await using watching = new TestSocket(`${program.url}/ws/tasks/watched?mode=delta`);
  await watching.count(1);
  const fuzzer = new Fuzzer(42, program.port);
  const memory: Memory[] = [];
  // The first rounds fill caches and compile code, and the allocator takes some more until it reuses what was freed.
  for (let round = 1; round <= 7; round++) {
    const statuses = await playAll(program.port, fuzzer);
    const counts = JSON.stringify([...statuses]);
    assertEquals(statuses.get(500), undefined, counts);
    // These statuses show that the requests reach all parts of the server.
    for (const status of [101, 200, 201, 202, 204, 303, 400, 403, 404, 405, 409, 415, 421, 503]) {
      assertGreater(statuses.get(status) ?? 0, 0, `${status} was never answered: ${counts}`);
    }
    assertEquals((await call("GET", `${program.url}/healthz`)).json, { status: "ok" });
    await cancelAll(program);
    memory.push(await memoryOf(program));
    const id = `after-${round}`;
    assertEquals(
      (await call("POST", `${program.url}/tasks/watched/start/echo`, { body: { id } })).status,
      202,
    );
    await watching.task(id, (task) => task.state === "FINISHED");
  }
  const [first, second] = memory.slice(-2);
  assertLess(second!.resident - first!.resident, 15, JSON.stringify(memory));
  // Deno keeps a closed socket for half of its idle timeout, which is 15 s.
  assertLess(second!.heap - first!.heap, 15, JSON.stringify(memory));
  assertEquals(program.process.stderr, "");
});

Deno.test({
  name: "Handler: malformed requests break neither a server with PostgreSQL nor its stored tasks",
  ignore: !hasPostgres,
  fn: async () => {
    using cluster = PostgresCluster.start();
    await using program = await startVictim(["--data", cluster.url]);
    const statuses = await playAll(program.port, new Fuzzer(42, program.port), CASES_ON_POSTGRES);
    const counts = JSON.stringify([...statuses]);
    assertEquals(statuses.get(500), undefined, counts);
    for (const status of [200, 201, 202, 204, 400, 404, 409]) {
      assertGreater(statuses.get(status) ?? 0, 0, counts);
    }
    assertEquals((await call("GET", `${program.url}/readyz`)).status, 200);
    await cancelAll(program);
    const tasks = await readAll(program);
    assertGreater(tasks.size, 10);
    program.process.kill("SIGTERM");
    assertEquals((await program.process.ended()).stderr, "");
    await using next = await startVictim(["--data", cluster.url]);
    assertEquals(await readAll(next), tasks);
  },
});

Deno.test("Handler: a body of 100 MB is refused without buffering it", async () => {
  await using program = await startVictim();
  const before = (await memoryOf(program)).resident;
  const megabyte = new Uint8Array(2 ** 20).fill(0x5b);
  const head = (length: string) =>
    `POST /tasks/c/start/echo HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\n` +
    `Content-Type: application/json\r\n${length}\r\n\r\n`;
  const encoder = new TextEncoder();
  for (const isChunked of [false, true, false, true]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: program.port });
    const timer = setTimeout(() => closeQuietly(connection), ANSWER_MS);
    await send(
      connection,
      encoder.encode(head(isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 104857600")),
    );
    const answer = readResponse(connection);
    const sending = async () => {
      for (let n = 0; n < 100; n++) {
        if (isChunked) await send(connection, encoder.encode("100000\r\n"));
        await send(connection, megabyte);
        if (isChunked) await send(connection, encoder.encode("\r\n"));
      }
    };
    // The server may have closed the connection before the whole body was sent.
    const sent = sending().catch(() => {});
    const { status } = await answer;
    clearTimeout(timer);
    assert(status === 413 || status === 0, `${isChunked}: ${status}`);
    closeQuietly(connection);
    await sent;
  }
  const after = (await memoryOf(program)).resident;
  assertLess(after - before, 50, `${before} MiB became ${after}`);
  assertEquals((await call("GET", `${program.url}/healthz`)).status, 200);
  assertEquals(program.process.stderr, "");
});
