/**
 * Counts primes, a piece at a time. Pure.
 *
 * @module
 */

/** The highest bound that {@linkcode countPrimesBelow} takes. */
export const HIGHEST_PRIME_BOUND = 10_000_000_000;

// Odd numbers only, so that a segment covers twice as many numbers; its flags fit into a core's own cache.
const SEGMENT_FLAGS = 256 * 1024;

/**
 * Counts the primes below a bound with a segmented sieve; needs memory for one segment only, whatever the bound.
 *
 * @param below the bound itself does not count
 * @param onSegment called after every segment of half a million numbers, with how many numbers are behind
 * @returns how many primes there are
 * @throws {RangeError} where `below` is no whole number from 2 to {@linkcode HIGHEST_PRIME_BOUND}
 */
export function countPrimesBelow(below: number, onSegment: (done: number) => void = () => {}): number {
  checkPrimeBound(below);
  if (below === 2) return 0;
  const odd = oddPrimesUpTo(Math.floor(Math.sqrt(below)));
  // Flag i stands for 2 * i + 1; flag 0 for 2, because 1 is no prime. For each prime, the flag to cross out next.
  const next = Float64Array.from(odd, (prime) => (prime * prime - 1) / 2);
  const composite = new Uint8Array(SEGMENT_FLAGS);
  const flags = Math.floor(below / 2);
  let primes = 0;
  for (let start = 0; start < flags; start += SEGMENT_FLAGS) {
    const end = Math.min(start + SEGMENT_FLAGS, flags);
    composite.fill(0);
    for (let index = 0; index < odd.length; index++) {
      const prime = odd[index]!;
      // Smaller multiples were crossed out by smaller primes; all further primes have their squares behind the segment.
      if (prime * prime >= 2 * end) break;
      let multiple = next[index]! - start;
      for (; multiple < SEGMENT_FLAGS; multiple += prime) composite[multiple] = 1;
      next[index] = start + multiple;
    }
    for (let flag = 0; flag < end - start; flag++) primes += 1 - composite[flag]!;
    onSegment(Math.min(below, 2 * end));
  }
  return primes;
}

/**
 * Checks a bound.
 *
 * @param below what came from outside
 * @returns the same value
 * @throws {RangeError} where it is no whole number from 2 to {@linkcode HIGHEST_PRIME_BOUND}
 */
export function checkPrimeBound(below: unknown): number {
  if (Number.isSafeInteger(below) && (below as number) >= 2 && (below as number) <= HIGHEST_PRIME_BOUND) {
    return below as number;
  }
  throw new RangeError(
    `Cannot count primes: wanted a whole number from 2 to ${HIGHEST_PRIME_BOUND} as "below", ` +
      `received ${JSON.stringify(below)}`,
  );
}

function oddPrimesUpTo(highest: number): Uint32Array {
  const composite = new Uint8Array(highest + 1);
  const primes: number[] = [];
  for (let candidate = 3; candidate <= highest; candidate += 2) {
    if (composite[candidate] === 1) continue;
    primes.push(candidate);
    for (let multiple = candidate * candidate; multiple <= highest; multiple += 2 * candidate) {
      composite[multiple] = 1;
    }
  }
  return Uint32Array.from(primes);
}
