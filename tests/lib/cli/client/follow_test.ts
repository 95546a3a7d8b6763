import { ServerGoneError } from "../../../../lib/cli/client/api.ts";
import { CommandError } from "../../../../lib/cli/command.ts";
import { allTasks, follow, type Followed, type News, oneTask } from "../../../../lib/cli/client/follow.ts";
import type { Task } from "../../../../lib/task/task.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { freePort } from "../../../support/free_port.ts";
import { Relay } from "../../../support/relay.ts";
import { startTaskServer } from "../../../support/task_server.ts";

const CLIENT = "c";
/** Longest wait for news, in milliseconds. */
const DEADLINE_MS = 20_000;

/** Follows tasks until a test has heard enough. */
class Listener implements AsyncDisposable {
  readonly #ending = new AbortController();
  readonly #news: AsyncGenerator<News>;
  readonly heard: News[] = [];

  constructor(followed: Followed, silenceMs = 20_000) {
    this.#news = follow(followed, { signal: this.#ending.signal, silenceMs });
  }

  /** The next news that fits; rejects where there is none within 20 s. */
  async next(fits: (news: News) => boolean): Promise<News> {
    const timer = setTimeout(() => this.#ending.abort(), DEADLINE_MS);
    try {
      while (true) {
        const { value, done } = await this.#news.next();
        if (done) throw new Error(`No news fit: ${JSON.stringify(this.heard)}`);
        this.heard.push(value);
        if (fits(value)) return value;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it; resolves when it has. */
  async end(): Promise<void> {
    this.#ending.abort();
    for await (const _ of this.#news);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

function shows(id: string, fits: (task: Task) => boolean): (news: News) => boolean {
  return (news) => news.type === "tasks" && news.tasks.some((task) => task.id === id && fits(task));
}

const isLost = ({ type }: News) => type === "lost";

async function start(url: string, name: string, id: string): Promise<void> {
  const { status } = await call("POST", `${url}/tasks/${CLIENT}/start/${name}`, { body: { id } });
  assertEquals(status, 202);
}

Deno.test("follow() begins with how a task stands, and tells how it goes on", async () => {
  await using server = startTaskServer();
  await start(server.url, "held", "t");
  await using listener = new Listener(oneTask({ server: server.url, client: CLIENT, key: null }, "t"));
  await listener.next(shows("t", ({ state }) => state === "STARTING"));
  server.held.release("done");
  await listener.next(shows("t", ({ state, result }) => state === "FINISHED" && result === "done"));
  assert(!listener.heard.some(isLost));
});

Deno.test("follow() tells of all tasks of a client: those that are there, that come, and that go", async () => {
  await using server = startTaskServer();
  await start(server.url, "echo", "old");
  await using listener = new Listener(allTasks({ server: server.url, client: CLIENT, key: null }));
  const first = await listener.next(() => true);
  assert(first.type === "tasks" && first.isAll && first.tasks.length === 1);
  await start(server.url, "echo", "new");
  await listener.next(shows("new", ({ state }) => state === "FINISHED"));
  await call("DELETE", `${server.url}/tasks/${CLIENT}/old`);
  await listener.next((news) => news.type === "tasks" && news.removed.includes("old"));
});

Deno.test("follow() says that the server is lost, finds it again, and tells what was missed", async () => {
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

Deno.test("follow() asks where a socket says nothing, be it that it was cut without a word", async () => {
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

Deno.test("follow() goes on without sockets, where something between blocks them", async () => {
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
    assert(!listener.heard.some(isLost));
    await listener.end();
  }
  await front.shutdown();
});

Deno.test("follow() begins anew where what was missed is not known any more", async () => {
  const port = freePort();
  const target = { server: `http://127.0.0.1:${port}`, client: CLIENT, key: null };
  let listener: Listener | undefined;
  for (const id of ["before", "after"]) {
    await using server = startTaskServer();
    // The same address, but another numbering.
    const front = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, server.monitor.fetch);
    await start(target.server, "echo", id);
    listener ??= new Listener(allTasks(target));
    const news = await listener.next((news) => news.type === "tasks" && news.isAll);
    assert(shows(id, () => true)(news));
    // Only a socket that was open can be lost.
    await start(target.server, "echo", `${id}-2`);
    await listener.next(shows(`${id}-2`, () => true));
    await server.monitor[Symbol.asyncDispose]();
    await front.shutdown();
  }
  await listener!.end();
});

Deno.test("follow() tells that a task is not there", async () => {
  await using server = startTaskServer();
  await using listener = new Listener(oneTask({ server: server.url, client: CLIENT, key: null }, "none"));
  assertEquals(await listener.next(() => true), { type: "tasks", tasks: [], removed: ["none"], isAll: true });
});

Deno.test("follow() fails where there is no server to begin with, or another one", async () => {
  const nowhere = { server: `http://127.0.0.1:${freePort()}`, client: CLIENT, key: null };
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const other = Deno.serve(options, () => new Response("<h1>Not here</h1>", { status: 404 }));
  const elsewhere = { server: `http://127.0.0.1:${other.addr.port}`, client: CLIENT, key: null };
  for (const follows of [allTasks, (target: typeof nowhere) => oneTask(target, "t")]) {
    const gone = await assertRejects(() => new Listener(follows(nowhere)).next(() => true), ServerGoneError);
    assertStringIncludes(gone.message, `No server answers at ${nowhere.server}; `);
    const refused = await assertRejects(
      () => new Listener(follows(elsewhere)).next(() => true),
      CommandError,
    );
    assertEquals(refused.message, `There is no Taskscope at ${elsewhere.server}: it answers with status 404`);
    assertEquals([gone.status, refused.status], [4, 4]);
  }
  await other.shutdown();
});

Deno.test("follow() waits for a server that answers, if only that it can't", async () => {
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
  assertEquals(lost, { type: "lost", reason: `${target.server} can't answer now: Not yet` });
  isReady = true;
  await listener.next(shows("t", ({ state }) => state === "FINISHED"));
  await listener.end();
  await front.shutdown();
});
