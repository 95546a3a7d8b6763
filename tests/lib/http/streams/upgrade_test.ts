import { Keyring } from "../../../../lib/access/keyring.ts";
import { upgrade } from "../../../../lib/http/streams/upgrade.ts";
import { assertEquals } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { HANDSHAKE, rawCall, send } from "../../../support/raw_http.ts";
import { startServer, type TestServer } from "../../../support/server.ts";
import { TestSocket } from "../../../support/socket.ts";

const KEY = "0123456789abcdef";

const FAULTS: readonly (readonly [string, (request: Request, socket: WebSocket) => void])[] = [
  ["throws", () => {
    throw new Error("an error in the handler");
  }],
  ["reads a header", ({ headers }) => {
    headers.get("host");
    throw new Error("the header could be read");
  }],
  ["sends too early", (_request, socket) => socket.send("too early")],
];

for (const [name, attach] of FAULTS) {
  Deno.test(`upgrade() closes the socket, and the server continues, if a handler ${name} after the upgrade`, async () => {
    const errors: unknown[] = [];
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) =>
        upgrade(request, {
          attach: (socket) => attach(request, socket),
          reportError: (error) => errors.push(error),
        }),
    );
    const url = `http://127.0.0.1:${server.addr.port}/`;
    for (const count of [1, 2]) {
      await using socket = new TestSocket(url);
      assertEquals([(await socket.closed()).code, errors.length], [1011, count]);
    }
    await server.shutdown();
  });
}

Deno.test("upgrade() refuses a handshake that is not a GET", async () => {
  await using server = startServer();
  const { status, headers } = await rawCall(server.port, "HEAD", "/ws/tasks/c", [
    ["Host", `127.0.0.1:${server.port}`],
    ...HANDSHAKE,
    ["Connection", "close"],
  ]);
  assertEquals([status, headers.get("content-type")], [400, "application/problem+json"]);
});

/**
 * Sends a handshake, and closes the connection without waiting for the response.
 *
 * @param server the server
 * @param path the path of the WebSocket
 * @param options the token to send, and what to wait for before the connection is closed
 */
async function leave(
  server: TestServer,
  path: string,
  { token, after }: { readonly token?: string; readonly after?: () => Promise<void> },
): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const headers = [["Host", `127.0.0.1:${server.port}`], ...HANDSHAKE];
  if (token !== undefined) headers.push(["Authorization", `Bearer ${token}`]);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await send(connection, new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${lines}\r\n`));
  await after?.();
}

/** Waits until a server has noticed that earlier connections were closed. */
async function noticed(server: TestServer): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await call("GET", `${server.url}/healthz`);
}

for (const path of ["/ws/tasks/c", "/ws/tasks/c/t"]) {
  Deno.test(`${path} is not upgraded if its client disconnects during the access check`, async () => {
    const { promise: decided, resolve: decide } = Promise.withResolvers<boolean>();
    let asked = 0;
    const server = startServer({
      authorize: () => {
        asked++;
        return decided;
      },
    });
    for (let count = 1; count <= 20; count++) {
      await leave(server, path, {
        after: async () => {
          while (asked < count) await call("GET", `${server.url}/healthz`);
        },
      });
    }
    await noticed(server);
    decide(true);
    await noticed(server);
    assertEquals([server.monitor.watchers, server.errors], [0, []]);
    // A connection that was never closed would keep the server from shutting down.
    await server[Symbol.asyncDispose]();
  });
}

Deno.test("Sockets with new tokens whose clients disconnect at once leave no slot taken and no connection open", async () => {
  const server = startServer({ key: KEY });
  const keyring = new Keyring(KEY);
  for (let count = 0; count < 50; count++) {
    const client = `c${count}`;
    const token = keyring.sign({ may: "read", client, taskId: null, expiresAt: null });
    await leave(server, `/ws/tasks/${client}`, { token });
  }
  while (server.monitor.watchers > 0) await call("GET", `${server.url}/healthz`);
  await server[Symbol.asyncDispose]();
});
