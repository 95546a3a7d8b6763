import { EventBuffer } from "../../../lib/hub/event_buffer.ts";
import { dataOf } from "../../../lib/hub/task_events.ts";
import { FollowedTasks } from "../../../lib/registry/followed_tasks.ts";
import { RegistryEvents } from "../../../lib/registry/registry_events.ts";
import { Retention } from "../../../lib/registry/retention.ts";
import { AMPLE_LIMITS } from "../../support/ample_limits.ts";
import { assertEquals } from "../../support/assert.ts";
import { PostgresNode } from "../../support/cluster/postgres_node.ts";
import { testPostgres } from "../../support/postgres_cluster.ts";
import { TestRegistry } from "../../support/registry.ts";

const LIMITS = { clients: 10, liveTasksPerClient: 3, endedTasksPerClient: 100, endedTasks: 100 };
const STORED = { ...AMPLE_LIMITS, logLinesPerTask: 10_000, logLinesPerTaskOnDisk: 10_000 };

/** A registry on a node that owns all tasks, and what another node keeps of them. */
class Pair implements AsyncDisposable {
  readonly #owner: PostgresNode;
  readonly #follower: PostgresNode;
  readonly #followed: FollowedTasks;
  readonly owner: TestRegistry;
  readonly retention: Retention = new Retention(LIMITS);
  readonly events: RegistryEvents = new RegistryEvents();

  private constructor(owner: PostgresNode, follower: PostgresNode) {
    this.#owner = owner;
    this.#follower = follower;
    this.owner = new TestRegistry({}, undefined, owner.store);
    const { store } = follower;
    this.#followed = new FollowedTasks({ store, retention: this.retention, events: this.events });
  }

  static async open(url: string): Promise<Pair> {
    const owner = await PostgresNode.open(url, "owner", STORED);
    await owner.takeOver();
    return new Pair(owner, await PostgresNode.open(url, "follower", STORED));
  }

  /** Commits the changes of the owner, and lets the other node apply them. */
  async pull(): Promise<void> {
    await this.#owner.store.committed();
    for (let hasMore = true; hasMore;) {
      const pulled = await this.#follower.follower.pull();
      this.#followed.apply(pulled);
      ({ hasMore } = pulled);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.owner[Symbol.dispose]();
    await this.#follower[Symbol.asyncDispose]();
    await this.#owner.handOver();
  }
}

testPostgres(
  "FollowedTasks stops counting a task that ended and was removed between two pulls",
  async (cluster) => {
    await using pair = await Pair.open(cluster.url);
    const { owner, retention } = pair;
    for (const id of ["1", "2", "3"]) owner.begin("c", id);
    owner.begin("d", "kept");
    await pair.pull();
    assertEquals(retention.limitError("c")?.limit, "liveTasksPerClient");
    for (const id of ["1", "2", "3"]) {
      owner.finish("c", id);
      owner.registry.remove("c", id);
    }
    await pair.pull();
    assertEquals(retention.counts(), [{ client: "d", live: 1, ended: 0 }]);

    owner.finish("d", "kept");
    owner.registry.remove("d", "kept");
    owner.begin("d", "kept");
    owner.run("d", "ended");
    await pair.pull();
    assertEquals(retention.counts(), [{ client: "d", live: 1, ended: 1 }]);
    for (const id of ["kept", "ended"]) {
      if (id === "kept") owner.finish("d", id);
      owner.registry.remove("d", id);
      void owner.registry.restore("d", id);
    }
    await pair.pull();
    assertEquals(retention.counts(), [{ client: "d", live: 0, ended: 2 }]);
    for (const id of ["kept", "ended"]) owner.registry.remove("d", id);
    await pair.pull();
    assertEquals([retention.counts(), retention.isEmpty], [[], true]);
  },
);

testPostgres(
  "FollowedTasks numbers log lines correctly if a pull leaves out some of them",
  async (cluster) => {
    await using pair = await Pair.open(cluster.url);
    const { owner, events } = pair;
    const write = (count: number, at: number) => {
      const lines = Array.from({ length: count }, (_, index) => ({ at, text: `${index}` }));
      owner.report("c", "1", { type: "log", lines });
    };
    owner.begin("c", "1");
    const buffer = new EventBuffer(Infinity);
    events.subscribe((event) => buffer.add(event));
    const logged = () =>
      buffer.take()!.filter(({ name }) => name === "log").map((event) => {
        const { first, lines } = JSON.parse(dataOf(event));
        return [first, lines.length];
      });
    write(2, 1);
    await pair.pull();
    for (let batch = 0; batch < 6; batch++) write(1_000, 1);
    await pair.pull();
    write(3, 1);
    await pair.pull();
    assertEquals(logged(), [[0, 2], [1_002, 5_003]]);
  },
);
