import { countPrimes, MAX_WORKERS } from "../../../lib/demo/count_primes.ts";
import { callWorker } from "../../../lib/demo/worker_call.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { assert, assertEquals, assertGreater, assertRejects } from "../../support/assert.ts";
import { RecordingTask } from "../../support/recording_task.ts";

function newWorker(): Worker {
  return new Worker(new URL("../../../lib/demo/count_primes_worker.ts", import.meta.url), { type: "module" });
}

Deno.test("countPrimes() returns the known counts", async () => {
  for (const [below, primes] of [[2, 0], [3, 1], [10, 4], [1_000_000, 78_498]] as const) {
    assertEquals(await countPrimes(new RecordingTask(), { below }), { primes, below });
  }
});

Deno.test("countPrimes() reports progress from zero to the bound", async () => {
  const task = new RecordingTask();
  await countPrimes(task, { below: 300_000_000 });
  assertEquals(task.updates[0], {
    status: "Counting primes below 300000000",
    current: 0,
    total: 300_000_000,
    unit: "numbers",
  });
  assertEquals(task.updates.at(-1), { status: "Found 16252325 primes", current: 300_000_000 });
  const between = task.updates.slice(1, -1).map((update) => update.current!);
  assertGreater(between.length, 0);
  assertEquals(between, between.toSorted((a, b) => a - b));
  assert(between.at(-1)! <= 300_000_000, "the last update may report the whole range");
});

Deno.test("countPrimes() rejects a bound that is not an integer within the limits", async () => {
  for (const below of [1, -1, 2.5, 1e300, "10", true, [10]]) {
    const task = new RecordingTask();
    await assertRejects(() => countPrimes(task, { below }), RangeError, '"below", received');
    assertEquals(task.updates, []);
  }
});

Deno.test("countPrimes() rejects an input that is not an object", async () => {
  // An input that arrives over the network may have any type.
  const input = JSON.parse("[10]");
  await assertRejects(
    () => countPrimes(new RecordingTask(), input),
    ProtocolError,
    '"input": wanted an object',
  );
});

Deno.test("countPrimes() rejects with the signal's reason while the worker is busy", async () => {
  const reason = new Error("stop");
  const task = new RecordingTask((update, task) => {
    if (update.current !== 0) task.stop(reason);
  });
  // Counting would take more than a minute, so the worker must have been terminated.
  assertEquals(await assertRejects(() => countPrimes(task, { below: 10_000_000_000 })), reason);
  assertEquals(task.updates.length, 2);
});

Deno.test("countPrimes() does not start a worker if the task was already cancelled", async () => {
  const task = new RecordingTask();
  const reason = new Error("stop");
  task.stop(reason);
  assertEquals(await assertRejects(() => countPrimes(task)), reason);
});

Deno.test("callWorker() rejects with the worker's error, which does not end the process", async () => {
  const options = { signal: new AbortController().signal, onProgress: () => {} };
  await assertRejects(
    () => callWorker(newWorker(), "not a number", options),
    Error,
    "Cannot count primes: wanted a whole number",
  );
});

Deno.test("callWorker() rejects if the worker's module does not load", async () => {
  const options = { signal: new AbortController().signal, onProgress: () => {} };
  const worker = new Worker("data:text/javascript,this is no program", { type: "module" });
  await assertRejects(() => callWorker(worker, 10, options), Error, "The worker failed: ");
});

Deno.test("countPrimes() uses a bounded number of workers, and further runs wait until one is free", async () => {
  const stop = new Error("stop");
  const tasks = Array.from({ length: MAX_WORKERS + 2 }, () => new RecordingTask());
  const done = tasks.map((task) =>
    countPrimes(task, { below: 10_000_000_000 }).then(() => null, (error) => error)
  );
  const statuses = () => tasks.map(({ updates }) => updates.map(({ status }) => status).filter(Boolean));
  const counting = ["Counting primes below 10000000000"];
  const waiting = "Waiting for a worker: all are in use";
  assertEquals(statuses(), tasks.map((_, index) => index < MAX_WORKERS ? counting : [waiting]));
  tasks.at(-2)!.stop(stop);
  tasks[0]!.stop(stop);
  assertEquals([await done[0], await done.at(-2)], [stop, stop]);
  assertEquals(statuses().at(-1), [waiting, ...counting]);
  for (const task of tasks) task.stop(stop);
  assertEquals(await Promise.all(done), tasks.map(() => stop));
});
