/** @jsxImportSource preact */
/**
 * The section of the API reference about servers that embed the monitor.
 *
 * @module
 */

import type { JSX } from "preact";
import { Code } from "./prose.tsx";

/** The `deno.json` of a server next to a clone of this project. */
export const EMBEDDING_CONFIG = `{
  "imports": { "@taskscope/taskscope": "jsr:@taskscope/taskscope" },
  "links": ["../taskscope"],
  "unstable": ["raw-imports"]
}
`;

/** The `main.ts` of a server that embeds the monitor. */
export const EMBEDDING_SERVER = `import { createMonitor } from "@taskscope/taskscope";

const monitor = createMonitor({ basePath: "/monitor" });

const importOrders = monitor.monitored(async (task, count: number) => {
  for (let order = 1; order <= count; order++) {
    await task.update({ current: order, total: count, unit: "orders" });
  }
  return count;
}, { name: "import orders" });

Deno.serve({ hostname: "127.0.0.1", port: 8080 }, async (request, info) => {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/monitor")) return await monitor.fetch(request, info);
  if (pathname === "/import") return Response.json(await importOrders(50));
  return new Response("my own page");
});
`;

/** The section that explains how to embed the monitor in another server. */
export function EmbeddingDocs(): JSX.Element {
  return (
    <section aria-labelledby="embedding">
      <h2 id="embedding">In your server</h2>
      <p class="docs-lead">
        <code>createMonitor()</code>{" "}
        embeds the monitor, its page and this API in a Deno server of your own. Until the package is
        published, link a clone of the source in which <code>deno task build</code>{"  "}
        has run. Create a folder next to the clone, with this <code>deno.json</code>:
      </p>
      <Code text={EMBEDDING_CONFIG} />
      <p class="docs-lead">
        And with this <code>main.ts</code>; start it with <code>deno run --allow-net main.ts</code>:
      </p>
      <Code text={EMBEDDING_SERVER} />
      <p class="docs-lead">
        Once the package is published, <code>deno add jsr:@taskscope/taskscope</code> replaces the link.
      </p>
    </section>
  );
}
