/**
 * Tests that the server loses nothing when it is killed. With `TASKSCOPE_SOAK=1`, it is killed fifty times;
 * `TASKSCOPE_SEED` repeats the random choices of another run, but not its timing.
 */

import type { Task } from "../../lib/task/task.ts";
import { transition } from "../../lib/task/transition.ts";
import { assertEquals, assertGreater } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { createChange } from "../support/changes.ts";
import { Campaign, type CampaignOptions, type Round } from "../support/crash/campaign.ts";
import { historyComplaints, logComplaints, recordComplaints } from "../support/crash/checks.ts";
import { fileDatabase, postgresDatabase } from "../support/crash/database.ts";
import { fillFile } from "../support/crash/fill.ts";
import { differences, heldAfter } from "../support/crash/held.ts";
import { Ledger, type LedgerOptions, type Wish } from "../support/crash/ledger.ts";
import { CrashServer, endsIn } from "../support/crash/server.ts";
import { hasPostgres, PostgresCluster } from "../support/postgres_cluster.ts";
import { readResponse, send } from "../support/raw_http.ts";
import { repetitions } from "../support/repetitions.ts";
import { randomNumbers } from "../support/simulated_wire.ts";
import { TestSocket } from "../support/socket.ts";

const ROUNDS = repetitions({ gate: 5, soak: 50 });
/** The numbers of running tasks, and of tasks that the file has before; the executable needs only a few. */
const steadyTasks = repetitions({ gate: 330, soak: 1_100, executable: 110 });
const filled = repetitions({ gate: 20_000, soak: 100_000, executable: 1_000 });
const SEED = Number(Deno.env.get("TASKSCOPE_SEED") ?? Date.now() % 1_000_000);

/** The variants of a round, which take turns; the first five cover most cases. */
const PLAN: readonly Round[] = [
  { end: "kill", killsAtStart: 2 },
  { end: "kill", work: "calm" },
  { end: "kill", work: "distant", durability: "full" },
  { end: "shutdown" },
  { end: "early", killsAtStart: 1 },
  { end: "kill", durability: "full" },
  { end: "kill", work: "distant" },
];

/** The number of rounds on PostgreSQL, and their variants; the first two cover most cases. */
const POSTGRES_ROUNDS = repetitions({ gate: 5, soak: 50 });
const POSTGRES_PLAN: readonly Round[] = [
  { end: "kill", killsDatabase: true },
  { end: "kill", killsAtStart: 1 },
  { end: "shutdown" },
  { end: "kill", work: "calm", killsDatabase: true },
  { end: "early", killsAtStart: 1 },
  { end: "kill", work: "distant" },
];

const encoder = new TextEncoder();

/** Runs rounds on a file without a complaint, and returns the finished campaign. */
async function withstand(
  rounds: readonly Round[],
  filled: number,
  options: Partial<CampaignOptions> & Pick<CampaignOptions, "steadyTasks">,
): Promise<Campaign> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-crash-" });
  try {
    const file = `${folder}/tasks.db`;
    const filledClients = filled === 0 ? 0 : await fillFile(file, filled);
    return await withstandOn({ database: fileDatabase(file), filledClients, ...options }, rounds);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs rounds on a database without a complaint, and returns the finished campaign. */
async function withstandOn(
  options: Pick<CampaignOptions, "database" | "steadyTasks"> & Partial<CampaignOptions>,
  rounds: readonly Round[],
): Promise<Campaign> {
  await using campaign = new Campaign({
    filledClients: 0,
    random: randomNumbers(SEED),
    ...options,
  });
  for (const [n, round] of rounds.entries()) {
    const wrong = await campaign.round(round, rounds[n + 1]);
    const what = `${wrong.length} complaints after round ${n} of seed ${SEED}, ${JSON.stringify(round)}`;
    assertEquals(wrong.slice(0, 10), [], what);
  }
  // This line shows what the test covered, even if it passed.
  // deno-lint-ignore no-console
  console.log(`Seed ${SEED}: ${campaign.summary}`);
  return campaign;
}

Deno.test(`crash: no acknowledged or published change is lost, while ${steadyTasks} tasks run beside ${filled} others`, async () => {
  const rounds = Array.from({ length: ROUNDS }, (_, n) => PLAN[n % PLAN.length]!);
  const { figures } = await withstand(rounds, filled, { steadyTasks });
  assertGreater(figures.acknowledgements, steadyTasks / 11 * ROUNDS);
  assertGreater(figures.states, 5 * ROUNDS);
  // Only in rounds whose kill waits until all tasks run, the number of interrupted tasks is known.
  const killed = figures.interrupted.filter((_, n) => rounds[n]!.end === "kill");
  assertGreater(Math.min(...killed), 0.9 * steadyTasks);
});

Deno.test("crash: tasks that the server's limits removed stay removed, and watchers receive the removals", async () => {
  const { figures } = await withstand(
    [{ end: "kill" }, { end: "kill" }, { end: "kill", killsAtStart: 1 }],
    0,
    {
      steadyTasks: 100,
      forgets: true,
      limits: { endedTasksPerClient: 30 },
    },
  );
  assertGreater(figures.forgotten, 20, "no task was removed, so the test checked nothing");
});

Deno.test({
  name: "crash: no acknowledged or published change is lost in PostgreSQL, which is killed as well",
  ignore: !hasPostgres,
  fn: async () => {
    using cluster = PostgresCluster.start();
    const rounds = Array.from(
      { length: POSTGRES_ROUNDS },
      (_, n) => POSTGRES_PLAN[n % POSTGRES_PLAN.length]!,
    );
    const { figures } = await withstandOn({ database: postgresDatabase(cluster), steadyTasks: 100 }, rounds);
    assertGreater(figures.acknowledgements, 20 * POSTGRES_ROUNDS);
    assertGreater(figures.states, 2 * POSTGRES_ROUNDS);
  },
});

Deno.test("crash: a start whose body arrives during shutdown is either refused or stored", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-crash-" });
  try {
    const file = `${folder}/tasks.db`;
    const server = await CrashServer.start({ data: file });
    await using socket = new TestSocket(`${server.url}/ws/tasks/c?mode=delta`);
    await socket.count(1);
    const port = Number(new URL(server.url).port);
    const starts = await Promise.all(Array.from({ length: 20 }, async (_, n) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const body = encoder.encode(JSON.stringify({ id: `task-${n}`, args: [1, "finish"] }));
      const head = `POST /tasks/c/start/brief HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
      // After the first byte of the body, the server waits for the rest.
      await send(connection, encoder.encode(head));
      await send(connection, body.subarray(0, 1));
      return { id: `task-${n}`, connection, rest: body.subarray(1) };
    }));
    assertEquals((await call("GET", `${server.url}/healthz`)).status, 200);

    const ended = server.shutDown(20_000);
    await socket.find(({ type }) => type === "closing");
    const acknowledged = await Promise.all(starts.map(async ({ id, connection, rest }) => {
      await send(connection, rest).catch(() => {});
      const { status } = await readResponse(connection);
      connection.close();
      return status === 202 ? [id] : [];
    }));
    assertEquals((await ended).code, 0);

    await using next = await CrashServer.start({ data: file });
    const { json } = await call("GET", `${next.url}/tasks/c`);
    assertEquals(acknowledged.flat().filter((id) => json.all_tasks[id] === undefined), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A ledger, the tasks of a restarted server, and shorthand methods for events. */
class Story {
  readonly ledger: Ledger;
  readonly tasks: Map<string, Task> = new Map();
  cursor = "epoch:1000";

  constructor(options: LedgerOptions = {}) {
    this.ledger = new Ledger(options);
    this.ledger.sawCursor("epoch:999");
  }

  /** Returns a task after some changes. */
  task(id: string, ...changes: Parameters<typeof transition>[2][]): Task {
    let task = transition(undefined, id, createChange(), 1);
    for (const change of changes) task = transition(task, id, change, 2);
    return task;
  }

  /** Adds a task to the state of the restarted server. */
  holds(task: Task): void {
    this.tasks.set(`c/${task.id}`, task);
  }

  /** Records a request that was acknowledged. */
  acknowledge(wish: Wish, id: string): void {
    this.ledger.ask(wish, "c", id).acknowledged();
  }

  /** Returns the violated guarantees that the ledger finds after a crash. */
  check(wasKilled = true): string[] {
    return this.ledger.check({ cursor: this.cursor, wasKilled, tasks: this.tasks });
  }
}

const START = { type: "start" } as const;
const FINISH = { type: "finish", result: 1 } as const;
const INTERRUPT = { type: "interrupt", message: "The server ended", lostVersions: 5 } as const;

function step(current: number) {
  return { type: "update", current } as const;
}

Deno.test("Ledger.check() returns no complaint if the server kept its guarantees", () => {
  const story = new Story();
  story.acknowledge("start", "ran");
  story.ledger.saw("c", story.task("ran", START, step(1)));
  story.holds(story.task("ran", START, step(1), INTERRUPT));
  story.acknowledge("start", "done");
  story.ledger.ended("c", "done", { state: "FINISHED", result: 1 });
  story.holds(story.task("done", START, FINISH));
  story.acknowledge("start", "gone");
  story.acknowledge("remove", "gone");
  story.ledger.ask("start", "c", "never answered");
  story.ledger.ask("start", "c", "refused").refused();
  assertEquals(story.check(), []);
  assertEquals(story.ledger.acknowledgements, 5);
  // The ledger continues with the state after the crash.
  story.cursor = "epoch:2000";
  assertEquals(story.check(), []);
});

Deno.test("Ledger.check() detects a lost acknowledged change", () => {
  const story = new Story();
  story.acknowledge("start", "started");
  story.ledger.saw("c", story.task("shown"));
  story.ledger.ended("c", "ended", { state: "FINISHED", result: 1 });
  assertEquals(story.check(), ["c/started is lost", "c/shown is lost", "c/ended is lost"]);
});

Deno.test("Ledger.check() detects a changed final state", () => {
  const story = new Story();
  const changes = [START, step(1)];
  story.ledger.ended("c", "result", { state: "FINISHED", result: 2 });
  story.ledger.ended("c", "state", { state: "ERROR", message: "wrong" });
  story.ledger.ended("c", "message", { state: "ERROR", message: "wrong" });
  story.ledger.saw("c", story.task("shown", ...changes, FINISH));
  for (const id of ["result", "state"]) story.holds(story.task(id, ...changes, FINISH));
  story.holds(story.task("message", { type: "fail", error: { type: "Error", message: "bad" } }));
  story.holds(story.task("shown", ...changes, INTERRUPT));
  const wrong = story.check();
  assertEquals(wrong.map((complaint) => complaint.split(" ").slice(0, 5).join(" ")), [
    'c/result had ended as {"state":"FINISHED","result":2},',
    'c/state had ended as {"state":"ERROR","message":"wrong"},',
    'c/message had ended as {"state":"ERROR","message":"wrong"},',
    'c/shown had ended as {"state":"FINISHED","version":4,"status":"Finished","current":1,"log_count":0}',
  ]);
});

Deno.test("Ledger.check() detects a lower version, and a version with two different records", () => {
  const story = new Story();
  for (const id of ["back", "same"]) story.ledger.saw("c", story.task(id, START, step(1), step(2)));
  story.holds(story.task("back", START, { ...INTERRUPT, lostVersions: 0 }));
  story.holds(story.task("same", START, step(1), { ...INTERRUPT, lostVersions: 0 }));
  const [back, same, ...others] = story.check();
  assertEquals([back?.slice(0, 16), same?.slice(0, 10), others], ["c/back went back", "c/same was", []]);
});

Deno.test("Ledger.saw() detects a version with two different records", () => {
  const story = new Story();
  const task = story.task("1", START, step(1));
  story.ledger.saw("c", task);
  story.ledger.saw("c", { ...task });
  story.ledger.saw("c", { ...task, current: 2 });
  story.holds(story.task("1", START, INTERRUPT));
  assertEquals(story.check().map((complaint) => complaint.slice(0, 29)), ["c/1: one version, two records"]);
});

Deno.test("Ledger.check() detects tasks that were never created, and removed tasks that came back", () => {
  const story = new Story({ isOffspring: (id) => id.startsWith("child") });
  story.acknowledge("start", "removed");
  story.acknowledge("remove", "removed");
  story.ledger.ask("remove", "c", "maybe removed");
  story.ledger.saw("c", story.task("seen to go", START, FINISH));
  story.ledger.ask("remove", "c", "seen to go");
  story.ledger.sawRemoved("c", "seen to go");
  story.ledger.ask("start", "c", "asked");
  for (const id of ["removed", "seen to go", "maybe removed", "asked", "child", "invented"]) {
    story.holds(story.task(id, START, FINISH));
  }
  story.ledger.saw("c", story.task("maybe removed", START, FINISH));
  assertEquals(story.check(), [
    "c/invented exists without a request",
    "c/removed came back: it was removed",
    "c/seen to go came back: it was removed",
  ]);
});

Deno.test("Ledger.check() accepts the subtasks of a retry that was requested, but never answered", () => {
  const story = new Story();
  story.acknowledge("start", "first");
  story.holds(story.task("first", START, FINISH));
  story.ledger.ask("retry", "c", "first");
  const retry = { ...story.task("retry", START, INTERRUPT), retry_of: "first" };
  const unasked = { ...story.task("unasked", START, INTERRUPT), retry_of: "other" };
  for (const task of [retry, unasked]) {
    story.holds(task);
    story.holds({ ...story.task(`part of ${task.id}`, START, INTERRUPT), parent_id: task.id });
  }
  assertEquals(story.check(), [
    "c/unasked exists without a request",
    "c/part of unasked exists without a request",
  ]);
});

Deno.test("Ledger.check() accepts either outcome of an unanswered request, then requires it to stay", () => {
  for (const isThere of [true, false]) {
    const story = new Story();
    story.ledger.saw("c", story.task("1", START, FINISH));
    story.ledger.ask("remove", "c", "1");
    if (isThere) story.holds(story.task("1", START, FINISH));
    assertEquals(story.check(), []);
    if (isThere) story.tasks.clear();
    else story.holds(story.task("1", START, FINISH));
    story.cursor = "epoch:2000";
    assertEquals(story.check(), [isThere ? "c/1 is lost" : "c/1 came back: it was removed"]);
  }
});

Deno.test("Ledger.check() detects a bulk removal that was partly undone", () => {
  const story = new Story();
  for (const id of ["1", "2"]) story.ledger.saw("c", story.task(id, START, FINISH));
  story.ledger.saw("c", story.task("runs", START));
  story.ledger.askToRemoveEnded("c").acknowledged();
  story.holds(story.task("2", START, FINISH));
  assertEquals(story.check(), ["c/2 came back: it was removed"]);
});

Deno.test("Ledger.check() detects a restored task that is lost or changed", () => {
  const story = new Story();
  const ended = {
    restored: story.task("restored", START, FINISH),
    other: story.task("other", START, FINISH),
  };
  for (const [id, task] of Object.entries(ended)) {
    story.ledger.saw("c", task);
    story.acknowledge("remove", id);
    story.acknowledge("restore", id);
  }
  story.holds({ ...ended.other, version: 4, result: 2 });
  const [gone, other, ...others] = story.check();
  assertEquals([gone, other?.slice(0, 17), others], ["c/restored is lost", "c/other had ended", []]);
  story.holds(ended.restored);
});

Deno.test("Ledger.check() detects a lost or invented request to cancel", () => {
  const story = new Story();
  for (const wish of ["cancel", "force"] as const) {
    story.acknowledge("start", wish);
    story.acknowledge(wish, wish);
    story.holds(story.task(wish, START, INTERRUPT));
  }
  story.acknowledge("start", "free");
  story.holds(story.task("free", START, { type: "cancelled" }));
  assertEquals(story.check().map((complaint) => complaint.split(/[:,]/)[0]), [
    "c/cancel lost its cancel request",
    "c/force lost its cancel request",
    "c/force was cancelled",
    "c/free is cancelled without a request",
  ]);
});

Deno.test("Ledger.check() detects the loss of progress that was committed", async () => {
  const story = new Story();
  story.acknowledge("start", "1");
  story.ledger.saw("c", story.task("1", START, step(1), step(2)));
  // The clock must advance, because a record that is received in the same millisecond as a request may be newer.
  await new Promise((resolve) => setTimeout(resolve, 5));
  const asked = story.ledger.ask("start", "c", "2");
  await new Promise((resolve) => setTimeout(resolve, 5));
  story.ledger.saw("c", story.task("1", START, step(1), step(2), step(3)));
  asked.acknowledged();
  story.holds(story.task("2", START, INTERRUPT));
  story.holds(story.task("1", START, step(1), step(2), INTERRUPT));
  assertEquals(story.check(), []);

  const other = new Story();
  other.ledger.saw("c", other.task("1", START, step(1), step(2)));
  await new Promise((resolve) => setTimeout(resolve, 5));
  other.acknowledge("start", "2");
  other.holds(other.task("2", START, INTERRUPT));
  other.holds(other.task("1", START, step(1), INTERRUPT));
  assertEquals(other.check().map((complaint) => complaint.slice(0, 15)), ["c/1 was safe at"]);
});

Deno.test("Ledger.check() detects a task that runs although no process can run it", () => {
  const story = new Story();
  story.acknowledge("start", "1");
  story.holds(story.task("1", START));
  assertEquals(story.check(), ["c/1 is STARTING, but no reporter runs it"]);
});

Deno.test("Ledger.check() detects reused sequence numbers and a changed epoch", () => {
  const again = new Story();
  again.cursor = "epoch:999";
  assertEquals(again.check(), ["The sequence numbers continue at 999, but 999 was seen"]);
  // A graceful shutdown releases the reserved sequence numbers.
  const inOrder = new Story();
  inOrder.cursor = "epoch:999";
  assertEquals(inOrder.check(false), []);
  const back = new Story();
  back.cursor = "epoch:998";
  assertEquals(back.check(false), ["The sequence numbers continue at 998, but 999 was seen"]);
  const other = new Story();
  other.cursor = "other:2000";
  assertEquals(other.check()[0], "The epoch is other after the crash, and was epoch");
});

Deno.test("Ledger.sawRemoved() detects a removal without a request, unless limits may remove tasks", () => {
  for (const mayForget of [true, false]) {
    const story = new Story({ mayForget: () => mayForget });
    story.acknowledge("start", "1");
    story.ledger.sawRemoved("c", "1");
    assertEquals(story.check(), mayForget ? [] : ["c/1 was removed without a request"]);
  }
});

Deno.test("Ledger.ask() detects a task that the server says is missing", () => {
  const story = new Story();
  story.acknowledge("start", "1");
  story.ledger.ask("cancel", "c", "1").refused(true);
  story.ledger.ask("cancel", "c", "unknown").refused(true);
  story.holds(story.task("1", START, INTERRUPT));
  assertEquals(story.check(), ["c/1 is lost"]);
});

Deno.test("differences() compares the tasks of a watcher with those of the server", () => {
  const story = new Story();
  const [one, two, three] = ["1", "2", "3"].map((id) => story.task(id, START)) as [Task, Task, Task];
  const first = heldAfter("c", null, { cursor: "epoch:1", all_tasks: { 1: one, 2: two } });
  const changed = story.task("1", START, FINISH);
  const second = heldAfter("c", first, { cursor: "epoch:2", tasks: [changed, three], removed: ["2", "3"] });
  assertEquals([...second.tasks.keys()], ["1", "3"]);
  assertEquals(differences("It", second.tasks, second), []);
  assertEquals(differences("It", first.tasks, second).map((complaint) => complaint.split(":")[0]), [
    "It holds an old c/1",
    "It misses c/3",
    "It still holds c/2, which is gone",
  ]);
});

Deno.test("recordComplaints(), logComplaints() and historyComplaints() detect inconsistent data", () => {
  const story = new Story();
  const task: Task = {
    ...story.task("1", START, { ...step(3), status: "step 3" }, INTERRUPT),
    name: "steady",
    log_count: 3,
  };
  assertEquals(recordComplaints(task), []);
  for (const torn of [{ current: 2 }, { log_count: 1 }, { state: "FINISHED", error: null } as const]) {
    assertEquals(recordComplaints({ ...task, ...torn }).length, 1, JSON.stringify(torn));
  }
  const lines = [1, 2, 3].map((n) => ({ text: `1 line ${n}` }));
  assertEquals(logComplaints(task, lines), []);
  for (const torn of [lines.slice(1), [...lines].reverse(), [lines[0]!, lines[0]!, lines[2]!]]) {
    assertEquals(logComplaints(task, torn).length, 1);
  }
  const { status } = task;
  const begin = { at: 1, state: "NOT_STARTED", status: "Not started", progress: null, version: 1 } as const;
  const end = { at: 2, state: "ERROR", status, progress: null, version: 4 } as const;
  assertEquals(historyComplaints(task, [begin, end]), []);
  for (
    const torn of [[end], [begin], [begin, { ...end, version: 1 }], [begin, end, { ...end, version: 5 }], [
      begin,
      { ...end, version: task.version + 1 },
    ]]
  ) {
    assertEquals(historyComplaints(task, torn).length, 1, JSON.stringify(torn));
  }
});

Deno.test("endsIn() parses the outcomes that tasks printed", () => {
  const said =
    'Taskscope shows\nack c 1 FINISHED {"a":1}\nack c 2 ERROR went wrong\nack c 3 CANCELLED\nack c 4 FINI';
  assertEquals(endsIn(said), [
    { client: "c", id: "1", end: { state: "FINISHED", result: { a: 1 } } },
    { client: "c", id: "2", end: { state: "ERROR", message: "went wrong" } },
    { client: "c", id: "3", end: { state: "CANCELLED" } },
  ]);
});
