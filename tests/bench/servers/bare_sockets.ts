/**
 * A bare WebSocket server that sends the same message to all connections.
 *
 * @module
 */

import { clock, tick } from "../support/clock.ts";
import { Driver } from "../support/driver.ts";
import { serveCommands } from "../support/remote.ts";

const sockets = new Set<WebSocket>();
const driver = new Driver();

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => {
    socket.send("{}");
    sockets.add(socket);
  };
  socket.onclose = () => sockets.delete(socket);
  return response;
});

serveCommands({
  broadcast: ({ count, length }: { readonly count: number; readonly length: number }) => {
    const message = "x".repeat(length);
    return driver.drive(count, () => broadcast(message));
  },
  delivered: () => driver.delivered(),
  tick: ({ count, intervalMs, length }: { count: number; intervalMs: number; length: number }) =>
    tick(count, intervalMs, () => broadcast(`"status":"at ${clock()}"`.padEnd(length, "x"))),
}, server.addr.port);

function broadcast(message: string): void {
  for (const socket of sockets) socket.send(message);
}
