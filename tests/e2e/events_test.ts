/** Tests of event streams and long-polling requests with real clients: curl and a browser's EventSource. */

import type { Registry } from "../../lib/registry/registry.ts";
import { isFinal } from "../../lib/task/task.ts";
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { createChange } from "../support/changes.ts";
import { checkConnection, EventReader, EventTruth } from "../support/event_model.ts";
import { EventParser } from "../support/event_parser.ts";
import { type Process, spawn, startProgram } from "../support/program.ts";
import { readResponse, send } from "../support/raw_http.ts";
import { TestReporter } from "../support/registry.ts";
import { startServer } from "../support/server.ts";
import { randomNumbers } from "../support/simulated_wire.ts";
import { startTaskServer } from "../support/task_server.ts";
import { testSource } from "../support/test_source.ts";
import { findTool } from "../support/tools.ts";
import { eventually } from "../support/until.ts";

/** Runs a test that needs curl, if curl is installed. */
async function withCurl(what: string, use: (curl: (...args: string[]) => Process) => Promise<void>) {
  const name = await findTool(["curl"], what);
  if (name !== undefined) await use((...args) => spawn(name, ["-sS", ...args]));
}

/** Randomly creates, updates, ends and removes the tasks of one client. */
class Work {
  readonly #registry: Registry;
  readonly #random: () => number;
  readonly #reporter = new TestReporter();
  readonly #live: string[] = [];
  readonly #ended: string[] = [];
  #ids = 0;

  constructor(registry: Registry, random: () => number) {
    this.#registry = registry;
    this.#random = random;
  }

  /** Makes a number of changes, and yields to the event loop in between. */
  async some(changes: number): Promise<void> {
    for (let change = 0; change < changes; change++) {
      this.#change();
      if (this.#random() < 0.1) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  #change(): void {
    const dice = this.#random();
    if (this.#live.length < 3 || (dice < 0.08 && this.#live.length < 30)) {
      const id = `task-${++this.#ids}`;
      this.#report(id, createChange());
      this.#report(id, { type: "start" });
      this.#live.push(id);
    } else if (dice < 0.7) {
      this.#report(this.#pick(this.#live), { type: "update", progress: this.#random() * 100 });
    } else if (dice < 0.85) {
      const lines = [{ at: 1, text: `line\n${this.#random()}` }];
      this.#report(this.#pick(this.#live), { type: "log", lines });
    } else if (dice < 0.95 || this.#ended.length === 0) {
      const [id] = this.#live.splice(Math.floor(this.#random() * this.#live.length), 1);
      if (this.#random() < 0.5) this.#report(id!, { type: "finish", result: null });
      else this.#report(id!, { type: "fail", error: { type: "Error", message: "no" } });
      this.#ended.push(id!);
    } else {
      const [id] = this.#ended.splice(Math.floor(this.#random() * this.#ended.length), 1);
      this.#registry.remove("c", id!);
    }
  }

  #report(id: string, change: Parameters<Registry["report"]>[0]["change"]): void {
    this.#registry.report({ client: "c", id, at: Date.now() / 1000, change }, this.#reporter);
  }

  #pick(ids: readonly string[]): string {
    return ids[Math.floor(this.#random() * ids.length)]!;
  }
}

/** The number of times that the connection of curl is cut. */
const CUTS = 50;
/** The number of changes that are made in the meantime. */
const CHANGES = 10_000;

async function followWithCurl(curl: (...args: string[]) => Process, seed: number): Promise<void> {
  const random = randomNumbers(seed);
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await using server = startServer({ data: `${folder}/tasks.db`, limits: { frameIntervalMs: 5 } });
    const registry = server.monitor.registry as Registry;
    using truth = new EventTruth(registry, "c");
    const work = new Work(registry, random);
    const reader = new EventReader();
    const openings = { state: 0, resync: 0, missed: 0, nothing: 0 };
    let lastEventId = "";
    const connect = () => {
      const id = lastEventId === "" ? [] : ["-H", `Last-Event-ID: ${lastEventId}`];
      return curl("-N", ...id, `${server.url}/events/tasks/c`);
    };
    const take = (text: string) => {
      const parser = new EventParser(lastEventId);
      parser.push(text);
      parser.events.forEach((event) => reader.take(event));
      openings[checkConnection(truth, lastEventId, parser.events).opening]++;
      ({ lastEventId } = parser);
    };
    for (let cut = 0; cut < CUTS; cut++) {
      await using process = connect();
      await work.some((CHANGES / CUTS) * 0.5);
      await process.output(/\nid: /);
      await work.some((CHANGES / CUTS) * 0.4);
      process.kill("SIGKILL");
      await process.ended();
      assertEquals(process.stderr, "");
      take(process.stdout.slice(0, Math.ceil(process.stdout.length * Math.max(0.5, random()))));
      await work.some((CHANGES / CUTS) * 0.1);
    }
    assertGreater(truth.size, CHANGES);
    await using process = connect();
    // Estimates keep changing, so the list is read again until its cursor is that of an event of the stream.
    let list = (await call("GET", `${server.url}/tasks/c`)).json;
    const end = () => process.stdout.indexOf(`id: ${list.cursor}\n\n`);
    for (let reads = 0; end() === -1 && lastEventId !== list.cursor; reads++) {
      assertLess(reads, 1_000, "The stream never came to where the list is");
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (end() === -1) list = (await call("GET", `${server.url}/tasks/c`)).json;
    }
    const { cursor, all_tasks } = list;
    if (lastEventId !== cursor) take(process.stdout.slice(0, end() + `id: ${cursor}\n\n`.length));
    assertEquals(new Map([...reader.tasks].toSorted()), new Map(Object.entries(all_tasks).toSorted()));
    assertEquals([openings.state, openings.resync], [1, 0]);
    assertGreater(openings.missed, CUTS * 0.2);
    assertEquals(server.errors, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

testSource("curl: an event stream that is cut 50 times during 10,000 changes misses none", async () => {
  await withCurl("Resuming with curl", async (curl) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    await followWithCurl(curl, seed).catch((cause) => {
      throw new Error(`Failed with seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    });
  });
});

testSource("curl: the event stream of a task ends when the task ends", async () => {
  await withCurl("Reading the events of a task", async (curl) => {
    await using server = startTaskServer();
    await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
    await using process = curl("-N", `${server.url}/events/tasks/c/t`);
    await process.output(/event: initial_state/);
    server.held.release();
    assertEquals((await process.ended()).code, 0);
    assertStringIncludes(process.stdout, "\nevent: task.finished\n");
  });
});

testSource("curl: the exit status tells a shell script whether a task has reached a state", async () => {
  await withCurl("Waiting with curl", async (curl) => {
    await using server = startTaskServer();
    const task = `${server.url}/tasks/c/t`;
    await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
    await using soon = curl("-f", `${task}?wait=ended&timeout=0.01`);
    assertEquals([(await soon.ended()).code, soon.stdout], [22, ""]);
    // curl retries until the response says that the task has ended.
    await using patient = curl(
      "-f",
      "--retry",
      "20",
      "--retry-delay",
      "1",
      `${task}?wait=FINISHED&timeout=0.2`,
    );
    await using vain = curl("--fail-with-body", "--retry", "20", `${task}?wait=ERROR&timeout=60`);
    await patient.output(/408/, "stderr");
    server.held.release("done");
    const { code, stdout } = await patient.ended();
    assertEquals([code, JSON.parse(stdout).result], [0, "done"]);
    // curl does not retry a 409.
    assertEquals([(await vain.ended()).code, JSON.parse(vain.stdout).state], [22, "FINISHED"]);
  });
});

/** A module with a task that logs more than all buffers between two programs hold, and never ends. */
const LOUD = `export const loud = async (task) => {
  for (let round = 1; round <= 20; round++) {
    for (let line = 0; line < 100; line++) task.log("x".repeat(8_000));
    await task.update({ current: round });
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await task.update({ status: "said" });
  await new Promise(() => {});
};
export const deaf = () => new Promise(() => {});`;

Deno.test("main: serve stops in time on SIGTERM in spite of open streams, unread streams and waiting requests", async () => {
  await withCurl("A shutdown with event streams", async (curl) => {
    const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
    try {
      await Deno.writeTextFile(`${folder}/loud.js`, LOUD);
      for (const withStuck of [false, true]) {
        await using program = await startProgram(["--tasks", `${folder}/loud.js`]);
        await call("POST", `${program.url}/tasks/c/start/long_running_task`, { body: { id: "t" } });
        // This task ignores cancellation, so the shutdown takes long enough for these requests to arrive.
        await call("POST", `${program.url}/tasks/deaf/start/deaf`);
        const { cursor } = (await call("GET", `${program.url}/tasks/other`)).json;
        await using all = curl("-N", `${program.url}/events/tasks/c`);
        await using one = curl("-N", `${program.url}/events/tasks/c/t`);
        // The response to the first of two requests shows that curl is connected.
        const health = `${program.url}/healthz`;
        await using waits = curl(health, `${program.url}/tasks/c/t?wait=ended`);
        await using polls = curl(health, `${program.url}/tasks/other?after=${cursor}&timeout=60`);
        for (const stream of [all, one]) await stream.output(/initial_state/);
        for (const waiting of [waits, polls]) await waiting.output(/"ok"}/);
        using stuck = withStuck ? await makeStuck(program.url, program.port) : null;
        program.process.kill("SIGTERM");
        const { code, stderr } = await program.process.ended();
        assertEquals([code, stderr], [0, ""]);
        for (const stream of [all, one]) {
          assertEquals((await stream.ended()).code, 0, stream.stderr);
          const parser = new EventParser();
          parser.push(stream.stdout);
          const types = parser.events.map(({ type }) => type);
          assert(types.includes("closing"), types.join());
          const end = parser.events.find(({ type }) => type === "task.error")!;
          assertEquals(JSON.parse(end.data).error.type, "interrupted");
        }
        for (const waiting of [waits, polls]) {
          assertEquals((await waiting.ended()).code, 0, waiting.stderr);
          assertEquals(JSON.parse(waiting.stdout.replace('{"status":"ok"}', "")).code, "closing");
        }
        assertEquals(stuck !== null, withStuck);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});

/** Opens an event stream that is never read, and makes the server send more data than its buffers hold. */
async function makeStuck(url: string, port: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `GET /events/tasks/loud HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  await send(connection, new TextEncoder().encode(head));
  assertEquals((await readResponse(connection, "head")).status, 200);
  await call("POST", `${url}/tasks/loud/start/loud`, { body: { id: "loud" } });
  await eventually(() => call("GET", `${url}/tasks/loud/loud`), ({ json }) => json.status === "said");
  return connection;
}

testSource(
  "EventSource: a browser receives the events of a task, and does not reconnect after its end",
  async () => {
    await using server = startTaskServer();
    await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
    await withPage({}, async ({ page, complaints }) => {
      await page.goto(`${server.url}/t/c`);
      const heard = page.evaluate(() => {
        const source = new EventSource("/events/tasks/c/t");
        const types: string[] = [];
        const names = ["initial_state", "task.progress", "task.finished", "resync", "closing"];
        for (const name of names) source.addEventListener(name, () => types.push(name));
        return new Promise<string[]>((resolve) => {
          source.onopen = () => document.title = "open";
          source.onerror = () => {
            types.push(source.readyState === EventSource.CLOSED ? "closed" : "comes back");
            if (source.readyState === EventSource.CLOSED) resolve(types);
          };
        });
      });
      await page.waitForFunction(() => document.title === "open");
      server.held.release();
      // EventSource reconnects once, receives the status 204, and stops.
      assertEquals(await heard, ["initial_state", "task.finished", "comes back", "closed"]);
      assertEquals(complaints, []);
    });
    assertEquals(server.errors, []);
    assert(isFinal(server.monitor.registry.task("c", "t")!.state));
  },
);
