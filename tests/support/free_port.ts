/**
 * Picks ports that a test can release and bind again.
 *
 * @module
 */

/**
 * The first port to pick. All picked ports are below the ephemeral ports, which begin at 32,768 on Linux and at 49,152
 * elsewhere (IANA): an outgoing connection could take an ephemeral port before the test binds it again, or even connect
 * to itself.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** The number of ranges: test files that run in parallel pick from separate ones, so that none takes another's port. */
const LANES = 8;
const RANGE = (LAST - FIRST) / LANES;

const lane = Number(Deno.env.get("TASKSCOPE_TEST_LANE") ?? Math.floor(Math.random() * LANES)) % LANES;
/** The offset of the next port: a port that was picked and is not bound yet must not be picked again. */
let offset = Math.floor(Math.random() * RANGE);

/** Picks a free port of 127.0.0.1 that nothing else binds by chance. */
export function freePort(): number {
  while (true) {
    const port = FIRST + lane * RANGE + offset;
    offset = (offset + 1) % RANGE;
    try {
      using _listener = Deno.listen({ hostname: "127.0.0.1", port });
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
