import { upgrade } from "../../../../lib/http/streams/upgrade.ts";
import { assertEquals } from "../../../support/assert.ts";
import { HANDSHAKE, rawCall } from "../../../support/raw_http.ts";
import { startServer } from "../../../support/server.ts";
import { TestSocket } from "../../../support/socket.ts";

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
  Deno.test(`upgrade() closes the socket, and the server goes on, if a handler ${name} after the upgrade`, async () => {
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
