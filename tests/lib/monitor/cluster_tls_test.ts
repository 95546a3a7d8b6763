/** Tests the nodes of a cluster that reach each other over TLS, with certificates that a private authority issues. */

import type { Task } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { Authority } from "../../support/certificate.ts";
import { EmbeddedNode } from "../../support/nodes/embedded_node.ts";
import { testPostgres } from "../../support/postgres_cluster.ts";
import { findTool } from "../../support/tools.ts";
import { eventually } from "../../support/until.ts";

const ignore = await findTool(["openssl"], "A test of TLS between nodes") === undefined;

/** Reads a task at a node; `null` if the node doesn't know the task. */
async function taskAt(node: EmbeddedNode, id: string): Promise<Task | null> {
  const response = await node.monitor.fetch(new Request(`${node.url}/tasks/default/${id}`));
  const body = await response.json();
  return response.status === 200 ? body : null;
}

testPostgres(
  "monitored() runs on every node of a cluster whose authority --node-ca names",
  async (cluster) => {
    await using authority = await Authority.create();
    const tls = await authority.issue("IP:127.0.0.1");
    const notices: string[] = [];
    const options = { nodeCa: authority.pem, onNotice: (text: string) => notices.push(text) };
    await using first = await EmbeddedNode.open(cluster, options, tls);
    await using second = await EmbeddedNode.open(cluster, options, tls);
    for (const { monitor } of [first, second]) {
      const run = monitor.monitored(() => "done", { name: "job" }).start();
      assertEquals(await run.done, "done");
      for (const node of [first, second]) {
        const task = await eventually(() => taskAt(node, run.id), (task) => task?.active === false);
        assertEquals([task!.state, task!.result], ["FINISHED", "done"]);
      }
    }
    assertEquals(notices.filter((text) => text.includes("No server answers")), []);
  },
  { ignore },
);
