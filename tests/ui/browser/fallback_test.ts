/** Tests which source of updates a page uses if others are blocked. */

import { NOTHING_MISSED } from "../../../lib/task/wire.ts";
import { LiveUpdates } from "../../../ui/browser/live_updates.ts";
import type { LiveUpdatesOptions } from "../../../ui/browser/live_updates_options.ts";
import { eventSource, pollingSource } from "../../../ui/browser/request_sources.ts";
import { socketSource } from "../../../ui/browser/update_sources.ts";
import type { UpdateSourceName } from "../../../ui/shared/view.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { ConnectionWitness } from "../../support/connection_witness.ts";
import { exampleTask } from "../../support/example_task.ts";

/**
 * How a source is blocked: connections are refused, accepted but kept silent, or accepted and closed at once.
 */
type Block = "refuses" | "hangs" | "ends";

/** A server on which the test can block each source of updates. */
class BlockedServer implements AsyncDisposable {
  readonly blocks = new Map<UpdateSourceName, Block>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets = new Set<WebSocket>();
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>>();
  readonly #changes: { readonly seq: number; readonly id: string }[] = [];
  /** Whether polls are told that their cursor has expired. */
  isGone = false;
  degradation: string | null = null;
  asked: Record<UpdateSourceName, number> = { socket: 0, events: 0, polling: 0 };

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const { pathname, searchParams } = new URL(request.url);
      const after = Number(searchParams.get("after")?.split(":")[1] ?? 0);
      switch (pathname) {
        case "/ws":
          return this.#socket(request, after);
        case "/events":
          return this.#events(after);
        case "/readyz":
          return this.degradation === null
            ? Response.json({ status: "ready" })
            : Response.json({ status: "degraded", detail: this.degradation }, { status: 503 });
        default:
          return this.#answer(searchParams.has("after"), after);
      }
    });
  }

  get sources(): LiveUpdatesOptions["sources"] {
    const { port } = this.#server.addr;
    const http = `http://127.0.0.1:${port}`;
    return [
      socketSource(`ws://127.0.0.1:${port}/ws`),
      eventSource(`${http}/events`),
      pollingSource(`${http}/tasks`, `${http}/readyz`, 5),
    ];
  }

  get cursor(): string {
    return `e:${this.#changes.length}`;
  }

  /** Changes a task, and sends the change to all watchers. */
  change(id: string): void {
    this.#changes.push({ seq: this.#changes.length + 1, id });
    for (const socket of this.#sockets) {
      if (socket.readyState === WebSocket.OPEN) socket.send(this.#update(this.#changes.length - 1));
    }
    for (const stream of this.#streams) stream.enqueue(encode(this.#eventsSince(this.#changes.length - 1)));
  }

  /** Closes all open connections. */
  cut(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
    for (const socket of this.#sockets) socket.close(1001);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [...this.#sockets].map((socket) =>
      new Promise((resolve) => socket.addEventListener("close", resolve))
    );
    this.cut();
    await Promise.all(closed);
    await this.#server.shutdown();
  }

  #socket(request: Request, after: number): Response {
    this.asked.socket++;
    const block = this.blocks.get("socket");
    if (block === "refuses") return new Response("no upgrades here", { status: 400 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    this.#sockets.add(socket);
    socket.onclose = () => this.#sockets.delete(socket);
    socket.onopen = () => {
      if (block === "ends") socket.close(1011);
      else if (block === undefined) socket.send(this.#update(after));
    };
    return response;
  }

  #events(after: number): Response {
    this.asked.events++;
    const block = this.blocks.get("events");
    if (block === "refuses") return new Response("sign in", { headers: { "content-type": "text/html" } });
    let held: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        held = controller;
        if (block === "ends") return controller.close();
        const missed = this.#eventsSince(after) || `${NOTHING_MISSED}\n\n`;
        if (block === undefined) controller.enqueue(encode(`retry: 1000\n\n${missed}`));
        this.#streams.add(controller);
      },
      cancel: () => void this.#streams.delete(held),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  #answer(hasCursor: boolean, after: number): Response {
    this.asked.polling++;
    if (this.blocks.get("polling") === "refuses") return new Response(null, { status: 502 });
    if (hasCursor && this.isGone) return Response.json({}, { status: 410 });
    if (hasCursor) return Response.json(this.#since(after));
    this.isGone = false;
    const tasks = this.#changes.map(({ id }) => [id, exampleTask({ id })]);
    return Response.json({ all_tasks: Object.fromEntries(tasks), cursor: this.cursor });
  }

  #since(after: number) {
    const tasks = this.#changes.slice(after).map(({ id, seq }) => exampleTask({ id, version: seq }));
    return { cursor: this.cursor, tasks, removed: [] };
  }

  #update(after: number): string {
    return JSON.stringify({ type: "task_update", ...this.#since(after) });
  }

  #eventsSince(after: number): string {
    return this.#changes.slice(after).map(({ id, seq }) =>
      `event: task.progress\ndata: ${JSON.stringify(exampleTask({ id, version: seq }))}\nid: e:${seq}\n\n`
    ).join("");
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function connect(
  server: BlockedServer,
  witness: ConnectionWitness,
  over: Partial<LiveUpdatesOptions> = {},
): LiveUpdates {
  return new LiveUpdates({
    sources: server.sources,
    cursor: server.cursor,
    minRetryMs: 1,
    maxRetryMs: 5,
    silenceMs: 60_000,
    openMs: 400,
    trialMs: 3_600_000,
    probe: () => Promise.resolve("alive"),
    ...witness.hooks,
    ...over,
  });
}

/** Returns the sources over which the page was live, in order. */
function waysOf(witness: ConnectionWitness): UpdateSourceName[] {
  return witness.statuses.flatMap((status) => status.kind === "live" ? [status.over] : []);
}

Deno.test("LiveUpdates falls back to events if the browser forbids WebSockets", async () => {
  await using server = new BlockedServer();
  const witness = new ConnectionWitness();
  // A fragment in the URL makes the constructor throw, as a content security policy would.
  const sources = [socketSource("ws://127.0.0.1/#forbidden"), ...server.sources.slice(1)] as const;
  using _connection = connect(server, witness, { sources });
  await witness.until("live");
  assertEquals(waysOf(witness), ["events"]);
});

for (const block of ["refuses", "hangs", "ends"] as const) {
  Deno.test(`LiveUpdates falls back to events if WebSockets are blocked (${block})`, async () => {
    await using server = new BlockedServer();
    server.blocks.set("socket", block);
    const witness = new ConnectionWitness();
    let probes = 0;
    const probe = () => {
      probes++;
      return Promise.resolve("alive" as const);
    };
    using connection = connect(server, witness, { probe });
    server.change("before");
    await witness.until("live");
    server.change("after");
    await witness.until("changes after -");
    assertEquals(waysOf(witness), ["events"]);
    assertEquals(probes, 1, "the page that was just found to be of this version is not probed again");
    assertEquals(connection.cursor, "e:2");
    assertEquals(witness.said.filter((text) => text === "changes before -").length, 1);
    assertEquals(
      [server.asked.socket, server.asked.polling],
      [1, 0],
      "a page that opens waits for no second failure",
    );
  });

  Deno.test(`LiveUpdates falls back to polling if WebSockets and events are blocked (${block})`, async () => {
    await using server = new BlockedServer();
    server.blocks.set("socket", block).set("events", block);
    const witness = new ConnectionWitness();
    using connection = connect(server, witness);
    await witness.until("live");
    server.change("a");
    await witness.until("changes a -");
    server.change("b");
    await witness.until("changes b -");
    assertEquals(waysOf(witness), ["polling"]);
    assertEquals(connection.cursor, "e:2");
  });
}

Deno.test("LiveUpdates does not fall back before it was live while the server is down", async () => {
  await using server = new BlockedServer();
  server.blocks.set("socket", "refuses");
  const witness = new ConnectionWitness();
  let probes = 0;
  using _connection = connect(server, witness, {
    probe: () => {
      if (++probes === 3) server.blocks.delete("socket");
      return Promise.resolve(probes > 3 ? "alive" : "dead");
    },
  });
  await witness.until("live");
  assertEquals([waysOf(witness), server.asked.events], [["socket"], 0]);
});

Deno.test("LiveUpdates reports that all sources are blocked if polling is blocked, too", async () => {
  await using server = new BlockedServer();
  for (const name of ["socket", "events", "polling"] as const) server.blocks.set(name, "refuses");
  const witness = new ConnectionWitness();
  using _connection = connect(server, witness);
  await witness.until("reconnecting", 9);
  while (!witness.statuses.some((status) => "reason" in status && status.reason !== null)) {
    await witness.until("reconnecting", witness.statuses.length);
  }
  assertEquals(waysOf(witness), []);
});

Deno.test("LiveUpdates reconnects over the same source, and delivers the missed changes", async () => {
  await using server = new BlockedServer();
  server.blocks.set("socket", "refuses");
  const witness = new ConnectionWitness();
  using _connection = connect(server, witness);
  await witness.until("live");
  const asked = server.asked.socket;
  server.cut();
  await witness.until("live", 2);
  assertEquals(waysOf(witness), ["events", "events"]);
  assertEquals(server.asked.socket, asked);
  await witness.until("back  -");
});

Deno.test("LiveUpdates returns to the WebSocket once that works, and loses no changes", async () => {
  await using server = new BlockedServer();
  server.blocks.set("socket", "refuses").set("events", "hangs");
  const witness = new ConnectionWitness();
  using connection = connect(server, witness, { trialMs: 5 });
  await witness.until("live");
  server.change("a");
  await witness.until("changes a -");
  server.blocks.delete("socket");
  await witness.until("live", 2);
  server.change("b");
  await witness.until("changes b -");
  assertEquals(waysOf(witness), ["polling", "socket"]);
  assertEquals(connection.cursor, "e:2");
  assertEquals(witness.returns, [], "the connection was never lost");
  const { polling } = server.asked;
  server.change("c");
  await witness.until("changes c -");
  assert(server.asked.polling <= polling + 1, "polling has stopped");
});

Deno.test("LiveUpdates.retryNow() tries better sources at once, the best source first", async () => {
  await using server = new BlockedServer();
  server.blocks.set("socket", "refuses").set("events", "refuses");
  const witness = new ConnectionWitness();
  using connection = connect(server, witness);
  await witness.until("live");
  server.blocks.delete("events");
  connection.retryNow();
  await witness.until("live", 2);
  assertEquals(waysOf(witness), ["polling", "events"]);
});

Deno.test("LiveUpdates starts with the source that worked last", async () => {
  await using server = new BlockedServer();
  const witness = new ConnectionWitness();
  using _connection = connect(server, witness, { first: "polling" });
  await witness.until("live");
  assertEquals([waysOf(witness), server.asked.socket], [["polling"], 0]);
});

Deno.test("LiveUpdates replaces the state if the cursor has expired while polling, and reports degradation", async () => {
  await using server = new BlockedServer();
  server.change("a");
  server.isGone = true;
  server.degradation = "the disk is full";
  const witness = new ConnectionWitness();
  using _connection = connect(server, witness, { first: "polling" });
  await witness.until("replace a");
  await witness.until("degraded the disk is full");
  server.degradation = null;
  await witness.until("degraded null");
  assertEquals(witness.said.filter((text) => text.startsWith("degraded")).length, 2);
});

Deno.test("LiveUpdates stops if access is refused", async () => {
  for (const name of ["events", "polling"] as const) {
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
      const headers = { "content-type": "application/problem+json" };
      return Response.json({ detail: "no" }, { status: 403, headers });
    });
    const url = `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}/`;
    const witness = new ConnectionWitness();
    const source = name === "events" ? eventSource(url) : pollingSource(url, url);
    using _connection = new LiveUpdates({
      sources: [source],
      cursor: "e:1",
      probe: () => Promise.resolve("alive"),
      ...witness.hooks,
    });
    await witness.until("stopped");
    const status = witness.statuses.at(-1);
    assertMatch(status?.kind === "stopped" ? status.reason : "", /no longer have access/);
  }
});

Deno.test("LiveUpdates waits for a task that is missing, does not fall back, and stops if the task stays away", async () => {
  let isMissing = true;
  let requests = 0;
  let polls = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (new URL(request.url).pathname !== "/events") polls++;
    if (isMissing && ++requests > 3) isMissing = false;
    if (!isMissing) return new Response(null, { status: 204 });
    const headers = { "content-type": "application/problem+json" };
    return Response.json({ code: "task_not_found" }, { status: 404, headers });
  });
  const url = `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`;
  const witness = new ConnectionWitness();
  const open = (missingMs?: number) =>
    new LiveUpdates({
      sources: [eventSource(`${url}/events`, true), pollingSource(`${url}/tasks`, url)],
      cursor: "e:1",
      minRetryMs: 1,
      maxRetryMs: 5,
      probe: () => Promise.resolve("alive"),
      ...(missingMs !== undefined && { missingMs }),
      ...witness.hooks,
    });
  using _patient = open();
  await witness.until("live");
  assertEquals([requests, polls], [4, 0]);
  isMissing = true;
  requests = -1e9;
  using _impatient = open(20);
  await witness.until("stopped");
  const status = witness.statuses.at(-1);
  assertMatch(status?.kind === "stopped" ? status.reason : "", /no longer has this task/);
  assertEquals(polls, 0);
});
