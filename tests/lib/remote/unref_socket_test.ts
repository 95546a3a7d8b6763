/** Tests UnrefSocket with Deno's own WebSocket server, and with misbehaving servers. */

import { type SocketEvents, UnrefSocket } from "../../../lib/remote/unref_socket.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { freePort } from "../../support/free_port.ts";
import { type RawPeer, RawSocketServer } from "../../support/raw_socket_server.ts";
import { until } from "../../support/until.ts";

/** Records the callbacks of a socket. */
class Recorder implements SocketEvents {
  readonly events: string[] = [];
  readonly texts: string[] = [];
  readonly onOpen = () => void this.events.push("open");
  readonly onText = (text: string) => void this.texts.push(text);
  readonly onClose = () => void this.events.push("close");

  async until(...events: readonly string[]): Promise<void> {
    await until(() => this.events.join() === events.join());
  }
}

/** Converts hexadecimal digits to the bytes of a frame from a server. */
function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/[\da-f]{2}/g) ?? [], (byte) => parseInt(byte, 16));
}

/** Opens a socket to a server that accepts the handshake. */
async function opened(): Promise<{ peer: RawPeer; socket: UnrefSocket; told: Recorder } & Disposable> {
  const server = new RawSocketServer();
  const told = new Recorder();
  const socket = new UnrefSocket(`${server.url}/path?a=b`, told);
  const peer = await server.next();
  await peer.accept();
  await told.until("open");
  return {
    peer,
    socket,
    told,
    [Symbol.dispose]() {
      socket.close();
      server[Symbol.dispose]();
    },
  };
}

Deno.test("UnrefSocket is compatible with Deno's own WebSockets", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => data === "end" ? socket.close(1000, "bye") : socket.send(data);
    return response;
  });
  const told = new Recorder();
  const socket = new UnrefSocket(`http://127.0.0.1:${server.addr.port}/any`, told);
  socket.send("lost, as it is not open");
  await told.until("open");
  const texts = [
    "",
    "a",
    "é中\u{1f600}",
    ...[125, 126, 127, 65_535, 65_536, 300_000].map((n) => "x".repeat(n)),
  ];
  for (const text of texts) socket.send(text);
  await until(() => told.texts.length === texts.length);
  assertEquals(told.texts, texts);
  socket.send("end");
  await told.until("open", "close");
  socket.send("nobody hears this");
  socket.close();
  const other = new Recorder();
  const closing = new UnrefSocket(`http://127.0.0.1:${server.addr.port}/`, other);
  await other.until("open");
  closing.close();
  await server.shutdown();
  assertEquals(other.events, ["open"], "onClose is not called after close()");
});

Deno.test("UnrefSocket sends a correct handshake", async () => {
  using server = new RawSocketServer();
  const told = new Recorder();
  const socket = new UnrefSocket(`${server.url}/base/ws/report?reporter=a`, told);
  const { head } = await server.next();
  const host = server.url.slice("http://".length);
  assertMatch(head, /^GET \/base\/ws\/report\?reporter=a HTTP\/1\.1\n/);
  assertMatch(head, new RegExp(`^Host: ${host}$`, "m"));
  assertMatch(head, /^Sec-WebSocket-Version: 13$/m);
  assertMatch(head, /^Sec-WebSocket-Key: [A-Za-z0-9+/]{22}==$/m);
  assertEquals(/^origin:/im.test(head), false);
  socket.close();
});

Deno.test("UnrefSocket calls onClose once if the connection can't be opened", async () => {
  const answers = [
    "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: bm90IHdoYXQgd2FzIGFza2VkIQ==\r\n\r\n",
    `HTTP/1.1 101 Switching Protocols\r\n${"X-Filler: x\r\n".repeat(3_000)}\r\n`,
    "SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "HTTP/1.1 101",
    "",
  ];
  for (const answer of answers) {
    using server = new RawSocketServer();
    const told = new Recorder();
    new UnrefSocket(server.url, told);
    const peer = await server.next();
    await peer.send(answer).catch(() => {});
    if (!answer.endsWith("\r\n\r\n")) peer.close();
    await told.until("close");
  }
  const told = new Recorder();
  new UnrefSocket(`http://127.0.0.1:${freePort()}`, told);
  await told.until("close");
});

Deno.test("UnrefSocket joins the fragments of a message, and responds to pings between them", async () => {
  using test = await opened();
  const { peer, told } = test;
  // The frames are "Hel", a ping "?", "l", "o", and a complete message; the chunks begin and end inside the
  // frames.
  await peer.send(hex("01034865"));
  await peer.send(hex("6c89013f00016c8001"));
  await peer.send(hex("6f8102c3"));
  await peer.send(hex("a9"));
  await until(() => told.texts.length === 2);
  assertEquals(told.texts, ["Hello", "é"]);
  const pong = (await peer.read())!;
  assertEquals([pong[0], pong[1], pong[6]! ^ pong[2]!], [0x8a, 0x81, 0x3f]);
  await peer.send(hex("8a00"));
  await peer.send(hex("810141"));
  await until(() => told.texts.length === 3);
  // One character is split over two frames.
  await peer.send(hex("0101c3"));
  await peer.send(hex("8001a9"));
  await until(() => told.texts.length === 4);
  assertEquals(told.texts.slice(2), ["A", "é"]);
});

Deno.test("UnrefSocket receives frames that arrive together with the handshake", async () => {
  using server = new RawSocketServer();
  const told = new Recorder();
  const socket = new UnrefSocket(server.url, told);
  const peer = await server.next();
  const { connection } = peer;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  // The server sends the handshake and the frames in one chunk.
  Object.defineProperty(peer, "connection", {
    value: {
      write: (bytes: Uint8Array<ArrayBuffer>) => {
        parts.push(bytes.slice());
        return Promise.resolve(bytes.length);
      },
    },
  });
  await peer.accept();
  await connection.write(Uint8Array.from([...parts.flatMap((part) => [...part]), ...hex("810141")]));
  await until(() => told.texts.length === 1);
  assertEquals([told.events, told.texts], [["open"], ["A"]]);
  socket.close();
  connection.close();
});

Deno.test("UnrefSocket disconnects from a server that violates the protocol", async () => {
  const wrong = [
    "818141414141", // masked
    "820141", // binary
    "800141", // a continuation without a first frame
    "010141010141", // a new message before the last one is complete
    "8101ff", // not UTF-8
    "c10141", // compressed
    "830141", // a reserved opcode
    "817f0000000000ffffff", // too long
  ];
  for (const digits of wrong) {
    using test = await opened();
    await test.peer.send(hex(digits));
    await test.told.until("open", "close");
    assertEquals(test.told.texts, [], digits);
  }
});

Deno.test("UnrefSocket calls onClose when the other end closes, with or without a close frame", async () => {
  for (const digits of ["880203e8", "8800", ""]) {
    using test = await opened();
    await test.peer.send(hex(digits));
    if (digits === "") test.peer.close();
    await test.told.until("open", "close");
  }
});

Deno.test("UnrefSocket.close() sends a close frame and stops all callbacks", async () => {
  using test = await opened();
  test.socket.send("last words");
  test.socket.close();
  let bytes: number[] = [];
  for (let chunk = await test.peer.read(); chunk !== null; chunk = await test.peer.read()) {
    bytes = [...bytes, ...chunk];
  }
  assertEquals(bytes.length, 6 + "last words".length + 6 + 2);
  assertEquals(bytes[16], 0x88);
  await test.peer.send(hex("810141")).catch(() => {});
  assertEquals([test.told.events, test.told.texts], [["open"], []]);
});

Deno.test("UnrefSocket.close() works while connecting, during the handshake, and while the peer does not read", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const told = new Recorder();
  const url = `http://127.0.0.1:${silent.addr.port}`;
  new UnrefSocket(url, told).close();
  const asking = new UnrefSocket(url, told);
  const connection = await silent.accept();
  await new Promise((resolve) => setTimeout(resolve, 5));
  asking.close();
  silent.close();
  connection.close();

  using test = await opened();
  // The messages are larger than the buffers of the system, so some wait because the peer does not read.
  for (let n = 0; n < 200; n++) test.socket.send("x".repeat(100_000));
  test.socket.close();
  test.socket.close();
  assertEquals([told.events, test.told.events], [[], ["open"]]);
  // `deno test` reports any resource that is left open.
  await new Promise((resolve) => setTimeout(resolve, 150));
});
