import { bodyLimits, readText } from "../../../lib/http/raw_body.ts";
import { Problem } from "../../../lib/http/problem.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { readResponse, send } from "../../support/raw_http.ts";

const BOUNDS = {
  requestBytes: 1_000,
  requestTimeoutMs: 20,
  unfinishedBodies: 2,
  unfinishedBodyBytes: 10_000,
};
const LIMITS = bodyLimits(BOUNDS);

/** Returns a request whose body begins with the given bytes, and never ends. */
function unfinished(bytes: Uint8Array<ArrayBuffer>): Request {
  const body = new ReadableStream({ start: (controller) => controller.enqueue(bytes) });
  return new Request("http://localhost/", { method: "POST", body });
}

Deno.test("readText() refuses a body that takes too long, even if the clock is set back meanwhile", async () => {
  const { now } = Date;
  Date.now = () => 0;
  try {
    const error = await assertRejects(
      () => readText(unfinished(new TextEncoder().encode('{"id"')), LIMITS),
      Problem,
    );
    assertEquals(error.code, "slow_body");
  } finally {
    Date.now = now;
  }
});

Deno.test("readText() refuses a body that takes too long, even if it stops within a character", async () => {
  const error = await assertRejects(() => readText(unfinished(new Uint8Array([0xc3])), LIMITS), Problem);
  assertEquals(error.code, "slow_body");
});

Deno.test("readText() gives up on a body that is still unfinished after a second if too many others are", async () => {
  using clock = new FakeClock();
  const limits = bodyLimits({ ...BOUNDS, requestTimeoutMs: 30_000 });
  const codes: string[] = [];
  const reading = [1, 2, 3, 4].map(() =>
    readText(unfinished(new Uint8Array(10)), limits).then(() => "", ({ code }) => void codes.push(code))
  );
  await clock.passAsync(999);
  assertEquals([codes, limits.unfinished.taken], [[], 0]);
  await clock.passAsync(1);
  assertEquals([codes, limits.unfinished.taken], [["limit_reached", "limit_reached"], 2]);
  // A body that has arrived completely needs no slot for unfinished bodies.
  assertEquals(await readText(new Request("http://localhost/", { method: "POST", body: "x" }), limits), "x");
  await clock.passAsync(29_000);
  await Promise.all(reading);
  assertEquals(codes.slice(2), ["slow_body", "slow_body"]);
  assertEquals([limits.unfinished.taken, limits.received.taken], [0, 0]);
});

Deno.test("readText() refuses bodies whose unfinished parts are too large in sum, and counts none that has ended", async () => {
  const limits = bodyLimits({ ...BOUNDS, requestTimeoutMs: 200, unfinishedBodyBytes: 2_500 });
  const whole = () => new Request("http://localhost/", { method: "POST", body: "x".repeat(1_000) });
  for (let count = 0; count < 10; count++) assertEquals((await readText(whole(), limits)).length, 1_000);
  const codes = await Promise.all(
    [1, 2, 3, 4].map(() => readText(unfinished(new Uint8Array(900)), limits).catch(({ code }) => code)),
  );
  assertEquals(codes.toSorted(), ["limit_reached", "limit_reached", "slow_body", "slow_body"]);
  await assertRejects(
    () => readText(unfinished(new Uint8Array(2_000)), limits),
    Problem,
    "at most 1000 bytes",
  );
  assertEquals(limits.received.taken, 0);
  assertEquals((await readText(whole(), limits)).length, 1_000);
});

Deno.test("readText() accepts the end of a body, although unfinished bodies use up the limit of bytes", async () => {
  const limits = bodyLimits(BOUNDS);
  limits.received.take(BOUNDS.unfinishedBodyBytes);
  const read = (body: BodyInit, length: number) =>
    readText(
      new Request("http://localhost/", {
        method: "POST",
        headers: { "content-length": String(length) },
        body,
      }),
      limits,
    );
  assertEquals(await read("whole", 5), "whole");
  const parts = () => ReadableStream.from(["be", "gun"].map((part) => new TextEncoder().encode(part)));
  await assertRejects(() => read(parts(), 5), Problem, "Too many bytes");
  limits.received.release(2);
  assertEquals(await read(parts(), 5), "begun");
  assertEquals(limits.received.taken, BOUNDS.unfinishedBodyBytes - 2);
});

Deno.test("readText() leaves room for others, however many unfinished bodies a sender has, and however large", async () => {
  using clock = new FakeClock();
  const limits = bodyLimits({
    requestBytes: 1_000,
    requestTimeoutMs: 30_000,
    unfinishedBodies: 8,
    unfinishedBodyBytes: 10_000,
  });
  const codes: string[] = [];
  const read = (share: string | null, bytes: number) =>
    readText(unfinished(new Uint8Array(bytes)), { ...limits, share }).catch(({ code }) =>
      void codes.push(code)
    );
  // Clients without credentials share one holder, so only half of their ten bodies of 1,000 bytes are
  // accepted.
  const reading = Array.from({ length: 10 }, () => read("", 1_000));
  await clock.passAsync(1);
  assertEquals([codes.length, limits.received.taken], [5, 5_000]);
  // The same clients send eight short bodies. Four get half of the slots; the other four are refused after a
  // second.
  reading.push(...Array.from({ length: 8 }, () => read("", 1)));
  await clock.passAsync(1_000);
  assertEquals([codes.length, limits.unfinished.taken], [14, 4]);
  // The body of another holder is read to its end.
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const slow = readText(new Request("http://localhost/", { method: "POST", body: readable }), limits);
  const writer = writable.getWriter();
  await writer.write(new Uint8Array(500).fill(0x61));
  await clock.passAsync(2_000);
  await writer.write(new Uint8Array(500).fill(0x61));
  await writer.close();
  assertEquals((await slow).length, 1_000);
  await clock.passAsync(30_000);
  await Promise.all(reading);
  assertEquals([limits.unfinished.taken, limits.received.taken], [0, 0]);
});

Deno.test("readText() tells the client to try again if the server shuts down before the body has arrived", async () => {
  const begun = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    begun.resolve();
    return await readText(request, bodyLimits({ ...BOUNDS, requestTimeoutMs: 10_000 })).then(
      (text) => new Response(text),
      ({ status, code }: Problem) => new Response(code, { status }),
    );
  });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const sent = (text: string) => send(connection, new TextEncoder().encode(text));
  await sent("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n");
  await begun.promise;
  const ended = server.shutdown();
  await sent("ab");
  const { status, body } = await readResponse(connection);
  // Before version 2.9, Deno still reads a body that arrives while the server shuts down.
  assertEquals([status, body], status === 200 ? [200, "ab"] : [408, "incomplete_body"]);
  await ended;
});

Deno.test("readText() tells the client to try again if its connection is closed within the body", async () => {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("{"));
      controller.error(new Deno.errors.BadResource("the connection is closed"));
    },
  });
  const request = new Request("http://localhost/", { method: "POST", body });
  const error = await assertRejects(() => readText(request, LIMITS), Problem);
  assertEquals([error.status, error.code], [408, "incomplete_body"]);
});
