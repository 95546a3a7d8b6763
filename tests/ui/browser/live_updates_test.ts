import { PING, PONG } from "../../../lib/task/wire.ts";
import { LiveUpdates } from "../../../ui/browser/live_updates.ts";
import { socketSource } from "../../../ui/browser/update_sources.ts";
import type { LiveUpdatesOptions } from "../../../ui/browser/live_updates_options.ts";
import { assert, assertEquals, assertLessOrEqual, assertMatch } from "../../support/assert.ts";
import { ConnectionWitness } from "../../support/connection_witness.ts";
import { exampleTask } from "../../support/example_task.ts";

/** A server whose WebSockets the test controls. */
class SocketServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #waiting: ((socket: ServerSocket) => void)[] = [];
  readonly #sockets: ServerSocket[] = [];
  readonly #open = new Set<WebSocket>();
  /** The number of upgrades that the server refuses before it accepts one. */
  refuse = 0;
  /** Whether the server sends an empty update over each new socket. */
  opens = true;
  refused = 0;
  /** Whether the server answers pings. */
  answers = true;
  /** Resolves once the server has received three pings. */
  readonly pinged = Promise.withResolvers<void>();
  #pings = 0;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      if (this.refuse > 0) {
        this.refuse--;
        this.refused++;
        return new Response(null, { status: 503 });
      }
      const { socket, response } = Deno.upgradeWebSocket(request);
      const url = new URL(request.url);
      socket.onopen = () => {
        this.#open.add(socket);
        const after = url.searchParams.get("after");
        if (this.opens) socket.send(opening(after));
        const held = { socket, after, mode: url.searchParams.get("mode") };
        const next = this.#waiting.shift();
        if (next === undefined) this.#sockets.push(held);
        else next(held);
      };
      socket.onmessage = ({ data }) => {
        if (data !== PING) return;
        if (++this.#pings === 3) this.pinged.resolve();
        if (this.answers) socket.send(PONG);
      };
      socket.onclose = () => this.#open.delete(socket);
      return response;
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/ws/tasks/default`;
  }

  /** Returns the next socket that opens. */
  next(): Promise<ServerSocket> {
    const held = this.#sockets.shift();
    return held === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(held);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((socket) => {
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      socket.close();
      return closed;
    }));
    await this.#server.shutdown();
  }
}

interface ServerSocket {
  readonly socket: WebSocket;
  readonly after: string | null;
  readonly mode: string | null;
}

/** Creates the first message of a subscription, which has the missed changes. */
function opening(
  cursor: string | null,
  ids: readonly string[] = [],
  removed: readonly string[] = [],
): string {
  const tasks = ids.map((id) => exampleTask({ id }));
  return JSON.stringify({ type: "task_update", cursor, tasks, removed });
}

/** Options with short retry delays, a long silence timeout, and a server that is reachable. */
const QUICK = { cursor: "e:1", minRetryMs: 1, maxRetryMs: 5, silenceMs: 60_000 } as const;

function connect(
  url: string,
  witness: ConnectionWitness,
  over: Partial<LiveUpdatesOptions> = {},
): LiveUpdates {
  return new LiveUpdates({
    ...QUICK,
    sources: [socketSource(url)],
    probe: () => Promise.resolve("alive"),
    ...witness.hooks,
    ...over,
  });
}

function update(cursor: string, id: string): string {
  return JSON.stringify({ type: "task_update", cursor, tasks: [exampleTask({ id })], removed: ["gone"] });
}

Deno.test("LiveUpdates requests the changes since the page's cursor, and reports when the page is live", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using connection = connect(server.url, witness);
  const { socket, after, mode } = await server.next();
  assertEquals([after, mode], ["e:1", "delta"]);
  await witness.until("live");
  socket.send(update("e:2", "a"));
  await witness.until("changes a -gone");
  assertEquals(connection.cursor, "e:2");
  assertEquals(witness.said, ["connecting", "live", "changes a -gone"]);
  assertEquals(witness.activities, 3);
});

Deno.test("LiveUpdates reconnects with the cursor of the last update", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness);
  const first = await server.next();
  first.socket.send(update("e:2", "a"));
  first.socket.send(update("e:7", "b"));
  await witness.until("changes b -gone");
  first.socket.close(1012);
  const second = await server.next();
  assertEquals(second.after, "e:7");
  await witness.until("live", 2);
  assertEquals(witness.said.slice(4), ["reconnecting", "live", "back  -"]);
});

Deno.test("LiveUpdates is live again once the missed changes have arrived, and passes them on only once", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness);
  const first = await server.next();
  await witness.until("live");
  server.opens = false;
  first.socket.close(1001);
  const second = await server.next();
  await witness.until("reconnecting");
  assertEquals(
    witness.said,
    ["connecting", "live", "reconnecting"],
    "an open socket without a message is not live",
  );
  second.socket.send(opening("e:5", ["a", "b"], ["c"]));
  await witness.until("back a,b -c");
  second.socket.send(update("e:6", "d"));
  await witness.until("changes d -gone");
  const back = ["changes a,b -c", "live", "back a,b -c", "changes d -gone"];
  assertEquals(witness.said.slice(3), back);
  assertEquals(witness.returns.map(({ isFullState, wasClosing }) => [isFullState, wasClosing]), [[
    false,
    false,
  ]]);
});

Deno.test("LiveUpdates stays connected to a server that is shutting down, and remembers the announcement", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  let asked = 0;
  using connection = connect(server.url, witness, {
    probe: () => {
      asked++;
      return Promise.resolve("alive");
    },
  });
  const first = await server.next();
  await witness.until("live");
  first.socket.send('{"type":"closing"}');
  await witness.until("closing");
  connection.checkNow();
  assertEquals(asked, 0, "a server that is shutting down is not probed");
  first.socket.send(update("e:2", "a"));
  await witness.until("changes a -gone");
  first.socket.close(1001);
  const second = await server.next();
  await witness.until("back  -");
  assertEquals(witness.said.slice(2), ["closing", "changes a -gone", "reconnecting", "live", "back  -"]);
  second.socket.close(1001);
  await witness.until("back  -", 2);
  assertEquals(witness.returns.map((back) => back.wasClosing), [true, false]);
});

Deno.test("LiveUpdates reports degradation and its end, and assumes that there is none if the server sends nothing", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness);
  const first = await server.next();
  first.socket.send('{"type":"degraded","detail":"the disk is full"}');
  await witness.until("degraded the disk is full");
  first.socket.send('{"type":"degraded","detail":null}');
  await witness.until("degraded null");
  first.socket.send('{"type":"degraded","detail":"the disk is full"}');
  await witness.until("degraded the disk is full", 2);
  first.socket.close(1001);
  const second = await server.next();
  second.socket.send('{"type":"degraded","detail":"it is locked"}');
  await witness.until("degraded it is locked");
  second.socket.close(1001);
  await server.next();
  await witness.until("degraded null", 2);
  assertEquals(witness.said.filter((text) => text.startsWith("degraded")), [
    "degraded the disk is full",
    "degraded null",
    "degraded the disk is full",
    "degraded it is locked",
    "degraded null",
  ]);
});

Deno.test("LiveUpdates keeps its old cursor between a resync and the full state that follows", async () => {
  await using server = new SocketServer();
  server.opens = false;
  const witness = new ConnectionWitness();
  using connection = connect(server.url, witness);
  const first = await server.next();
  first.socket.send(JSON.stringify({ type: "resync" }));
  first.socket.close(1001);
  const second = await server.next();
  assertEquals(second.after, "e:1");
  second.socket.send(JSON.stringify({ type: "resync" }));
  second.socket.send(
    JSON.stringify({ type: "initial_state", cursor: "f:3", all_tasks: { x: exampleTask({ id: "x" }) } }),
  );
  await witness.until("replace x");
  assertEquals(connection.cursor, "f:3");
  assertEquals(witness.returns, [], "the page was never live");
  second.socket.close(1001);
  const third = await server.next();
  third.socket.send(JSON.stringify({ type: "initial_state", cursor: "g:1", all_tasks: {} }));
  await witness.until("back  -");
  assertEquals(witness.returns, [{ tasks: [], removed: [], isFullState: true, wasClosing: false }]);
});

Deno.test("LiveUpdates reconnects after a message that it cannot parse", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness);
  const first = await server.next();
  first.socket.send(update("e:4", "a"));
  first.socket.send("{");
  const second = await server.next();
  assertEquals(second.after, "e:4");
});

Deno.test("LiveUpdates retries while connections are refused, and reports that WebSockets are blocked", async () => {
  await using server = new SocketServer();
  server.refuse = 4;
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness);
  await server.next();
  await witness.until("live");
  assertEquals(server.refused, 4);
  assert(
    witness.statuses.some((status) =>
      status.kind === "reconnecting" && status.reason?.includes("are blocked")
    ),
  );
});

Deno.test("LiveUpdates does not mistake a server that is just starting for a blocked source", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  let asked = 0;
  const answers = ["dead", "alive", "dead", "alive", "dead"] as const;
  const probe = () => Promise.resolve(answers[asked++] ?? "alive");
  using _connection = connect(server.url, witness, { probe });
  const first = await server.next();
  await witness.until("live");
  server.refuse = 5;
  first.socket.close(1012);
  await witness.until("live", 2);
  assertLessOrEqual(4, asked);
  assert(witness.statuses.every((status) => !("reason" in status) || status.reason === null));
});

for (
  const [code, words] of [[1008, /no longer have access/], [4401, /no longer have access/], [
    4404,
    /no longer has this task/,
  ]] as const
) {
  Deno.test(`LiveUpdates stops for good when its socket is closed with ${code}`, async () => {
    await using server = new SocketServer();
    const witness = new ConnectionWitness();
    using connection = connect(server.url, witness, { missingMs: 0 });
    const { socket } = await server.next();
    await witness.until("live");
    socket.close(code);
    await witness.until("stopped");
    const status = witness.statuses.at(-1);
    assertMatch(status?.kind === "stopped" ? status.reason : "", words);
    connection.retryNow();
    assertEquals(witness.said, ["connecting", "live", "stopped"]);
  });
}

Deno.test("LiveUpdates stops if the server has another version of the page after a reconnect", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness, { probe: () => Promise.resolve("outdated") });
  (await server.next()).socket.close(1012);
  await server.next();
  await witness.until("stopped");
  const status = witness.statuses.at(-1);
  assertMatch(status?.kind === "stopped" ? status.reason : "", /updated/);
});

Deno.test("LiveUpdates drops a silent socket if a probe does not reach the server", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  const answers = ["dead", "alive", "alive", "alive"] as const;
  let asked = 0;
  using _connection = connect(server.url, witness, {
    silenceMs: 20,
    probe: () => Promise.resolve(answers[asked++] ?? "alive"),
  });
  await server.next();
  await witness.until("reconnecting");
  await server.next();
  await witness.until("live", 2);
  assertLessOrEqual(1, asked);
});

Deno.test("LiveUpdates drops a silent socket that does not answer a ping, although a probe reaches the server", async () => {
  await using server = new SocketServer();
  server.answers = false;
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness, { silenceMs: 20, pongMs: 20 });
  await server.next();
  await witness.until("reconnecting");
  server.answers = true;
  assertEquals((await server.next()).after, "e:1");
  await witness.until("live", 2);
});

Deno.test("LiveUpdates keeps an idle socket that answers pings", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness, { silenceMs: 5 });
  await server.pinged.promise;
  assertEquals(witness.said.includes("reconnecting"), false);
});

Deno.test("LiveUpdates reconnects after a close, even if the silence timer of the closed socket would expire before that", async () => {
  // The silence timer of the lost socket must not cancel the retry.
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using _connection = connect(server.url, witness, { silenceMs: 15, minRetryMs: 80, maxRetryMs: 80 });
  (await server.next()).socket.close(1012);
  await server.next();
  await witness.until("live", 2);
});

Deno.test("LiveUpdates.retryNow() does not wait for the backoff", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  using connection = connect(server.url, witness, { minRetryMs: 3_600_000, maxRetryMs: 3_600_000 });
  (await server.next()).socket.close(1012);
  await witness.until("reconnecting");
  connection.retryNow();
  connection.retryNow();
  await server.next();
  await witness.until("live", 2);
});

Deno.test("LiveUpdates.close() stops all callbacks, and can be called twice", async () => {
  await using server = new SocketServer();
  const witness = new ConnectionWitness();
  const connection = connect(server.url, witness);
  const { socket } = await server.next();
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
  await witness.until("live");
  connection.close();
  connection.close();
  connection.checkNow();
  await closed;
  assertEquals(witness.said, ["connecting", "live"]);
});
