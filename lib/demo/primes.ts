/**
 * Counts primes with a segmented sieve.
 *
 * @module
 */

/** The highest bound that {@linkcode countPrimesBelow} accepts. */
export const HIGHEST_PRIME_BOUND = 10_000_000_000;

// The number of flags in a segment. A segment of this size fits into the cache of a core. Only odd numbers have a flag,
// so that a segment covers twice as many numbers.
const SEGMENT_FLAGS = 256 * 1024;

/**
 * Counts the primes below a bound. The sieve needs memory for only one segment, regardless of the bound.
 *
 * @param below the exclusive upper bound
 * @param onSegment called after every segment of half a million numbers, with how many numbers are done
 * @returns the number of primes
 * @throws {RangeError} if `below` is not an integer from 2 to {@linkcode HIGHEST_PRIME_BOUND}
 */
export function countPrimesBelow(below: number, onSegment: (done: number) => void = () => {}): number {
  checkPrimeBound(below);
  if (below === 2) return 0;
  const odd = oddPrimesUpTo(Math.floor(Math.sqrt(below)));
  // Flag i stands for the number 2 * i + 1, except that flag 0 stands for 2, because 1 is not prime. `next`
  // holds, for each prime, the next flag to cross out.
  const next = Float64Array.from(odd, (prime) => (prime * prime - 1) / 2);
  const composite = new Uint8Array(SEGMENT_FLAGS);
  const flags = Math.floor(below / 2);
  let primes = 0;
  for (let start = 0; start < flags; start += SEGMENT_FLAGS) {
    const end = Math.min(start + SEGMENT_FLAGS, flags);
    composite.fill(0);
    for (let index = 0; index < odd.length; index++) {
      const prime = odd[index]!;
      // Smaller multiples were crossed out for smaller primes; the squares of all further primes are beyond
      // the segment.
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
 * Validates a bound for {@linkcode countPrimesBelow}.
 *
 * @param below the value to check
 * @returns the same value
 * @throws {RangeError} if the value is not an integer from 2 to {@linkcode HIGHEST_PRIME_BOUND}
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
