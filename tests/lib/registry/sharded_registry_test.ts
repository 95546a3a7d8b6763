/** Tests the registry of several shards, and the replicas that follow it over a channel. */

import { RegistryReports } from "../../../lib/registry/member_reports.ts";
import { ChannelServer } from "../../../lib/registry/channel_server.ts";
import { ShardedRegistry } from "../../../lib/registry/sharded_registry.ts";
import { connectReplica, Replica } from "../../../lib/replica.ts";
import { MemberChannel } from "../../../lib/channel/member.ts";
import { parsePage } from "../../../lib/channel/replication.ts";
import { formatCursor } from "../../../lib/task/cursor.ts";
import { assertEquals, assertGreater, assertRejects } from "../../support/assert.ts";
import { freshChannel, PUBLISH_INTERVAL_MS } from "../../support/channel_monitor.ts";
import { TestRegistry } from "../../support/registry.ts";
import { until } from "../../support/until.ts";

/** Two shards, each with the tasks of one client, `one` and `two`, and the server of their channel. */
class Shards implements Disposable {
  readonly registry: ShardedRegistry = new ShardedRegistry(2, shardOf);
  readonly channel: string = freshChannel();
  readonly errors: unknown[] = [];
  readonly #server: ChannelServer;

  constructor() {
    this.#server = new ChannelServer({
      registry: this.registry,
      reports: new RegistryReports(this.registry),
      channel: this.channel,
      publishIntervalMs: PUBLISH_INTERVAL_MS,
      reportError: (error) => this.errors.push(error),
    });
  }

  /** Replaces the registry of a shard. */
  reload(shard: number, test: TestRegistry): void {
    this.registry.detach(shard);
    this.registry.attach(shard, test.registry);
  }

  [Symbol.dispose](): void {
    this.#server[Symbol.dispose]();
  }
}

function shardOf(client: string): number {
  return client === "one" ? 0 : 1;
}

/** Returns the tasks of a replica, such as `one/1 STARTING`. */
function shownIn(replica: Replica): string[] {
  return replica.clients().flatMap((client) =>
    replica.tasks(client).map(({ id, state }) => `${client}/${id} ${state}`)
  ).sort();
}

Deno.test("connectReplica() resolves only after all shards were loaded", async () => {
  using shards = new Shards();
  using one = new TestRegistry();
  using two = new TestRegistry();
  one.begin("one", "1");
  two.run("two", "1");
  shards.registry.attach(0, one.registry);
  await assertRejects(
    () => connectReplica({ channel: shards.channel, timeoutMs: 200 }),
    Error,
    "Cannot connect the replica",
  );
  using replica = new Replica(shards.channel);
  const current = replica.whenCurrent(60_000);
  shards.registry.attach(1, two.registry);
  assertEquals([await current, shownIn(replica)], [true, ["one/1 STARTING", "two/1 FINISHED"]]);
});

Deno.test("Replica reads the tasks of a shard again after the shard was reloaded", async () => {
  using shards = new Shards();
  using one = new TestRegistry();
  using two = new TestRegistry();
  for (const id of ["finished", "removed"]) one.begin("one", id);
  two.begin("two", "1");
  shards.registry.attach(0, one.registry);
  shards.registry.attach(1, two.registry);
  using replica = await connectReplica({ channel: shards.channel });
  assertEquals(shownIn(replica), ["one/finished STARTING", "one/removed STARTING", "two/1 STARTING"]);
  using later = new TestRegistry();
  later.run("one", "finished");
  shards.reload(0, later);
  await until(() => replica.cursor.epoch === shards.registry.cursor.epoch);
  assertEquals(shownIn(replica), ["one/finished FINISHED", "two/1 STARTING"]);
  two.finish("two", "1");
  await until(() => replica.cursor.seq === shards.registry.cursor.seq);
  assertEquals(shownIn(replica), ["one/finished FINISHED", "two/1 FINISHED"]);
  assertEquals(shards.errors, []);
});

Deno.test("ShardedRegistry returns the changes of all shards after a cursor, numbered as its events", () => {
  using one = new TestRegistry();
  using two = new TestRegistry();
  const registry = new ShardedRegistry(2, shardOf);
  registry.attach(0, one.registry);
  registry.attach(1, two.registry);
  const numbers = new Map<string, number>();
  registry.subscribe(({ client, seq, stored, removedId }) => {
    numbers.set(`${client}/${stored?.id ?? removedId}`, seq);
  });
  for (const id of ["kept", "removed"]) one.run("one", id);
  one.begin("one", "changed");
  const { cursor } = registry;
  assertEquals([...registry.allChangesSince(cursor)!], []);
  one.registry.remove("one", "removed");
  two.begin("two", "1");
  one.finish("one", "changed");
  two.progress("two", "1", 5);
  const changes = registry.allChangesSince(cursor)!;
  const seqs = [...changes].map(([client, { tasks, removed }]) => {
    return [
      client,
      [...tasks, ...removed].map(({ id, seq }) => [id, seq === numbers.get(`${client}/${id}`)]),
    ];
  });
  assertEquals(seqs, [["one", [["changed", true], ["removed", true]]], ["two", [["1", true]]]]);
  assertEquals([...changes.values()].map(({ tasks }) => tasks.map(({ active }) => active)), [[false], [
    true,
  ]]);
  assertEquals(registry.allChangesSince({ ...cursor, seq: registry.cursor.seq + 1 }), undefined);
  // After too many changes, a reader that has missed them must read all tasks.
  for (let n = 0; n < 20_000; n++) two.run("two", `later-${n}`);
  assertEquals(registry.allChangesSince(cursor), undefined);
  assertEquals(registry.allChangesSince({ ...cursor, seq: registry.cursor.seq - 5 })?.size, 1);
});

Deno.test("Replica that has missed changes of a shard requests only these changes", async () => {
  using shards = new Shards();
  using one = new TestRegistry();
  using two = new TestRegistry();
  for (let n = 0; n < 100; n++) one.begin("one", `${n}`);
  shards.registry.attach(0, one.registry);
  shards.registry.attach(1, two.registry);
  using member = new MemberChannel({ name: shards.channel });
  const ask = async (after: string | null) =>
    parsePage(await member.request(JSON.stringify({ type: "changes", after })));
  const { cursor, tasks } = await ask(null);
  assertEquals(tasks.length, 100);
  one.progress("one", "5", 50);
  two.run("two", "1");
  const page = await ask(formatCursor(cursor));
  assertEquals([page.from, page.cursor], [cursor.seq, shards.registry.cursor]);
  assertEquals(page.tasks.map(({ task }) => [task.id, task.progress]), [["5", 50], ["1", 100]]);
  // The numbers are those of events, so that a replica that has applied a publication accepts the page.
  assertGreater(Math.min(...page.tasks.map(({ seq }) => seq)), cursor.seq);
});
