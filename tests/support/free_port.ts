/**
 * Ports that a test gives up and takes again.
 *
 * @module
 */

/**
 * Where systems take no ports for outgoing connections from: those begin at 32,768 on Linux and at 49,152 elsewhere
 * (IANA). One of theirs could be gone when it is to be taken again, or be the client's own, which then talks to itself.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** A port of this machine that nobody uses now, and that stays free until somebody asks for it by number. */
export function freePort(): number {
  while (true) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    try {
      using _listener = Deno.listen({ hostname: "127.0.0.1", port });
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
