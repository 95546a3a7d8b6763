/**
 * Tests that a server loses nothing that it acknowledged if its disk fills up or its file vanishes, and the
 * server is killed afterwards. With `TASKSCOPE_SOAK=1`, fifty rounds run; `TASKSCOPE_SEED` repeats the random
 * choices of another run, but not its timing.
 */

import type { Task } from "../../lib/task/task.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { fileDatabase } from "../support/crash/database.ts";
import { CrashServer } from "../support/crash/server.ts";
import { repetitions } from "../support/repetitions.ts";
import { randomNumbers } from "../support/simulated_wire.ts";
import { SmallDisk } from "../support/small_disk.ts";
import { until } from "../support/until.ts";

const ROUNDS = repetitions({ gate: 2, soak: 50 });
const SEED = Number(Deno.env.get("TASKSCOPE_SEED") ?? Date.now() % 1_000_000);
const DISK_BYTES = 64 * 1024 * 1024;
/** The number of concurrent requests. */
const LANES = 4;
/** The number of tasks that are acknowledged in each round before the file becomes unusable. */
const ACKNOWLEDGED_BEFORE = 20;
/** The maximum time between then and the kill, in milliseconds. */
const LATEST_KILL_MS = 1_500;
const SUFFIXES = ["", "-wal", "-shm"];

/** What happens to the file while the server writes to it, and how it is undone. */
interface Trouble {
  begin(file: string): Promise<void>;
  end(file: string): Promise<void>;
}

/** Moves the file away, in one of two ways: alone, or with its write-ahead log. */
function vanishing(suffixes: readonly string[]): Trouble {
  const move = async (file: string, from: string, to: string) => {
    for (const suffix of suffixes) await Deno.rename(`${file}${from}${suffix}`, `${file}${to}${suffix}`);
  };
  return {
    begin: (file) => move(file, "", ".away"),
    end: (file) => move(file, ".away", ""),
  };
}

/** Creates and ends tasks until the server is killed, and records what it acknowledged. */
class Writers {
  /** The acknowledged tasks, by id; whether their end was acknowledged, too. */
  readonly acknowledged: Map<string, boolean> = new Map();
  refused = 0;
  readonly #lanes: Promise<void>[];

  constructor(url: string, prefix: string) {
    this.#lanes = Array.from({ length: LANES }, (_, lane) => this.#write(url, `${prefix}-${lane}`));
  }

  /** Resolves once the server has ended; rejects if the server sent a response that it must not send. */
  async ended(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  async #write(url: string, prefix: string): Promise<void> {
    for (let n = 0;; n++) {
      const id = `${prefix}-${n}`;
      const body = { id, name: "written", metadata: { filling: "x".repeat(500) } };
      const created = await call("POST", `${url}/tasks/c`, { body }).catch(() => null);
      if (created === null) return;
      if (!this.#isDone(created, 201)) continue;
      this.acknowledged.set(id, false);
      const ended = await call("POST", `${url}/tasks/c/${id}/finish`, { body: { result: id } }).catch(() =>
        null
      );
      if (ended === null) return;
      if (this.#isDone(ended, 200)) this.acknowledged.set(id, true);
    }
  }

  #isDone({ status, json, text }: Awaited<ReturnType<typeof call>>, done: number): boolean {
    if (status === done) return true;
    assertEquals([status, json?.code], [503, "storage_unavailable"], text);
    this.refused++;
    return false;
  }
}

/** Returns the acknowledged tasks that a server does not have, or not in the acknowledged state. */
async function lostTasks(url: string, acknowledged: ReadonlyMap<string, boolean>): Promise<string[]> {
  const { status, json } = await call("GET", `${url}/tasks/c`);
  assertEquals(status, 200);
  const tasks: Readonly<Record<string, Task>> = json.all_tasks;
  return [...acknowledged].filter(([id, hasEnded]) => {
    const task = tasks[id];
    return task === undefined || (hasEnded && (task.state !== "FINISHED" || task.result !== id));
  }).map(([id]) => id);
}

/** Runs the rounds on one file, and returns how many changes were acknowledged and refused. */
async function withstand(file: string, trouble: (round: number) => Trouble): Promise<string> {
  const random = randomNumbers(SEED);
  const limits = { endedTasks: 1_000_000, endedTasksPerClient: 100_000 };
  const acknowledged = new Map<string, boolean>();
  let refused = 0;
  let server = await CrashServer.start({ data: file, limits });
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const what = `round ${round} of seed ${SEED}`;
      const writers = new Writers(server.url, `${round}`);
      await until(() => writers.acknowledged.size >= ACKNOWLEDGED_BEFORE);
      const { begin, end } = trouble(round);
      await begin(file);
      // In half of the rounds, the kill waits until the server has noticed that its file is unusable.
      if (round % 2 === 0) await until(() => writers.refused > 0);
      await new Promise((resolve) => setTimeout(resolve, random() * LATEST_KILL_MS));
      await server.kill();
      await writers.ended();
      await end(file);
      for (const [id, hasEnded] of writers.acknowledged) acknowledged.set(id, hasEnded);
      refused += writers.refused;
      assertEquals(await fileDatabase(file).integrity(), "ok", what);
      server = await CrashServer.start({ data: file, limits });
      assertEquals(await lostTasks(server.url, acknowledged), [], what);
    }
    const { code, stderr } = await server.shutDown(20_000);
    // A false report of lost changes would be on stderr.
    assertEquals([code, stderr], [0, ""]);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  assert(refused > 0, "the server never noticed, so the test checked nothing");
  return `${ROUNDS} crashes, ${acknowledged.size} tasks acknowledged, ${refused} changes refused`;
}

/** Prints what a test covered, even if it passed. */
function tell(figures: string): void {
  // deno-lint-ignore no-console
  console.log(`Seed ${SEED}: ${figures}`);
}

Deno.test("crash: no acknowledged change is lost if the disk fills up before the kill", async () => {
  await using disk = await SmallDisk.mount(DISK_BYTES, "The test of crashes on a full disk");
  if (disk === undefined) return;
  const full: Trouble = { begin: () => disk.fill(), end: () => disk.free() };
  tell(await withstand(`${disk.path}/tasks.db`, () => full));
});

Deno.test("crash: no acknowledged change is lost if the file vanishes before the kill, and is put back", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-crash-" });
  try {
    const [alone, whole] = [vanishing([""]), vanishing(SUFFIXES)];
    tell(await withstand(`${folder}/tasks.db`, (round) => round % 2 === 0 ? whole : alone));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
