import fc from "fast-check";
import type { DatabaseStore } from "../../../../lib/store/database/database_store.ts";
import type { PostgresStoreOptions } from "../../../../lib/store/postgres/postgres_store.ts";
import type { StoredTask, TaskStore } from "../../../../lib/store/store.ts";
import { summaryOf } from "../../../../lib/task/task.ts";
import { AMPLE_LIMITS } from "../../../support/ample_limits.ts";
import { assertEquals } from "../../../support/assert.ts";
import { PostgresNode } from "../../../support/cluster/postgres_node.ts";
import { type PostgresCluster, testPostgres } from "../../../support/postgres_cluster.ts";
import { CLIENTS, histories, storedTask, StoreModel } from "../../../support/store_model.ts";
import { StoreHome } from "../../../support/store_home.ts";

/** The limits of the owner's store and of the model. */
const LIMITS: PostgresStoreOptions["limits"] = {
  ...AMPLE_LIMITS,
  logLinesPerTask: 100,
  logLinesPerTaskOnDisk: 100,
  historyPerTask: 20,
};

/** A cluster of two nodes: one owns the tasks, and the other one takes them over when the store is reopened. */
class Pair {
  readonly #cluster: PostgresCluster;
  readonly #limits: PostgresStoreOptions["limits"];
  #count = 0;
  #owner: PostgresNode | null = null;
  #next: PostgresNode | null = null;

  constructor(cluster: PostgresCluster, limits: PostgresStoreOptions["limits"]) {
    this.#cluster = cluster;
    this.#limits = limits;
  }

  /** The node that follows the owner. */
  get follower(): PostgresNode {
    return this.#next!;
  }

  async open(): Promise<TaskStore> {
    await this.#owner?.handOver();
    const owner = this.#next ?? await this.#node();
    await owner.takeOver();
    [this.#owner, this.#next] = [owner, await this.#node()];
    return owner.store;
  }

  async close(): Promise<void> {
    await this.#owner?.[Symbol.asyncDispose]();
    await this.#next?.[Symbol.asyncDispose]();
    this.#cluster.clear();
  }

  #node(): Promise<PostgresNode> {
    return PostgresNode.open(this.#cluster.url, `n${this.#count++}`, this.#limits);
  }
}

/**
 * Asserts that a follower that has caught up has the same data as the owner, apart from removals that only
 * one of them still remembers.
 */
async function assertFollows(follower: DatabaseStore, owner: TaskStore): Promise<void> {
  assertEquals([follower.epoch, follower.figures.tasks], [owner.epoch, owner.figures.tasks]);
  const read = async (store: TaskStore, tasks: Iterable<StoredTask>) =>
    (await store.records([...tasks])).map(({ id, seq, active, json }) => ({ id, seq, active, json }));
  const summaries = (store: TaskStore, client: string) =>
    Array.from(store.index.list(client), ({ seq, summary }) => ({ seq, ...summaryOf(summary) }));
  for (const client of CLIENTS) {
    const tasks = await read(owner, owner.index.list(client));
    assertEquals(await read(follower, follower.index.list(client)), tasks);
    assertEquals(summaries(follower, client), summaries(owner, client));
    assertEquals(follower.index.count(client), tasks.length);
    for (let seq = 0; seq < owner.seq; seq += Math.ceil(owner.seq / 8)) {
      const wanted = owner.index.changesSince(client, seq);
      const found = follower.index.changesSince(client, seq);
      if (wanted === undefined || found === undefined) continue;
      assertEquals(found.removed, wanted.removed);
      assertEquals(await read(follower, found.tasks), await read(owner, wanted.tasks));
    }
  }
}

/**
 * Compares an owner with a model, and a follower with the owner; from time to time, the follower becomes the
 * owner.
 */
async function checkHistories(
  cluster: PostgresCluster,
  limits: PostgresStoreOptions["limits"],
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      const pair = new Pair(cluster, limits);
      await using home = await StoreHome.open({
        open: () => pair.open(),
        keepsTasks: true,
        remove: () => pair.close(),
      });
      const model = new StoreModel(home, limits);
      for (const step of steps) {
        await model.take(step);
        // While a commit is in progress, the follower may see it or not.
        if (step.do === "begin commit") await pair.follower.catchUp();
        if (step.do !== "commit") continue;
        await pair.follower.catchUp();
        await assertFollows(pair.follower.store, home.store);
      }
      await model.take({ do: "commit" });
      await pair.follower.catchUp();
      await assertFollows(pair.follower.store, home.store);
      await model.take({ do: "reopen" });
      await model.check(home.store);
    }),
    { numRuns: 6 },
  );
}

testPostgres("FollowerStore has the same data as its owner, and can take over from it", async (cluster) => {
  await checkHistories(cluster, LIMITS);
});

testPostgres("FollowerStore has the same data as its owner, with small limits", async (cluster) => {
  await checkHistories(cluster, { ...LIMITS, removalsPerClient: 2, emptyClients: 1 });
});

testPostgres(
  "FollowerStore counts the run of a task that ended and was removed before it was pulled",
  async (cluster) => {
    await using owner = await PostgresNode.open(cluster.url, "owner");
    await owner.takeOver();
    await using follower = await PostgresNode.open(cluster.url, "follower");
    const runsOf = ({ store }: PostgresNode) => store.pastRuns.newest("c", "job").map(({ id }) => id);
    const end = async (id: string) => {
      const { store } = owner;
      const stored = storedTask(id, store.takeSeq(), "FINISHED", { name: "job", finished_at: store.seq });
      store.put("c", stored);
      store.pastRuns.add("c", stored.task);
      await store.committed();
    };
    const remove = async (id: string) => {
      owner.store.remove("c", id, owner.store.takeSeq());
      await owner.store.committed();
    };
    await end("kept");
    await end("removed");
    await remove("removed");
    await follower.catchUp();
    assertEquals([...follower.store.index.list("c")].map(({ id }) => id), ["kept"]);
    assertEquals(runsOf(follower), ["removed", "kept"]);
    await end("pulled");
    await follower.catchUp();
    await remove("pulled");
    await follower.catchUp();
    assertEquals(runsOf(follower), ["pulled", "removed", "kept"]);
    assertEquals(runsOf(follower), runsOf(owner));
  },
);
