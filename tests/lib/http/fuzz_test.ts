/** The program under requests and frames that nobody should send. */

import { assert, assertEquals, assertGreater, assertLess } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { type FuzzCase, Fuzzer } from "../../support/fuzz.ts";
import { type Program, spawn, startProgram } from "../../support/program.ts";
import { closeQuietly, readResponse, send } from "../../support/raw_http.ts";
import { TestSocket } from "../../support/socket.ts";

const CASES = 5_000;
const AT_ONCE = 8;
/** A server that says nothing for so long, in milliseconds, to a whole request hangs. */
const ANSWER_MS = 10_000;

const TASKS = `
export const echo = (_task, ...args) => args;
export const fails = () => { throw new Error("as it was told"); };
export const held = (task) => new Promise((_, reject) => {
  task.signal.addEventListener("abort", () => reject(task.signal.reason));
});
`;

async function startVictim(): Promise<Program> {
  const module = await Deno.makeTempFile({ prefix: "taskscope-", suffix: ".js" });
  await Deno.writeTextFile(module, TASKS);
  const limits = ["endedTasksPerClient=20", "liveTasksPerClient=20", "clients=50"].flatMap((
    limit,
  ) => ["--limit", limit]);
  try {
    return await startProgram(["--no-demo", "--tasks", module, ...limits]);
  } finally {
    await Deno.remove(module);
  }
}

/** Sends a case. The status; 0 where nothing came back. */
async function play(port: number, { bytes, frames, isWhole }: FuzzCase): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  // Who was cut off in the middle is not waited for: the connection goes down with what was sent.
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

/** Plays cases, some at a time, and counts the answers by status. */
async function playAll(port: number, fuzzer: Fuzzer): Promise<ReadonlyMap<number, number>> {
  const statuses = new Map<number, number>();
  let left = CASES;
  const player = async () => {
    while (left-- > 0) {
      const status = await play(port, fuzzer.next());
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, player));
  return statuses;
}

/** Cancels what was started, so that there is room for more. */
async function cancelAll(program: Program): Promise<void> {
  const { json } = await call("GET", `${program.url}/tasks/c`);
  for (const { id } of json.active_tasks) {
    await call("POST", `${program.url}/tasks/c/${id}/cancel?force=true`);
  }
}

/** Resident memory in bytes once it has stopped falling. Another program reads it: this one may not look there. */
async function settledMemory(pid: number): Promise<number> {
  let least = Infinity;
  for (let unchanged = 0; unchanged < 10; unchanged++) {
    const { stdout } = await spawn("cat", [`/proc/${pid}/statm`]).ended();
    const bytes = Number(stdout.split(" ")[1]) * 4_096;
    if (bytes < least) unchanged = 0;
    least = Math.min(least, bytes);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return least;
}

Deno.test("Handler: 10,000 malformed requests and frames neither break it nor fill its memory", async () => {
  await using program = await startVictim();
  await using watching = new TestSocket(`${program.url}/ws/tasks/watched?mode=delta`);
  await watching.count(1);
  const fuzzer = new Fuzzer(42, program.port);
  const memory: number[] = [];
  for (let round = 1; round <= 2; round++) {
    const statuses = await playAll(program.port, fuzzer);
    const counts = JSON.stringify([...statuses]);
    assertEquals(statuses.get(500), undefined, counts);
    // The cases get far enough to mean something.
    for (const status of [101, 200, 202, 303, 400, 403, 404, 405, 415, 421, 503]) {
      assertGreater(statuses.get(status) ?? 0, 0, `${status} was never answered: ${counts}`);
    }
    assertEquals((await call("GET", `${program.url}/healthz`)).json, { status: "ok" });
    await cancelAll(program);
    if (Deno.build.os === "linux") memory.push(await settledMemory(program.process.pid));
    const id = `after-${round}`;
    assertEquals(
      (await call("POST", `${program.url}/tasks/watched/start/echo`, { body: { id } })).status,
      202,
    );
    await watching.task(id, (task) => task.state === "FINISHED");
  }
  const [first = 0, second = 0] = memory;
  assertLess((second - first) / 2 ** 20, 15, `MiB more: ${first} became ${second}`);
  assertEquals(program.process.stderr, "");
});

Deno.test("Handler: a body of 100 MB is refused, and not kept", async () => {
  await using program = await startVictim();
  const before = await settledMemory(program.process.pid);
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
    // The server may have hung up long before the end.
    const sent = sending().catch(() => {});
    const { status } = await answer;
    clearTimeout(timer);
    assert(status === 413 || status === 0, `${isChunked}: ${status}`);
    closeQuietly(connection);
    await sent;
  }
  const after = await settledMemory(program.process.pid);
  assertLess((after - before) / 2 ** 20, 50, `MiB more: ${before} became ${after}`);
  assertEquals((await call("GET", `${program.url}/healthz`)).status, 200);
  assertEquals(program.process.stderr, "");
});
