import { ByteBudget } from "../../../../lib/http/byte_budget.ts";
import { QueuedBody } from "../../../../lib/http/streams/queued_body.ts";
import { LongText } from "../../../../lib/hub/long_text.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { assert, assertEquals, assertStrictEquals } from "../../../support/assert.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Creates a body, its reader, and a counter of the calls to `onDone`. */
function open(limit = 1_000_000) {
  let dones = 0;
  const budget = new ByteBudget(limit);
  const body = new QueuedBody(budget, () => dones++);
  const reader = body.stream.getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? null : new TextDecoder().decode(value);
  };
  return { body, budget, reader, read, dones: () => dones };
}

Deno.test("QueuedBody delivers bytes in order, and counts the bytes that have not been read", async () => {
  const { body, read, dones } = open();
  body.write(bytes("one"));
  body.write(bytes("three"));
  assertEquals(body.queuedBytes, 8);
  assertEquals([await read(), body.queuedBytes], ["one", 5]);
  assertEquals([await read(), body.queuedBytes], ["three", 0]);
  const next = read();
  body.write(bytes("late"));
  assertEquals([await next, body.queuedBytes], ["late", 0]);
  assertEquals([body.writtenBytes, dones()], [12, 0]);
});

Deno.test("QueuedBody does not copy the bytes that are written", async () => {
  const { body, reader } = open();
  const shared = bytes("shared");
  body.write(shared);
  assertStrictEquals((await reader.read()).value, shared);
  assertEquals(shared.length, 6);
});

Deno.test("QueuedBody.end() ends the body after the bytes that were written before, and ignores later ones", async () => {
  const { body, read, dones } = open();
  body.write(bytes("a"));
  body.end();
  body.write(bytes("b"));
  body.end();
  assertEquals(dones(), 0, "there are still bytes to read");
  assertEquals([await read(), await read()], ["a", null]);
  assertEquals(dones(), 1);
});

Deno.test("QueuedBody.end() ends a pending read", async () => {
  const { body, read, dones } = open();
  const next = read();
  body.end();
  assertEquals([await next, dones()], [null, 1]);
});

Deno.test("QueuedBody.discard() discards the queued bytes and ends the body", async () => {
  const { body, read, dones } = open();
  body.write(bytes("a"));
  body.write(bytes("b"));
  assertEquals(await read(), "a");
  body.discard();
  assertEquals([body.queuedBytes, dones()], [0, 0]);
  assertEquals([await read(), dones()], [null, 1]);
});

Deno.test("QueuedBody calls onDone once its reader cancels, even if more bytes are written afterwards", async () => {
  const { body, reader, dones } = open();
  body.write(bytes("a"));
  await reader.cancel();
  assertEquals([dones(), body.queuedBytes], [1, 0]);
  body.write(bytes("b"));
  body.end();
  body.discard();
  assertEquals([dones(), body.queuedBytes], [1, 0]);
});

Deno.test("QueuedBody calls onDone once its reader cancels while a read is pending", async () => {
  const { body, reader, dones } = open();
  const next = reader.read();
  await reader.cancel();
  body.write(bytes("b"));
  assertEquals([(await next).done, dones(), body.queuedBytes], [true, 1, 0]);
});

Deno.test("QueuedBody sends a long chunk in pieces, without copying it", async () => {
  const { body, budget, reader } = open();
  const chunk = new Uint8Array(150_000).map((_, index) => index % 251);
  body.write(chunk);
  body.end();
  const pieces: Uint8Array[] = [];
  assertEquals(budget.taken, 150_000);
  for (let read = await reader.read(); !read.done; read = await reader.read()) pieces.push(read.value);
  assertEquals(pieces.map(({ length }) => length), [...Array(32).fill(4_096), 16_384, 2_544]);
  assertEquals(pieces.every(({ buffer }) => buffer === chunk.buffer), true);
  assertEquals([budget.taken, body.queuedBytes], [0, 0]);
});

Deno.test("QueuedBody encodes a long text when it is read, and counts it until then", async () => {
  const { body, budget, reader } = open();
  const record = `"\u{1f600}${"x".repeat(100_000)}"`;
  const text = new LongText("data: ", [record, ",", record], "\n\n");
  body.write(bytes("before "));
  body.write(text);
  body.end();
  assertEquals(body.queuedBytes, 7 + text.length);
  assertEquals(budget.taken, 2 * (record.length + 1));
  let received = "";
  for (let result = await reader.read(); !result.done; result = await reader.read()) {
    assert(result.value.length <= 4 * 16_385);
    received += new TextDecoder("utf-8", { fatal: true }).decode(result.value);
  }
  assertEquals(received, `before ${text}`);
  assertEquals([body.queuedBytes, budget.taken], [0, 0]);
});

Deno.test("QueuedBody.write() refuses chunks that exceed the budget of all bodies, and counts shared chunks once", async () => {
  const budget = new ByteBudget(10_000);
  const bodies = [1, 2, 3].map(() => new QueuedBody(budget, () => {}));
  const shared = new Uint8Array(6_000);
  for (const body of bodies) assertEquals(body.write(shared), true);
  assertEquals([budget.taken, bodies[0]!.write(new Uint8Array(5_000))], [6_000, false]);
  assertEquals(bodies[0]!.queuedBytes, 6_000);
  const reader = bodies[0]!.stream.getReader();
  while (bodies[0]!.queuedBytes > 0) await reader.read();
  bodies[1]!.discard();
  assertEquals(budget.taken, 6_000);
  await bodies[2]!.stream.cancel();
  assertEquals([budget.taken, bodies[0]!.write(new Uint8Array(15_000))], [0, true]);
});

Deno.test("QueuedBody.stalledMs is the time since the last read while bytes wait", async () => {
  using clock = new FakeClock();
  const { body, read } = open();
  clock.pass(5_000);
  assertEquals(body.stalledMs, 0);
  body.write(bytes("a"));
  body.write(bytes("b"));
  clock.pass(5_000);
  assertEquals(body.stalledMs, 5_000);
  await read();
  clock.pass(2_000);
  assertEquals(body.stalledMs, 2_000);
  await read();
  assertEquals(body.stalledMs, 0);
});
