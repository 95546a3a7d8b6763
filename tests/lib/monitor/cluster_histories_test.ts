/**
 * Tests that every node shows the progress history and the values of running tasks, including the newest
 * points.
 */

import { assertEquals, assertGreater, assertStringIncludes } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { EmbeddedNode } from "../../support/nodes/embedded_node.ts";
import { testPostgres } from "../../support/postgres_cluster.ts";

testPostgres(
  "every node shows the progress and the values of a running task, including the newest ones",
  async (cluster) => {
    const nodes = await EmbeddedNode.openAll(cluster, [{}, {}]);
    await using owner = nodes[0]!, other = nodes[1]!;
    const task = "tasks/default/task";
    await call("POST", `${owner.url}/tasks/default`, { body: { id: "task", name: "work", started: true } });
    for (let n = 1; n <= 10; n++) {
      await call("PATCH", `${owner.url}/${task}`, { body: { progress: n, values: { loss: 100 - n } } });
      for (const what of ["progress", "values"]) {
        const { json } = await call("GET", `${other.url}/${task}/${what}`);
        assertEquals(json, (await call("GET", `${owner.url}/${task}/${what}`)).json);
        assertGreater((json.points ?? json.series[0].points).length, n - 1);
      }
    }
    await call("POST", `${owner.url}/tasks/default`, { body: { id: "new", started: true, progress: 7 } });
    const { text } = await call("GET", `${other.url}/t/default/task`, { headers: { accept: "text/html" } });
    assertStringIncludes(text, "Progress over time");
    // While the owner can't be reached, another node responds with the history that is stored.
    owner.peers.refuse();
    const before = (await call("GET", `${other.url}/tasks/default/new/progress`)).json.points;
    assertEquals(
      before.map(([, progress]: [number, number]) => progress),
      [7],
      "the record has the only point",
    );
    for (const what of ["progress", "values"]) {
      assertEquals((await call("GET", `${other.url}/${task}/${what}`)).status, 200);
    }
    await owner.peers.restore();
    await call("POST", `${other.url}/${task}/finish`, { body: {} });
    for (const what of ["progress", "values"]) {
      const { json } = await call("GET", `${other.url}/${task}/${what}`);
      assertEquals(json, (await call("GET", `${owner.url}/${task}/${what}`)).json);
    }
  },
);
