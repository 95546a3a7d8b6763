/**
 * An example of a web shop that serves a monitor of its long-running tasks at `/monitor`, next to its own routes.
 *
 * @module
 */

import { createMonitor, type MonitoredTask } from "@taskscope/taskscope";

/** Imports orders and reports progress; the task is the first parameter, and the arguments of the call follow. */
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
  // Functions that can be started from the page and over REST.
  tasks: { import_orders: importOrders },
  // Replace this with the authentication of your server: anyone can set this header.
  authorize: (request) => request.headers.get("x-user") !== "stranger",
});

// The shop's own code calls the function as before, and the monitor shows each call as a task.
const importNightly = monitor.monitored(importOrders, { name: "nightly import", client: "shop" });

const port = Number(Deno.args[0] ?? 8080);
const server = Deno.serve({ hostname: "127.0.0.1", port }, async (request, info) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/monitor" || pathname.startsWith("/monitor/")) return await monitor.fetch(request, info);
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

/** A stand-in for a database. */
function importOrder(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
