/**
 * Tests that the nodes of a cluster share the shards evenly, and that the changes of each client stay in
 * order while its shard moves between nodes.
 */

import { shardOf } from "../../../lib/cluster/shard_of.ts";
import { SHARDS } from "../../../lib/store/postgres/schema.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { EmbeddedNode } from "../../support/nodes/embedded_node.ts";
import { type PostgresCluster, testPostgres } from "../../support/postgres_cluster.ts";
import { shown } from "../../support/remote_task.ts";
import { TestSocket } from "../../support/socket.ts";

/** One client for each shard. */
const CLIENTS: readonly string[] = Array.from({ length: SHARDS }, (_, shard) => {
  for (let number = 0;; number++) if (shardOf(`c${number}`, SHARDS) === shard) return `c${number}`;
});

/** Waits until the nodes own the given numbers of shards, in ascending order. */
async function shares(cluster: PostgresCluster, ...wanted: readonly number[]): Promise<void> {
  const text =
    "SELECT count(*) AS n FROM taskscope.cluster_shards WHERE expires > clock_timestamp() GROUP BY owner";
  for (const end = performance.now() + 30_000;;) {
    const found = (await cluster.query(text)).map(({ n }) => Number(n)).sort((a, b) => a - b);
    if (found.join() === wanted.join()) return;
    assert(performance.now() < end, `the nodes own ${found} shards`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

testPostgres("shard_of() in the database returns the same as shardOf()", async (cluster) => {
  await using _node = await EmbeddedNode.open(cluster);
  const clients = ["default", "", "ü", ...Array.from({ length: 100 }, (_, index) => `client-${index}`)];
  const [row] = await cluster.query(
    "SELECT array_agg(taskscope.shard_of(c)) AS shards FROM unnest($1::text[]) c",
    [
      clients,
    ],
  );
  assertEquals(row!.shards, clients.map((client) => shardOf(client, SHARDS)));
});

testPostgres(
  "nodes share the shards evenly, even after a node was lost or has shut down",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster);
    await using first = nodes[0]!, second = nodes[1]!, third = nodes[2]!;
    await shares(cluster, 5, 5, 6);
    const owned = async () => {
      const { text } = await call("GET", `${second.url}/metrics`);
      return /^taskscope_node_shards [56]$/m.test(text);
    };
    // The metric includes a shard only once its tasks are loaded.
    while (!await owned());
    second.isolate();
    await shares(cluster, 8, 8);
    await second.rejoin();
    await shares(cluster, 5, 5, 6);
    await third.shutdown();
    await shares(cluster, 8, 8);
    const { json } = await call("GET", `${first.url}/nodes`);
    assertEquals(json.nodes.map(({ shards }: { shards: number }) => shards), [8, 8]);
  },
);

testPostgres("nodes stay ready while shards move", async (cluster) => {
  const [node, leaving] = await EmbeddedNode.openAll(cluster, [{}, {}]);
  await using first = node!, second = leaving!;
  await shares(cluster, 8, 8);
  let isOver = false;
  const unready: unknown[] = [];
  const checks = (async () => {
    while (!isOver) {
      const { status, json } = await call("GET", `${first.url}/readyz`);
      if (status !== 200) unready.push(json);
    }
  })();
  await using _third = await EmbeddedNode.open(cluster);
  await shares(cluster, 5, 5, 6);
  await second.shutdown();
  await shares(cluster, 8, 8);
  isOver = true;
  await checks;
  assertEquals(unready, []);
});

testPostgres(
  "the changes of every client stay in order for the watchers of every node while shards move",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster);
    await using first = nodes[0]!, second = nodes[1]!, third = nodes[2]!;
    await shares(cluster, 5, 5, 6);
    const all = [first, second, third];
    await using sockets = new AsyncDisposableStack();
    const watchers = CLIENTS.map((client, index) =>
      sockets.use(new TestSocket(`${all[index % 3]!.url}/ws/tasks/${client}?mode=delta`))
    );
    await Promise.all(watchers.map((watcher) => watcher.opened()));
    for (const [index, client] of CLIENTS.entries()) {
      const { status } = await call("POST", `${all[(index + 1) % 3]!.url}/tasks/${client}`, {
        body: { id: "t", name: "work", started: true },
      });
      assertEquals(status, 201, client);
    }
    const report = async (from: number, to: number) => {
      for (let progress = from; progress <= to; progress++) {
        await Promise.all(CLIENTS.map(async (client, index) => {
          // A node that shuts down may refuse a change with status 503. Retry, as reporters do.
          for (let status = 503; status === 503;) {
            ({ status } = await call("PATCH", `${all[(index + progress) % 2]!.url}/tasks/${client}/t`, {
              body: { progress },
            }));
            assert(status === 200 || status === 503, `${client}: ${status}`);
          }
        }));
      }
    };
    await report(1, 10);
    const leaving = third.shutdown();
    await report(11, 30);
    await leaving;
    await shares(cluster, 8, 8);
    for (const [index, client] of CLIENTS.entries()) {
      for (const { url } of [first, second]) {
        await shown(url, { client, id: "t" }, ({ progress }) => progress === 30);
      }
      // Skip the watchers of the third node, which were disconnected when it shut down.
      if (index % 3 === 2) continue;
      const versions = watchers[index]!.messages.flatMap((message) => {
        const { tasks = [] } = message as unknown as {
          readonly tasks?: readonly { readonly progress: number }[];
        };
        return tasks.map(({ progress }) => progress);
      });
      assertEquals(versions, [...versions].sort((a, b) => a - b), client);
    }
  },
);
