/** Tests the metrics of nodes. */

import { RemoteSink } from "../../lib/remote/remote_sink.ts";
import { wrap } from "../../lib/reporter/wrap.ts";
import { assertEquals } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import { hasPostgres } from "../support/postgres_cluster.ts";
import { eventually } from "../support/until.ts";

Deno.test({
  name: "cluster: /metrics of a node counts the sockets of reporters and the requests that it passes on",
  ignore: !hasPostgres,
  fn: async () => {
    await using home = await ClusterHome.start({ nodes: 2, isProxied: false, leaseMs: 10_000 });
    home.client = "c";
    // Until the nodes share the shards evenly, the tasks of the client may move to the other node.
    await home.shared();
    const owner = await home.owner();
    const follower = await home.follower();
    using sink = new RemoteSink(follower.url);
    // Keeps the sink connected: a sink without tasks disconnects.
    const { promise, resolve } = Promise.withResolvers<void>();
    const run = wrap(() => promise, { name: "job", client: "c" }, () => sink)();
    await sink.delivered();
    const figure = async (url: string, name: string) => {
      const { text } = await call("GET", `${url}/metrics`);
      return Number(text.split("\n").find((line) => line.startsWith(`${name} `))?.slice(name.length + 1));
    };
    const socketsOf = (url: string) => figure(url, "taskscope_node_forwarded_sockets");
    const answeredBy = (url: string) =>
      figure(url, 'taskscope_node_forwarded_requests_total{outcome="answered"}');
    // A node that learns late that it has lost a shard disconnects its sockets once, and if the next handshake fails,
    // the sink reports over HTTP for some time.
    await eventually(() => socketsOf(follower.url), (sockets) => sockets === 1);
    const answered = await answeredBy(follower.url);
    await call("POST", `${follower.url}/tasks/c`, { body: { name: "work" } });
    assertEquals([await answeredBy(follower.url), await socketsOf(follower.url)], [answered + 1, 1]);
    assertEquals([await answeredBy(owner.url), await socketsOf(owner.url)], [0, 0]);
    resolve();
    await run;
  },
});
