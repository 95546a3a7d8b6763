/**
 * A bare `Deno.serve` on the port that is its argument: the least that a server can be compiled from.
 *
 * @module
 */

Deno.serve(
  { hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} },
  () => new Response("ok"),
);
