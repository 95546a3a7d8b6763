import { ServerUnavailableError } from "../../../../lib/cli/client/api.ts";
import { CommandError } from "../../../../lib/cli/command.ts";
import {
  allTasks,
  follow,
  type FollowEvent,
  oneTask,
  type Subscription,
} from "../../../../lib/cli/client/follow.ts";
import type { Task } from "../../../../lib/task/task.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { freePort } from "../../../support/free_port.ts";
import { Relay } from "../../../support/relay.ts";
import { startTaskServer } from "../../../support/task_server.ts";

const CLIENT = "c";
/** How long a test waits for an update, in milliseconds. */
const DEADLINE_MS = 20_000;

/** Follows tasks, and records the updates that `follow()` yields. */
class Listener implements AsyncDisposable {
  readonly #ending = new AbortController();
  readonly #event: AsyncGenerator<FollowEvent>;
  readonly received: FollowEvent[] = [];

  constructor(followed: Subscription, silenceMs = 20_000) {
    this.#event = follow(followed, { signal: this.#ending.signal, silenceMs });
  }

  /** Returns the next update that matches; rejects after 20 s. */
  async next(fits: (event: FollowEvent) => boolean): Promise<FollowEvent> {
    const timer = setTimeout(() => this.#ending.abort(), DEADLINE_MS);
    try {
      while (true) {
        const { value, done } = await this.#event.next();
        if (done) throw new Error(`No update fits: ${JSON.stringify(this.received)}`);
        this.received.push(value);
        if (fits(value)) return value;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops following, and resolves once `follow()` has returned. */
  async end(): Promise<void> {
    this.#ending.abort();
    for await (const _ of this.#event);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

function shows(id: string, fits: (task: Task) => boolean): (event: FollowEvent) => boolean {
  return (event) => event.type === "tasks" && event.tasks.some((task) => task.id === id && fits(task));
}

const isLost = ({ type }: FollowEvent) => type === "lost";

async function start(url: string, name: string, id: string): Promise<void> {
  const { status } = await call("POST", `${url}/tasks/${CLIENT}/start/${name}`, { body: { id } });
  assertEquals(status, 202);
}

Deno.test("follow() yields the current record of a task, and then each change of it", async () => {
  await using server = startTaskServer();
  await start(server.url, "held", "t");
  await using listener = new Listener(oneTask({ server: server.url, client: CLIENT, key: null }, "t"));
  await listener.next(shows("t", ({ state }) => state === "STARTING"));
  server.held.release("done");
  await listener.next(shows("t", ({ state, result }) => state === "FINISHED" && result === "done"));
  assert(!listener.received.some(isLost));
});

Deno.test("follow() yields existing, new and removed tasks of a client", async () => {
  await using server = startTaskServer();
  await start(server.url, "echo", "old");
  await using listener = new Listener(allTasks({ server: server.url, client: CLIENT, key: null }));
  const first = await listener.next(() => true);
  assert(first.type === "tasks" && first.isAll && first.tasks.length === 1);
  await start(server.url, "echo", "new");
  await listener.next(shows("new", ({ state }) => state === "FINISHED"));
  await call("DELETE", `${server.url}/tasks/${CLIENT}/old`);
  await listener.next((event) => event.type === "tasks" && event.removed.includes("old"));
});

Deno.test("follow() reports a lost connection, reconnects, and yields the missed changes", async () => {
  await using server = startTaskServer();
  await using relay = new Relay(server.url);
  await start(server.url, "held", "t");
  const target = { server: relay.url, client: CLIENT, key: null };
  for (const [id, followed] of [["t", oneTask(target, "t")], ["u", allTasks(target)]] as const) {
    await using listener = new Listener(followed);
    await listener.next(({ type }) => type === "tasks");
    relay.cut();
    await listener.next(isLost);
    if (id === "t") server.held.release();
    else await start(server.url, "echo", "u");
    relay.mend();
    await listener.next(shows(id, ({ state }) => state === "FINISHED"));
  }
});

Deno.test("follow() polls over REST while the WebSocket is silent, even if the WebSocket is dead", async () => {
  await using server = startTaskServer();
  await using relay = new Relay(server.url);
  await start(server.url, "held", "t");
  const target = { server: relay.url, client: CLIENT, key: null };
  await using one = new Listener(oneTask(target, "t"), 50);
  await using all = new Listener(allTasks(target), 50);
  const opened = [one, all].map(async (listener) => {
    await listener.next(() => true);
    await listener.next(() => true);
  });
  await Promise.all(opened);
  relay.freezeSockets();
  server.held.release();
  await one.next(shows("t", ({ state }) => state === "FINISHED"));
  await all.next(shows("t", ({ state }) => state === "FINISHED"));
});

Deno.test("follow() works without WebSockets if a proxy blocks them", async () => {
  await using server = startTaskServer();
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const front = Deno.serve(options, (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname.startsWith("/ws/")) return new Response("no", { status: 403 });
    return fetch(server.url + pathname + search);
  });
  const target = { server: `http://127.0.0.1:${front.addr.port}`, client: CLIENT, key: null };
  await start(server.url, "held", "t");
  await using one = new Listener(oneTask(target, "t"));
  await using all = new Listener(allTasks(target));
  await one.next(() => true);
  await all.next(() => true);
  server.held.release();
  for (const listener of [one, all]) {
    await listener.next(shows("t", ({ state }) => state === "FINISHED"));
    assert(!listener.received.some(isLost));
    await listener.end();
  }
  await front.shutdown();
});

Deno.test("follow() yields a complete list if the server does not know the cursor", async () => {
  const port = freePort();
  const target = { server: `http://127.0.0.1:${port}`, client: CLIENT, key: null };
  let listener: Listener | undefined;
  for (const id of ["before", "after"]) {
    await using server = startTaskServer();
    // The new server has the same address, but new sequence numbers.
    const front = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, server.monitor.fetch);
    await start(target.server, "echo", id);
    listener ??= new Listener(allTasks(target));
    const event = await listener.next((event) => event.type === "tasks" && event.isAll);
    assert(shows(id, () => true)(event));
    // Wait for a first message, because only an open connection can be lost.
    await start(target.server, "echo", `${id}-2`);
    await listener.next(shows(`${id}-2`, () => true));
    await server.monitor[Symbol.asyncDispose]();
    await front.shutdown();
  }
  await listener!.end();
});

Deno.test("follow() reports a task that does not exist as removed", async () => {
  await using server = startTaskServer();
  await using listener = new Listener(oneTask({ server: server.url, client: CLIENT, key: null }, "none"));
  const event = await listener.next(() => true);
  assertEquals(event, { type: "tasks", tasks: [], removed: ["none"], isAll: true, isOpening: true });
});

Deno.test("follow() waits for an unfinished task that the server has lost, but not for ever", async () => {
  let server = startTaskServer();
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const front = Deno.serve(options, (request, info) => server.monitor.fetch(request, info));
  const target = { server: `http://127.0.0.1:${front.addr.port}`, client: CLIENT, key: null };
  await start(target.server, "held", "t");
  await using listener = new Listener(oneTask(target, "t", 1_500));
  await listener.next(shows("t", ({ active }) => active));
  for (const isBack of [true, false]) {
    const old = server;
    // The new server has the same address, but no tasks.
    server = startTaskServer();
    await old[Symbol.asyncDispose]();
    await listener.next((event) => event.type === "lost" && event.reason.endsWith("has lost the task"));
    if (!isBack) continue;
    await start(target.server, "held", "t");
    await listener.next(shows("t", ({ active }) => active));
  }
  await listener.next((event) => event.type === "tasks" && event.removed.includes("t"));
  await listener.end();
  await front.shutdown();
  await server[Symbol.asyncDispose]();
});

Deno.test("follow() throws if the first connection fails, or if the server is not Taskscope", async () => {
  const nowhere = { server: `http://127.0.0.1:${freePort()}`, client: CLIENT, key: null };
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const other = Deno.serve(options, () => new Response("<h1>Not here</h1>", { status: 404 }));
  const elsewhere = { server: `http://127.0.0.1:${other.addr.port}`, client: CLIENT, key: null };
  for (const follows of [allTasks, (target: typeof nowhere) => oneTask(target, "t")]) {
    const gone = await assertRejects(
      () => new Listener(follows(nowhere)).next(() => true),
      ServerUnavailableError,
    );
    assertStringIncludes(gone.message, `Cannot reach a server at ${nowhere.server}; `);
    const refused = await assertRejects(
      () => new Listener(follows(elsewhere)).next(() => true),
      CommandError,
    );
    assertEquals(
      refused.message,
      `${elsewhere.server} is not a Taskscope server: it responded with status 404 and no JSON`,
    );
    assertEquals([gone.status, refused.status], [4, 4]);
  }
  await other.shutdown();
});

Deno.test("follow() retries while the server responds that it is unavailable", async () => {
  let isReady = false;
  await using server = startTaskServer();
  await start(server.url, "echo", "t");
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const front = Deno.serve(options, (request) => {
    const { pathname } = new URL(request.url);
    return isReady ? fetch(server.url + pathname) : Response.json({ detail: "Not yet" }, { status: 503 });
  });
  const target = { server: `http://127.0.0.1:${front.addr.port}`, client: CLIENT, key: null };
  await using listener = new Listener(oneTask(target, "t"));
  const lost = await listener.next(() => true);
  assertEquals(lost, { type: "lost", reason: `${target.server} is unavailable: Not yet` });
  isReady = true;
  await listener.next(shows("t", ({ state }) => state === "FINISHED"));
  await listener.end();
  await front.shutdown();
});
