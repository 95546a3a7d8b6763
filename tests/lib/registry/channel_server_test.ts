import { RegistryReports } from "../../../lib/registry/member_reports.ts";
import { ChannelServer } from "../../../lib/registry/channel_server.ts";
import { MemberChannel } from "../../../lib/channel/member.ts";
import { writeLinkMessage } from "../../../lib/channel/frames.ts";
import { ChannelConflictError } from "../../../lib/channel/authority.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { parsePage, type ReplicationPage } from "../../../lib/channel/replication.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { ChannelMonitor } from "../../support/channel_monitor.ts";
import { RawPeer } from "../../support/raw_channel.ts";
import { until } from "../../support/until.ts";

/** A channel member that is neither a reporter nor a replica, so that a test can send any message. */
class RawMember implements Disposable {
  readonly received: string[] = [];
  readonly publications: ReplicationPage[] = [];
  readonly channel: MemberChannel;

  constructor(monitor: ChannelMonitor) {
    this.channel = new MemberChannel({
      name: monitor.channel,
      onMessage: (message) => this.received.push(message),
      onPublication: (_seq, text) => this.publications.push(parsePage(text)),
    });
  }

  /** Sends a report about task "1" of client "c". */
  report(change: unknown): void {
    this.channel.send(JSON.stringify({ client: "c", id: "1", at: Date.now() / 1000, change }));
  }

  async ask(request: unknown): Promise<ReplicationPage> {
    return parsePage(await this.channel.request(JSON.stringify(request)));
  }

  [Symbol.dispose](): void {
    this.channel.close();
  }
}

async function connect(monitor: ChannelMonitor): Promise<RawMember> {
  const member = new RawMember(monitor);
  assert(await member.channel.whenConnected(10_000));
  return member;
}

Deno.test("ChannelServer applies the reports of members, and sends them cancellation requests", async () => {
  using monitor = new ChannelMonitor();
  using member = await connect(monitor);
  member.report(createChange());
  member.report({ type: "start" });
  await member.channel.drained();
  assertEquals(monitor.test.registry.task("c", "1")?.state, "STARTING");
  monitor.test.registry.requestCancel("c", "1");
  await until(() => member.received.length === 1);
  assertEquals(JSON.parse(member.received[0]!), { type: "cancel", client: "c", id: "1" });
  monitor.test.registry.announceShutdown();
  await until(() => member.received.length === 2);
  assertEquals(JSON.parse(member.received[1]!), { type: "interrupt", client: "c", id: "1" });
});

Deno.test("ChannelServer tells a member only once that a task is unknown, and refuses invalid changes", async () => {
  using monitor = new ChannelMonitor();
  using member = await connect(monitor);
  for (const progress of [5, 6, 7]) member.report({ type: "update", progress });
  await until(() => member.received.length === 1);
  assertEquals(JSON.parse(member.received[0]!), { type: "unknown", client: "c", id: "1" });
  member.report(createChange());
  member.report({ type: "finish", result: 1 });
  member.report({ type: "update", progress: 5 });
  await until(() => member.received.length === 2);
  assertEquals(JSON.parse(member.received[1]!), { type: "refused", client: "c", id: "1", reason: null });
  using stranger = await connect(monitor);
  monitor.test.begin("c", "2");
  stranger.channel.send(
    JSON.stringify({ client: "c", id: "2", at: Date.now() / 1000, change: { type: "finish", result: 1 } }),
  );
  await until(() => stranger.received.length === 1);
  assertEquals(JSON.parse(stranger.received[0]!).reason, 'Cannot report task "2": another reporter runs it');
  assertEquals(monitor.errors, []);
});

Deno.test("ChannelServer continues to work after invalid messages", async () => {
  using monitor = new ChannelMonitor();
  using member = await connect(monitor);
  for (const text of ["", "{", "null", '{"client":"c"}', JSON.stringify({ client: "..", id: "1", at: 1 })]) {
    member.channel.send(text);
  }
  member.report({ type: "roll_up", progress: 5 });
  await assertRejects(() => member.ask({ type: "everything" }), Error, "Cannot read request");
  await assertRejects(() => member.ask({ type: "changes", after: "nonsense" }), Error, "Cannot read cursor");
  member.report(createChange());
  await member.channel.drained();
  assertEquals(monitor.test.registry.task("c", "1")?.state, "NOT_STARTED");
  assertEquals(monitor.errors.length, 6);
  for (const error of monitor.errors) assertInstanceOf(error, ProtocolError);
});

Deno.test("ChannelServer marks the tasks of a lost member as stale", async () => {
  using monitor = new ChannelMonitor();
  const member = await connect(monitor);
  member.report(createChange());
  member.report({ type: "start" });
  await member.channel.drained();
  member.channel.close();
  await until(() => monitor.test.registry.task("c", "1")?.stale === true);
});

Deno.test("ChannelServer tells a member that is back of a cancellation, and no longer marks its tasks as stale", async () => {
  using monitor = new ChannelMonitor();
  using member = await RawPeer.open(monitor.channel, "member");
  const join = async () => {
    member.post({ type: "hello", from: member.id, to: "*", oldest: 1 });
    return await member.take("welcome");
  };
  const { from, session } = await join();
  const reports = [createChange(), { type: "start" }].map((change) =>
    writeLinkMessage({ kind: "message", text: JSON.stringify({ client: "c", id: "1", at: 1, change }) })
  );
  member.postPacket(from, session, { first: 1, messages: reports });
  await until(() => monitor.test.registry.task("c", "1")?.state === "STARTING");
  member.post({ type: "bye", from: member.id, to: from });
  await until(() => monitor.test.registry.task("c", "1")?.stale === true);
  monitor.test.registry.requestCancel("c", "1");
  await join();
  await until(() => monitor.test.registry.task("c", "1")?.stale === false);
  const command = JSON.stringify({ type: "cancel", client: "c", id: "1" });
  assertEquals(await member.takeMessages(), [writeLinkMessage({ kind: "message", text: command })]);
});

Deno.test("ChannelServer sends a replica pages of changes, from the start or from a cursor", async () => {
  using monitor = new ChannelMonitor({ liveTasksPerClient: 5_000 });
  for (let i = 0; i < 2_000; i++) monitor.test.begin("c", `task-${i}`);
  using member = await connect(monitor);
  const pages = [await member.ask({ type: "changes", after: null })];
  while (pages.at(-1)!.hasMore) pages.push(await member.ask({ type: "more" }));
  assertGreater(pages.length, 3);
  assertEquals(pages[0]?.from, null);
  assertEquals(pages.flatMap(({ tasks }) => tasks.map(({ task }) => task.id)).length, 2_000);
  const { cursor } = monitor.test.registry;
  assert(pages.every((page) => page.cursor.seq === cursor.seq));
  monitor.test.finish("c", "task-5");
  monitor.test.registry.remove("c", "task-5");
  monitor.test.progress("c", "task-6", 5);
  const after = await member.ask({ type: "changes", after: `${cursor.epoch}:${cursor.seq}` });
  assertEquals([after.from, after.hasMore], [cursor.seq, false]);
  assertEquals([after.tasks.map(({ task }) => task.id), after.removed.map(({ id }) => id)], [["task-6"], [
    "task-5",
  ]]);
  assertEquals((await member.ask({ type: "changes", after: "other:5" })).from, null);
});

Deno.test("ChannelServer sends a replica the removals of the tasks of many clients", async () => {
  const count = 9_000;
  using monitor = new ChannelMonitor({ emptyClients: count });
  const { registry } = monitor.test;
  monitor.test.begin("first", "1");
  const { epoch, seq } = registry.cursor;
  for (let n = 0; n < count; n++) monitor.test.run(`client-${n}`, "1");
  for (let n = 0; n < count; n++) registry.remove(`client-${n}`, "1");
  using member = await connect(monitor);
  const pages = [await member.ask({ type: "changes", after: `${epoch}:${seq}` })];
  while (pages.at(-1)!.hasMore) pages.push(await member.ask({ type: "more" }));
  assertEquals([pages[0]!.from, pages.flatMap(({ removed }) => removed).length], [seq, count]);
  assertGreater(pages.length, 1);
  assertEquals(monitor.errors, []);
});

Deno.test("ChannelServer publishes the newest record of each changed task, but only if there are replicas", async () => {
  using monitor = new ChannelMonitor();
  using copy = await connect(monitor);
  using reporter = await connect(monitor);
  monitor.test.begin("c", "1");
  const { cursor } = await copy.ask({ type: "changes", after: null });
  for (let progress = 0; progress < 50; progress++) monitor.test.progress("c", "1", progress);
  monitor.test.run("c", "2");
  monitor.test.registry.remove("c", "2");
  await until(() => copy.publications.length === 1);
  const [page] = copy.publications;
  assertEquals([page!.from, page!.cursor], [cursor.seq, monitor.test.registry.cursor]);
  assertEquals([page!.tasks.map(({ task }) => task.progress), page!.removed.map(({ id }) => id)], [[49], [
    "2",
  ]]);
  // All members receive the publication, including the reporter, which has no replica.
  assertEquals(reporter.received, []);
});

Deno.test("ChannelServer throws if its isolate already serves the channel", () => {
  using monitor = new ChannelMonitor();
  const options = {
    registry: monitor.test.registry,
    reports: new RegistryReports(monitor.test.registry),
    channel: monitor.channel,
    publishIntervalMs: 5,
    reportError: () => {},
  };
  assertThrows(() => new ChannelServer(options), ChannelConflictError);
  monitor.reopen();
  assertThrows(() => new ChannelServer(options), ChannelConflictError);
});
