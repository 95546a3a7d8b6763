// deno-lint-ignore-file no-console -- the test reads what the program writes
/**
 * A program that embeds a node of a cluster, and runs a monitored function in it until the process is killed.
 *
 * @module
 */

import { openMonitor } from "../../../lib/mod.ts";
import { freePort } from "../free_port.ts";
import { moduleArgs, type Process, spawn } from "../program.ts";

/**
 * Starts the program, and waits until its function runs.
 *
 * @param data the URL of the database
 * @param id the id of the function's task
 * @param leaseMs the length of a lease, in milliseconds
 */
export async function startEmbedding(data: string, id: string, leaseMs: number): Promise<Process> {
  const args = await moduleArgs("tests/support/nodes/embedding_program.ts", ["--no-check", "-A"]);
  const process = spawn(Deno.execPath(), [...args, data, id, `${leaseMs}`, `${freePort()}`]);
  await process.output(/running/);
  return process;
}

if (import.meta.main) {
  const [data, id, leaseMs, port] = Deno.args as [string, string, string, string];
  const monitor = await openMonitor({
    data,
    advertise: `http://127.0.0.1:${port}`,
    limits: { leaseMs: Number(leaseMs) },
  });
  Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, monitor.fetch);
  monitor.monitored(async (task) => {
    for (let n = 0;; n++) {
      await task.update({ current: n });
      console.log("running");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, { name: "endless", id }).start();
}
