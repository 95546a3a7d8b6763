import { AuthorityChannel, type AuthorityChannelOptions } from "../../../lib/channel/authority.ts";
import { assert, assertEquals, assertNotEquals } from "../../support/assert.ts";
import { RawPeer } from "../../support/raw_channel.ts";

function open(name: string, options: Partial<AuthorityChannelOptions> = {}) {
  const received: string[] = [];
  const gone: string[] = [];
  const goneOnce = Promise.withResolvers<void>();
  const channel = new AuthorityChannel({
    name,
    epoch: "first",
    onMessage: (_id, message) => received.push(message),
    onRequest: (_id, payload) => `answer to ${payload}`,
    onMemberGone(id) {
      gone.push(id);
      goneOnce.resolve();
    },
    onConflict: () => {},
    ...options,
  });
  return { channel, received, gone, goneOnce: goneOnce.promise };
}

/** Waits for the authority's heartbeat, then joins the channel as a member. */
async function join(member: RawPeer) {
  await member.take("heartbeat");
  member.post({ type: "hello", from: member.id, to: "*", oldest: 1 });
  return await member.take("welcome");
}

Deno.test("AuthorityChannel keeps the position of a forgotten member, but drops its unacknowledged messages", async () => {
  using member = await RawPeer.open("authority-forgets", "member");
  const options = { heartbeatMs: 10, memberTimeoutMs: 500 };
  const { channel, received, gone, goneOnce } = open("authority-forgets", options);
  using _channel = channel;
  const { session } = await join(member);
  member.postPacket(channel.id, session, { first: 1, messages: ["ma", "mb"] });
  await member.take("packet", (frame) => frame.packet.next === 3);
  assert(channel.send("member", "command"));
  assertEquals(await member.takeMessages(), ["mcommand"]);
  await goneOnce;
  assertEquals([gone, channel.memberCount, channel.send("member", "late")], [["member"], 0, false]);

  // The member resends its messages, as if their acknowledgement had been lost.
  member.postPacket(channel.id, session, { first: 1, messages: ["ma", "mb"] });
  await member.take("unknown");
  member.post({ type: "hello", from: "member", to: "*", oldest: 1 });
  const again = await member.take("welcome");
  assertEquals([again.session, again.next, again.oldest], [session, 3, 2]);
  member.postPacket(channel.id, session, { first: 1, messages: ["ma", "mb"] });
  member.postPacket(channel.id, session, { first: 3, messages: ["mc"] });
  await member.take("packet", (frame) => frame.packet.next === 4);
  assertEquals(received, ["a", "b", "c"]);
});

Deno.test("AuthorityChannel remembers the positions of at most maxForgottenMembers members", async () => {
  using member = await RawPeer.open("authority-forgotten", "member");
  const options = { heartbeatMs: 10, memberTimeoutMs: 50, maxForgottenMembers: 0 };
  const { channel, goneOnce } = open("authority-forgotten", options);
  using _channel = channel;
  const { session } = await join(member);
  await goneOnce;
  member.post({ type: "hello", from: "member", to: "*", oldest: 5 });
  const again = await member.take("welcome");
  assertNotEquals(again.session, session);
  assertEquals([again.next, again.oldest], [5, 1]);
});

Deno.test("AuthorityChannel accepts at most maxMembers members", async () => {
  using first = await RawPeer.open("authority-members", "first");
  using second = await RawPeer.open("authority-members", "second");
  const { channel } = open("authority-members", { maxMembers: 1 });
  using _channel = channel;
  await join(first);
  second.post({ type: "hello", from: "second", to: "*", oldest: 1 });
  second.postPacket(channel.id, "session", {});
  // The reply "unknown" shows that the earlier hello was ignored.
  await second.take("unknown");
  assertEquals([channel.memberCount, channel.send("second", "nothing")], [1, false]);
  first.post({ type: "bye", from: "first", to: channel.id });
  second.post({ type: "hello", from: "second", to: "*", oldest: 1 });
  await second.take("welcome");
  assertEquals([channel.memberCount, channel.send("first", "nothing")], [1, false]);
});

Deno.test("AuthorityChannel continues with a member's messages where the previous authority stopped", async () => {
  using member = await RawPeer.open("authority-continues", "member");
  const { channel, received } = open("authority-continues");
  using _channel = channel;
  const { session } = await join(member);
  member.post({ type: "hello", from: "member", to: "*", oldest: 7 });
  const again = await member.take("welcome");
  assertEquals([again.session, again.next], [session, 7]);
  member.postPacket(channel.id, session, { first: 7, messages: ["mx"] });
  await member.take("packet", (frame) => frame.packet.next === 8);
  assertEquals(received, ["x"]);
});

Deno.test("AuthorityChannel sends a heartbeat at once if there is a younger authority, and closes if there is an older one", async () => {
  using other = await RawPeer.open("authority-conflict", "other");
  const conflict = Promise.withResolvers<string>();
  const { channel } = open("authority-conflict", {
    heartbeatMs: 60_000,
    onConflict: (error) => conflict.resolve(error.message),
  });
  using _channel = channel;
  const { openedAt } = await other.take("heartbeat");
  const heartbeat = { type: "heartbeat", from: "other", to: "*", epoch: "second", seq: 0 } as const;
  other.post({ ...heartbeat, openedAt: openedAt + 1 });
  assertEquals((await other.take("heartbeat")).from, channel.id);
  other.post({ ...heartbeat, openedAt: openedAt - 1 });
  assertEquals(
    await conflict.promise,
    'Cannot keep channel "authority-conflict" open: another isolate of this process has an authority of that name',
  );
});
