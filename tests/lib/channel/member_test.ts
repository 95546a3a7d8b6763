import { MemberChannel } from "../../../lib/channel/member.ts";
import type { WelcomeFrame } from "../../../lib/channel/frames.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { RawPeer } from "../../support/raw_channel.ts";

const SESSION = "session";

function welcome(
  authority: RawPeer,
  member: MemberChannel,
  fields: Partial<WelcomeFrame> = {},
): void {
  const frame = { type: "welcome", from: authority.id, to: member.id, epoch: "first", openedAt: 1 } as const;
  authority.post({ ...frame, session: SESSION, next: 1, oldest: 1, seq: 0, ...fields });
}

Deno.test("MemberChannel repeats its hello until an authority replies", async () => {
  using authority = await RawPeer.open("member-hello", "authority");
  using member = new MemberChannel({ name: "member-hello" });
  for (let i = 0; i < 3; i++) assertEquals((await authority.take("hello")).from, member.id);
  welcome(authority, member);
  assert(await member.whenConnected(10_000));
});

Deno.test("MemberChannel sends keep-alives while it has no messages to send", async () => {
  using authority = await RawPeer.open("member-life", "authority");
  using member = new MemberChannel({ name: "member-life" });
  await authority.take("hello");
  welcome(authority, member);
  assertEquals((await authority.take("packet")).packet.messages, []);
});

Deno.test("MemberChannel looks for another authority if its own falls silent, and also accepts the same one again", async () => {
  using authority = await RawPeer.open("member-silence", "authority");
  using member = new MemberChannel({ name: "member-silence" });
  await authority.take("hello");
  welcome(authority, member);
  await authority.take("packet");
  assert(member.connected);
  await authority.take("hello", () => !member.connected);
  member.send("x");
  assertEquals(await authority.takeMessages(), ["mx"]);
  authority.postPacket(member.id, SESSION, { next: 2, seen: 1 });
  await member.drained();
  assert(member.connected);
});

Deno.test("MemberChannel that its authority forgot receives nothing twice, and resends only unanswered requests", async () => {
  const received: string[] = [];
  let connects = 0;
  using authority = await RawPeer.open("member-forgotten", "authority");
  using member = new MemberChannel({
    name: "member-forgotten",
    onMessage: (message) => received.push(message),
    onConnect: () => connects++,
  });
  await authority.take("hello");
  welcome(authority, member);
  const answered = member.request("first");
  assertEquals(await authority.takeMessages(), ["q1 first"]);
  authority.postPacket(member.id, SESSION, { first: 1, messages: ["ma", "r1 answer"], next: 2, seen: 1 });
  assertEquals(await answered, "answer");
  const open = member.request("second");
  assertEquals(await authority.takeMessages(), ["q2 second"]);
  authority.postPacket(member.id, SESSION, { next: 3, seen: 2 });
  await member.drained();

  authority.post({ type: "unknown", from: "authority", to: member.id });
  assertEquals((await authority.take("hello")).oldest, 3);
  welcome(authority, member, { next: 3 });
  authority.postPacket(member.id, SESSION, { first: 1, messages: ["ma", "r1 answer"], next: 3 });
  assertEquals(await authority.takeMessages(), ["q2 second"]);
  authority.postPacket(member.id, SESSION, { first: 3, messages: ["mb", "r2 late"], next: 4 });
  assertEquals(await open, "late");
  assertEquals([received, connects], [["a", "b"], 2]);
});

Deno.test("MemberChannel ignores a second authority while its own is alive", async () => {
  const connects: string[] = [];
  using authority = await RawPeer.open("member-stays", "authority");
  using other = await RawPeer.open("member-stays", "other");
  using member = new MemberChannel({ name: "member-stays", onConnect: ({ id }) => connects.push(id) });
  await authority.take("hello");
  welcome(authority, member);
  welcome(other, member, { session: "other session" });
  assert(await member.whenConnected(10_000));
  member.send("x");
  assertEquals(await authority.takeMessages(), ["mx"]);
  assertEquals(connects, ["authority"]);
});
