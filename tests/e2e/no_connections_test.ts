/** Tests nodes that get no connection to the database, because its limit is reached. */

import { assertEquals, assertMatch } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import { hasPostgres } from "../support/postgres_cluster.ts";
import { runProgram } from "../support/program.ts";
import { eventually } from "../support/until.ts";

Deno.test({
  name:
    "cluster: if no connection to the database is left, a starting node exits with a one-line error, and running nodes recover",
  ignore: !hasPostgres,
  fn: async () => {
    await using home = await ClusterHome.start({ nodes: 2, isProxied: false });
    const { postgres, members } = home;
    const create = () => call("POST", `${home.balancer.url}/tasks/c`, { body: { name: "work" } });
    assertEquals((await create()).status, 201);
    postgres.sql("ALTER ROLE taskscope CONNECTION LIMIT 0");
    postgres.cutSessions();
    for (const { url } of members) {
      await eventually(() => call("GET", `${url}/readyz`), ({ status }) => status === 503);
    }
    const refused = await create();
    assertEquals(refused.status, 503);
    assertMatch(refused.json.code, /^(?:no_owner|not_loaded|storage_unavailable)$/);
    const args = ["--port", "0", "--data", postgres.url, "--advertise", "http://127.0.0.1:1"];
    const { code, stderr } = await runProgram(args);
    assertEquals(code, 2);
    assertMatch(
      stderr,
      /^[^\n]+: the database has no connection left; raise max_connections or the role's limit: [^\n]+\n$/,
    );
    postgres.sql("ALTER ROLE taskscope CONNECTION LIMIT -1");
    await home.ready();
    assertEquals((await create()).status, 201);
    const counts = await Promise.all(members.map(async (each) => (await each.tasksOf("c")).tasks.size));
    // A node that loads the tasks again, or knows no owner, refuses the change. If the owner could not commit it, it is
    // committed once there is a connection, unless the lease has ended by then.
    const isKept = refused.json.code === "storage_unavailable" && counts[0] === 3;
    assertEquals(counts, isKept ? [3, 3] : [2, 2]);
  },
});
