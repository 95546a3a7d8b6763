import { type ConnectionStatus, DeltaConnection, type DeltaConnectionOptions } from "../../ui/connection.ts";
import type { Task } from "../../lib/task.ts";
import { assert, assertEquals, assertLessOrEqual, assertMatch } from "../support/assert.ts";
import { exampleTask } from "../support/example_task.ts";

/** A server whose sockets the test holds in its hands. */
class SocketServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #waiting: ((socket: ServerSocket) => void)[] = [];
  readonly #sockets: ServerSocket[] = [];
  readonly #open = new Set<WebSocket>();
  /** How many upgrades are refused before one is taken. */
  refuse = 0;
  refused = 0;

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
        const held = { socket, after: url.searchParams.get("after"), mode: url.searchParams.get("mode") };
        const next = this.#waiting.shift();
        if (next === undefined) this.#sockets.push(held);
        else next(held);
      };
      socket.onclose = () => this.#open.delete(socket);
      return response;
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/ws/tasks/default`;
  }

  /** The next socket that opens. */
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

/** Everything that a connection says, to be waited for. */
class Witness {
  readonly said: string[] = [];
  readonly statuses: ConnectionStatus[] = [];
  signs = 0;
  #wake = Promise.withResolvers<void>();

  readonly hooks = {
    onChanges: (tasks: readonly Task[], removed: readonly string[]) =>
      this.#note(`changes ${tasks.map((task) => task.id)} -${removed}`),
    onReplace: (tasks: readonly Task[]) => this.#note(`replace ${tasks.map((task) => task.id)}`),
    onStatus: (status: ConnectionStatus) => {
      this.statuses.push(status);
      this.#note(status.kind);
    },
    onSign: () => void this.signs++,
  };

  #note(text: string): void {
    this.said.push(text);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Waits until something was said so often. */
  async until(text: string, times = 1): Promise<void> {
    while (this.said.filter((each) => each === text).length < times) await this.#wake.promise;
  }
}

/** Quick retries, a patient ear, and a server that answers. */
const QUICK = { cursor: "e:1", minRetryMs: 1, maxRetryMs: 5, silenceMs: 60_000 } as const;

function connect(url: string, witness: Witness, over: Partial<DeltaConnectionOptions> = {}): DeltaConnection {
  return new DeltaConnection({
    ...QUICK,
    url,
    probe: () => Promise.resolve("alive"),
    ...witness.hooks,
    ...over,
  });
}

function update(cursor: string, id: string): string {
  return JSON.stringify({ type: "task_update", cursor, tasks: [exampleTask({ id })], removed: ["gone"] });
}

Deno.test("DeltaConnection asks for changes after the page's cursor, and says when it is live", async () => {
  await using server = new SocketServer();
  const witness = new Witness();
  using connection = connect(server.url, witness);
  const { socket, after, mode } = await server.next();
  assertEquals([after, mode], ["e:1", "delta"]);
  await witness.until("live");
  socket.send(update("e:2", "a"));
  await witness.until("changes a -gone");
  assertEquals(connection.cursor, "e:2");
  assertEquals(witness.said, ["connecting", "live", "changes a -gone"]);
  assertEquals(witness.signs, 2);
});

Deno.test("DeltaConnection comes back after a cut with the cursor of what it saw last", async () => {
  await using server = new SocketServer();
  const witness = new Witness();
  using _connection = connect(server.url, witness);
  const first = await server.next();
  first.socket.send(update("e:2", "a"));
  first.socket.send(update("e:7", "b"));
  await witness.until("changes b -gone");
  first.socket.close(1012);
  const second = await server.next();
  assertEquals(second.after, "e:7");
  await witness.until("live", 2);
  assertEquals(witness.said.slice(4), ["reconnecting", "live"]);
});

Deno.test("DeltaConnection keeps its old cursor between a resync and the state that follows", async () => {
  await using server = new SocketServer();
  const witness = new Witness();
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
});

Deno.test("DeltaConnection takes a message that it can not read for a gap, and asks again", async () => {
  await using server = new SocketServer();
  const witness = new Witness();
  using _connection = connect(server.url, witness);
  const first = await server.next();
  first.socket.send(update("e:4", "a"));
  first.socket.send("{");
  const second = await server.next();
  assertEquals(second.after, "e:4");
});

Deno.test("DeltaConnection tries again while it is refused, and tells when something blocks it", async () => {
  await using server = new SocketServer();
  server.refuse = 4;
  const witness = new Witness();
  using _connection = connect(server.url, witness);
  await server.next();
  await witness.until("live");
  assertEquals(server.refused, 4);
  assert(
    witness.statuses.some((status) => status.kind === "reconnecting" && status.reason?.includes("blocks")),
  );
});

for (const [code, words] of [[1008, /refuses/], [4401, /refuses/], [4404, /no longer knows/]] as const) {
  Deno.test(`DeltaConnection stops for good when it is closed with ${code}`, async () => {
    await using server = new SocketServer();
    const witness = new Witness();
    using connection = connect(server.url, witness);
    (await server.next()).socket.close(code);
    await witness.until("stopped");
    const status = witness.statuses.at(-1);
    assertMatch(status?.kind === "stopped" ? status.reason : "", words);
    connection.retryNow();
    assertEquals(witness.said, ["connecting", "live", "stopped"]);
  });
}

Deno.test("DeltaConnection stops when it comes back to a server with another page", async () => {
  await using server = new SocketServer();
  const witness = new Witness();
  using _connection = connect(server.url, witness, { probe: () => Promise.resolve("outdated") });
  (await server.next()).socket.close(1012);
  await server.next();
  await witness.until("stopped");
  const status = witness.statuses.at(-1);
  assertMatch(status?.kind === "stopped" ? status.reason : "", /updated/);
});

Deno.test("DeltaConnection gives up a socket that is silent where the server is dead", async () => {
  await using server = new SocketServer();
  const witness = new Witness();
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

Deno.test("DeltaConnection retries after a silence that ended in a close", async () => {
  // The silence of the lost socket must not stop the wait for the next.
  await using server = new SocketServer();
  const witness = new Witness();
  using _connection = connect(server.url, witness, { silenceMs: 15, minRetryMs: 80, maxRetryMs: 80 });
  (await server.next()).socket.close(1012);
  await server.next();
  await witness.until("live", 2);
});

Deno.test("DeltaConnection.retryNow() does not wait", async () => {
  await using server = new SocketServer();
  const witness = new Witness();
  using connection = connect(server.url, witness, { minRetryMs: 3_600_000, maxRetryMs: 3_600_000 });
  (await server.next()).socket.close(1012);
  await witness.until("reconnecting");
  connection.retryNow();
  connection.retryNow();
  await server.next();
  await witness.until("live", 2);
});

Deno.test("DeltaConnection.close() says nothing more, and may be called twice", async () => {
  await using server = new SocketServer();
  const witness = new Witness();
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
