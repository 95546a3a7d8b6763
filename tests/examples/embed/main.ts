/**
 * A shop's server that shows its own long-running tasks below `/monitor`, beside its other routes.
 *
 * @module
 */

import { createMonitor, type MonitoredTask } from "@taskscope/taskscope";

/** Does the work, and says how far it is. The task comes first, then what the function is called with. */
async function importOrders(task: MonitoredTask, count = 50): Promise<number> {
  for (let order = 1; order <= count; order++) {
    task.signal.throwIfAborted();
    await importOrder();
    await task.update({ current: order, total: count, unit: "orders", status: `Order ${order}` });
  }
  return count;
}

const monitor = createMonitor({
  basePath: "/monitor",
  // What can be started from the page and over REST.
  tasks: { import_orders: importOrders },
  // Whatever tells people apart in your server; this one believes what they say.
  authorize: (request) => request.headers.get("x-user") !== "stranger",
});

// The same function for our own code: called as before, and seen while it runs.
const importNightly = monitor.monitored(importOrders, { name: "nightly import", client: "shop" });

const port = Number(Deno.args[0] ?? 8080);
const server = Deno.serve({ hostname: "127.0.0.1", port }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/monitor" || pathname.startsWith("/monitor/")) return await monitor.fetch(request);
  if (pathname === "/import" && request.method === "POST") {
    return Response.json({ imported: await importNightly(5) });
  }
  return new Response("The shop");
});

Deno.addSignalListener("SIGTERM", async () => {
  await monitor[Symbol.asyncDispose]();
  await server.shutdown();
  Deno.exit();
});

/** Stands for a database. */
function importOrder(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
