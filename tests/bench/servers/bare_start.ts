/**
 * A bare `Deno.serve` on the port that the argument names; it is the smallest server that can be compiled.
 *
 * @module
 */

Deno.serve(
  { hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} },
  () => new Response("ok"),
);
