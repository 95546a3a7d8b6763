import fc from "fast-check";
import { LimitError } from "../../../lib/errors.ts";
import { Link, LinkClosedError, type LinkOptions } from "../../../lib/channel/link.ts";
import type { LinkLimits } from "../../../lib/channel/link_limits.ts";
import type { Packet } from "../../../lib/channel/packet.ts";
import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";
import { randomNumbers, SimulatedWire, VirtualClock, type WireFaults } from "../../support/simulated_wire.ts";

const SMALL: Partial<LinkLimits> = { maxBatchMessages: 5, maxBatchLength: 60, windowBatches: 4 };

function numbered(count: number, prefix = ""): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** Creates a link that transmits over a simulated wire and records the messages that it delivers. */
function endpoint(clock: VirtualClock, wire: SimulatedWire<Packet>, options: Partial<LinkOptions> = {}) {
  const received: string[] = [];
  const errors: unknown[] = [];
  const link = new Link({
    transmit: (packet) => wire.transmit(packet),
    deliver: (message) => received.push(message),
    onError: (error) => errors.push(error),
    timers: clock,
    ...options,
  });
  return { link, received, errors, wire };
}

function pair(faults: Partial<WireFaults> = {}, limits: Partial<LinkLimits> = {}) {
  const clock = new VirtualClock();
  const left = endpoint(clock, new SimulatedWire<Packet>(clock, faults), { limits });
  const right = endpoint(
    clock,
    new SimulatedWire<Packet>(clock, { ...faults, seed: (faults.seed ?? 1) + 1 }),
    {
      limits,
    },
  );
  left.wire.receive = (packet) => right.link.receive(packet);
  right.wire.receive = (packet) => left.link.receive(packet);
  left.link.connect(1, 1);
  right.link.connect(1, 1);
  return { clock, left, right };
}

const faults = fc.record({
  dropRate: fc.double({ min: 0, max: 0.6, noNaN: true }),
  duplicateRate: fc.double({ min: 0, max: 0.4, noNaN: true }),
  maxDelayMs: fc.integer({ min: 0, max: 400 }),
  seed: fc.integer(),
});

Deno.test("Link.send() delivers every message exactly once and in order, in both directions, over any lossy wire", async () => {
  await fc.assert(
    fc.asyncProperty(faults, fc.nat(150), fc.nat(150), async (wireFaults, leftCount, rightCount) => {
      const { clock, left, right } = pair(wireFaults, SMALL);
      const random = randomNumbers(wireFaults.seed);
      const sent = { left: numbered(leftCount, "left "), right: numbered(rightCount, "right ") };
      for (const side of [left, right]) {
        const messages = side === left ? sent.left : sent.right;
        for (const message of messages) clock.set(() => side.link.send(message), Math.floor(random() * 500));
      }
      // The random delays change the order of the messages, so the messages are expected in the order of the
      // send() calls.
      const order = { left: [] as string[], right: [] as string[] };
      for (const [side, list] of [[left, order.left], [right, order.right]] as const) {
        const send = side.link.send.bind(side.link);
        side.link.send = (message) => (list.push(message), send(message));
      }
      const done = () =>
        order.left.length === leftCount && order.right.length === rightCount &&
        left.link.backlog === 0 && right.link.backlog === 0;
      await clock.run(done, 3_600_000);
      assertEquals(right.received, order.left);
      assertEquals(left.received, order.right);
      assert(done());
      for (const packet of [...left.wire.transmitted, ...right.wire.transmitted]) {
        assertLessOrEqual(packet.held.length, 4);
        assertLessOrEqual(packet.messages.length, 5);
        assertLessOrEqual(packet.messages.join("").length, 60);
      }
      left.link.close();
      right.link.close();
      await clock.run();
    }),
    { numRuns: 1_500 },
  );
});

Deno.test("Link.connect() continues with another peer where the previous peer stopped", async () => {
  await fc.assert(
    fc.asyncProperty(
      faults,
      fc.integer({ min: 1, max: 200 }),
      fc.nat(1_000),
      async (wireFaults, count, at) => {
        const { clock, left, right } = pair(wireFaults, SMALL);
        for (const message of numbered(count)) left.link.send(message);
        await clock.run(() => left.link.backlog === 0, at);
        right.link.close();
        const acknowledged = left.link.oldest;
        const next = endpoint(clock, new SimulatedWire<Packet>(clock, { ...wireFaults, seed: 3 }), {
          limits: SMALL,
        });
        left.wire.receive = (packet) => next.link.receive(packet);
        next.wire.receive = (packet) => left.link.receive(packet);
        right.wire.receive = () => {};
        next.link.connect(1, acknowledged);
        left.link.connect(acknowledged, 1);
        next.link.send("hello");
        await clock.run(() => left.link.backlog === 0 && next.link.backlog === 0, 3_600_000);
        assertEquals([...right.received.slice(0, acknowledged - 1), ...next.received], numbered(count));
        assertEquals(left.received, ["hello"]);
        left.link.close();
        next.link.close();
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("Link.send() transmits the first message at once and fills up batches under load", async () => {
  const { clock, left } = pair({ dropRate: 1 });
  left.link.send("first");
  await Promise.resolve();
  assertEquals(left.wire.transmitted.map((packet) => packet.messages), [["first"]]);
  for (const message of numbered(1_200)) {
    left.link.send(message);
    await Promise.resolve();
  }
  assertEquals(left.wire.transmitted.map((packet) => packet.messages.length), [1, 1, 500, 500]);
  assertEquals(clock.now, 0);
  left.link.close();
});

Deno.test("Link.send() sends a message longer than a batch in a batch of its own", async () => {
  const { clock, left, right } = pair({}, { maxBatchLength: 10 });
  const messages = ["a", "b".repeat(50), "c", "d"];
  for (const message of messages) left.link.send(message);
  await clock.run();
  assertEquals(right.received, messages);
  assertEquals(left.wire.transmitted.map((packet) => packet.messages.length), [1, 1, 2]);
});

Deno.test("Link.send() throws for messages beyond its limits, and keeps the queued ones", async () => {
  const { clock, left, right } = pair({}, { maxQueuedMessages: 3, maxQueuedLength: 10 });
  for (const message of ["1", "2", "3"]) left.link.send(message);
  const error = assertThrows(
    () => left.link.send("4"),
    LimitError,
    "at most 3 messages may be unacknowledged",
  );
  assertEquals(error.limit, "maxQueuedMessages");
  await clock.run();
  left.link.send("x".repeat(9));
  assertEquals(assertThrows(() => left.link.send("yy"), LimitError).limit, "maxQueuedLength");
  await clock.run();
  assertEquals(right.received, ["1", "2", "3", "x".repeat(9)]);
});

Deno.test("Link.congested is true from the threshold until the backlog has halved, and then onDrain is called once", async () => {
  const clock = new VirtualClock();
  let drains = 0;
  const limits = { congestedMessages: 4, maxBatchMessages: 1, windowBatches: 16 };
  const { link, wire } = endpoint(clock, new SimulatedWire<Packet>(clock, { dropRate: 1 }), {
    limits,
    onDrain: () => drains++,
  });
  link.connect(1, 1);
  for (const message of numbered(4)) link.send(message);
  assert(!link.congested);
  link.send("one too many");
  assert(link.congested);
  await Promise.resolve();
  assertEquals(wire.transmitted.length, 5);
  const acknowledge = (next: number, transmission: number) =>
    link.receive({ transmission, first: 0, messages: [], next, seen: 5, held: [] });
  acknowledge(3, 1);
  assertEquals([link.backlog, link.congested, drains], [3, true, 0]);
  acknowledge(4, 2);
  assertEquals([link.backlog, link.congested, drains], [2, false, 1]);
  acknowledge(6, 3);
  assertEquals([link.backlog, drains, clock.pending], [0, 1, 0]);
});

Deno.test("Link.congested is also true from a number of queued characters until half of them have arrived", () => {
  const clock = new VirtualClock();
  let drains = 0;
  const limits = { congestedLength: 20, maxBatchMessages: 1, windowBatches: 16 };
  const { link } = endpoint(clock, new SimulatedWire<Packet>(clock, { dropRate: 1 }), {
    limits,
    onDrain: () => drains++,
  });
  for (const length of [10, 10]) link.send("x".repeat(length));
  assert(!link.congested);
  link.send("x");
  assert(link.congested);
  link.clear();
  assertEquals([link.congested, drains], [false, 1]);
});

Deno.test("Link.receive() resends exactly the messages that are known to be lost, without waiting for a timer", async () => {
  const { clock, left, right } = pair({}, { maxBatchMessages: 1, resendAfterMs: 60_000 });
  const arrive = left.wire.receive;
  left.wire.receive = (packet) => {
    if (packet.transmission !== 2 && packet.transmission !== 5) arrive(packet);
  };
  for (const message of numbered(6)) left.link.send(message);
  await clock.run(() => left.link.backlog === 0, 1_000);
  assertEquals(right.received, numbered(6));
  assertEquals(left.wire.transmitted.map((packet) => packet.first), [1, 2, 3, 4, 5, 6, 2, 5]);
  assertEquals([left.link.resent, right.link.lost], [2, 2]);
});

Deno.test("Link resends only the oldest batch to a silent peer, with increasing delays", async () => {
  const { clock, left } = pair({ dropRate: 1 }, { maxBatchMessages: 1 });
  for (const message of numbered(6)) left.link.send(message);
  const times: number[] = [];
  const transmit = left.wire.transmit.bind(left.wire);
  await Promise.resolve();
  left.wire.transmit = (packet) => (times.push(clock.now), assertEquals(packet.first, 1), transmit(packet));
  await clock.run(() => false, 8_000);
  assertEquals(times, [100, 300, 700, 1_500, 3_100, 5_100, 7_100]);
  left.link.close();
  assertEquals(clock.pending, 0);
});

Deno.test("Link.receive() continues to deliver messages after a receiver that throws", async () => {
  const { clock, left, right } = pair();
  const received: string[] = [];
  const errors: unknown[] = [];
  const throwing = endpoint(clock, right.wire, {
    deliver: (message) => {
      received.push(message);
      if (message === "1") throw new Error("no");
    },
    onError: (error) => errors.push(error),
  });
  left.wire.receive = (packet) => throwing.link.receive(packet);
  throwing.link.connect(1, 1);
  for (const message of numbered(3)) left.link.send(message);
  await clock.run(() => left.link.backlog === 0);
  assertEquals(received, numbered(3));
  assertEquals(errors.map(String), ["Error: no"]);
});

Deno.test("Link.close() called by a receiver stops the delivery", async () => {
  const { clock, left, right } = pair({ dropRate: 0 });
  const closing: { link: Link; received: string[] } = endpoint(clock, right.wire, {
    deliver: (message) => {
      closing.received.push(message);
      closing.link.close();
    },
  });
  left.wire.receive = (packet) => closing.link.receive(packet);
  closing.link.connect(1, 1);
  for (const message of numbered(3)) left.link.send(message);
  await clock.run(() => false, 1_000);
  assertEquals(closing.received, ["0"]);
  assertEquals(left.link.backlog, 3);
  left.link.close();
});

Deno.test("Link.connect() called by a receiver drops the rest of the batch that is being delivered", async () => {
  const { clock, left, right } = pair();
  const reconnecting: { link: Link; received: string[] } = endpoint(clock, right.wire, {
    deliver: (message) => {
      reconnecting.received.push(message);
      if (message === "0") reconnecting.link.connect(1, 100);
    },
  });
  left.wire.receive = (packet) => reconnecting.link.receive(packet);
  reconnecting.link.connect(1, 1);
  for (const message of numbered(3)) left.link.send(message);
  await clock.run(() => false, 50);
  assertEquals(reconnecting.received, ["0"]);
  assertEquals(reconnecting.link.next, 100);
  left.link.close();
});

Deno.test("Link.connect() with a number in the middle of a batch delivers the rest of the batch", async () => {
  const { clock, left, right } = pair();
  right.link.connect(1, 2);
  for (const message of numbered(3)) left.link.send(message);
  await clock.run();
  assertEquals([right.received, left.link.backlog], [["1", "2"], 0]);
});

Deno.test("Link.receive() ignores packets with impossible sequence numbers", async () => {
  const { clock, left } = pair({ dropRate: 1 });
  left.link.send("waiting");
  await Promise.resolve();
  const bogus = { transmission: 1, first: 1, messages: ["bogus"], held: [] };
  left.link.receive({ ...bogus, next: 3, seen: 0 });
  left.link.receive({ ...bogus, next: 1, seen: 2 });
  assertEquals([left.received, left.link.backlog], [[], 1]);
  for (let first = 10; first < 100; first++) {
    left.link.receive({ transmission: first, first, messages: ["early"], next: 1, seen: 0, held: [] });
  }
  await clock.run(() => false, 50);
  assertEquals(left.wire.transmitted.at(-1)?.held.length, 16);
  left.link.close();
});

Deno.test("Link.drained() resolves when the last message is acknowledged, and rejects if the link is closed", async () => {
  const { clock, left, right } = pair();
  await left.link.drained();
  left.link.send("1");
  const drained = left.link.drained();
  await clock.run(() => left.link.backlog === 0);
  await drained;
  assertEquals(right.received, ["1"]);
  left.link.send("2");
  const never = left.link.drained();
  left.link.close();
  left.link.close();
  await assertRejects(() => never, LinkClosedError, "unacknowledged messages");
  await assertRejects(() => left.link.drained(), LinkClosedError, "it is closed");
  assertThrows(() => left.link.send("3"), LinkClosedError, "the link is closed");
});

Deno.test("Link.clear() drops messages, but does not reuse their numbers", async () => {
  const { clock, left, right } = pair();
  right.link.disconnect();
  for (const message of numbered(3)) left.link.send(message);
  left.link.disconnect();
  left.link.clear();
  assertEquals([left.link.backlog, left.link.oldest], [0, 4]);
  left.link.send("after");
  right.link.connect(1, left.link.oldest);
  left.link.connect(left.link.oldest, 1);
  await clock.run();
  assertEquals(right.received, ["after"]);
});

Deno.test("Link queues 200,000 messages at once in linear time", async () => {
  const { clock, left, right } = pair();
  for (const message of numbered(200_000)) left.link.send(message);
  await clock.run(() => left.link.backlog === 0);
  assertEquals(right.received.length, 200_000);
  assertLess(left.wire.transmitted.length, 500);
});

Deno.test("Link throws for limits that are not positive integers", () => {
  const clock = new VirtualClock();
  const wire = new SimulatedWire<Packet>(clock);
  for (const windowBatches of [0, -1, 1.5, NaN]) {
    assertThrows(() => endpoint(clock, wire, { limits: { windowBatches } }), RangeError, '"windowBatches"');
  }
});
