/**
 * Picks ports that a test can release and bind again.
 *
 * @module
 */

/**
 * Below the ephemeral ports, which begin at 32,768 on Linux and at 49,152 elsewhere (IANA): an outgoing connection could
 * take one of those before the test binds it again, or even connect to itself.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** Test files that run in parallel pick from separate ranges, so that none takes a port that another has released. */
const LANES = 8;
const RANGE = (LAST - FIRST) / LANES;

/** Picks a port of 127.0.0.1 that is free, and stays so until something binds it by number. */
export function freePort(): number {
  const lane = Number(Deno.env.get("TASKSCOPE_TEST_LANE") ?? Math.floor(Math.random() * LANES)) % LANES;
  while (true) {
    const port = FIRST + lane * RANGE + Math.floor(Math.random() * RANGE);
    try {
      using _listener = Deno.listen({ hostname: "127.0.0.1", port });
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
