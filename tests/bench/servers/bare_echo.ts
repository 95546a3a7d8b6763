/**
 * A bare WebSocket server that sends each message back.
 *
 * @module
 */

import { serveCommands } from "../support/remote.ts";

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
});

serveCommands({}, server.addr.port);
