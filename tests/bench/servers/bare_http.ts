/**
 * A bare `Deno.serve` whose response the benchmark sets.
 *
 * @module
 */

import { serveCommands } from "../support/remote.ts";

let body = "";
let headers: Record<string, string> = {};

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  () => new Response(body, { headers }),
);

serveCommands({
  answer: (answer: { readonly body: string; readonly headers: Record<string, string> }) => {
    ({ body, headers } = answer);
  },
}, server.addr.port);
