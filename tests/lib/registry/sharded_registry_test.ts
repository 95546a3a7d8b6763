/** Tests the registry of several shards, and the replicas that follow it over a channel. */

import { RegistryReports } from "../../../lib/registry/member_reports.ts";
import { ChannelServer } from "../../../lib/registry/channel_server.ts";
import { ShardedRegistry } from "../../../lib/registry/sharded_registry.ts";
import { connectReplica, Replica } from "../../../lib/replica.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
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
