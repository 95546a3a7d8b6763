/**
 * A monitor, as its users make it, and what benches do to it. Runs in a process of its own.
 *
 * @module
 */

import { createMonitor, type MonitoredTask, type MonitorLimits } from "../../lib/mod.ts";
import type { Registry } from "../../lib/registry.ts";
import { Driver } from "./driver.ts";
import { addEnded, begin, CLIENT, report, updateOf } from "./records.ts";
import { serveCommands } from "./remote.ts";
import { clock, pause } from "./time.ts";
import { memoryOf, timeUpdates } from "./update_loop.ts";

const limits: Partial<MonitorLimits> = JSON.parse(Deno.args[0] ?? "{}");
const monitor = createMonitor({ channel: "bench", limits });
// Tasks are made without the merging of `monitored()` where each change is to be a frame.
const registry = monitor.registry as Registry;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, monitor.fetch);

const driver = new Driver();
let steps = 0;
let firstUpdate: MonitoredTask | null = null;

serveCommands({
  begin: (ids: readonly string[]) => ids.forEach((id) => begin(registry, id)),
  addEnded: (count: number) => addEnded(registry, count),
  bodyOf: async (path: string) => {
    const answer = await monitor.fetch(
      new Request(`http://127.0.0.1:${server.addr.port}${path}`, {
        headers: { host: `127.0.0.1:${server.addr.port}` },
      }),
    );
    return { body: await answer.text(), headers: [...answer.headers] };
  },
  broadcast: (count: number) => driver.drive(count, () => report(registry, "task", updateOf(++steps))),
  delivered: () => driver.delivered(),
  tick: ({ count, intervalMs }: { count: number; intervalMs: number }) => tick(count, intervalMs),
  beBusy: (tasks: { count: number; hertz: number; client: string }) => beBusy(tasks),
  timeUpdates: (count: number) => running().then((task) => timeUpdates(task, count)),
  memory: () => memoryOf(),
  watchers: () => monitor.watchers,
  ingest: (count: number) => ingest(count),
}, server.addr.port);

/** The task whose updates are measured; it never ends. */
function running(): Promise<MonitoredTask> {
  if (firstUpdate !== null) return Promise.resolve(firstUpdate);
  return new Promise((resolve) => {
    const forever = monitor.monitored((task) => {
      resolve(firstUpdate = task);
      return new Promise<void>(() => {});
    }, { name: "import_customer_orders" });
    forever.start.call(undefined);
  });
}
