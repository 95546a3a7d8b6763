/** Tests single delivery attempts to real servers, including misbehaving ones. */

import { followClock, now } from "../../../lib/clock.ts";
import { type Outcome, post, type PostOptions } from "../../../lib/notify/post.ts";
import { Signer } from "../../../lib/notify/signature.ts";
import { VERSION } from "../../../lib/version.ts";
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../../support/assert.ts";
import { freePort } from "../../support/free_port.ts";
import { isSigned, TestReceiver } from "../../support/receiver.ts";

const MESSAGE = { id: "01HF", event: "task.error", text: '{"event":"task.error","name":"ä \\ud83d"}' };

const OPTIONS: PostOptions = { signer: null, notifyTimeoutMs: 20_000, notifyAnswerBytes: 1_000 };

/** Posts the message that all tests in this file use. */
function send(
  url: string,
  options: Partial<PostOptions> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  return post(new URL(url), MESSAGE, signal, { ...OPTIONS, ...options });
}

function failed(reason: string, retryAfterMs = 0): Outcome {
  return { type: "failed", reason, retryAfterMs };
}

/** Starts a server that passes each TCP connection to a function. It is closed when it is disposed of. */
function rawServer(
  use: (connection: Deno.Conn) => Promise<void>,
): { readonly url: string } & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const used: Promise<void>[] = [];
  const listening = (async () => {
    for await (const connection of listener) {
      used.push(
        use(connection).catch(() => {}).finally(() => {
          try {
            connection.close();
          } catch {
            // The connection is already closed.
          }
        }),
      );
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await listening;
      await Promise.all(used);
    },
  };
}

/** Reads until the other end closes the connection. */
async function untilClosed(connection: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(1_024);
  while (await connection.read(chunk) !== null);
}

Deno.test("post() sends the text unchanged, with headers that describe it", async () => {
  await using receiver = new TestReceiver();
  const before = Math.floor(Date.now() / 1_000);
  assertEquals(await send(`${receiver.url}/hook?key=1`), { type: "delivered" });
  const [{ method, path, headers, text }] = receiver.received as [TestReceiver["received"][0]];
  assertEquals([method, path, text], ["POST", "/hook?key=1", MESSAGE.text]);
  const names = [
    "content-type",
    "user-agent",
    "taskscope-event",
    "taskscope-delivery",
    "taskscope-signature",
  ];
  assertEquals(names.map((name) => headers.get(name)), [
    "application/json",
    `taskscope/${VERSION}`,
    "task.error",
    "01HF",
    null,
  ]);
  const timestamp = headers.get("taskscope-timestamp") ?? "";
  assertMatch(timestamp, /^\d+$/);
  assert(Number(timestamp) >= before && Number(timestamp) <= Date.now() / 1_000, timestamp);
});

Deno.test("post() signs the request if there is a secret", async () => {
  await using receiver = new TestReceiver();
  await send(receiver.url, { signer: new Signer("whsec") });
  const received = await receiver.count(1);
  assert(isSigned(received, "whsec"));
  assert(!isSigned(received, "other"));
  assert(!isSigned({ ...received, text: received.text.replace("error", "terror") }, "whsec"));
  const text = JSON.stringify([...received.headers]) + received.text;
  assert(!text.includes("whsec"), "the secret itself is not sent");
});

Deno.test("post() treats a status of 2xx as delivered, 410 as refused, and every other status as failed", async () => {
  await using receiver = new TestReceiver();
  for (const status of [200, 201, 202, 204, 299]) {
    receiver.answer = () => new Response(status === 204 ? null : "thanks", { status });
    assertEquals(await send(receiver.url), { type: "delivered" }, `${status}`);
  }
  receiver.answer = () => new Response("gone", { status: 410 });
  assertEquals(await send(receiver.url), { type: "refused" });
  for (const status of [300, 304, 400, 401, 404, 409, 413, 429, 500, 502, 503, 504]) {
    receiver.answer = () => new Response(status === 304 ? null : "no", { status });
    assertEquals(await send(receiver.url), failed(`it responded with status ${status}`), `${status}`);
  }
});

Deno.test("post() does not follow redirects", async () => {
  await using other = new TestReceiver();
  await using receiver = new TestReceiver();
  for (const status of [301, 302, 303, 307, 308]) {
    receiver.answer = () => new Response(null, { status, headers: { location: `${other.url}/` } });
    assertEquals(await send(receiver.url), failed(`it responded with status ${status}`));
  }
  assertEquals(other.received, []);
});

Deno.test("post() returns the delay that the receiver asks for", async () => {
  await using receiver = new TestReceiver();
  for (
    const [value, milliseconds] of [["0", 0], ["120", 120_000], ["soon", 0], ["-5", 0], ["1e3", 0]] as const
  ) {
    receiver.answer = () => new Response(null, { status: 503, headers: { "retry-after": value } });
    assertEquals(await send(receiver.url), failed("it responded with status 503", milliseconds), value);
  }
});

Deno.test("post() fails after the timeout, at whichever point the receiver stops responding", async () => {
  const silent: readonly ((connection: Deno.Conn) => Promise<void>)[] = [
    untilClosed,
    async (connection) => {
      await connection.write(new TextEncoder().encode("HTTP/1.1 200"));
      await untilClosed(connection);
    },
  ];
  for (const use of silent) {
    await using server = rawServer(use);
    assertEquals(await send(server.url, { notifyTimeoutMs: 50 }), failed("it did not respond within 0.05 s"));
  }
});

Deno.test("post() accepts a response whose body never ends, and does not wait for it", async () => {
  await using server = rawServer(async (connection) => {
    await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"));
    await untilClosed(connection);
  });
  assertEquals(await send(server.url, { notifyTimeoutMs: 100 }), { type: "delivered" });
});

Deno.test("post() reads no more of a response than its limit", async () => {
  let sent = 0;
  const cancelled = Promise.withResolvers<void>();
  await using receiver = new TestReceiver();
  receiver.answer = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sent += 65_536;
          controller.enqueue(new Uint8Array(65_536));
        },
        cancel: () => cancelled.resolve(),
      }),
    );
  assertEquals(await send(receiver.url), { type: "delivered" });
  await cancelled.promise;
  // The bound is generous, because the buffers of the system also accept data.
  assertLess(sent, 100_000_000);
  assertGreater(sent, 0);
});

Deno.test("post() reuses the connection if the body of the response ends", async () => {
  const ports = new Set<number>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request, { remoteAddr }) => {
      await request.text();
      ports.add(remoteAddr.port);
      return new Response("thank you");
    },
  );
  for (let i = 0; i < 5; i++) await send(`http://127.0.0.1:${server.addr.port}/`);
  await server.shutdown();
  assertEquals(ports.size, 1);
});

Deno.test("post() returns the reason why a receiver is unreachable, without secrets from its URL", async () => {
  const reason = async (url: string) => {
    const outcome = await send(url);
    assert(outcome.type === "failed", JSON.stringify(outcome));
    assert(!/key|s3cr3t|http/.test(outcome.reason), outcome.reason);
    assertMatch(outcome.reason, /^it can't be reached \(.+\)$/);
    return outcome.reason;
  };
  assertMatch(await reason(`http://127.0.0.1:${freePort()}/?key=s3cr3t`), /refused/i);
  await using closing = rawServer(() => Promise.resolve());
  await reason(`${closing.url}?key=s3cr3t`);
  await reason(`${closing.url.replace("http:", "https:")}?key=s3cr3t`);
  // The failure is a DNS error, or a missing permission if the tests may connect only to this machine.
  await reason("http://receiver.invalid/?key=s3cr3t");
});

Deno.test("post() resolves with a failure if it is aborted, even before it has started", async () => {
  await using receiver = new TestReceiver();
  receiver.answer = () => receiver.hold();
  const end = new AbortController();
  const sending = send(receiver.url, {}, end.signal);
  await receiver.count(1);
  end.abort();
  assertEquals((await sending).type, "failed");
  assertEquals((await send(receiver.url, {}, end.signal)).type, "failed");
  assertEquals(receiver.received.length, 1);
});

Deno.test("post() signs with the clock that the nodes of a cluster share", async () => {
  await using receiver = new TestReceiver();
  try {
    followClock(7_200_000);
    const before = Math.floor(now());
    assertEquals(await send(receiver.url), { type: "delivered" });
    const timestamp = Number((await receiver.count(1)).headers.get("taskscope-timestamp"));
    assert(timestamp >= before && timestamp <= now(), `${timestamp}`);
  } finally {
    followClock(0);
  }
});
