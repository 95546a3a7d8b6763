import { checkPrimeBound, countPrimesBelow, HIGHEST_PRIME_BOUND } from "../../../lib/demo/primes.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) {
    if (candidate % divisor === 0) return false;
  }
  return candidate >= 2;
}

Deno.test("countPrimesBelow() agrees with trial division for every small bound", () => {
  let primes = 0;
  for (let below = 2; below <= 2_000; below++) {
    assertEquals(countPrimesBelow(below), primes, `below ${below}`);
    if (isPrime(below)) primes += 1;
  }
});

Deno.test("countPrimesBelow() returns the known counts, even for bounds of several segments", () => {
  const known = [[10, 4], [1_000, 168], [1_000_000, 78_498], [10_000_000, 664_579]] as const;
  for (const [below, primes] of known) assertEquals(countPrimesBelow(below), primes);
});

Deno.test("countPrimesBelow() reports how many numbers it has checked, up to the bound", () => {
  const told: number[] = [];
  countPrimesBelow(2_000_001, (done) => told.push(done));
  assertEquals(told, [524_288, 1_048_576, 1_572_864, 2_000_000]);
});

Deno.test("checkPrimeBound() throws for values that are not integers within the limits", () => {
  for (const below of [1, 0, -7, 2.5, NaN, Infinity, HIGHEST_PRIME_BOUND + 1, "10", null, undefined, {}]) {
    assertThrows(() => checkPrimeBound(below), RangeError, "wanted a whole number from 2 to 10000000000");
  }
  assertEquals(checkPrimeBound(2), 2);
  assertEquals(checkPrimeBound(HIGHEST_PRIME_BOUND), HIGHEST_PRIME_BOUND);
});
