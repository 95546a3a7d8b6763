import { QueuedBody } from "../../../../lib/http/streams/queued_body.ts";
import { assertEquals, assertStrictEquals } from "../../../support/assert.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Creates a body with a reader, and counts the calls of onDone. */
function open() {
  let dones = 0;
  const body = new QueuedBody(() => dones++);
  const reader = body.stream.getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? null : new TextDecoder().decode(value);
  };
  return { body, reader, read, dones: () => dones };
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

Deno.test("QueuedBody.end() ends the body after the bytes written before, and ignores later ones", async () => {
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
