import { isChannelAvailable } from "../../../lib/channel/bus.ts";
import {
  AuthorityChannel,
  type AuthorityChannelOptions,
  ChannelConflictError,
} from "../../../lib/channel/authority.ts";
import { MemberChannel, type MemberChannelOptions } from "../../../lib/channel/member.ts";
import { LinkClosedError } from "../../../lib/channel/link.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../../support/assert.ts";
import { block, blockUntil, createFlag, Isolate, posted, raise, raised } from "../../support/isolate.ts";
import type { Burst } from "./isolate_worker.ts";

const WORKER = new URL("./isolate_worker.ts", import.meta.url);

let names = 0;
/** Returns a unique channel name, because all tests share the process. */
function freshName(): string {
  return `channel-test-${++names}`;
}

/** An authority that records the messages, members and conflicts that it is notified of. */
class TestAuthority implements Disposable {
  readonly received: string[] = [];
  readonly came: string[] = [];
  readonly gone: string[] = [];
  readonly conflicts: ChannelConflictError[] = [];
  readonly errors: unknown[] = [];
  readonly channel: AuthorityChannel;

  constructor(name: string, options: Partial<AuthorityChannelOptions> = {}) {
    this.channel = new AuthorityChannel({
      name,
      epoch: "first",
      onMessage: (_id, message) => this.received.push(message),
      onRequest: (_id, payload) => `answer to ${payload}`,
      onMember: (id) => this.came.push(id),
      onMemberGone: (id) => this.gone.push(id),
      onConflict: (error) => this.conflicts.push(error),
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  [Symbol.dispose](): void {
    this.channel.close();
  }
}

async function openMember(name: string): Promise<Isolate> {
  const isolate = new Isolate(WORKER);
  assert(await isolate.call<boolean>("openMember", name), "the member found no authority");
  return isolate;
}

function burst(
  isolate: Isolate,
  prefix: string,
  count: number,
  options: Partial<Burst> = {},
): Promise<number> {
  return isolate.call<number>("burst", { from: 0, count, prefix, flooded: 0, ...options });
}

/** Checks that all messages with the given prefix arrived exactly once and in order. */
function assertBurst(received: readonly string[], prefix: string, count: number): void {
  const numbers = received.filter((text) => text.startsWith(`${prefix} `)).map((text) =>
    Number(text.split(" ")[1])
  );
  assertEquals(numbers.length, count);
  const wrong = numbers.findIndex((number, i) => number !== i);
  assertEquals(wrong, -1, `message ${numbers[wrong]} arrived at position ${wrong}`);
}

/** Polls a condition until it is true. */
async function until(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Gave up waiting for: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("MemberChannel.send() delivers 100,000 messages to an authority that is blocked for 500 ms", async () => {
  using authority = new TestAuthority(freshName());
  using isolate = await openMember(`channel-test-${names}`);
  const done = burst(isolate, "a", 100_000);
  await until(() => authority.received.length > 0);
  block(500);
  await done;
  assertBurst(authority.received, "a", 100_000);
  // The sender's window is smaller than the ring buffer, so a blocked receiver loses no message.
  assertEquals(authority.channel.lostPackets, 0);
  await isolate.call("close");
});

Deno.test("MemberChannel.send() loses nothing when the ring buffer of the process overflows", async () => {
  const name = freshName();
  using authority = new TestAuthority(name);
  using isolate = await openMember(name);
  await burst(isolate, "warm", 1);
  const flag = createFlag();
  const done = burst(isolate, "a", 100_000, { flooded: 1_000, flag });
  block(500);
  blockUntil(flag);
  await done;
  assertBurst(authority.received, "a", 100_000);
  assertGreater(authority.channel.lostPackets, 0);
  await isolate.call("close");
});

Deno.test("Channels carry both directions of four members at once, in spite of losses", async () => {
  const name = freshName();
  using authority = new TestAuthority(name);
  using first = await openMember(name);
  using second = await openMember(name);
  using third = await openMember(name);
  using fourth = await openMember(name);
  const isolates = [first, second, third, fourth];
  const flag = createFlag();
  const bursts = isolates.map((isolate, i) =>
    burst(isolate, `m${i}`, 10_000, i === 0 ? { flooded: 600, flag } : {})
  );
  const ids = [...authority.came];
  for (let i = 0; i < 3_000; i++) for (const id of ids) assert(authority.channel.send(id, `command ${i}`));
  blockUntil(flag);
  await Promise.all(bursts);
  for (const [i, isolate] of isolates.entries()) {
    assertBurst(authority.received, `m${i}`, 10_000);
    assertBurst(await isolate.call<string[]>("waitForReceived", 3_000), "command", 3_000);
  }
  assertEquals(authority.channel.memberCount, 4);
  for (const isolate of isolates) await isolate.call("close");
});

Deno.test("AuthorityChannel.send() delivers messages to a blocked member, in spite of losses", async () => {
  const name = freshName();
  using authority = new TestAuthority(name);
  using isolate = await openMember(name);
  using flooder = new Isolate(WORKER);
  const id = authority.came[0]!;
  authority.channel.send(id, "command 0");
  await isolate.call("waitForReceived", 1);
  const [blocked, released] = [createFlag(), createFlag()];
  const blockade = isolate.call("block", { blocked, released });
  await raised(blocked);
  for (let i = 1; i < 20_000; i++) authority.channel.send(id, `command ${i}`);
  await posted();
  await flooder.call("flood", 1_000);
  raise(released);
  await blockade;
  assertBurst(await isolate.call<string[]>("waitForReceived", 20_000), "command", 20_000);
  assertGreater(await isolate.call<number>("lostPackets"), 0);
  await flooder.call("close");
  await isolate.call("close");
});

Deno.test("AuthorityChannel.send() returns whether the channel has a member with the given id", () => {
  using authority = new TestAuthority(freshName());
  assertEquals(authority.channel.send("nobody", "hello"), false);
});

Deno.test("MemberChannel.request() resolves with the response in spite of losses, however long the response is", async () => {
  const name = freshName();
  const page = "y".repeat(256 * 1024);
  using authority = new TestAuthority(name, { onRequest: (_id, payload) => payload + page });
  using isolate = await openMember(name);
  const answers = Array.from({ length: 20 }, (_, i) => isolate.call<string>("request", `${i}:`));
  using flooder = new Isolate(WORKER);
  await flooder.call("flood", 1_000);
  for (const [i, answer] of (await Promise.all(answers)).entries()) assertEquals(answer, `${i}:${page}`);
  assertEquals(authority.errors, []);
  await flooder.call("close");
  await isolate.call("close");
});

Deno.test("MemberChannel.request() rejects with the authority's error or the signal's reason, and if the channel is closed", async () => {
  const name = freshName();
  using _authority = new TestAuthority(name, {
    onRequest() {
      throw new RangeError("Cannot answer: wanted a cursor");
    },
  });
  using member = new MemberChannel({ name });
  await assertRejects(() => member.request("x"), Error, "Cannot answer: wanted a cursor");
  const reason = new Error("enough");
  await assertRejects(() => member.request("x", { signal: AbortSignal.abort(reason) }), Error, "enough");
  const controller = new AbortController();
  const abandoned = member.request("x", { signal: controller.signal });
  controller.abort(reason);
  await assertRejects(() => abandoned, Error, "enough");
  const open = member.request("x");
  member.close();
  await assertRejects(() => open, LinkClosedError, "the channel was closed");
});

Deno.test("AuthorityChannel.publish() reaches every member, and heartbeats repeat the newest sequence number", async () => {
  const name = freshName();
  using authority = new TestAuthority(name, { heartbeatMs: 20 });
  const heard: string[] = [];
  const options: Omit<MemberChannelOptions, "name"> = {
    onPublication: (seq, text) => heard.push(`${seq} ${text}`),
    onHeartbeat: (seq) => void (seq === 8 && !heard.includes("heartbeat") && heard.push("heartbeat")),
  };
  authority.channel.publish(6, "nobody is there");
  const connected = Promise.withResolvers<number>();
  using first = new MemberChannel({ name, ...options, onConnect: ({ seq }) => connected.resolve(seq) });
  assertEquals(await connected.promise, 6);
  using second = new MemberChannel({ name, ...options });
  assert(await second.whenConnected(10_000));
  assert(first.connected);
  authority.channel.publish(7, "a");
  authority.channel.publish(8, "b");
  await until(() => heard.includes("heartbeat"));
  assertEquals(heard.filter((text) => text !== "heartbeat").sort(), ["7 a", "7 a", "8 b", "8 b"]);
});

Deno.test("MemberChannel queues messages until there is an authority", async () => {
  const name = freshName();
  using member = new MemberChannel({ name });
  assertEquals(await member.whenConnected(1), false);
  member.send("early");
  const answer = member.request("early question");
  assertEquals([member.connected, member.backlog], [false, 2]);
  using authority = new TestAuthority(name);
  await member.drained();
  assertEquals(authority.received, ["early"]);
  assertEquals(await answer, "answer to early question");
  assert(member.connected);
});

Deno.test("MemberChannel continues with the next authority after the previous one closed", async () => {
  const name = freshName();
  const epochs: string[] = [];
  using first = new TestAuthority(name);
  using member = new MemberChannel({ name, onConnect: ({ epoch }) => epochs.push(epoch) });
  for (let i = 0; i < 20_000; i++) member.send(`a ${i}`);
  await until(() => first.received.length > 1_000);
  first.channel.close();
  for (let i = 20_000; i < 30_000; i++) member.send(`a ${i}`);
  using second = new TestAuthority(name, { epoch: "second" });
  await member.drained();
  assertEquals(epochs, ["first", "second"]);
  // The second authority receives only the messages that the first one did not acknowledge, and no message is
  // missing.
  const start = Number(second.received[0]!.slice(2));
  assertLessOrEqual(start, first.received.length);
  assertBurst([...first.received.slice(0, start), ...second.received], "a", 30_000);
});

Deno.test("MemberChannel continues with the next authority after the previous one vanished", async () => {
  const name = freshName();
  const epochs: string[] = [];
  using vanishing = new Isolate(WORKER);
  await vanishing.call("openAuthority", { name, epoch: "first" });
  using member = new MemberChannel({ name, onConnect: ({ epoch }) => epochs.push(epoch) });
  assertEquals(await member.request("question"), "first answers question");
  vanishing[Symbol.dispose]();
  member.send("a 0");
  using second = new TestAuthority(name, { epoch: "second" });
  await member.drained();
  assertEquals(await member.request("question"), "answer to question");
  assertEquals(second.received, ["a 0"]);
  assertEquals(epochs, ["first", "second"]);
});

Deno.test("AuthorityChannel forgets a member that was terminated", async () => {
  const name = freshName();
  using authority = new TestAuthority(name, { heartbeatMs: 20, memberTimeoutMs: 2_000 });
  using isolate = await openMember(name);
  const id = await isolate.call<string>("memberId");
  await burst(isolate, "a", 100);
  isolate[Symbol.dispose]();
  await until(() => authority.gone.length > 0);
  assertEquals([authority.gone, authority.channel.memberCount], [[id], 0]);
  assertEquals(authority.channel.send(id, "too late"), false);
});

Deno.test("MemberChannel in an isolate that was blocked for long resumes without losses or duplicates", async () => {
  const name = freshName();
  using authority = new TestAuthority(name, { heartbeatMs: 20, memberTimeoutMs: 1_200 });
  using isolate = await openMember(name);
  await burst(isolate, "a", 1_000);
  const id = authority.came[0]!;
  authority.channel.send(id, "command 0");
  await isolate.call("waitForReceived", 1);
  const [blocked, released] = [createFlag(), createFlag()];
  const blockade = isolate.call("block", { blocked, released });
  const rest = burst(isolate, "a", 1_000, { from: 1_000 });
  await until(() => authority.gone.length > 0);
  raise(released);
  await blockade;
  await rest;
  await until(() => authority.channel.send(id, "command 1"));
  assertEquals(await isolate.call<string[]>("waitForReceived", 2), ["command 0", "command 1"]);
  assertBurst(authority.received, "a", 2_000);
  assertEquals([authority.came, authority.gone], [[id, id], [id]]);
  await isolate.call("close");
});

Deno.test("AuthorityChannel throws at once if its isolate already has an authority of the same name", () => {
  const name = freshName();
  const first = new TestAuthority(name);
  assertThrows(
    () => new TestAuthority(name),
    ChannelConflictError,
    `"${name}": this isolate already has an authority of that name`,
  );
  first.channel.close();
  new TestAuthority(name).channel.close();
});

Deno.test("AuthorityChannel closes if another isolate has an older authority of the same name, which continues", async () => {
  const name = freshName();
  using first = new TestAuthority(name);
  using isolate = new Isolate(WORKER);
  using member = new MemberChannel({ name });
  assert(await member.whenConnected(10_000));
  await isolate.call("openAuthority", { name, epoch: "second" });
  const [conflict] = await isolate.call<string[]>("waitForConflict");
  assertStringIncludes(
    conflict!,
    `ChannelConflictError: Cannot keep channel "${name}" open: another isolate`,
  );
  member.send("still here");
  await member.drained();
  assertEquals([first.received, first.conflicts], [["still here"], []]);
});

Deno.test("AuthorityChannel closes even if the older authority's isolate was blocked", async () => {
  const name = freshName();
  using _first = new TestAuthority(name);
  using isolate = new Isolate(WORKER);
  await isolate.call("flood", 0);
  const opened = isolate.call("openAuthority", { name, epoch: "second" });
  block(300);
  await opened;
  assertEquals((await isolate.call<string[]>("waitForConflict")).length, 1);
  await isolate.call("close");
});

Deno.test("Channels ignore and count malformed messages", async () => {
  const name = freshName();
  using authority = new TestAuthority(name);
  const received: string[] = [];
  using member = new MemberChannel({ name, onMessage: (message) => received.push(message) });
  assert(await member.whenConnected(10_000));
  const frame = { taskscope: 1, from: "x", to: "*" };
  const packet = { transmission: 1, first: 1, messages: ["mx"], next: 1, seen: 0, held: [] };
  const session = "s";
  const malformed = [
    null,
    1,
    "text",
    [],
    {},
    { ...frame, type: "none" },
    { ...frame, type: "hello" },
    { ...frame, type: "hello", oldest: 0 },
    { ...frame, type: "hello", oldest: 1, taskscope: 2 },
    { ...frame, type: "hello", oldest: 1, from: "" },
    { ...frame, type: "hello", oldest: 1, from: "x".repeat(129) },
    { ...frame, type: "hello", oldest: 1, to: 5 },
    { ...frame, type: "welcome", epoch: "e", openedAt: NaN, session, next: 1, oldest: 1, seq: 0 },
    { ...frame, type: "welcome", epoch: "e", openedAt: 1, session, next: 1, oldest: 1.5, seq: 0 },
    { ...frame, type: "publication", seq: "1", text: "" },
    { ...frame, type: "publication", seq: 1 },
    { ...frame, type: "heartbeat", epoch: "e", openedAt: 1, seq: -1 },
    { ...frame, type: "packet", session },
    { ...frame, type: "packet", session, packet: { ...packet, messages: "mx" } },
    { ...frame, type: "packet", session, packet: { ...packet, messages: [1] } },
    { ...frame, type: "packet", session, packet: { ...packet, messages: new Array(2) } },
    { ...frame, type: "packet", session, packet: { ...packet, held: [0] } },
    { ...frame, type: "packet", session, packet: { ...packet, first: 0 } },
    { ...frame, type: "packet", session, packet: { ...packet, next: Infinity } },
  ];
  // Well-formed frames from unknown senders have no effect, and are not counted as malformed.
  const foreign = [
    { ...frame, type: "packet", session, packet },
    { ...frame, type: "packet", session, packet, to: authority.channel.id, from: member.id },
    { ...frame, type: "packet", session, packet, from: authority.channel.id, to: member.id },
    { ...frame, type: "publication", seq: 9, text: "foreign" },
    { ...frame, type: "bye" },
  ];
  const raw = new BroadcastChannel(name);
  for (const data of [...malformed, ...foreign]) raw.postMessage(data);
  await until(() => authority.channel.malformedFrames === malformed.length);
  await until(() => member.malformedFrames === malformed.length);
  member.send("fine");
  assertEquals(await member.request("and you"), "answer to and you");
  authority.channel.send(member.id, "fine too");
  await until(() => received.length > 0);
  assertEquals([authority.received, received, authority.errors], [["fine"], ["fine too"], []]);
  raw.close();
});

Deno.test("Channels continue to work after callbacks that throw", async () => {
  const name = freshName();
  const authorityErrors: unknown[] = [];
  const memberErrors: unknown[] = [];
  function fail(): never {
    throw new Error("callback");
  }
  using authority = new TestAuthority(name, {
    onMessage: fail,
    onMember: fail,
    onMemberGone: fail,
    onError: (error) => (authorityErrors.push(error), fail()),
  });
  using member = new MemberChannel({
    name,
    onMessage: fail,
    onConnect: fail,
    onPublication: fail,
    onError: (error) => (memberErrors.push(error), fail()),
  });
  member.send("one");
  assertEquals(await member.request("two"), "answer to two");
  authority.channel.send(member.id, "three");
  authority.channel.publish(1, "four");
  await until(() => memberErrors.length === 3);
  assertEquals(authorityErrors.length, 2);
});

Deno.test("MemberChannel.close() rejects pending requests and waits, and is idempotent", async () => {
  const name = freshName();
  using authority = new TestAuthority(name);
  const member = new MemberChannel({ name });
  assert(await member.whenConnected(10_000));
  for (let i = 0; i < 50_000; i++) member.send(`a ${i}`);
  const drained = member.drained();
  await until(() => authority.received.length > 0);
  member.close();
  member[Symbol.dispose]();
  await assertRejects(() => drained, LinkClosedError);
  assertThrows(() => member.send("late"), LinkClosedError);
  await assertRejects(() => member.request("late"), LinkClosedError);
  assertEquals([member.connected, await member.whenConnected(10_000)], [false, false]);
  using again = new MemberChannel({ name });
  again.send("a again");
  await again.drained();
  assertEquals(authority.received.at(-1), "a again");
});

Deno.test("AuthorityChannel.close() can be called while messages are in flight, twice, and from within a callback", async () => {
  const name = freshName();
  const authority: TestAuthority = new TestAuthority(name, {
    onMessage: (_id, message) => {
      authority.received.push(message);
      authority.channel.close();
    },
  });
  using member = new MemberChannel({ name });
  member.send("a 0");
  member.send("a 1");
  await until(() => authority.received.length > 0);
  authority.channel[Symbol.dispose]();
  using next = new TestAuthority(name);
  await member.drained();
  assertEquals([authority.received, next.received], [["a 0"], ["a 0", "a 1"]]);
});

Deno.test("MemberChannel.congested tells a sender when to pause, and onDrain when to resume", async () => {
  const name = freshName();
  using authority = new TestAuthority(name);
  let drains = 0;
  using member = new MemberChannel({
    name,
    limits: { congestedMessages: 10, maxBatchMessages: 2 },
    onDrain: () => drains++,
  });
  for (let i = 0; i < 11; i++) member.send(`a ${i}`);
  assert(member.congested);
  await member.drained();
  assertEquals([member.congested, drains, authority.received.length], [false, 1, 11]);
});

Deno.test("Channels can be closed and reopened in the same turn of the event loop, also by unrelated code", async () => {
  const name = freshName();
  using isolate = new Isolate(WORKER);
  await isolate.call("openAuthority", { name, epoch: "first" });
  for (let i = 0; i < 100; i++) {
    if (i % 2 === 0) new BroadcastChannel("unrelated").close();
    using member = new MemberChannel({ name });
    member.send(`a ${i}`);
    await member.drained();
    assertEquals(await member.request(`${i}`), `first answers ${i}`);
  }
  assertBurst(await isolate.call<string[]>("received"), "a", 100);
  await isolate.call("close");
});

Deno.test("Channels throw a clear error if there is no BroadcastChannel", () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, "BroadcastChannel")!;
  Object.defineProperty(globalThis, "BroadcastChannel", { value: undefined, configurable: true });
  try {
    assert(!isChannelAvailable());
    assertThrows(
      () => new MemberChannel({ name: "x" }),
      Error,
      'Cannot open channel "x": this runtime has no BroadcastChannel',
    );
    assertThrows(() => new TestAuthority("x"), Error, "this runtime has no BroadcastChannel");
  } finally {
    Object.defineProperty(globalThis, "BroadcastChannel", original);
  }
  assert(isChannelAvailable());
});
