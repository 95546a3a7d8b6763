/**
 * A bare server whose responses, event streams and WebSockets send texts that the benchmark sets.
 *
 * @module
 */

import { serveCommands } from "../support/remote.ts";

// Taskscope sets this variable, too; Deno reads it when the first connection opens.
Deno.env.set("DENO_USE_WRITEV", "1");

let texts: Readonly<Record<string, string>> = {};
const senders = new Set<(text: string) => void>();
const encoder = new TextEncoder();

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
  const { pathname, search } = new URL(request.url);
  const text = texts[pathname + search] ?? "";
  if (pathname.startsWith("/ws/")) return socketOf(request, text);
  return new Response(pathname.startsWith("/events/") ? streamOf(text) : text);
});

function socketOf(request: Request, text: string): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  const sender = (text: string) => socket.send(text);
  socket.onopen = () => {
    socket.send(text);
    senders.add(sender);
  };
  socket.onclose = () => senders.delete(sender);
  return response;
}

function streamOf(text: string): ReadableStream<Uint8Array> {
  let sender: (text: string) => void;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(text));
      senders.add(sender = (text) => controller.enqueue(encoder.encode(text)));
    },
    cancel: () => void senders.delete(sender),
  });
}

serveCommands({
  answer: (given: Readonly<Record<string, string>>) => {
    texts = given;
  },
  change: (text: string) => {
    for (const send of senders) send(text);
  },
}, server.addr.port);
